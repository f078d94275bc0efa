/**
 * Failures of the protocol: what a request is answered with when it gets no result. The reasons are neutral; each era chooses the
 * code, in one place.
 */
import * as Schema from "effect/Schema"

/** The parameters of the request are wrong: an unknown tool, a bad cursor, a missing member. */
export class InvalidParams extends Schema.TaggedError<InvalidParams>()("InvalidParams", {
  detail: Schema.String,
  data: Schema.optionalKey(Schema.Unknown)
}) {
  override get message() {
    return this.detail
  }
}

/** The method does not exist in the revision that was used, or the server does not offer it. */
export class MethodNotFound extends Schema.TaggedError<MethodNotFound>()("MethodNotFound", { method: Schema.String }) {
  override get message() {
    return `Method not found: ${this.method}`
  }
}

/** The message is not one that may be sent now. */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

/** The resource does not exist. */
export class ResourceNotFound extends Schema.TaggedError<ResourceNotFound>()("ResourceNotFound", { uri: Schema.String }) {
  override get message() {
    return `Resource not found: ${this.uri}`
  }
}

/** A limit of the server is reached; nothing was done. */
export class Overloaded extends Schema.TaggedError<Overloaded>()("Overloaded", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

/** The request names a revision that is not served. */
export class UnsupportedVersion extends Schema.TaggedError<UnsupportedVersion>()("UnsupportedVersion", {
  requested: Schema.String,
  supported: Schema.Array(Schema.String)
}) {
  override get message() {
    return `Unsupported protocol version ${this.requested}; supported: ${this.supported.join(", ")}`
  }
}

/** The request needs something that the client did not declare. */
export class MissingCapability extends Schema.TaggedError<MissingCapability>()("MissingCapability", {
  /** The missing part of the client's capabilities, in the shape in which it would be declared. */
  required: Schema.Record(Schema.String, Schema.Unknown)
}) {
  override get message() {
    return `The client did not declare a capability that this request needs: ${JSON.stringify(this.required)}`
  }
}

/** A header is missing, badly encoded, or differs from what it repeats of the body. Since 2026-07-28, over HTTP. */
export class HeaderMismatch extends Schema.TaggedError<HeaderMismatch>()("HeaderMismatch", {
  /** The name of the header. */
  header: Schema.String,
  detail: Schema.String,
  data: Schema.optionalKey(Schema.Unknown)
}) {
  override get message() {
    return this.detail
  }
}

/** Something broke. The cause is in the log under this id; nothing else is told. */
export class Internal extends Schema.TaggedError<Internal>()("Internal", { id: Schema.String }) {
  override get message() {
    return `Internal error (${this.id})`
  }
}

const isFree = (code: number): boolean | string =>
  code < -32768 || code > -32000 || "codes from -32768 to -32000 belong to JSON-RPC and MCP"

/** An application's own error, with a code outside of -32768 to -32000; making one with another code throws. */
export class Custom extends Schema.TaggedError<Custom>()("Custom", {
  code: Schema.Int.check(Schema.makeFilter(isFree)),
  detail: Schema.String,
  data: Schema.optionalKey(Schema.Unknown)
}) {
  override get message() {
    return this.detail
  }
}

/** Why a request gets no result. */
export const Reason = Schema.Union([
  InvalidParams,
  MethodNotFound,
  InvalidRequest,
  ResourceNotFound,
  Overloaded,
  UnsupportedVersion,
  MissingCapability,
  HeaderMismatch,
  Internal,
  Custom
])
/** Why a request gets no result. */
export type Reason = typeof Reason.Type

/** A request that is answered with a JSON-RPC error. Middleware may fail with it and sees it. */
export class McpError extends Schema.TaggedError<McpError>()("McpError", { reason: Reason }) {
  override get message() {
    return this.reason.message
  }
}

/** An {@link McpError} for wrong parameters. */
export const invalidParams = (detail: string, data?: unknown): McpError =>
  new McpError({ reason: new InvalidParams(data === undefined ? { detail } : { detail, data }) })

/** An {@link McpError} for a resource that does not exist. */
export const resourceNotFound = (uri: string): McpError => new McpError({ reason: new ResourceNotFound({ uri }) })
