/**
 * A stream that can be resumed: its events are kept, and written to whichever connection the client has for it now, if any.
 *
 * Events are kept and written one after the other. While a client catches up on what it missed, new events wait.
 *
 * Source: "Resumability and Redelivery" in the transports page of 2025-03-26 to 2025-11-25; polling: SEP-1699.
 */
import type { EventStore } from "@effect-mcp/core/EventStore"
import type { StoreError } from "@effect-mcp/core/StoreError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { event, type EventStream, priming, retryAfter } from "./eventStream.ts"
import type { RunExit } from "./runExit.ts"

/** What tracks work with. */
export interface Tools {
  readonly store: EventStore["Service"]
  readonly run: RunExit
  readonly retry: number
  /** In characters. */
  readonly highWaterMark: number
  readonly onStoreError: (error: StoreError | unknown) => void
}

/** See the module. */
export class Track {
  readonly name: string
  private readonly session: string
  private readonly tools: Tools
  private readonly onEnd: () => void
  private connection: EventStream | undefined
  private readonly queue: Array<string> = []
  private queued = 0
  private isWorking = false
  private isBusy = false
  private isPaused = false
  private isEnding = false
  /** The connection that catches up on what the client missed. */
  private joining: EventStream | undefined = undefined
  /** The connection that is let go as soon as the client has something to come back with. */
  private leaving: EventStream | undefined = undefined
  /** Whether an event has an id: without one a client could not come back. */
  private hasId = false
  /** What to do when nothing is being kept any more. */
  private whenStill: (() => void) | undefined
  /** Who waits until less is to be kept. */
  private waiters: Array<() => void> = []

  /** `onEnd` is called once everything was kept, and written where there is a connection. */
  constructor(tools: Tools, session: string, name: string, connection: EventStream, onEnd: () => void) {
    this.tools = tools
    this.session = session
    this.name = name
    this.connection = connection
    this.onEnd = onEnd
  }

  /** Whether a client reads it now, or is about to. */
  get isAttached(): boolean {
    return (this.connection ?? this.joining)?.isOpen === true
  }

  get isFull(): boolean {
    return this.queued >= this.tools.highWaterMark || this.connection?.isFull === true
  }

  /** Waits until there is room. A client that is not there takes no room: what it misses is kept within the bounds of the store. */
  readonly room: Effect.Effect<void> = Effect.suspend(() => {
    const connected = Effect.suspend(() => this.connection?.room ?? Effect.void)
    return this.queued < this.tools.highWaterMark ? connected : Effect.andThen(this.kept, connected)
  })

  // The store is late.
  private readonly kept: Effect.Effect<void> = Effect.callback((resume) => {
    const go = () => resume(Effect.void)
    this.waiters.push(go)
    return Effect.sync(() => {
      this.waiters = this.waiters.filter((waiter) => waiter !== go)
    })
  })

  /** Begins with an event that the client can come back with. */
  prime(): void {
    this.push("")
  }

  /** Keeps a message and writes it. */
  push(message: string): void {
    if (this.isEnding) return
    this.queue.push(message)
    this.queued += message.length
    this.work()
  }

  /** Nothing comes any more. */
  end(): void {
    if (this.isEnding) return
    this.isEnding = true
    this.work()
  }

  /** Lets the connection go; the client comes back when it was told to. Does nothing where it has nothing to come back with. */
  detach(): void {
    this.leaving = this.connection
    if (!this.isBusy) this.letGo()
  }

  /** Forgets the connection when it is the one. */
  lose(connection: EventStream): void {
    if (this.connection === connection) this.connection = undefined
  }

  /**
   * Writes what followed an event to another connection, and from then on what comes. The connection before it ends, and so does this one
   * when the store fails: the client tries again with the same event.
   */
  attach(connection: EventStream, lastEventId: string): void {
    this.connection?.end()
    this.joining?.end()
    this.connection = undefined
    this.joining = connection
    this.isPaused = true
    this.hasId = true
    const replay = () => this.catchUp(connection, lastEventId)
    if (this.isBusy) this.whenStill = replay
    else replay()
  }

  private catchUp(connection: EventStream, lastEventId: string): void {
    this.tools.run(this.tools.store.replay(this.session, lastEventId), (exit) => {
      // The client may have come back once more meanwhile.
      if (this.joining !== connection) return
      this.joining = undefined
      this.isPaused = false
      if (Exit.isFailure(exit)) {
        this.tools.onStoreError(exit.cause)
        connection.end()
      } else {
        for (const { id, message } of exit.value?.events ?? []) connection.write(event(message, id))
        if (connection.isOpen) this.connection = connection
      }
      this.work()
    })
  }

  private letGo(): void {
    const { connection, leaving } = this
    this.leaving = undefined
    if (leaving === undefined || leaving !== connection || !this.hasId) return
    this.connection = undefined
    connection.write(retryAfter(this.tools.retry))
    connection.end()
  }

  private work(): void {
    if (this.isWorking) return
    this.isWorking = true
    while (!this.isBusy && !this.isPaused) {
      const message = this.queue.shift()
      if (message === undefined) {
        this.finish()
        break
      }
      this.queued -= message.length
      this.keep(message)
    }
    this.isWorking = false
    if (this.waiters.length > 0 && this.queued < this.tools.highWaterMark) for (const go of this.waiters.splice(0)) go()
  }

  private keep(message: string): void {
    this.isBusy = true
    this.tools.run(this.tools.store.append(this.session, this.name, message), (exit) => {
      if (Exit.isFailure(exit)) this.tools.onStoreError(exit.cause)
      const id = Exit.isSuccess(exit) ? exit.value : undefined
      this.hasId ||= id !== undefined
      if (message !== "") this.connection?.write(event(message, id))
      else if (id !== undefined) this.connection?.write(priming(id, this.tools.retry))
      this.isBusy = false
      this.letGo()
      const { whenStill } = this
      this.whenStill = undefined
      whenStill?.()
      this.work()
    })
  }

  private finish(): void {
    if (!this.isEnding) return
    this.isPaused = true // once
    this.connection?.end()
    this.onEnd()
  }
}
