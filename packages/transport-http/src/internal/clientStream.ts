/**
 * Streams that the client asks for with GET: what the server tells by itself, and the rest of an answer whose way broke. They are asked
 * for again when they break.
 *
 * Source: "Listening for Messages from the Server" and "Resumability and Redelivery" under Streamable HTTP of 2025-03-26 to 2025-11-25.
 */
import type { ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import { call } from "./clientCall.ts"
import { lost, problem, refused, tooLong } from "./clientErrors.ts"
import type { HeaderList } from "./clientHttp.ts"
import type { Settings } from "./clientSettings.ts"
import { SseReader } from "./sseReader.ts"

/** A stream that is asked for. */
export interface Wanted {
  readonly url: URL
  /** Without `Last-Event-ID`. */
  readonly headers: () => HeaderList
  /** Where it goes on; changed as events come. */
  lastEventId: string | undefined
  /** The pause that the server wants, in milliseconds. */
  retry: number | undefined
  /** Takes events. Must not throw. */
  readonly onEvent: (type: string, data: string) => void
  /** Told of each response that is a stream. Must not throw. */
  readonly onOpen: () => void
  /** Whether it is not wanted any more. */
  readonly isDone: () => boolean
}

/** How a response ended. */
interface Ended {
  /** The server says that there is none, or will not be one. */
  readonly refused: number | undefined
  readonly error: ClientTransportError
  /** It brought something, or was open for a while, as where a proxy cuts what is silent: asking again makes sense. */
  readonly wasAlive: boolean
}

const isPassing = (status: number): boolean =>
  status >= 500 || status === 408 || status === 409 || status === 425 || status === 429

// For so long a stream is open, in milliseconds, that brings nothing and is asked for again as if it had.
const longEnough = 5000

const utf8 = new TextEncoder()

// Headers are bytes: an id that is not ASCII travels in UTF-8.
const inHeader = (id: string): string => (/[^\x20-\x7e]/.test(id) ? String.fromCharCode(...utf8.encode(id)) : id)

/** Reads one response to its end. */
export const readOnce = (settings: Settings, wanted: Wanted): Effect.Effect<Ended> =>
  Effect.clockWith((clock) =>
    Effect.callback((resume) => {
      const id = wanted.lastEventId
      const headers = id === undefined ? wanted.headers() : [...wanted.headers(), "last-event-id", inHeader(id)]
      let hadEvents = false
      let openedAt = Infinity
      const end = (error: ClientTransportError, status?: number) => {
        const wasAlive = hadEvents || wanted.lastEventId !== id || clock.currentTimeMillisUnsafe() - openedAt >= longEnough
        resume(Effect.succeed({ refused: status, error, wasAlive }))
      }
      const events = new SseReader(settings.maxMessageBytes, {
        onEvent: (type, data) => {
          hadEvents = true
          wanted.onEvent(type, data)
          if (wanted.isDone()) stop()
        },
        onTooLong: () => {
          giveUp()
          end(tooLong(settings), 200)
        }
      })
      const stop = () => {
        events.stop()
        giveUp()
        end(lost("it is not wanted any more"))
      }
      const giveUp = call(
        settings,
        { method: "GET", url: wanted.url, headers, body: undefined },
        {
          onHead: (status, header) => {
            const type = header("content-type") ?? ""
            if (status === 200 && /^\s*text\/event-stream\b/i.test(type)) {
              openedAt = clock.currentTimeMillisUnsafe()
              return wanted.onOpen()
            }
            giveUp()
            end(refused(settings, "GET", status, status === 200 ? "it is no event stream" : undefined, header), status)
          },
          onBytes: (bytes) => {
            events.push(bytes)
            wanted.lastEventId = events.lastEventId ?? wanted.lastEventId
            wanted.retry = events.retry ?? wanted.retry
          },
          onEnd: () => end(lost(`GET ${settings.shown}: the event stream ended`)),
          onProblem: (found) => end(problem(settings, "GET", found)),
          // There may be credentials in a moment.
          onFailed: (error) => end(error, error.reason._tag === "ConnectFailed" ? undefined : 0)
        }
      )
      return Effect.sync(giveUp)
    })
  )

// The longest timer there is, in milliseconds.
const longest = 2 ** 31 - 1
// A server that wants to be asked at once is not asked in a circle.
const shortest = 10

/** Pauses, by a schedule; the server's own wish takes the place of how long. False when the schedule is at its end. */
const pacing = Effect.fnUntraced(function* (schedule: Settings["resume"]) {
  let step = yield* Schedule.toStep(schedule)
  return {
    restart: Effect.map(Schedule.toStep(schedule), (fresh) => {
      step = fresh
    }),
    pause: (retry: number | undefined, why: unknown): Effect.Effect<boolean> =>
      Effect.gen(function* () {
        const [, delay] = yield* step(yield* Clock.currentTimeMillis, why)
        yield* Effect.sleep(retry === undefined ? delay : Duration.millis(Math.max(shortest, Math.min(retry, longest))))
        return true
      }).pipe(
        Effect.catchCause((cause) =>
          Pull.isDoneCause(cause)
            ? Effect.succeed(false)
            : Effect.as(Effect.logError("the schedule of `resume` failed", cause), false)
        )
      )
  }
})

/**
 * Reads a stream, and asks for it again when it breaks, until it is not wanted any more. `isBroken` says that it broke already. Succeeds
 * with why it is given up.
 */
export const follow = Effect.fnUntraced(function* (
  settings: Settings,
  wanted: Wanted,
  isBroken: boolean
): Effect.fn.Return<Ended> {
  const pace = yield* pacing(settings.resume)
  let last: Ended = { refused: undefined, error: lost("the event stream broke"), wasAlive: false }
  if (isBroken && !(yield* pace.pause(wanted.retry, last.error))) return last
  while (!wanted.isDone()) {
    last = yield* readOnce(settings, wanted)
    if (wanted.isDone() || (last.refused !== undefined && !isPassing(last.refused))) return last
    if (last.wasAlive) yield* pace.restart
    if (!(yield* pace.pause(wanted.retry, last.error))) return last
  }
  return last
})
