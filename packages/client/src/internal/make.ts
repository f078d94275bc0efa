/**
 * Puts a client together: a connection that is kept up, and what can be asked over it.
 */
import { ClientTransport, ClientTransportError, ConnectionClosed } from "@effect-mcp/core/ClientTransport"
import * as Deadlines from "@effect-mcp/core/Deadlines"
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { ClientCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import type { Implementation, LoggingLevel } from "@effect-mcp/core/protocol/Common"
import type { SubscriptionFilter } from "@effect-mcp/core/protocol/Subscriptions"
import * as Revision from "@effect-mcp/core/Revision"
import * as RequestEra from "@effect-mcp/core/wire/RequestEra"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { Health } from "../Health.ts"
import type { McpClientError } from "../McpClientError.ts"
import { make as makeStore, ResponseCache } from "../ResponseCache.ts"
import { capabilitiesOf } from "./answering.ts"
import { Cache } from "./cache.ts"
import { CatalogueKeeper } from "./catalogue.ts"
import { Connection, failedTransport } from "./connection.ts"
import * as extensions from "./extensions.ts"
import { guarding } from "./guarding.ts"
import { find } from "./handlers.ts"
import { opener } from "./link.ts"
import { holdOn, listen } from "./listen.ts"
import { Listeners } from "./listeners.ts"
import { type Ask, kinds, listAll, streamAll } from "./lists.ts"
import type { Agreement } from "./negotiate.ts"
import { calls } from "./operations.ts"
import { defaultRhythm } from "./pace.ts"
import { type MessageOf, RequestOptions } from "./pending.ts"
import { supervise } from "./recovery.ts"
import { Repeatable } from "./repeatable.ts"
import { Serial } from "./serial.ts"
import { type CallOptions, McpClient, type Options } from "./service.ts"
import { Telemetry } from "./telemetry.ts"

type Client = McpClient["Service"]

const infoOf = ({ description, icons, name, title, version, websiteUrl }: Options): Implementation => ({
  name,
  version,
  ...(title === undefined ? {} : { title }),
  ...(description === undefined ? {} : { description }),
  ...(websiteUrl === undefined ? {} : { websiteUrl }),
  ...(icons === undefined ? {} : { icons })
})

// What a request says when it is repeated: of earlier rounds nothing is left.
const repeated = (params: Jsonrpc.JsonObject | undefined, more: Jsonrpc.JsonObject): Jsonrpc.JsonObject => {
  const { inputResponses: _responses, requestState: _state, ...original } = params ?? {}
  return { ...original, ...more }
}

const toolOf = (method: string, params: Jsonrpc.JsonObject | undefined): string | undefined => {
  if (method !== "tools/call") return undefined
  const name = params?.["name"]
  return typeof name === "string" ? name : undefined
}

const closed = failedTransport(new ClientTransportError({ reason: new ConnectionClosed({ detail: "the client was closed" }) }))

/** A client while it runs. */
interface Standing {
  readonly connection: Connection
  readonly cache: Cache
  readonly repeatable: Repeatable
  readonly listeners: Listeners
  catalogue: CatalogueKeeper | undefined
  agreement: Agreement | undefined
  logLevel: LoggingLevel | undefined
  /** Resources whose changes the server was asked to tell, in the session era. */
  readonly subscribed: Set<string>
}

/** A connection that gives the server's notifications to the program, in order. */
const makeStanding = Effect.fnUntraced(function* ({
  logLevel,
  onNotification
}: Options): Effect.fn.Return<Standing, never, ClientTransport | Scope.Scope> {
  const { endpoint } = yield* ClientTransport
  const context = yield* Effect.context<never>()
  const runFork = Effect.runForkWith(context)
  const told = new Serial(runFork)
  yield* Effect.addFinalizer(() => Effect.sync(() => told.stop()))
  const listeners = new Listeners()
  const cache = new Cache({ own: makeStore(), shared: yield* ResponseCache, endpoint })
  const handlers = {
    onChange: (notification: Jsonrpc.Notification) => {
      cache.notified(notification)
      standing.catalogue?.notified(notification)
    },
    onNotification: (notification: Jsonrpc.Notification) => {
      listeners.tell(notification)
      if (onNotification !== undefined) told.push(Effect.suspend(() => onNotification(notification)))
    },
    onEnd: (error: McpClientError) => listeners.end(error)
  }
  const standing: Standing = {
    connection: new Connection(yield* Deadlines.make, handlers, new Telemetry(context), runFork),
    cache,
    repeatable: new Repeatable(),
    listeners,
    catalogue: undefined,
    agreement: undefined,
    logLevel,
    subscribed: new Set()
  }
  return standing
})

/** Makes the requests of a program. */
const makeRequests = (
  { connection, repeatable }: Standing,
  agreement: () => Agreement,
  { retry = true, timeout: usual, totalTimeout: usualTotal }: Options
) => {
  const timeout = Deadlines.toMillis(usual ?? "60 seconds")
  const totalTimeout = Deadlines.toMillis(usualTotal ?? "1 day")
  const optionsOf = (method: string, tool: string | undefined, call: CallOptions | undefined) => {
    const isRepeatable = call?.retry ?? (retry && repeatable.has(method, tool))
    if (call === undefined) return new RequestOptions(timeout, undefined, totalTimeout, isRepeatable, false, tool)
    return new RequestOptions(
      call.timeout === undefined ? timeout : Deadlines.toMillis(call.timeout),
      call.onProgress,
      call.totalTimeout === undefined ? totalTimeout : Deadlines.toMillis(call.totalTimeout),
      isRepeatable,
      false,
      tool
    )
  }
  const messageOf =
    (method: string, params: Jsonrpc.JsonObject | undefined, meta: Jsonrpc.JsonObject | undefined): MessageOf =>
    (id, more) =>
      agreement().wire.request(id, method, more === undefined ? params : repeated(params, more), meta)
  return { timeout, messageOf, optionsOf, send: connection.request.bind(connection) }
}

/** Makes a client, connected as long as the scope is open. */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Client, McpClientError, ClientTransport | Scope.Scope> {
  const scope = yield* Scope.Scope
  const standing = yield* makeStanding(options)
  const { cache, connection, listeners, repeatable, subscribed } = standing
  const handlers = yield* find
  const around = yield* guarding(options.guards)
  const declaredExtensions = extensions.capabilitiesOf(options.extensions)
  const capabilities = (revision: Revision.Revision): ClientCapabilities => ({
    ...capabilitiesOf(handlers, revision),
    ...declaredExtensions
  })
  const info = infoOf(options)
  const rhythm = options.reconnect === false ? undefined : (options.reconnect ?? defaultRhythm)

  const open = yield* opener(connection, {
    info,
    capabilities,
    handlers,
    versions: options.versions ?? Revision.versions,
    negotiationTimeout: Deadlines.toMillis(options.negotiationTimeout ?? "10 seconds"),
    maxRounds: options.maxRounds ?? 10,
    logLevel: () => standing.logLevel,
    subscribed,
    onLost: (error) => (rhythm === undefined ? connection.fail(error) : connection.lose(error))
  })
  const recovery = yield* supervise(open, rhythm, {
    opened: (link) => {
      standing.agreement = link.agreement
      // It may be another server, and this client somebody else.
      cache.clear()
      connection.begin()
      standing.catalogue?.markAll()
    },
    lost: (error) => connection.lose(error),
    over: (error) => connection.fail(error)
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => connection.fail(closed)))

  const agreement = () => standing.agreement ?? recovery.first.agreement
  const { messageOf, optionsOf, send, timeout } = makeRequests(standing, agreement, options)

  const request: Client["request"] = (method, params, call) => {
    const tool = toolOf(method, params)
    const sent = send(method, messageOf(method, params, call?.meta), optionsOf(method, tool, call))
    return around === undefined ? sent : around({ method, tool }, sent)
  }

  const reading = (method: string, key: string, params: Jsonrpc.JsonObject | undefined, call?: CallOptions) => {
    if (agreement().wire.revision.era === "session") return request(method, params, call)
    let wasAsked = false
    const make = messageOf(method, params, call?.meta)
    const observed: MessageOf = (id, more) => {
      if (more !== undefined) wasAsked = true
      return make(id, more)
    }
    const sent = Effect.suspend(() => send(method, observed, optionsOf(method, undefined, call)))
    const asked = around === undefined ? sent : around({ method, tool: undefined }, sent)
    // What depends on somebody's answers is for this once.
    return cache.read(method, key, asked, () => !wasAsked)
  }
  const ask: Ask = (method, cursor) =>
    Effect.suspend(() => reading(method, cursor ?? "", cursor === undefined ? undefined : { cursor }))

  const asking = (notifications: SubscriptionFilter) => (id: number) =>
    agreement().wire.request(id, "subscriptions/listen", { notifications })

  const listsAreTold = () => agreement().wire.revision.listSubscriptions === "unsolicited"

  const catalogue = new CatalogueKeeper({
    capabilities: () => agreement().capabilities,
    list: (kind) => listAll(ask, kinds[kind]) as never, // each kind is listed as what it is
    subscribe: (filter, acknowledged) => {
      if (listsAreTold()) return Effect.void
      const nothing = () => {}
      return holdOn(connection, asking(filter), timeout, { acknowledged, take: nothing, end: nothing, fail: nothing }, rhythm)
    },
    onTools: (tools) => repeatable.learn(tools)
  })
  standing.catalogue = catalogue

  const setLogLevel = (level: LoggingLevel): Effect.Effect<void, McpClientError> =>
    Effect.suspend(() => {
      const { wire } = agreement()
      if (wire.revision.logging === "session") {
        return Effect.map(request("logging/setLevel", { level }), () => {
          standing.logLevel = level
        })
      }
      standing.logLevel = level
      const said = { info, capabilities: capabilities(wire.revision), logLevel: level }
      standing.agreement = { ...agreement(), wire: RequestEra.client(wire.revision, said) }
      return Effect.void
    })
  if (options.logLevel !== undefined && agreement().wire.revision.logging === "session") yield* setLogLevel(options.logLevel)

  const health = Effect.gen(function* (): Effect.fn.Return<Health> {
    const started = yield* Clock.currentTimeMillis
    const method = agreement().wire.revision.era === "session" ? "ping" : "server/discover"
    const answered = yield* Effect.result(request(method, undefined, { timeout: "5 seconds", retry: false }))
    const latency = (yield* Clock.currentTimeMillis) - started
    const state = SubscriptionRef.getUnsafe(recovery.state)
    return answered._tag === "Success"
      ? { status: "healthy", state, latency, error: undefined }
      : { status: "unhealthy", state, latency: undefined, error: answered.failure }
  })

  return McpClient.of({
    get revision() {
      return agreement().wire.revision
    },
    get serverInfo() {
      return agreement().serverInfo
    },
    get capabilities() {
      return agreement().capabilities
    },
    get declared() {
      return capabilities(agreement().wire.revision)
    },
    get instructions() {
      return agreement().instructions
    },
    state: recovery.state,
    reconnect: recovery.reconnect,
    health,
    catalogue: catalogue.get(scope),
    clearCache: Effect.sync(() => cache.clearAll()),
    listTools: listAll(ask, kinds.tools),
    listResources: listAll(ask, kinds.resources),
    listResourceTemplates: listAll(ask, kinds.resourceTemplates),
    listPrompts: listAll(ask, kinds.prompts),
    streamTools: streamAll(ask, kinds.tools),
    streamResources: streamAll(ask, kinds.resources),
    streamResourceTemplates: streamAll(ask, kinds.resourceTemplates),
    streamPrompts: streamAll(ask, kinds.prompts),
    ...calls(
      request,
      () => agreement().wire,
      (uri, call) => Effect.suspend(() => reading("resources/read", uri, { uri }, call))
    ),
    subscribeResource: (uri) => Effect.map(request("resources/subscribe", { uri }), () => void subscribed.add(uri)),
    unsubscribeResource: (uri) =>
      Effect.suspend(() => {
        subscribed.delete(uri)
        return Effect.asVoid(request("resources/unsubscribe", { uri }))
      }),
    listen: (filter) => listen(connection, asking(filter), timeout),
    setLogLevel,
    request,
    notify: (method, params) => Effect.suspend(() => connection.tell(agreement().wire.notification(method, params))),
    notifications: (methods, filter) =>
      listeners.listen(
        methods,
        () => connection.failure,
        filter === undefined
          ? undefined
          : (sink) => (listsAreTold() ? Effect.void : holdOn(connection, asking(filter), timeout, sink, rhythm))
      )
  })
})
