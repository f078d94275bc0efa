/**
 * The limits and policies of an endpoint, with their defaults filled in.
 */
import type { Principal } from "@effect-mcp/core/Principal"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Exchange, Reply } from "../../Exchange.ts"
import { type Cors, makeCors } from "./cors.ts"
import { type Gate, makeGate } from "./gate.ts"

/** Options of an endpoint. Everything has a default that is safe on loopback. */
export interface Options {
  /** Where the endpoint is. `"/mcp"` by default. */
  readonly path?: string
  /** The name of the host that this endpoint answers for, where several share a port. All by default. */
  readonly host?: string
  /**
   * Whether clients of 2025-03-26 to 2025-11-25 get sessions: with them the server can ask, push and let clients come back; without them
   * each request stands alone, and any process can answer it. True by default. Clients of 2026-07-28 never have sessions.
   */
  readonly sessions?: boolean
  /** Whether answers are always JSON: progress, log messages and questions are then dropped or unavailable. False by default. */
  readonly jsonOnly?: boolean
  /**
   * Whether clients of 2024-11-05 are served, too, over HTTP+SSE: `path` is where they open their stream, `messages` where they post. True
   * is `{ path: "/sse", messages: "/messages" }`. A session is as long as its stream. False by default.
   */
  readonly legacySse?: boolean | { readonly path?: string; readonly messages?: string }
  /**
   * Names in the `Host` header that are served besides those of loopback (`localhost`, `127.0.0.1`, `[::1]`), without a port. A server
   * that others reach, through a proxy or not, needs its public names here; `"*"` serves them all, which is safe only where no
   * browser runs.
   */
  readonly allowedHosts?: ReadonlyArray<string>
  /**
   * Origins whose pages may call, such as `https://app.example.com`, besides pages from loopback and from `allowedHosts`. Requests
   * without `Origin` do not come from a page and are served.
   */
  readonly allowedOrigins?: ReadonlyArray<string>
  /** Whether pages of other allowed origins may read answers (CORS). False by default. */
  readonly cors?: boolean
  /** Who sends a request, or the reply that refuses it. Everybody is anonymous by default. Runs before the body is read. */
  readonly authenticate?: (exchange: Exchange) => Effect.Effect<Principal, Reply>
  /** The longest body in bytes; more is refused with 413. 4 MiB by default. */
  readonly maxBodyBytes?: number
  /**
   * How many bytes of bodies are on their way at once; more are refused with 503. A body that does not tell its length counts as the longest
   * one. 256 MiB by default, and never less than one body.
   */
  readonly maxBufferedBytes?: number
  /** The longest path with its query in characters; more is refused with 414. 8,192 by default. */
  readonly maxUrlLength?: number
  /** How deep JSON may be nested; more is refused with 400. 128 by default. */
  readonly maxDepth?: number
  /** How many requests arrive or are in work at once, listening ones included; more are refused with 503. 10,000 by default. */
  readonly maxRequests?: number
  /** How many streams without a request (`GET`) are open at once; more are refused with 503. 10,000 by default. */
  readonly maxStreams?: number
  /** How long a body may take to arrive. 30 seconds by default. */
  readonly bodyTimeout?: Duration.Input
  /**
   * How often open streams get a comment, so that proxies do not cut them. A request that takes longer turns into a stream, for the same
   * reason. 15 seconds by default.
   */
  readonly keepAlive?: Duration.Input
  /** After which time clients of 2025-11-25 may come back for a stream that was let go. 1 second by default. */
  readonly retry?: Duration.Input
  /**
   * How much of a stream may be unsent, in bytes: beyond that notifications that may be dropped are, and others wait. 1 MiB by default. A
   * client that takes nothing for `stallTimeout` is cut off; what can be resumed it may come back for.
   */
  readonly highWaterMark?: number
  /** See `highWaterMark`. 30 seconds by default. */
  readonly stallTimeout?: Duration.Input
  /** How long what runs may go on when the server shuts down, before it is interrupted. 10 seconds by default. */
  readonly drainTimeout?: Duration.Input
}

/** The options with their defaults. Durations are milliseconds. */
export interface Settings {
  readonly sessions: boolean
  readonly jsonOnly: boolean
  readonly legacySse: { readonly path: string; readonly messages: string } | undefined
  readonly gate: Gate
  readonly cors: Cors | undefined
  readonly authenticate: Options["authenticate"]
  readonly maxBodyBytes: number
  readonly maxBufferedBytes: number
  readonly maxUrlLength: number
  readonly maxDepth: number
  readonly maxRequests: number
  readonly maxStreams: number
  readonly bodyTimeout: number
  readonly keepAlive: number
  readonly retry: number
  readonly highWaterMark: number
  readonly stallTimeout: number
  readonly drainTimeout: number
}

const positive = (name: string, value: number): number => {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new Error(`HttpServerTransport: ${name} must be a positive integer, not ${value}`)
}

const millis = (name: string, input: Duration.Input): number => {
  const value = Duration.toMillis(Duration.fromInputUnsafe(input))
  if (Number.isFinite(value) && value >= 1) return Math.ceil(value)
  throw new Error(`HttpServerTransport: ${name} must be a finite duration of at least a millisecond, not ${value} ms`)
}

const legacyOf = ({ legacySse, path: own = "/mcp" }: Options): Settings["legacySse"] => {
  if (legacySse === undefined || legacySse === false) return undefined
  const { messages = "/messages", path = "/sse" } = legacySse === true ? {} : legacySse
  if (path !== own && messages !== own) return { path, messages }
  throw new Error(`HttpServerTransport: legacySse needs paths of its own; "${own}" is that of the endpoint`)
}

/** All paths that are served. */
export const pathsOf = (options: Options & { readonly path: string }): ReadonlySet<string> => {
  const legacy = legacyOf(options)
  return new Set(legacy === undefined ? [options.path] : [options.path, legacy.path, legacy.messages])
}

/** Fills in the defaults. Throws on values that make no sense. */
export const make = (options: Options): Settings => {
  const gate = makeGate(options.allowedHosts ?? [], options.allowedOrigins ?? [])
  const maxBodyBytes = positive("maxBodyBytes", options.maxBodyBytes ?? 4 * 1024 * 1024)
  return {
    sessions: options.sessions ?? true,
    jsonOnly: options.jsonOnly ?? false,
    legacySse: legacyOf(options),
    gate,
    cors: options.cors === true ? makeCors() : undefined,
    authenticate: options.authenticate,
    maxBodyBytes,
    maxBufferedBytes: Math.max(maxBodyBytes, positive("maxBufferedBytes", options.maxBufferedBytes ?? 256 * 1024 * 1024)),
    maxUrlLength: positive("maxUrlLength", options.maxUrlLength ?? 8192),
    maxDepth: positive("maxDepth", options.maxDepth ?? 128),
    maxRequests: positive("maxRequests", options.maxRequests ?? 10_000),
    maxStreams: positive("maxStreams", options.maxStreams ?? 10_000),
    bodyTimeout: millis("bodyTimeout", options.bodyTimeout ?? "30 seconds"),
    keepAlive: millis("keepAlive", options.keepAlive ?? "15 seconds"),
    retry: millis("retry", options.retry ?? "1 second"),
    highWaterMark: positive("highWaterMark", options.highWaterMark ?? 1024 * 1024),
    stallTimeout: millis("stallTimeout", options.stallTimeout ?? "30 seconds"),
    drainTimeout: millis("drainTimeout", options.drainTimeout ?? "10 seconds")
  }
}
