/**
 * Clients for tests: connected in memory, with a scripted user and model, roots that a test can change, and all that arrived kept for
 * assertions. No port, no process, no model.
 *
 * Time is the clock of the test: under `TestClock` nothing times out by itself, and {@link settle} waits for all that can happen without
 * moving it.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import * as RootsHandler from "@effect-mcp/client/RootsHandler"
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import type { Dispatcher } from "@effect-mcp/core/Dispatcher"
import type * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import type { Root } from "@effect-mcp/core/protocol/Roots"
import type * as Revision from "@effect-mcp/core/Revision"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { CurrentRevision, newest } from "./EachRevision.ts"
import * as Faults from "./Faults.ts"
import { extended } from "./internal/extended.ts"
import { Guard } from "./internal/guard.ts"
import { startModel } from "./internal/liveModel.ts"
import { startUser } from "./internal/liveUser.ts"
import { type Arrivals, Recorder } from "./internal/recorder.ts"
import { model as modelOf, type ModelScript, type ScriptedModel } from "./ScriptedModel.ts"
import { type ScriptedUser, user as userOf, type UserScript } from "./ScriptedUser.ts"

export { eachRevision, type Over, revisions } from "./EachRevision.ts"
export type { Arrivals, LogMessage, Reported } from "./internal/recorder.ts"
export { json, model, replies, toolUse } from "./ScriptedModel.ts"
export { accept, answers, cancel, decline, firstOf, inOrder, silent, user, when, withoutPages } from "./ScriptedUser.ts"

/** How a client of a test behaves. */
export interface Options {
  /** Who answers forms and pages. Without one the client declares that it cannot be asked. */
  readonly user?: UserScript
  /** What answers when the server asks the client's model. Without one the client declares none. */
  readonly model?: ModelScript
  /** What the user has opened: URIs, or roots with names. Without it the client declares no roots. */
  readonly roots?: ReadonlyArray<string | Root>
  /**
   * The revision, or the newest of an era. By default the one of {@link eachRevision} around the test, and the newest one that the server
   * speaks elsewhere. `client.versions` says several.
   */
  readonly era?: Revision.Era | Revision.Version
  /** Who the client has been authenticated as; see `Principal.make`. Anonymous by default. In memory only. */
  readonly principal?: MemoryTransport.Options["principal"]
  /** Whether the server has a way to ask. True by default. In memory only. */
  readonly canAsk?: boolean
  /** What goes wrong on the way, see `Faults`. Nothing by default. */
  readonly faults?: ReadonlyArray<Faults.Fault>
  /** What else the client does otherwise: timeouts, `versions`, extensions, its name. `onLog` is false by default. */
  readonly client?: Partial<McpClient.Options>
  /** How much is kept of each kind that arrives. 10,000 by default. */
  readonly keep?: number
}

/** The roots of a client. */
export interface TestRoots {
  readonly get: Effect.Effect<ReadonlyArray<Root>>
  /** Changes them; servers with sessions are told. A client that was made without roots still has none to show. */
  readonly set: (roots: ReadonlyArray<string | Root>) => Effect.Effect<void>
}

/** A connected client, and what a test wants to know of it. Wherever a client is wanted, it is one. */
export interface TestClient extends McpClientService {
  readonly user: ScriptedUser
  readonly model: ScriptedModel
  readonly roots: TestRoots
  readonly received: Arrivals
}

/** What a client is. */
export type McpClientService = McpClient.McpClient["Service"]

/** A server as a layer. */
export type Server<E, R> = Layer.Layer<Dispatcher, E, R>

const toRoots = (roots: ReadonlyArray<string | Root>): ReadonlyArray<Root> =>
  roots.map((root) => (typeof root === "string" ? { uri: root } : root))

const nobody = userOf(() => undefined)
const nothing = modelOf(() => undefined)

const versionsOf = (era: Options["era"], current: Revision.Version | undefined): Partial<McpClient.Options> => {
  const version = era === "session" || era === "request" ? newest(era) : (era ?? current)
  return version === undefined ? {} : { versions: [version] }
}

