/**
 * Puts a client together: a connection that is kept up, and what can be asked over it.
 */
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as Deadlines from "@effect-mcp/core/Deadlines"
import type { ClientCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import type { Implementation, LoggingLevel } from "@effect-mcp/core/protocol/Common"
import * as Revision from "@effect-mcp/core/Revision"
import * as RequestEra from "@effect-mcp/core/wire/RequestEra"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { Health } from "../Health.ts"
import { McpClientError, TimedOut } from "../McpClientError.ts"
import { capabilitiesOf } from "./answering.ts"
import { CatalogueKeeper } from "./catalogue.ts"
import * as extensions from "./extensions.ts"
import { guarding } from "./guarding.ts"
import { find } from "./handlers.ts"
import { opener } from "./link.ts"
import type { Sink } from "./listen.ts"
import { type Ask, kinds, listAll, streamAll } from "./lists.ts"
import type { Agreement } from "./negotiate.ts"
import { calls, readCall } from "./operations.ts"
import { defaultRhythm } from "./pace.ts"
import { supervise, type Supervised } from "./recovery.ts"
import { Requests } from "./requests.ts"
import { ResourceSubscriptions, updated, updating } from "./resourceUpdates.ts"
import { McpClient, type Options } from "./service.ts"
import { makeStanding } from "./standing.ts"
import { Subscribing } from "./subscribing.ts"
import { tasks } from "./taskClient.ts"
import { creating } from "./taskCreation.ts"
import type { TaskHost } from "./taskHandle.ts"
import { tracing } from "./tracing.ts"

type Client = McpClient["Service"]

const infoOf = ({ description, icons, name, title, version, websiteUrl }: Options): Implementation => ({
  name,
  version,
  ...(title === undefined ? {} : { title }),
  ...(description === undefined ? {} : { description }),
  ...(websiteUrl === undefined ? {} : { websiteUrl }),
  ...(icons === undefined ? {} : { icons })
})

// In milliseconds.
const healthTimeout = 5000

// A catalogue does not wait longer than that for a server to say that it will tell of changes. In milliseconds.
const patience = 5000

/** Makes a client, connected as long as the scope is open. */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Client, McpClientError, ClientTransport | Scope.Scope> {
  const scope = yield* Scope.Scope
  const standing = yield* makeStanding(options)
  const { book, cache, connection, listeners, repeatable, subscribed } = standing
  const handlers = yield* find
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
    server: options.serverName,
    versions: options.versions ?? Revision.versions,
    negotiationTimeout: Deadlines.toMillis(options.negotiationTimeout ?? "10 seconds"),
    maxRounds: options.maxRounds ?? 10,
    logLevel: () => standing.logLevel,
    subscribed,
    onLost: (error) => connection.lose(error)
  })
  // Made first, so that they are there as long as there are requests.
  const around = yield* guarding(options.guards)
  const agreement = (): Agreement => standing.agreement ?? recovery.first.agreement
  const subscribing = new Subscribing(connection, agreement, rhythm)
  const recovery: Supervised = yield* supervise(open, rhythm, {
    opened: (link) => {
      standing.agreement = link.agreement
      // It may be another server, and this client somebody else.
      cache.clear()
      book.forgetTools()
      subscribing.opened(link.agreement)
      connection.begin()
      standing.catalogue?.markAll()
    },
    lost: (error) => connection.lose(error),
    over: (error) => connection.fail(error),
    closed: (error) => connection.close(error)
  })

  const requests = new Requests(
    standing,
    {
      agreement,
      transport: (yield* ClientTransport).kind,
      around,
      trace: tracing(yield* Effect.context<never>())
    },
    options
  )
  const { timeout } = requests
  const request: Client["request"] = (method, params, call) => requests.make(method, params, call)
  const ask: Ask = (method, cursor) =>
    cursor === undefined ? requests.read(method, "", undefined) : requests.read(method, `from ${cursor}`, { cursor })

  const catalogue = new CatalogueKeeper({
    capabilities: () => agreement().capabilities,
    list: (kind) => listAll(ask, kinds[kind]) as never, // each kind is listed as what it is
    subscribe: (filter, { acknowledged, over }) => {
      if (subscribing.isTold) return Effect.sync(over)
      const sink = { acknowledged, take: () => {}, end: over, fail: over }
      return subscribing.hold(filter, sink, Math.min(timeout ?? patience, patience))
    },
    onTools: (tools) => repeatable.learn(tools)
  })
  standing.catalogue = catalogue

  const subscribeResource: Client["subscribeResource"] = (uri) =>
    Effect.map(request("resources/subscribe", { uri }), () => void subscribed.add(uri))
  const unsubscribeResource: Client["unsubscribeResource"] = (uri) =>
    Effect.suspend(() => {
      subscribed.delete(uri)
      return Effect.asVoid(request("resources/unsubscribe", { uri }))
    })

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
    // Guards may let it wait, and questions that are open.
    const late = () => Effect.fail(new McpClientError({ reason: new TimedOut({ method, after: healthTimeout }) }))
    const asked = request(method, undefined, { timeout: healthTimeout, retry: false })
    const answered = yield* Effect.result(Effect.timeoutOrElse(asked, { duration: healthTimeout, orElse: late }))
    const latency = (yield* Clock.currentTimeMillis) - started
    const state = SubscriptionRef.getUnsafe(recovery.state)
    return answered._tag === "Success"
      ? { status: "healthy", state, latency, error: undefined }
      : { status: "unhealthy", state, latency: undefined, error: answered.failure }
  })

  const listTools = listAll(ask, kinds.tools)
  const called = calls(
    request,
    () => agreement().wire,
    (uri, call) => requests.read("resources/read", uri, { uri }, call)
  )
  const host: TaskHost = {
    get revision() {
      return agreement().wire.revision
    },
    get capabilities() {
      return agreement().capabilities
    },
    timeout,
    request,
    runFork: connection.runFork,
    readResult: (method, subject, result) => readCall(agreement().wire, method, subject, result)
  }

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
    listTools,
    listResources: listAll(ask, kinds.resources),
    listResourceTemplates: listAll(ask, kinds.resourceTemplates),
    listPrompts: listAll(ask, kinds.prompts),
    streamTools: streamAll(ask, kinds.tools),
    streamResources: streamAll(ask, kinds.resources),
    streamResourceTemplates: streamAll(ask, kinds.resourceTemplates),
    streamPrompts: streamAll(ask, kinds.prompts),
    ...called,
    tasks: tasks({ host, book, create: creating(connection, requests), listTools, callTool: called.callTool }),
    subscribeResource,
    unsubscribeResource,
    resourceUpdates: updating({
      isSession: () => subscribing.isTold,
      subscriptions: new ResourceSubscriptions(subscribeResource, unsubscribeResource, scope),
      hold: (filter, sink) => subscribing.holdWhereWanted(filter, sink, timeout),
      listen: (subscribe) => listeners.listen([updated], () => connection.failure, subscribe)
    }),
    listen: (filter) => subscribing.listen(filter, timeout),
    setLogLevel,
    request,
    notify: (method, params) => Effect.suspend(() => connection.tell(agreement().wire.notification(method, params))),
    notifications: (methods, filter) => {
      const subscribe = filter === undefined ? undefined : (sink: Sink) => subscribing.holdWhereWanted(filter, sink, timeout)
      return listeners.listen(methods, () => connection.failure, subscribe)
    }
  })
})
