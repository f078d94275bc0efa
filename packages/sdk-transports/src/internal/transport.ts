/**
 * A `Transport` of the SDK made of a client transport of ours.
 */
import type { ClientConnection, ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { OnMessage, SdkTransport, Sent } from "../SdkTransport.ts"
import { delivered, given } from "./messages.ts"

type Connect<E> = Effect.Effect<ClientTransport["Service"], E, Scope.Scope>
type RunPromise = <A, E>(effect: Effect.Effect<A, E>, options?: Effect.RunOptions) => Promise<A>
type RunFork = (effect: Effect.Effect<void>) => Fiber.Fiber<void>

const toError = (value: unknown): Error => (value instanceof Error ? value : new Error(String(value)))

/** See `TransportForSdk`. */
export class Transport<E> implements SdkTransport {
  onclose?: (() => void) | undefined
  onerror?: ((error: Error) => void) | undefined
  onmessage?: OnMessage | undefined
  private connection: ClientConnection | undefined
  private readonly scope = Scope.makeUnsafe()
  private readonly starting = new AbortController()
  private started: Promise<void> | undefined
  private closing: Promise<void> | undefined
  private readonly connector: Connect<E>
  private readonly runPromise: RunPromise
  private readonly runFork: RunFork

  constructor(connector: Connect<E>, runPromise: RunPromise, runFork: RunFork) {
    this.connector = connector
    this.runPromise = runPromise
    this.runFork = runFork
  }

  readonly start = async (): Promise<void> => {
    if (this.closing !== undefined) throw new Error("the transport is closed: make another one")
    if (this.started !== undefined) throw new Error("the transport was started before: `connect` of the SDK calls `start`")
    this.started = this.open()
    try {
      await this.started
    } catch (error) {
      const isClosed = this.closing !== undefined
      await this.close()
      throw isClosed ? new Error("the transport was closed while it started") : toError(error)
    }
  }

  readonly send = async (message: Sent): Promise<void> => {
    const { connection } = this
    if (connection === undefined || this.closing !== undefined) {
      throw new Error(this.closing === undefined ? "the transport is not started" : "the transport is closed")
    }
    const outbound = given(message)
    if (outbound._tag === "Invalid") throw new TypeError(`the message cannot be sent: ${outbound.error.message}`)
    await this.runPromise(connection.send(outbound))
  }

  readonly close = (): Promise<void> => (this.closing ??= this.shutDown())

  private async open(): Promise<void> {
    const connected = Effect.flatMap(this.connector, ({ connect }) => connect(this.receive))
    const opened = Effect.provideService(connected, Scope.Scope, this.scope)
    this.connection = await this.runPromise(opened, { signal: this.starting.signal })
    const { closed } = this.connection
    this.runFork(
      Effect.map(closed, (error) => {
        if (this.closing !== undefined) return
        this.report(error)
        void this.close()
      })
    )
  }

  private async shutDown(): Promise<void> {
    this.starting.abort()
    await this.started?.catch(() => {}) // what was opened by then is in the scope
    // Nobody may be waiting for this promise: it does not reject, and the SDK hears of the end in any case.
    const exit = await this.runPromise(Effect.exit(Scope.close(this.scope, Exit.void)))
    if (Exit.isFailure(exit)) this.report(toError(Cause.squash(exit.cause)))
    this.calling(() => this.onclose?.())
  }

  private readonly receive = (message: Jsonrpc.Inbound): void => {
    if (this.closing !== undefined) return
    if (message._tag === "Batch") for (const item of message.items) this.receive(item)
    else if (message._tag === "Invalid") this.refuse(message)
    else this.deliver(message)
  }

  private deliver(message: Exclude<Jsonrpc.Single, Jsonrpc.Invalid>): void {
    this.calling(() => this.onmessage?.(delivered(message)))
  }

  // Whoever waits for an answer gets one, on both sides.
  private refuse({ answers, error, id }: Jsonrpc.Invalid): void {
    this.report(new Error(`the server sent something that is no message: ${error.message}`))
    if (answers !== undefined) this.deliver(Jsonrpc.failure(answers, error))
    else if (id !== undefined && this.connection !== undefined) {
      this.runFork(Effect.ignoreCause(this.connection.send(Jsonrpc.failure(id, error))))
    }
  }

  // What a callback throws is the concern of whoever set it, and must not break the transport below.
  private calling(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.report(toError(error))
    }
  }

  private report(error: Error): void {
    try {
      this.onerror?.(error)
    } catch {
      // there is nobody left to tell
    }
  }
}
