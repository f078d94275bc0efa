/**
 * Where the events of resumable streams are kept, so that a client whose connection broke can have what it missed.
 *
 * A stream is the answer to one request, or the stream of messages that belong to no request. Everything is kept per session:
 * whoever guesses an event id of another session gets nothing for it.
 *
 * Source: "Resumability and Redelivery" in the transports page of 2025-03-26 to 2025-11-25.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { bound } from "./internal/bound.ts"
import type { StoreError } from "./StoreError.ts"

/** One message of a stream. */
export interface Event {
  /** Goes into the `id:` line of the event and comes back as `Last-Event-ID`. Visible ASCII. */
  readonly id: string
  /** JSON, exactly as it was appended. */
  readonly message: string
}

/** What a client missed of one stream. */
export interface Replay {
  /** The stream that the event id belongs to, by the name under which it was appended to. */
  readonly stream: string
  /** The later events of that stream, oldest first, without the priming ones. */
  readonly events: ReadonlyArray<Event>
  /** True when some later events were dropped already: there is a gap before the first of `events`. */
  readonly truncated: boolean
}

/**
 * Keeps events. Appending never refuses a message: beyond its bounds a store forgets the oldest events, and `replay` tells so.
 */
export class EventStore extends Context.Service<
  EventStore,
  {
    /**
     * Keeps a message of a stream and returns the id of its event, which is unique over all streams of the session. The stream
     * begins with its first event. Its name must never be used again within the session.
     *
     * The empty message is a priming event: it has an id to resume from and is never replayed.
     */
    readonly append: (session: string, stream: string, message: string) => Effect.Effect<string, StoreError>
    /**
     * What followed on the stream of an event; `undefined` when the session has no such stream, or has it no more. Leaves the
     * events where they are: a client may come back with the same id.
     */
    readonly replay: (session: string, lastEventId: string) => Effect.Effect<Replay | undefined, StoreError>
    /** Forgets all streams of a session that ended. */
    readonly remove: (session: string) => Effect.Effect<void, StoreError>
  }
>()("@effect-mcp/core/EventStore") {}

/**
 * Makes an event id that names its stream. `sequence` is a natural number that grows with each event of the session. Any name of
 * a stream will do: what may not stand in a header is escaped.
 */
export const makeId = (stream: string, sequence: number): string =>
  `${encodeURIComponent(stream.toWellFormed())}.${sequence.toString(36)}`

/** The stream and the sequence in an event id; `undefined` for what {@link makeId} did not make. */
export const parseId = (id: string): { readonly stream: string; readonly sequence: number } | undefined => {
  const dot = id.lastIndexOf(".")
  if (dot === -1) return undefined
  const sequence = Number.parseInt(id.slice(dot + 1), 36)
  if (!Number.isSafeInteger(sequence) || sequence < 0) return undefined
  try {
    const stream = decodeURIComponent(id.slice(0, dot))
    return makeId(stream, sequence) === id ? { stream, sequence } : undefined
  } catch {
    return undefined // a malformed escape
  }
}

/** Options of {@link layerMemory}. Each bound is at least 1; sizes are in characters, for ASCII the same as bytes. */
export interface MemoryOptions {
  /** Events of one stream. Beyond that its oldest are dropped. Default 256. */
  readonly maxEventsPerStream?: number
  /** Characters of one stream. Beyond that its oldest events are dropped; a longer message is not kept at all. Default 1 Mi. */
  readonly maxSizePerStream?: number
  /** Streams of all sessions. Beyond that the one that was idle for the longest time is dropped. Default 20 000. */
  readonly maxStreams?: number
  /** Characters of all streams. Beyond that the one that was idle for the longest time is dropped. Default 64 Mi. */
  readonly maxSize?: number
  /** How long a stream is kept after the last `append` or `replay`. Default 30 minutes. */
  readonly ttl?: Duration.Input
}

/** The bounds of {@link layerMemory} by default. */
export const defaults = {
  maxEventsPerStream: 256,
  maxSizePerStream: 1024 * 1024,
  maxStreams: 20_000,
  maxSize: 64 * 1024 * 1024,
  ttl: Duration.minutes(30)
} as const

interface Held extends Event {
  readonly sequence: number
}

interface Stream {
  readonly session: string
  readonly name: string
  readonly events: Array<Held>
  size: number
  /** Events of this stream up to here may have existed and are not there any more. */
  dropped: number
  expiresAt: number
}