/**
 * A client of the server that the transport in the context reaches: for tests over pipes and ports. Call faults are defects: see
 * `Unscripted`.
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<TestClient, McpClientError, ClientTransport | Scope.Scope> {
  const guard = new Guard()
  const recorder = new Recorder(options.keep)
  const { handler: asksUser, user } = startUser(options.user ?? nobody, guard, options.keep)
  const { handler: asksModel, model } = startModel(options.model ?? nothing, guard, options.keep)
  const roots = yield* SubscriptionRef.make(toRoots(options.roots ?? []))
  const handlers = [
    ...(options.user === undefined ? [] : [asksUser]),
    ...(options.model === undefined ? [] : [asksModel]),
    ...(options.roots === undefined ? [] : [RootsHandler.layerLive(roots)])
  ]
  const scope = yield* Scope.Scope
  const context = yield* Layer.buildWithScope(Layer.mergeAll(Layer.empty, ...handlers), scope)
  yield* Effect.addFinalizer(() => guard.end)
  const transport = yield* ClientTransport
  const through = Layer.succeed(ClientTransport, transport).pipe(Faults.inject(...(options.faults ?? [])))
  const reached = yield* Layer.buildWithScope(through, scope)
  const client = yield* McpClient.make({
    name: "test",
    version: "0.0.0",
    onLog: false, // kept instead, and the server in memory has logged it already
    ...options.client,
    ...versionsOf(options.era, yield* CurrentRevision),
    onNotification: recorder.notified(options.client?.onNotification)
  }).pipe(Effect.provideContext(Context.merge(context, reached)))
  if (options.client?.logLevel === undefined && client.capabilities.logging !== undefined) yield* client.setLogLevel("debug")
  return extended(recorder.around(client, guard.watch), {
    user,
    model,
    roots: {
      get: SubscriptionRef.get(roots),
      set: (next: ReadonlyArray<string | Root>) => SubscriptionRef.set(roots, toRoots(next))
    },
    received: recorder
  })
})

/**
 * A client of the server in the context: several of them share one server.
 *
 * @example
 * Effect.gen(function* () {
 *   const ada = yield* McpTest.connect({ principal: Principal.make({ subject: "ada" }) })
 *   const eve = yield* McpTest.connect({ principal: Principal.make({ subject: "eve" }) })
 * }).pipe(Effect.provide(NotesServer))
 */
export const connect = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<TestClient, McpClientError, Dispatcher | Scope.Scope> {
  const { canAsk, principal } = options
  const memory = MemoryTransport.layer({
    ...(canAsk === undefined ? {} : { canAsk }),
    ...(principal === undefined ? {} : { principal })
  })
  const transport = yield* Layer.buildWithScope(memory, yield* Scope.Scope)
  return yield* Effect.provideContext(make(options), transport)
})

/**
 * A client of a server that is built for it, in memory, for as long as the scope is open. What the client records is on it: `user`, `model`
 * and `received`. Each call is asked for its progress, and servers that log are asked for all of it, unless `client.logLevel` says
 * otherwise.
 *
 * A scripted user or model that has no answer makes the call die with `Unscripted`, which says what was asked and how to script it.
 *
 * @example
 * const files = yield* McpTest.client(FilesServer, { user: McpTest.answers({ sure: true }) })
 * const result = yield* files.callTool("remove", { path: "a.txt" })
 */
export const client = Effect.fnUntraced(function* <E, R>(
  server: Server<E, R>,
  options: Options = {}
): Effect.fn.Return<TestClient, E | McpClientError, R | Scope.Scope> {
  const built = yield* Layer.buildWithScope(server, yield* Scope.Scope)
  return yield* Effect.provideContext(connect(options), built)
})

/** A client of a test that is typed by a contract, too. Tasks are typed by `McpClient.typed(contract, client).tasks`. */
export type TypedClient<G extends McpGroup.Any> = TestClient &
  Pick<McpClient.Typed<McpGroup.Contracts<G>>, "tools" | "resources" | "prompts">

/**
 * The same as {@link client}, with the tools, resources and prompts of a contract as functions.
 *
 * @example
 * const files = yield* McpTest.typed(Files, FilesServer, { user: McpTest.answers({ sure: true }) })
 * assert.strictEqual(yield* files.tools.remove({ path: "a.txt" }), "removed")
 */
export const typed = <G extends McpGroup.Any, E, R>(
  contract: G,
  server: Server<E, R>,
  options: Options = {}
): Effect.Effect<TypedClient<G>, E | McpClientError, R | Scope.Scope> =>
  Effect.map(client(server, options), (client) => {
    const { prompts, resources, tools } = McpClient.typed(contract, client)
    return extended(client, { tools, resources, prompts })
  })

/** The client as a service: for programs that require one, and for `it.layer`. */
export const layer = <E, R>(
  server: Server<E, R>,
  options: Options = {}
): Layer.Layer<McpClient.McpClient, E | McpClientError, R> => Layer.effect(McpClient.McpClient, client(server, options))

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

// What a server seals between rounds is worked out beside the fibers. Such work is done in order: what is asked for last ends last.
const worked = () => globalThis.crypto.subtle.digest("SHA-256", new Uint8Array(1))

/**
 * Waits until everything has happened that can happen without moving the clock: fibers that run, messages in memory, answers to questions,
 * and the cryptography between rounds. It gives way a hundred times, which takes some milliseconds. Files, sockets and processes take
 * longer than that: wait for what arrives, with `received`.
 */
export const settle: Effect.Effect<void> = Effect.promise(async () => {
  for (let i = 0; i < 100; i++) {
    await turn()
    if (i % 4 === 0) await worked()
  }
})
