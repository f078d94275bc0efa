/**
 * The sessions that this process has something alive for: a conversation with the dispatcher, streams, calls. All else of a session is
 * in the `SessionStore`, so what is idle for a minute is let go, and comes back from there.
 */
import type { Dispatcher, Emit, Peer } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { Principal } from "@effect-mcp/core/Principal"
import * as Revision from "@effect-mcp/core/Revision"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { event, EventStream } from "./eventStream.ts"
import type { RunExit } from "./runExit.ts"
import { Track, type Tools as TrackTools } from "./track.ts"

/** How long the live parts of a session that nobody uses stay, in milliseconds. */
export const idleTime = 60_000

/** Whether two requests come from the same one. */
export const samePrincipal = (a: Principal | undefined, b: Principal | undefined): boolean =>
  a === b || (a?.subject === b?.subject && a?.issuer === b?.issuer)

/** What sessions work with. */
export interface Tools {
  readonly dispatcher: Dispatcher["Service"]
  readonly run: RunExit
  /** `undefined` where streams are not resumed. */
  readonly tracks: TrackTools | undefined
  readonly highWaterMark: number
  readonly now: () => number
}

// Streams have names of their own in all processes that share a store.
// Made when it is needed: Workers may not ask for anything random while they load.
let prefix: string | undefined
let lastTrack = 0
const trackName = (kind: "r" | "s") => {
  prefix ??= globalThis.crypto.randomUUID().slice(0, 8)
  return `${kind}${prefix}${(++lastTrack).toString(36)}`
}

/** Whether a stream is the one for messages that belong to no request. */
const isStandalone = (name: string): boolean => name.startsWith("s")

/** See the module. As an `Emit` it is the way for messages that belong to no request. */
export class LiveSession implements Emit {
  readonly id: string
  readonly principal: Principal | undefined
  /** Set as soon as the dispatcher knows the conversation. */
  peer!: Peer
  private readonly tools: Tools
  /** When a message came last. */
  usedAt: number
  isOver = false
  private known: Revision.Revision | undefined = undefined
  /** The stream for messages that belong to no request, as it is now. */
  private standalone: Track | EventStream | undefined = undefined
  /** The streams that are not at their end, by name. */
  private tracks: Map<string, Track> | undefined = undefined

  constructor(tools: Tools, id: string, principal: Principal | undefined) {
    this.tools = tools
    this.id = id
    this.principal = principal
    this.usedAt = tools.now()
  }

  /** What was negotiated. */
  get revision(): Revision.Revision {
    return (this.known ??= Revision.fromVersion(this.peer.agreement?.version ?? "") ?? Revision.latestSession)
  }

  /** Whether this principal is who opened it. */
  belongsTo(principal: Principal | undefined): boolean {
    return samePrincipal(this.principal, principal)
  }

  get canAsk(): boolean {
    return this.standalone !== undefined
  }

  send(message: Jsonrpc.Request | Jsonrpc.Notification): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { standalone } = this
      if (standalone === undefined) return Effect.void
      return Effect.andThen(
        standalone.room,
        Effect.sync(() => this.write(Jsonrpc.stringify(message)))
      )
    })
  }

  // Without a stream there is nobody who could hear it, now or later: that is not a way that is full.
  sendUnsafe(message: Jsonrpc.Request | Jsonrpc.Notification): boolean {
    if (this.standalone === undefined) return true
    if (this.standalone.isFull) return false
    this.write(Jsonrpc.stringify(message))
    return true
  }

  /** A stream of this session that can be resumed. `undefined` where streams are not. */
  track(stream: EventStream, kind: "r" | "s" = "r"): Track | undefined {
    if (this.tools.tracks === undefined) return undefined
    const name = trackName(kind)
    const tracks = (this.tracks ??= new Map())
    const track = new Track(this.tools.tracks, this.id, name, stream, () => tracks.delete(name))
    tracks.set(name, track)
    return track
  }

  /** Opens the stream for messages that belong to no request; the one before it ends. */
  listen(stream: EventStream): void {
    this.endStandalone()
    const track = this.revision.resumable ? this.track(stream, "s") : undefined
    this.standalone = track ?? stream
    if (this.revision.polling) track?.prime()
  }

  /** Goes on with a stream after an event. */
  resume(stream: EventStream, name: string, lastEventId: string): void {
    const { tools } = this
    const running = this.tracks?.get(name)
    if (running !== undefined) {
      if (isStandalone(name) && running !== this.standalone) this.endStandalone()
      running.attach(stream, lastEventId)
      return
    }
    if (tools.tracks === undefined) return stream.end()
    // It is at its end, or was another process's: what was kept of it is all there is. The one without a request goes on.
    const standalone = isStandalone(name)
    const { onStoreError, store } = tools.tracks
    tools.run(store.replay(this.id, lastEventId), (exit) => {
      if (Exit.isFailure(exit)) {
        // The client tries again with the same event.
        onStoreError(exit.cause)
        return stream.end()
      }
      for (const { id, message } of exit.value?.events ?? []) stream.write(event(message, id))
      if (standalone && stream.isOpen) this.listen(stream)
      else stream.end()
    })
  }

  /** A connection was lost. What can be resumed goes on without it. */
  lose(stream: EventStream): void {
    if (this.standalone === stream) this.standalone = undefined
    for (const track of this.tracks?.values() ?? []) track.lose(stream)
    this.usedAt = this.tools.now()
  }

  /** Whether a client reads a stream of it now. */
  get isHeard(): boolean {
    if (this.standalone instanceof EventStream) return true
    for (const track of this.tracks?.values() ?? []) if (track.isAttached) return true
    return false
  }

  /** Whether nothing needs it to stay, and nobody has used it for so long. */
  isIdle(now: number, time = idleTime): boolean {
    if (this.peer.inFlight > 0 || now - this.usedAt < time) return false
    if (this.standalone instanceof EventStream) return false
    for (const track of this.tracks?.values() ?? []) if (track.isAttached || track !== this.standalone) return false
    return true
  }

  /** Ends everything of it that is alive. */
  end(): Effect.Effect<void> {
    this.isOver = true
    const left = this.tools.dispatcher.leave(this.peer)
    this.endStandalone()
    for (const track of this.tracks?.values() ?? []) track.end()
    return left
  }

  /** Ends the stream for messages that belong to no request. */
  endStandalone(): void {
    const { standalone } = this
    this.standalone = undefined
    standalone?.end()
  }

  private write(json: string): void {
    if (this.standalone instanceof Track) this.standalone.push(json)
    else this.standalone?.write(event(json))
  }
}
