/**
 * Opens links: connects, agrees with the server, and repeats what the server has to know of before.
 */
import { type ClientConnection, ClientTransport } from "@effect-mcp/core/ClientTransport"
import { type ClientCapabilities, declares } from "@effect-mcp/core/protocol/Capabilities"
import type { Implementation, LoggingLevel } from "@effect-mcp/core/protocol/Common"
import { tasksExtension } from "@effect-mcp/core/protocol/Table"
import { span } from "@effect-mcp/core/protocol/Version"
import type * as Revision from "@effect-mcp/core/Revision"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { reading } from "./answering.ts"
import type { Connection } from "./connection.ts"
import type { Handlers } from "./handlers.ts"
import { Endpoints } from "../Endpoints.ts"
import type { McpClientError } from "../McpClientError.ts"
import { type Agreement, negotiate } from "./negotiate.ts"
import { early } from "./pending.ts"
import { Questions } from "./questions.ts"
import type { Link } from "./recovery.ts"
import { Rounds } from "./rounds.ts"
import { brokenTransport, failedTransport } from "./transportErrors.ts"

/** What links are opened for. */
export interface Setup {
  readonly info: Implementation
  readonly capabilities: (revision: Revision.Revision) => ClientCapabilities
  readonly handlers: Handlers
  /** What handlers are told as the name of the server. */
  readonly server: string | undefined
  readonly versions: ReadonlyArray<Revision.Version>
  /** In milliseconds; `undefined` for ever. */
  readonly negotiationTimeout: number | undefined
  readonly maxRounds: number
  /** The level of logs that is asked for now. */
  readonly logLevel: () => LoggingLevel | undefined
  /** The resources whose changes are asked for now, in the session era. */
  readonly subscribed: ReadonlySet<string>
  /** Told when the link is lost, before requests hear of it. */
  readonly onLost: (error: McpClientError) => void
}

/** Lets a connection answer what the server asks, in the way of the era. */
const answers = Effect.fnUntraced(function* (
  connection: Connection,
  { capabilities, handlers, maxRounds, server }: Setup
): Effect.fn.Return<(agreement: Agreement) => void, never, Scope.Scope> {
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  let questions: Questions | undefined
  yield* Effect.addFinalizer(() => questions?.end ?? Effect.void)
  return ({ serverInfo, wire: { revision } }) => {
    const read = reading(handlers, { server, serverInfo, revision })
    connection.takesTasks = revision.tasks === "extension" && declares(capabilities(revision), ["extensions", tasksExtension])
    connection.answersRequests = revision.standaloneServerRequests
    if (revision.standaloneServerRequests) {
      questions = new Questions(
        read,
        runFork,
        (response) => connection.reply(response),
        () => connection.restart()
      )
      connection.questions = questions
    } else connection.rounds = new Rounds(read, maxRounds)
  }
})

const tellOfRoots = ({ roots }: Handlers, { rootsListChanged }: Revision.Revision, connection: Connection) => {
  if (roots?.announce === undefined || !rootsListChanged) return Effect.void
  const told = roots.announce(connection.notify("notifications/roots/list_changed"))
  // It ends with the link, of which whoever makes a request hears.
  return Effect.asVoid(Effect.forkScoped(Effect.ignore(told), { startImmediately: true }))
}

/** What a server of the session era was told on an earlier link, and has to hear again. Nobody waits for it. */
const repeat = Effect.fnUntraced(function* (
  connection: Connection,
  { logLevel, negotiationTimeout, subscribed }: Setup,
  wire: Agreement["wire"]
): Effect.fn.Return<void, never, Scope.Scope> {
  if (wire.revision.era !== "session") return
  const level = logLevel()
  const subscriptions = Array.from(subscribed, (uri) => ["resources/subscribe", { uri }] as const)
  const all = level === undefined ? subscriptions : [["logging/setLevel", { level }] as const, ...subscriptions]
  for (const [method, params] of all) {
    const request = connection.request(method, (id) => wire.request(id, method, params), early(negotiationTimeout))
    const told = Effect.catch(request, (error) =>
      Effect.logWarning(`on a new connection the server refused ${method} of ${JSON.stringify(params)}`, error)
    )
    yield* Effect.forkScoped(told, { startImmediately: true })
  }
})

/** Whether a client that speaks these would have agreed on something newer. Otherwise what it agreed on says nothing to other clients. */
const findsTheNewest = (versions: ReadonlyArray<Revision.Version>, agreed: Revision.Version): boolean =>
  span(agreed).every((version, i) => versions[i] === version)

/** How links are opened, each for as long as the scope is open. Nothing is repeated on the first one. */
export const opener = Effect.fnUntraced(function* (
  connection: Connection,
  setup: Setup
): Effect.fn.Return<Effect.Effect<Link, McpClientError, Scope.Scope>, never, ClientTransport> {
  const transport = yield* ClientTransport
  const endpoints = yield* Endpoints
  const { endpoint } = transport
  let known = endpoint === undefined ? undefined : endpoints.get(endpoint)
  let isFirst = true
  let ended = Deferred.makeUnsafe<McpClientError>()
  let latest: ClientConnection | undefined

  const connect = Effect.gen(function* () {
    const opened = yield* Effect.mapError(transport.connect(connection.receive, connection.failed), failedTransport)
    const own = (ended = Deferred.makeUnsafe<McpClientError>())
    connection.attach((latest = opened))
    const lost = (error: McpClientError) => {
      if (Deferred.isDoneUnsafe(own)) return
      // Told first: whoever waits for the end goes on at once.
      setup.onLost(error)
      Deferred.doneUnsafe(own, Exit.succeed(error))
    }
    const closed = Effect.map(opened.closed, failedTransport)
    const end = Effect.catchCause(closed, (cause) => Effect.succeed(brokenTransport(cause)))
    // At once: it may end over the first message.
    yield* Effect.forkScoped(Effect.map(end, lost), { startImmediately: true })
  })

  return Effect.gen(function* () {
    const scope = yield* Scope.Scope
    const agreed = yield* answers(connection, setup)
    // A server that ends over a question gets a connection of its own for the next one.
    let own = yield* Scope.fork(scope)
    const begin = Effect.suspend(() => Effect.provideService(connect, Scope.Scope, own))
    const reconnect = Effect.gen(function* () {
      yield* Scope.close(own, Exit.void)
      own = yield* Scope.fork(scope)
      yield* begin
    })
    yield* begin
    const agreement = yield* negotiate(connection, {
      info: setup.info,
      capabilities: setup.capabilities,
      logLevel: setup.logLevel(),
      versions: setup.versions,
      known,
      timeout: setup.negotiationTimeout,
      reconnect,
      lastWords: Effect.suspend(() => latest?.lastWords ?? Effect.succeed(undefined)),
      agreed
    })
    const { revision } = agreement.wire
    known = revision.version
    if (endpoint !== undefined && findsTheNewest(setup.versions, known)) endpoints.set(endpoint, known)
    yield* tellOfRoots(setup.handlers, revision, connection)
    if (!isFirst) yield* repeat(connection, setup, agreement.wire)
    isFirst = false
    return { agreement, ended }
  })
})
