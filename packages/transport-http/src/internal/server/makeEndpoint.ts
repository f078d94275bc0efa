/**
 * Puts an endpoint together.
 */
import * as Dispatcher from "@effect-mcp/core/Dispatcher"
import * as EventStore from "@effect-mcp/core/EventStore"
import { Thinned } from "@effect-mcp/core/Thinned"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Handle } from "../../Exchange.ts"
import { Endpoint } from "./endpoint.ts"
import { Entrance } from "./entrance.ts"
import type { EventStream } from "./eventStream.ts"
import { LegacySse } from "./legacySse.ts"
import { LiveSessions } from "./liveSessions.ts"
import { Load } from "./load.ts"
import { Posts } from "./posts.ts"
import * as Settings from "./settings.ts"
import { runExit } from "./runExit.ts"

/** An endpoint, what it is made of, and its end. */
export interface Built {
  readonly handle: Handle
  readonly settings: Settings.Settings
  readonly entrance: Entrance
  readonly posts: Posts
  readonly load: Load
  /** Refuses what is new, ends the streams that wait for news, gives what runs its time to end, and interrupts the rest. */
  readonly close: Effect.Effect<void>
}

/** Makes an endpoint. The scope is for what it has; whoever makes it runs `close` first. */
export const makeEndpoint = Effect.fnUntraced(function* (
  options: Settings.Options
): Effect.fn.Return<Built, never, Dispatcher.Dispatcher | Scope.Scope> {
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
  const defects = new Thinned()
  // A store that is away fails for every request.
  const onDefect = (what: string, cause: unknown) => {
    const message = defects.next(() => `HTTP: ${what} failed`)
    if (message !== undefined) runFork(Effect.logError(message, cause))
  }
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
  // What breaks in one tick must not be the last.
  const safely = Effect.catchCause(tick, (cause) => Effect.sync(() => onDefect("keeping streams alive", cause)))
  const ticking = runFork(Effect.forever(Effect.delay(safely, settings.keepAlive)))

  const close = Effect.gen(function* () {
    entrance.isClosing = true
    for (const session of sessions.values()) session.endStandalone()
    yield* Effect.all([Effect.timeoutOption(posts.drain(), settings.drainTimeout), legacy.end], { concurrency: "unbounded" })
    for (const answer of posts.waiting) answer.giveUp()
    for (const stream of streams) stream.end()
    yield* Effect.forEach([...sessions.values()], (session) => session.end(), { concurrency: "unbounded", discard: true })
    yield* Fiber.interrupt(ticking)
  })
  return { handle: endpoint.handle, settings, entrance, posts, load, close }
})