// The streams of all sessions, within their bounds.
const makeStreams = (options: MemoryOptions) => {
  const maxEventsPerStream = bound("maxEventsPerStream", options.maxEventsPerStream ?? defaults.maxEventsPerStream)
  const maxSizePerStream = bound("maxSizePerStream", options.maxSizePerStream ?? defaults.maxSizePerStream)
  const maxStreams = bound("maxStreams", options.maxStreams ?? defaults.maxStreams)
  const maxSize = bound("maxSize", options.maxSize ?? defaults.maxSize)
  const ttl = Duration.toMillis(Duration.fromInputUnsafe(options.ttl ?? defaults.ttl))
  const sessions = new Map<string, Map<string, Stream>>()
  const order = new Set<Stream>() // the one that was idle for the longest time first
  let size = 0

  const drop = (stream: Stream): void => {
    const ofSession = sessions.get(stream.session)
    ofSession?.delete(stream.name)
    if (ofSession?.size === 0) sessions.delete(stream.session)
    order.delete(stream)
    size -= stream.size
  }
  const dropOldestEvents = (stream: Stream): void => {
    while (stream.events.length > maxEventsPerStream || stream.size > maxSizePerStream || stream.size > maxSize) {
      const oldest = stream.events.shift()
      if (oldest === undefined) return
      stream.size -= oldest.message.length
      size -= oldest.message.length
      stream.dropped = oldest.sequence
    }
  }
  const dropIdleStreams = (now: number): void => {
    for (const stream of order) {
      if (stream.expiresAt > now && order.size <= maxStreams && size <= maxSize) return
      drop(stream)
    }
  }

  return {
    find: (session: string, name: string, now: number): Stream | undefined => {
      const stream = sessions.get(session)?.get(name)
      if (stream === undefined || stream.expiresAt > now) return stream
      drop(stream)
      return undefined
    },
    create: (session: string, name: string, dropped: number): Stream => {
      const stream: Stream = { session, name, events: [], size: 0, dropped, expiresAt: 0 }
      const ofSession = sessions.get(session)
      if (ofSession === undefined) sessions.set(session, new Map([[name, stream]]))
      else ofSession.set(name, stream)
      return stream
    },
    use: (stream: Stream, now: number): void => {
      stream.expiresAt = now + ttl
      order.delete(stream)
      order.add(stream)
    },
    push: (stream: Stream, event: Held, now: number): void => {
      stream.events.push(event)
      stream.size += event.message.length
      size += event.message.length
      dropOldestEvents(stream)
      dropIdleStreams(now) // the stream itself is the last in the order and within its bounds
    },
    removeSession: (session: string): void => {
      for (const stream of sessions.get(session)?.values() ?? []) drop(stream)
    }
  }
}

/**
 * Keeps events in this process, for as long as the layer lives, within the bounds of {@link MemoryOptions}.
 *
 * There are no timers: streams whose time is over are dropped when somebody asks for them, or by a later `append`.
 */
export const layerMemory = (options: MemoryOptions = {}): Layer.Layer<EventStore> =>
  Layer.effect(
    EventStore,
    Effect.map(Clock.currentTimeMillis, (start) => {
      const streams = makeStreams(options)
      // One sequence for all streams, above that of any earlier process: an id that outlived its stream never points into a new one.
      let sequence = start * 1024

      return EventStore.of({
        append: (session, name, message) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            const stream = streams.find(session, name, now) ?? streams.create(session, name, sequence)
            const id = makeId(name, ++sequence)
            streams.use(stream, now)
            streams.push(stream, { id, message, sequence }, now)
            return id
          }),
        replay: (session, lastEventId) =>
          Effect.map(Clock.currentTimeMillis, (now): Replay | undefined => {
            const last = parseId(lastEventId)
            if (last === undefined) return undefined
            const stream = streams.find(session, last.stream, now)
            if (stream === undefined) return undefined
            streams.use(stream, now)
            return {
              stream: stream.name,
              events: stream.events
                .filter((event) => event.sequence > last.sequence && event.message !== "")
                .map(({ id, message }) => ({ id, message })),
              truncated: last.sequence < stream.dropped
            }
          }),
        remove: (session) => Effect.sync(() => streams.removeSession(session))
      })
    })
  )
