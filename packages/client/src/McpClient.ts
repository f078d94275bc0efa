/**
 * Clients: a connection to one server. With a contract the tools are functions, typed with their results and failures; without one
 * they are called by name.
 *
 * What a server asks of its client is answered by the services `ElicitationHandler`, `SamplingHandler` and `RootsHandler`. They are
 * optional: a client declares, and answers, what there are handlers for when it is made.
 */
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as Deadlines from "@effect-mcp/core/Deadlines"
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type * as Extension from "@effect-mcp/core/Extension"
import type { ClientCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import type { Implementation, LoggingLevel } from "@effect-mcp/core/protocol/Common"
import type { SubscriptionFilter } from "@effect-mcp/core/protocol/Subscriptions"
import * as Revision from "@effect-mcp/core/Revision"
import * as RequestEra from "@effect-mcp/core/wire/RequestEra"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { capabilitiesOf, reading } from "./internal/answering.ts"
import { connect, Connection, RequestOptions } from "./internal/connection.ts"
import { type ExtensionClient, typedExtension } from "./internal/extensionClient.ts"
import * as extensions from "./internal/extensions.ts"
import { find, type Handlers } from "./internal/handlers.ts"
import { hold, listen } from "./internal/listen.ts"
import { Listeners } from "./internal/listeners.ts"
import { type Agreement, negotiate } from "./internal/negotiate.ts"
import { calls, lists } from "./internal/operations.ts"
import { Questions } from "./internal/questions.ts"
import { Rounds } from "./internal/rounds.ts"
import { Serial } from "./internal/serial.ts"
import { McpClient, type Options } from "./internal/service.ts"
import type { McpClientError } from "./McpClientError.ts"

export type { Progress } from "./internal/connection.ts"
export type { ExtensionClient } from "./internal/extensionClient.ts"
export type { Subscription } from "./internal/listen.ts"
export { type CallOptions, McpClient, type Options } from "./internal/service.ts"
export { of, type Prompts, type Resources, type Tools, type Typed, typed } from "./internal/typed.ts"

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

/** A connection that gives the server's notifications to the program, in order. */
const makeConnection = Effect.fnUntraced(function* (
  { onNotification }: Options,
  listeners: Listeners
): Effect.fn.Return<Connection, never, Scope.Scope> {
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  const told = new Serial(runFork)
  yield* Effect.addFinalizer(() => Effect.sync(() => told.stop()))
  const handlers = {
    onNotification: (notification: Jsonrpc.Notification) => {
      listeners.tell(notification)
      if (onNotification !== undefined) told.push(Effect.suspend(() => onNotification(notification)))
    },
    onEnd: (error: McpClientError) => listeners.end(error)
  }
  return new Connection(yield* Deadlines.make, handlers, runFork)
})

/** Lets a connection answer what the server asks, in the way of the era. */
const makeAgreed = Effect.fnUntraced(function* (
  connection: Connection,
  handlers: Handlers,
  maxRounds: number
): Effect.fn.Return<(agreement: Agreement) => void, never, Scope.Scope> {
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  yield* Effect.addFinalizer(() => connection.questions?.end ?? Effect.void)
  return ({ serverInfo, wire: { revision } }) => {
    const read = reading(handlers, { serverInfo, revision })
    connection.answersRequests = revision.standaloneServerRequests
    if (revision.standaloneServerRequests) {
      connection.questions = new Questions(read, runFork, (response) => connection.reply(response))
    } else connection.rounds = new Rounds(read, maxRounds)
  }
})

const tellOfRoots = ({ roots }: Handlers, { rootsListChanged }: Revision.Revision, connection: Connection) => {
  if (roots?.announce === undefined || !rootsListChanged) return Effect.void
  const told = roots.announce(connection.notify("notifications/roots/list_changed"))
  // It ends with the connection, of which whoever makes a request hears.
  return Effect.asVoid(Effect.forkScoped(Effect.ignore(told), { startImmediately: true }))
}

/**
 * A client as a value, for programs that have several: connected as long as the scope is open. {@link layer} makes the service of it.
 *
 * Uses `ElicitationHandler`, `SamplingHandler` and `RootsHandler` where they are provided, and does not require them.
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<McpClient["Service"], McpClientError, ClientTransport | Scope.Scope> {
  const scope = yield* Scope.Scope
  const listeners = new Listeners()
  const connection = yield* makeConnection(options, listeners)
  const handlers = yield* find
  const declaredExtensions = extensions.capabilitiesOf(options.extensions)
  const capabilities = (revision: Revision.Revision): ClientCapabilities => ({
    ...capabilitiesOf(handlers, revision),
    ...declaredExtensions
  })
  const agreed = yield* makeAgreed(connection, handlers, options.maxRounds ?? 10)
  // A server that ends over the first question gets a connection of its own for the second one.
  const probe = yield* Scope.fork(scope)
  const transport = yield* ClientTransport
  const open = (into: Scope.Scope) =>
    connect(connection).pipe(Effect.provideService(ClientTransport, transport), Effect.provideService(Scope.Scope, into))
  yield* open(probe)
  const info = infoOf(options)
  const agreement = yield* negotiate(connection, {
    info,
    capabilities,
    logLevel: options.logLevel,
    versions: options.versions ?? Revision.versions,
    timeout: Deadlines.toMillis(options.negotiationTimeout ?? "10 seconds"),
    reconnect: Effect.andThen(Scope.close(probe, Exit.void), open(scope)),
    agreed
  })
  let { wire } = agreement
  const { revision } = wire
  yield* tellOfRoots(handlers, revision, connection)
  const timeout = Deadlines.toMillis(options.timeout ?? "60 seconds")

  const request: McpClient["Service"]["request"] = (method, params, call) =>
    connection.request(
      method,
      (id, more) => wire.request(id, method, more === undefined ? params : repeated(params, more), call?.meta),
      new RequestOptions(call?.timeout === undefined ? timeout : Deadlines.toMillis(call.timeout), call?.onProgress)
    )

  const asking = (notifications: SubscriptionFilter) => (id: number) =>
    wire.request(id, "subscriptions/listen", { notifications })

  const setLogLevel = (level: LoggingLevel): Effect.Effect<void, McpClientError> =>
    revision.logging === "session"
      ? Effect.asVoid(request("logging/setLevel", { level }))
      : Effect.sync(() => {
          wire = RequestEra.client(revision, { info, capabilities: capabilities(revision), logLevel: level })
        })
  if (options.logLevel !== undefined && revision.logging === "session") yield* setLogLevel(options.logLevel)

  return McpClient.of({
    revision,
    serverInfo: agreement.serverInfo,
    capabilities: agreement.capabilities,
    declared: capabilities(revision),
    instructions: agreement.instructions,
    ...lists(request),
    ...calls(request, wire),
    listen: (filter) => listen(connection, asking(filter), timeout),
    setLogLevel,
    request,
    notify: (method, params) => Effect.suspend(() => connection.tell(wire.notification(method, params))),
    notifications: (methods, filter) =>
      listeners.listen(
        methods,
        () => connection.failure,
        filter === undefined || revision.listSubscriptions === "unsolicited"
          ? undefined
          : (sink) => hold(connection, asking(filter), timeout, sink)
      )
  })
})

/**
 * Connects to the server that the transport reaches, agrees with it on a revision, and stays connected as long as the layer is used.
 * Uses handlers for what servers ask where they are provided to it, and does not require them.
 *
 * @example
 * const Client = McpClient.layer({ name: "my-agent", version: "1.0.0" }).pipe(
 *   Layer.provide(ElicitationHandler.layer({ form: askTheUser })),
 *   Layer.provide(StdioClientTransport.layer({ command: "my-server" }))
 * )
 */
export const layer = (options: Options): Layer.Layer<McpClient, McpClientError, ClientTransport> =>
  Layer.effect(McpClient, make(options))

/**
 * The client, typed by an extension: its requests and notifications are functions, its events a stream. The client should declare the
 * extension with `extensions`: servers of the request era may refuse it otherwise, and tell it of no events.
 *
 * @example
 * const clipboard = yield* McpClient.extension(Clipboard)
 * const { text } = yield* clipboard.requests["clipboard/paste"]()
 */
export const extension = <E extends Extension.Any>(contract: E): Effect.Effect<ExtensionClient<E>, never, McpClient> =>
  Effect.map(McpClient, (client) => typedExtension(contract, client))
