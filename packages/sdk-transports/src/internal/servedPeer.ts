/**
 * A conversation with a server of the SDK: the transport that it is connected to, and the requests that it has not answered.
 */
import type { Emit, Outcome, Peer, PeerOptions } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Principal from "@effect-mcp/core/Principal"
import { Thinned } from "@effect-mcp/core/Thinned"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { MessageExtra, OnMessage, SdkTransport, SendOptions, Sent } from "../SdkTransport.ts"
import { delivered, detailOf, given } from "./messages.ts"

/** From whom a message came, and the way back. */
export interface Way {
  readonly emit: Emit
  readonly extra: MessageExtra | undefined
}

interface Pending {
  readonly method: string
  readonly emit: Emit
  readonly resume: (outcome: Outcome) => void
}

/** Logs what went wrong, and gives the error that the client sees instead. */
type Broken = (what: string, cause: Cause.Cause<unknown>) => Jsonrpc.ErrorObject

/** So many messages wait for the server to start. */
const maxHeld = 1024

const closedByServer: Jsonrpc.ErrorObject = {
  code: Jsonrpc.ErrorCode.InternalError,
  message: "Connection closed: the server has ended the conversation"
}

/** What the server sees of a conversation. */
class ServedTransport implements SdkTransport {
  onclose?: (() => void) | undefined
  onerror?: ((error: Error) => void) | undefined
  onmessage?: OnMessage | undefined
  sessionId?: string | undefined
  readonly start: () => Promise<void>
  readonly send: (message: Sent, options?: SendOptions) => Promise<void>
  readonly close: () => Promise<void>

  constructor(peer: ServedPeer, sessionId: string | undefined) {
    this.sessionId = sessionId
    this.start = async () => peer.start()
    this.send = (message, options) => peer.send(message, options)
    this.close = async () => peer.close(closedByServer)
  }
}

/** See the module. */
export class ServedPeer implements Peer {
  readonly id: number
  readonly principal: Principal.Principal
  agreement: Peer["agreement"]
  private readonly transport: ServedTransport
  private readonly push: Emit
  private readonly pending = new Map<Jsonrpc.RequestId, Pending>()
  private readonly drained = new Set<() => void>()
  /** What waits for the server to start; nothing once it has. */
  private held: Array<() => void> | undefined = []
  /** What requests are answered with, once the conversation is over. */
  private over: Jsonrpc.ErrorObject | undefined
  private readonly throws = new Thinned()
  private readonly broken: Broken
  private readonly runPromise: (effect: Effect.Effect<void>) => Promise<void>

  constructor(id: number, options: PeerOptions, context: Context.Context<never>, broken: Broken) {
    this.id = id
    this.push = options.push
    this.principal = options.principal ?? Principal.anonymous
    this.transport = new ServedTransport(this, options.sessionId)
    this.broken = broken
    this.runPromise = Effect.runPromiseWith(context)
  }

  get inFlight(): number {
    return this.pending.size
  }

  get isStarting(): boolean {
    return this.held !== undefined && this.over === undefined
  }

  isInFlight(id: Jsonrpc.RequestId): boolean {
    return this.pending.has(id)
  }

  /** Has a server connected to the transport. */
  connect(connect: (transport: SdkTransport) => unknown): void {
    const failed = (error: unknown) => this.close(this.broken("a server of the SDK did not connect", Cause.die(error)))
    const connected = async () => connect(this.transport)
    connected().catch(failed)
  }

  /** Gives up a server that has not started by now. */
  isLate(detail: string): void {
    if (this.isStarting) this.close(this.broken(detail, Cause.die(new Error(detail))))
  }

  start(): void {
    const { held } = this
    if (held === undefined) throw new Error("the transport was started before: `connect` of the SDK calls `start`")
    if (this.over !== undefined) throw new Error("the transport is closed")
    this.held = undefined
    for (const deliver of held) deliver()
  }

  /**
   * Gives a message to the server, now or when it has started. False when there is no room for it, or nobody. `onThrow` is called when
   * the server throws over it.
   */
  deliver(message: Jsonrpc.JsonObject, extra: MessageExtra | undefined, onThrow?: (error: unknown) => void): boolean {
    if (this.over !== undefined) return false
    const deliver = () => this.calling(() => this.transport.onmessage?.(message, extra), onThrow)
    if (this.held === undefined) deliver()
    else if (this.held.length < maxHeld) this.held.push(deliver)
    else return false
    return true
  }

