/**
 * How a client reaches a server: a service that connects, sends messages and hands over those that arrive.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Jsonrpc from "./Jsonrpc.ts"

/** The program could not be started: not found, not executable, a bad directory. */
export class SpawnFailed extends Schema.TaggedError<SpawnFailed>()("SpawnFailed", {
  /** The command line that was tried. */
  command: Schema.String,
  /** What the operating system said. */
  detail: Schema.String
}) {
  override get message() {
    return `could not start \`${this.command}\`: ${this.detail}`
  }
}

// What a server said last often tells why.
const lastWords = (stderr: string | undefined): string =>
  stderr === undefined || stderr.trim() === "" ? "" : `; its last words on stderr:\n${stderr.trimEnd()}`

/** The server's process ended. */
export class ProcessExited extends Schema.TaggedError<ProcessExited>()("ProcessExited", {
  command: Schema.String,
  exitCode: Schema.NullOr(Schema.Int),
  signal: Schema.NullOr(Schema.String),
  /** The last 32 KiB that it wrote to stderr. */
  stderr: Schema.String
}) {
  override get message() {
    const how = this.signal === null ? `exit code ${this.exitCode}` : `signal ${this.signal}`
    return `\`${this.command}\` ended with ${how}${lastWords(this.stderr) || "; it wrote nothing to stderr"}`
  }
}

/** The connection was closed, by the other side or by closing its scope. */
export class ConnectionClosed extends Schema.TaggedError<ConnectionClosed>()("ConnectionClosed", {
  detail: Schema.String,
  /** The last 32 KiB that the server wrote to stderr, where there is such a thing. */
  stderr: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    return `connection closed: ${this.detail}${lastWords(this.stderr)}`
  }
}

/** The server sent a message that is longer than the limit; what it came on, a connection or one answer, is given up. */
export class MessageTooLong extends Schema.TaggedError<MessageTooLong>()("MessageTooLong", {
  /** In bytes. */
  limit: Schema.Int,
  /** The last 32 KiB that the server wrote to stderr, where there is such a thing. */
  stderr: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    return `the server sent a message of more than ${this.limit} bytes; raise the limit of the transport if that is expected${lastWords(this.stderr)}`
  }
}

/** There is no transport here for the way in which the server is reached. */
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", {
  /** The server, as far as it may be shown. */
  server: Schema.String,
  /** What is missing, and what to do. */
  detail: Schema.String
}) {
  override get message() {
    return `cannot reach ${this.server}: ${this.detail}`
  }
}

/** There is no connection: the transport could not reach the server, or was not ready in time. */
export class ConnectFailed extends Schema.TaggedError<ConnectFailed>()("ConnectFailed", {
  detail: Schema.String,
  /** What was thrown, where something was. */
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return `could not connect: ${this.detail}`
  }
}

/** This one message could not be sent. The connection is open as before. */
export class SendFailed extends Schema.TaggedError<SendFailed>()("SendFailed", {
  detail: Schema.String,
  /** What was thrown, where something was. */
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return `could not send a message: ${this.detail}`
  }
}

/** The server answered this one message with a status of HTTP that is an error, and with no message of the protocol. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  /** The status of HTTP. */
  status: Schema.Int,
  /** What was sent where, and what the server said, without what may be secret. */
  detail: Schema.String,
  /** The `WWW-Authenticate` of a 401 or 403, where there was one. */
  challenge: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    return `the server refused a message with HTTP status ${this.status}: ${this.detail}`
  }
}

/** This one message went out, and the way of its answer broke. The server may have done it. The connection is open as before. */
export class AnswerLost extends Schema.TaggedError<AnswerLost>()("AnswerLost", {
  detail: Schema.String,
  /** What was thrown, where something was. */
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return `the answer to a message was lost: ${this.detail}`
  }
}

/** Why a transport could not connect or send, or stopped. */
export class ClientTransportError extends Schema.TaggedError<ClientTransportError>()("ClientTransportError", {
  reason: Schema.Union([
    SpawnFailed,
    ProcessExited,
    ConnectionClosed,
    MessageTooLong,
    Unsupported,
    ConnectFailed,
    SendFailed,
    Refused,
    AnswerLost
  ])
}) {
  override get message() {
    return this.reason.message
  }
}

/** An open connection. It lives as long as the scope it was made in. */
export interface ClientConnection {
  /**
   * Writes a message; waits while the way there is full, and interrupting that takes the message back. `onWritten` is called as soon as the
   * other side may have it, by transports that know only later whether it was sent: from then on, sending it again may do its work twice.
   * It must not throw.
   */
  readonly send: (message: Jsonrpc.Outbound, onWritten?: () => void) => Effect.Effect<void, ClientTransportError>
  /** Writes a message if there is room now. False when it was not written: `send` waits for room, or tells what is wrong. */
  readonly sendUnsafe: (message: Jsonrpc.Outbound) => boolean
  /** Waits for the end of the connection and tells why it ended. */
  readonly closed: Effect.Effect<ClientTransportError>
  /** What the server has said beside the protocol, the last 32 KiB so far, where there is such a thing: for errors of one that is silent. */
  readonly lastWords?: Effect.Effect<string>
}

/**
 * Told that no answer will come to a request that was sent, while the connection goes on. `isUnheard` says that the server did not take
 * it: sending it again does its work once. Must not throw.
 */
export type Failed = (id: Jsonrpc.RequestId, error: ClientTransportError, isUnheard: boolean) => void

/**
 * Connects to one server. `connect` may be called again after a connection ended, where the transport can do so.
 *
 * `receive` is called synchronously for each message, in the order of arrival; it must not throw. Nothing is received before
 * `connect` has succeeded, nothing after its scope is closed. `failed` is for transports on which each request has a way of its own; it is
 * called as `receive` is.
 */
export class ClientTransport extends Context.Service<
  ClientTransport,
  {
    /** For telemetry and error messages alone. */
    readonly kind: "stdio" | "memory" | "http" | (string & {})
    /**
     * Where the server is, for transports that always reach the same one, such as a URL: what clients learn about the server there, and
     * what it lets everybody keep, holds for other clients of the same endpoint.
     */
    readonly endpoint?: string
    /** Whether requests travel with headers, so that `headers` of a request are sent. They are not by default. */
    readonly headers?: boolean
    readonly connect: (
      receive: (message: Jsonrpc.Inbound) => void,
      failed?: Failed
    ) => Effect.Effect<ClientConnection, ClientTransportError, Scope.Scope>
  }
>()("@effect-mcp/core/ClientTransport") {}
