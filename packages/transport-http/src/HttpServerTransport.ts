/**
 * The server side of Streamable HTTP: one endpoint for the revisions 2025-03-26 to 2026-07-28; as an option, HTTP+SSE of 2024-11-05.
 *
 * - The body decides the era. In the session era a client gets a session, unless `sessions` is off; in the request era each request
 *   stands alone, and its headers must say what its body says.
 * - An answer is JSON unless something has to be sent before it, or it takes longer than `keepAlive`: then it is a stream.
 * - In the session era a connection that breaks cancels nothing: what is sent meanwhile is kept in the `EventStore`, and the client comes
 *   back for it with `Last-Event-ID`. In the request era it cancels the request.
 * - Sessions are kept in the `SessionStore`, events in the `EventStore`; both are in memory when nothing else is provided, to the server's
 *   layer (`SessionStore`) and to this one (`EventStore`).
 * - It is safe on loopback as it is. Whoever is reached from elsewhere names its hosts, see {@link Options}.
 *
 * Source: "Streamable HTTP" in the transports pages of 2025-03-26 to 2026-07-28.
 */
import * as Dispatcher from "@effect-mcp/core/Dispatcher"
import * as EventStore from "@effect-mcp/core/EventStore"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Handle } from "./Exchange.ts"
import { HttpListener, type MountError } from "./HttpListener.ts"
import { Endpoint } from "./internal/server/endpoint.ts"
import { Entrance } from "./internal/server/entrance.ts"
import type { EventStream } from "./internal/server/eventStream.ts"
import { LegacySse } from "./internal/server/legacySse.ts"
import { LiveSessions } from "./internal/server/liveSessions.ts"
import { Load } from "./internal/server/load.ts"
import { Posts } from "./internal/server/posts.ts"
import { unavailable } from "./internal/server/replies.ts"
import * as Settings from "./internal/server/settings.ts"
import type { RunExit } from "./internal/server/track.ts"

/** How to serve. */
export type Options = Settings.Options

// What is done already needs no fiber.
const runExit = (context: Context.Context<never>): RunExit => {
  const runFork = Effect.runForkWith(context)
  return (effect, onExit) => {
    if (Exit.isExit(effect)) return onExit(effect as never) // the guard forgets the types of the exit
    const fiber = runFork(effect)
    const exit = fiber.pollUnsafe()
    if (exit === undefined) fiber.addObserver(onExit)
    else onExit(exit)
  }
}

/**
 * The endpoint as a function from an exchange to a reply, for listeners of your own. It serves until the scope closes: then it refuses what
 * is new, ends the streams that wait for news, gives what runs `drainTimeout` to end, and interrupts the rest.
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<Handle, never, Dispatcher.Dispatcher | Scope.Scope> {
  const settings = Settings.make(options)
  const dispatcher = yield* Dispatcher.Dispatcher
  const context = yield* Effect.context<never>()
  const clock = yield* Clock.Clock
  const store =
    Context.getOrUndefined(context, EventStore.EventStore) ??
    Context.get(yield* Layer.build(EventStore.layerMemory()), EventStore.EventStore)
  const run = runExit(context)
  const runFork = Effect.runForkWith(context)
  const start = clock.currentTimeMillisUnsafe()
  const now = () => clock.currentTimeMillisUnsafe() - start
  const onDefect = (what: string, cause: unknown) => void runFork(Effect.logError(`HTTP: ${what} failed`, cause))
  const { highWaterMark, retry } = settings
  const sessions = new LiveSessions(
    {
      dispatcher,
      run,
      now,
      highWaterMark,
      tracks: { store, run, retry, highWaterMark, onStoreError: (cause) => onDefect("keeping events", cause) }
    },
    onDefect
  )
  const hand = Dispatcher.fork(dispatcher, context)
  const load = new Load(settings.maxRequests)
  const streams = new Set<EventStream>()
  const posts = new Posts({ settings, dispatcher, hand, run, sessions, load })
  const legacy = new LegacySse({ settings, dispatcher, hand, run, load, streams })
  const entrance = new Entrance({ settings, run, onDefect })
  const endpoint = new Endpoint({ settings, entrance, posts, sessions, streams, legacy })

  const tick = Effect.sync(() => {
    const time = now()
    for (const stream of streams) stream.tick(time, settings.stallTimeout)
    for (const answer of posts.waiting) answer.tick(time, settings.stallTimeout)
    sessions.sweep(time)
  })
  const ticking = runFork(Effect.forever(Effect.delay(tick, settings.keepAlive)))

  const close = Effect.gen(function* () {
    entrance.isClosing = true
    for (const session of sessions.values()) session.endStandalone()
    yield* Effect.all([Effect.timeoutOption(posts.drain(), settings.drainTimeout), legacy.end], { concurrency: "unbounded" })
    for (const answer of posts.waiting) answer.giveUp()
    for (const stream of streams) stream.end()
    yield* Effect.forEach([...sessions.values()], (session) => session.end(), { concurrency: "unbounded", discard: true })
    yield* Fiber.interrupt(ticking)
  })
  yield* Effect.addFinalizer(() => close)
  return endpoint.handle
})

/**
 * Serves the server in the context on the listener in the context.
 *
 * @example
 * HttpServerTransport.layer({ path: "/mcp" }).pipe(Layer.provide(Server), Layer.provide(NodeListener.layer({ port: 3000 })), Layer.launch)
 */
export const layer = (options: Options = {}): Layer.Layer<never, MountError, Dispatcher.Dispatcher | HttpListener> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const listener = yield* HttpListener
      const path = options.path ?? "/mcp"
      // Mounted first, so that it goes last: who comes during the shutdown is told to come back, and not that there is nothing here.
      let handle: Handle = (_, reply) => reply(unavailable("the server is not ready"))
      for (const mounted of Settings.pathsOf({ ...options, path })) {
        yield* listener.mount({ path: mounted, host: options.host, handle: (exchange, reply) => handle(exchange, reply) })
      }
      handle = yield* make(options)
      if (listener.url !== undefined) yield* Effect.logInfo(`MCP is served at ${listener.url}${path}`)
    })
  )
