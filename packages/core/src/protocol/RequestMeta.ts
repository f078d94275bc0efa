/**
 * The reserved keys of `_meta`. In the request era they are the envelope: what a server must know of a client travels with every
 * request. The wire codec takes the envelope apart; of it the neutral `_meta` keeps what was there before, the progress token.
 *
 * Source: "`_meta`" of the base protocol, `RequestMetaObject` and `ResultMetaObject` of 2026-07-28, SEP-414 (trace context).
 */
import * as Schema from "effect/Schema"
import { ClientCapabilities } from "./Capabilities.ts"
import { guards, Implementation, LoggingLevel, type Meta, open, type ProgressToken } from "./Common.ts"

/** The keys of `_meta` that MCP defines, except those of tasks. */
export const Key = {
  /** On requests. All revisions. */
  progressToken: "progressToken",
  /** On requests, required. Since 2026-07-28. */
  protocolVersion: "io.modelcontextprotocol/protocolVersion",
  /** On requests, required. Since 2026-07-28. */
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  /** On requests, recommended. Since 2026-07-28. */
  clientInfo: "io.modelcontextprotocol/clientInfo",
  /** On requests: the least severe log message wanted; none without it. Since 2026-07-28. */
  logLevel: "io.modelcontextprotocol/logLevel",
  /** On results, recommended on every one. Since 2026-07-28. */
  serverInfo: "io.modelcontextprotocol/serverInfo",
  /** On what belongs to a `subscriptions/listen`: the id of that request, with its type. Since 2026-07-28. */
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
  /** On anything: W3C Trace Context. Reserved since 2026-07-28. A malformed value is ignored. */
  traceparent: "traceparent",
  /** On anything: W3C Trace Context. Reserved since 2026-07-28. */
  tracestate: "tracestate",
  /** On anything: W3C Baggage. Reserved since 2026-07-28. */
  baggage: "baggage"
} as const

/** The keys that make up the envelope of a request-era request, in the order in which problems with them are reported. */
export const envelopeKeys = [Key.protocolVersion, Key.clientCapabilities, Key.clientInfo, Key.logLevel] as const

/** `_meta` of a request. Whoever wants progress of the request puts a token in. */
export interface RequestMeta extends Meta {
  readonly progressToken?: ProgressToken
}
export const RequestMeta = open<RequestMeta>({
  expected: "an object as `_meta`, with a string or an integer as `progressToken`",
  members: { [Key.progressToken]: guards.token }
})

/**
 * The envelope of a request-era request. Decodes from its `_meta`; other keys are left to {@link RequestMeta}. Since 2026-07-28.
 */
export interface Envelope extends Schema.Schema.Type<typeof envelope> {}
const envelope = Schema.Struct({
  /** The revision in which the request is written. Any string: whether it is served is answered with -32022. */
  [Key.protocolVersion]: Schema.String,
  /** What the server may rely on for this request. */
  [Key.clientCapabilities]: ClientCapabilities,
  /** For display and logs only. */
  [Key.clientInfo]: Schema.optionalKey(Implementation),
  [Key.logLevel]: Schema.optionalKey(LoggingLevel)
})
export const Envelope: Schema.Codec<Envelope> = envelope
