/**
 * The `Transport` of the official TypeScript SDK, as far as its shape goes: what `@modelcontextprotocol/sdk` (v1),
 * `@modelcontextprotocol/client` and `@modelcontextprotocol/server` (v2) say one is. Their objects fit without a cast, in both directions,
 * and nothing here depends on those packages.
 *
 * Callbacks and promises are the SDK's manners. They end at the modules of this package that take or give such an object.
 */
import type { JsonObject, RequestId } from "@effect-mcp/core/Jsonrpc"
import * as Schema from "effect/Schema"

/** Who sends a message, as transports of the SDK that authenticate tell it. */
export interface AuthInfo {
  /** The access token. */
  token: string
  /** The OAuth client. It is not the user: many users have the same one. */
  clientId: string
  scopes: Array<string>
  /** In seconds since 1970. */
  expiresAt?: number
  resource?: URL
  /** What else the verifier of the token learned. */
  extra?: Record<string, unknown>
}

/** What a transport tells besides a message. There is more of it, which nothing here uses. */
export interface MessageExtra {
  authInfo?: AuthInfo
}

/** How one message is sent. Transports with one channel, like stdio, ignore all of it. */
export interface SendOptions {
  /** The request of the other side that this message belongs to. */
  relatedRequestId?: RequestId | undefined
  /** Where a stream that broke goes on. Nothing here uses it. */
  resumptionToken?: string | undefined
  /** Ends the HTTP request of this message. v2. */
  requestSignal?: AbortSignal | undefined
  /** Called when the stream that should bring the answer ends. v2. */
  onRequestStreamEnd?: (() => void) | undefined
}

/** What `send` is given. Some transports take arrays as well, so the type has them; nothing here sends one. */
export type Sent = JsonObject | Array<JsonObject>

/**
 * Takes messages. It is the type of a method, so that parameters are compared in both directions: each version of the SDK has types of
 * messages of its own, and all of them are JSON objects.
 */
export type OnMessage = { take(message: JsonObject, extra?: MessageExtra): void }["take"]

/** See the module. Callbacks that stand there before one of our modules takes a transport are called as well. */
export interface SdkTransport {
  start(): Promise<void>
  send(message: Sent, options?: SendOptions): Promise<void>
  close(): Promise<void>
  onclose?: (() => void) | undefined
  onerror?: ((error: Error) => void) | undefined
  onmessage?: OnMessage | undefined
  sessionId?: string | undefined
  setProtocolVersion?: ((version: string) => void) | undefined
  /** v2. */
  setSupportedProtocolVersions?: ((versions: Array<string>) => void) | undefined
  /** Whether each request has a stream of its own, which is closed to cancel it. v2. */
  readonly hasPerRequestStream?: boolean
}

/** The transport did not start. */
export class StartFailed extends Schema.TaggedError<StartFailed>()("StartFailed", {
  detail: Schema.String,
  /** What was thrown, where something was. */
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return `the transport of the SDK did not start: ${this.detail}`
  }
}

/** The other side goes on sending and does not read what it gets; the conversation is given up. */
export class NotReading extends Schema.TaggedError<NotReading>()("NotReading", {
  /** So many messages waited. */
  limit: Schema.Int
}) {
  override get message() {
    return `the client does not read its answers, and sent ${this.limit} messages more; raise \`maxWaiting\` if that is expected`
  }
}

/** Why a transport of the SDK could not serve, or stopped. */
export class SdkTransportError extends Schema.TaggedError<SdkTransportError>()("SdkTransportError", {
  reason: Schema.Union([StartFailed, NotReading])
}) {
  override get message() {
    return this.reason.message
  }
}
