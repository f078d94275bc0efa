/**
 * One connection of a client over one transport of the SDK.
 */
import { type ClientConnection, ClientTransportError, ConnectionClosed, SendFailed } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import { Thinned } from "@effect-mcp/core/Thinned"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { SdkTransport, SendOptions } from "../SdkTransport.ts"
import { close, listen } from "./attach.ts"
import { detailOf, fromSdk } from "./messages.ts"
import { Outgoing, type Unsent } from "./outgoing.ts"

/** What a connection is made of. */
export interface ConnectionOptions {
  readonly transport: SdkTransport
  readonly receive: (message: Jsonrpc.Inbound) => void
  readonly highWaterMark: number
  readonly closeTimeout: Duration.Input
  readonly runFork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}

/** So many messages may arrive while the transport starts. */
const maxHeld = 1024

const versionOf = ({ params }: Jsonrpc.Request): string | undefined => {
  const meta = params?.["_meta"]
  const version = Jsonrpc.isObject(meta) ? meta[Key.protocolVersion] : undefined
  return typeof version === "string" ? version : undefined
}

/** See the module. */
export class Connection implements ClientConnection {
  readonly closed: Effect.Effect<ClientTransportError>
  private readonly options: ConnectionOptions
  private readonly outgoing: Outgoing
  private readonly reason = Deferred.makeUnsafe<ClientTransportError>()
  private ended: ClientTransportError | undefined
  private isClosing = false
  private lastError: unknown
  private readonly errors = new Thinned()
  /** What arrived before somebody could take it. */
  private held: Array<Jsonrpc.Inbound> | undefined = []
  /** The requests that negotiate, with the version that their success stands for; the answer to `initialize` names it. */
  private readonly negotiating = new Map<Jsonrpc.RequestId, string | undefined>()
  /** Requests with a stream of their own that are not answered. */
  private readonly streams = new Map<Jsonrpc.RequestId, AbortController | undefined>()

  constructor(options: ConnectionOptions) {
    this.options = options
    this.closed = Deferred.await(this.reason)
    this.outgoing = new Outgoing(options.transport, options.highWaterMark)
    listen(options.transport, {
      onMessage: (message) => this.take(fromSdk(message)),
      onError: this.failed,
      onClose: () => this.end(this.lastError === undefined ? "by the server" : `after an error: ${detailOf(this.lastError)}`)
    })
  }

  readonly send = (message: Jsonrpc.Outbound, onWritten?: () => void): Effect.Effect<void, ClientTransportError> =>
    Effect.suspend(() => {
      if (this.endsStream(message)) return Effect.void
      const sent = Effect.mapError(this.outgoing.send(message, this.optionsOf(message), onWritten), this.unsent)
      return Effect.onError(sent, () => Effect.sync(() => this.forget(message)))
    })

  /** Never: only `send` tells of what the promise of the SDK rejects with. */
  readonly sendUnsafe = (): boolean => false

  /** Delivers from now on, beginning with what is held. */
  readonly begin = (): void => {
    const { held = [] } = this
    this.held = undefined
    for (const message of held) this.deliver(message)
  }

  /** Ends the connection and closes the transport, once. */
  readonly shutdown: Effect.Effect<void> = Effect.suspend(() => {
    this.end("its scope was closed")
    if (this.isClosing) return Effect.void
    this.isClosing = true
    return close(this.options.transport, this.options.closeTimeout)
  })

  private end(detail: string): void {
    if (this.ended !== undefined) return
    this.ended = new ClientTransportError({ reason: new ConnectionClosed({ detail }) })
    this.held = undefined
    for (const stream of this.streams.values()) stream?.abort()
    this.streams.clear()
    Deferred.doneUnsafe(this.reason, Effect.succeed(this.ended))
    this.outgoing.close()
  }

  private take(message: Jsonrpc.Inbound): void {
    if (this.held === undefined) return this.deliver(message)
    if (this.held.push(message) > maxHeld) this.end(`more than ${maxHeld} messages arrived before the transport had started`)
  }

  private deliver(message: Jsonrpc.Inbound): void {
    if (this.ended !== undefined) return
    if (message._tag === "Success" || message._tag === "Failure") this.answered(message)
    this.options.receive(message)
  }

  private answered(message: Jsonrpc.Success | Jsonrpc.Failure): void {
    const { id } = message
    if (id === undefined) return
    this.streams.delete(id)
    if (!this.negotiating.has(id)) return
    const discovered = this.negotiating.get(id)
    this.negotiating.delete(id)
    if (message._tag === "Failure") return
    const { protocolVersion, supportedVersions } = message.result
    const agreed = discovered ?? protocolVersion
    if (discovered !== undefined && !(Array.isArray(supportedVersions) && supportedVersions.includes(discovered))) return
    // Before the next message leaves: transports over HTTP put it into a header.
    if (typeof agreed === "string") this.setVersion(agreed)
  }

  private setVersion(version: string): void {
    try {
      this.options.transport.setProtocolVersion?.(version)
    } catch (error) {
      this.failed(error)
    }
  }

  private optionsOf(message: Jsonrpc.Outbound): SendOptions | undefined {
    if (!("_tag" in message) || message._tag !== "Request") return undefined
    const { id, method } = message
    const version = versionOf(message)
    if (method === "initialize" || method === "server/discover") this.negotiating.set(id, version)
    if (this.options.transport.hasPerRequestStream !== true) return undefined
    const stream = version === undefined ? undefined : new AbortController()
    this.streams.set(id, stream)
    const onRequestStreamEnd = () => this.lostAnswer(id)
    return stream === undefined ? { onRequestStreamEnd } : { onRequestStreamEnd, requestSignal: stream.signal }
  }

  // In the request era a cancellation is the end of the stream, where there is one, and not a message.
  private endsStream(message: Jsonrpc.Outbound): boolean {
    if (!("_tag" in message) || message._tag !== "Notification" || message.method !== "notifications/cancelled") return false
    const id = message.params?.["requestId"]
    if (!Jsonrpc.isRequestId(id)) return false
    const stream = this.streams.get(id)
    this.streams.delete(id)
    stream?.abort()
    return stream !== undefined
  }

  private lostAnswer(id: Jsonrpc.RequestId): void {
    if (!this.streams.has(id)) return
    const message = "Connection closed: the stream of the request ended without its answer"
    this.take(Jsonrpc.failure(id, { code: Jsonrpc.ErrorCode.InternalError, message }))
  }

  private forget(message: Jsonrpc.Outbound): void {
    if (!("_tag" in message) || message._tag !== "Request") return
    this.negotiating.delete(message.id)
    this.streams.delete(message.id)
  }

  private readonly unsent = ({ cause, isClosed }: Unsent): ClientTransportError =>
    isClosed && this.ended !== undefined
      ? this.ended
      : new ClientTransportError({ reason: new SendFailed({ detail: detailOf(cause), cause }) })

  private readonly failed = (error: unknown): void => {
    this.lastError = error
    const told = this.errors.next(() => `an error of a transport of the SDK: ${detailOf(error)}`)
    if (told !== undefined) this.options.runFork(Effect.logDebug(told))
  }
}