  /** Has a request answered. */
  request(message: Jsonrpc.Request, { emit, extra }: Way): Effect.Effect<Outcome> {
    return Effect.callback((resume) => {
      const { id, method } = message
      this.pending.set(id, { method, emit, resume: (outcome) => resume(Effect.succeed(outcome)) })
      const onThrow = (error: unknown) =>
        this.settle(id, { _tag: "Reply", message: Jsonrpc.failure(id, this.broken(`${method} failed`, Cause.die(error))) })
      if (this.deliver(delivered(message), extra, onThrow)) return
      const error = this.over ?? { ...closedByServer, message: "The server has not started yet; try again later" }
      this.settle(id, { _tag: "Reply", message: Jsonrpc.failure(id, error) })
    })
  }

  /** Ends a request that the client has taken back: it is not answered, whatever the server does. */
  cancelled({ method, params }: Jsonrpc.Notification): void {
    const id = params?.["requestId"]
    if (method === "notifications/cancelled" && Jsonrpc.isRequestId(id)) this.settle(id, { _tag: "NoReply" })
  }

  /** What the server sends. */
  async send(message: Sent, options: SendOptions | undefined): Promise<void> {
    if (this.over !== undefined) throw new Error("the transport is closed")
    const outbound = given(message)
    switch (outbound._tag) {
      case "Reply":
      case "Failure":
        return this.answer(outbound)
      case "Invalid":
        if (outbound.answers !== undefined) this.answer(Jsonrpc.failure(outbound.answers, this.unwritable(outbound)))
        throw new TypeError(`the message cannot be sent: ${outbound.error.message}`)
      default: {
        const related = options?.relatedRequestId
        const emit = (related === undefined ? undefined : this.pending.get(related)?.emit) ?? this.push
        if (outbound._tag === "Request" && !emit.canAsk) throw new Error("the client cannot be asked on this connection")
        return this.runPromise(emit.send(outbound))
      }
    }
  }

  /** Ends the conversation because the client is gone. */
  end(): void {
    for (const id of this.pending.keys()) this.settle(id, { _tag: "NoReply" })
    this.close(closedByServer)
  }

  /** Ends the conversation because the server wants to, or cannot go on. */
  close(error: Jsonrpc.ErrorObject): void {
    if (this.over !== undefined) return
    this.over = error
    for (const id of this.pending.keys()) this.settle(id, { _tag: "Reply", message: Jsonrpc.failure(id, error) })
    this.calling(() => this.transport.onclose?.())
  }

  /** Waits until nothing is in flight. Subscriptions, which never end by themselves, do not count. */
  readonly idle: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.isIdle()) return resume(Effect.void)
    const go = () => resume(Effect.void)
    this.drained.add(go)
    return Effect.sync(() => this.drained.delete(go))
  })

  private isIdle(): boolean {
    for (const { method } of this.pending.values()) if (method !== "subscriptions/listen") return false
    return true
  }

  private answer(message: Jsonrpc.Response): void {
    const { id } = message
    if (id === undefined) return
    if (message._tag === "Reply" && this.pending.get(id)?.method === "initialize") this.agree(message)
    this.settle(id, { _tag: "Reply", message })
  }

  private agree({ json }: Jsonrpc.Reply): void {
    const { protocolVersion } = JSON.parse(json)
    if (typeof protocolVersion === "string") this.agreement = { version: protocolVersion, sessionId: this.transport.sessionId }
  }

  private unwritable({ error }: Jsonrpc.Invalid): Jsonrpc.ErrorObject {
    return this.broken("a server of the SDK gave a result that is no JSON", Cause.die(new TypeError(error.message)))
  }

  private settle(id: Jsonrpc.RequestId, outcome: Outcome): void {
    const pending = this.pending.get(id)
    if (pending === undefined) return
    this.pending.delete(id)
    pending.resume(outcome)
    if (this.drained.size === 0 || !this.isIdle()) return
    for (const go of this.drained) go()
    this.drained.clear()
  }

  private calling(callback: () => void, onThrow = this.threw): void {
    try {
      callback()
    } catch (error) {
      onThrow(error)
    }
  }

  private readonly threw = (error: unknown): void => {
    const what = this.throws.next(() => `a server of the SDK threw over a message: ${detailOf(error)}`)
    if (what !== undefined) this.broken(what, Cause.die(error))
  }
}
