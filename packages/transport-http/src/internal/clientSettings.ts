/**
 * What an HTTP client transport is told, with its defaults.
 */
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type { Credentials, Headers } from "../HttpCredentials.ts"
import { hasHeader, listOf } from "./clientHeaders.ts"
import type { HeaderList, Http, HttpLimits } from "./clientHttp.ts"

/** Which server to reach, and how. */
export interface Options {
  /** The endpoint: an absolute `http:` or `https:` URL. `Redacted` where a part of it is a secret; errors then do not show it. */
  readonly url: string | URL | Redacted.Redacted<string>
  /**
   * Headers of every request; none by default. Those of the protocol cannot be set: they are left out. For what changes, see
   * `HttpCredentials`.
   */
  readonly headers?: Headers | undefined
  /**
   * What the server speaks:
   * - `"auto"` (the default): Streamable HTTP, and the HTTP+SSE of 2024-11-05 where `initialize` is answered with 400, 404 or 405.
   * - `"streamable"`: Streamable HTTP alone.
   * - `"sse"`: HTTP+SSE alone.
   */
  readonly mode?: "auto" | "streamable" | "sse" | undefined
  /** The longest message in bytes, an integer; 64 MiB by default. A longer answer fails its request with `MessageTooLong`. */
  readonly maxMessageBytes?: number | undefined
  /** The longest head of a response in bytes; 16 KiB by default. Has no effect with `fetch`. */
  readonly maxHeaderBytes?: number | undefined
  /** So many requests are under way at once, subscriptions apart; 128 by default. Others wait. */
  readonly maxConcurrent?: number | undefined
  /** How long it may take to connect; 10 seconds by default. Has no effect with `fetch`. */
  readonly connectTimeout?: Duration.Input | undefined
  /** How long the head of a response may take, and with it most answers; 5 minutes by default. Clients have time-outs of their own. */
  readonly responseTimeout?: Duration.Input | undefined
  /** How long ending a session may take when the scope closes; 2 seconds by default. */
  readonly closeTimeout?: Duration.Input | undefined
  /**
   * When a stream that broke is asked for again. By default after 1 second, half as long again each time up to 30 seconds, 10 times; it
   * starts anew when the stream brought an event or a new id, or was open for 5 seconds. The server's `retry` takes the place of the
   * pause, from 10 milliseconds on.
   */
  readonly resume?: Schedule.Schedule<unknown, unknown> | undefined
}

/** What holds for all connections of a transport. */
export interface Settings {
  readonly http: Http
  /** Without user and fragment. */
  readonly url: URL
  /** The URL as it may be shown. */
  readonly shown: string
  readonly isSecret: boolean
  /** The headers of the program. */
  readonly headers: HeaderList
  readonly credentials: Credentials | undefined
  readonly mode: "auto" | "streamable" | "sse"
  readonly maxMessageBytes: number
  readonly maxConcurrent: number
  readonly closeTimeout: Duration.Duration
  readonly resume: Schedule.Schedule<unknown, unknown>
  readonly context: Context.Context<never>
}

/** 64 MiB: the longest message in bytes unless told otherwise. */
export const defaultMaxMessageBytes = 64 * 1024 * 1024

const defaultResume: Schedule.Schedule<unknown, unknown> = Schedule.min([
  Schedule.exponential("1 second", 1.5),
  Schedule.spaced("30 seconds")
]).pipe(Schedule.upTo({ times: 10 }))

const millis = (input: Duration.Input): number => Math.min(Duration.toMillis(Duration.fromInputUnsafe(input)), 2 ** 31 - 1)

/** How HTTP is to be spoken. */
export const limitsOf = ({ connectTimeout, maxHeaderBytes, responseTimeout }: Options): HttpLimits => ({
  connectTimeout: millis(connectTimeout ?? "10 seconds"),
  responseTimeout: millis(responseTimeout ?? "5 minutes"),
  maxHeaderBytes: maxHeaderBytes ?? 16 * 1024
})

// Otherwise nothing would ever be sent, or there would be no bound where one is meant. `Infinity` is meant.
const badBound = (options: Options): string | undefined => {
  for (const name of ["maxMessageBytes", "maxHeaderBytes", "maxConcurrent"] as const) {
    const value = options[name] ?? 1
    const isWhole = Number.isInteger(value) || (value === Infinity && name !== "maxHeaderBytes")
    if (!isWhole || value < 1) return `\`${name}\` is ${value}, and must be an integer from 1 on`
  }
  return undefined
}

const basic = ({ password, username }: URL): ReadonlyArray<string> => {
  if (username === "" && password === "") return []
  const bytes = new TextEncoder().encode(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
  return ["authorization", `Basic ${btoa(String.fromCharCode(...bytes))}`]
}

/** A URL as it may be shown: without user, query and fragment. */
export const showUrl = ({ origin, pathname }: URL): string => `${origin}${pathname}`

/** The settings, or what is wrong with the options. A user in the URL becomes a header. */
export const settingsOf = (
  options: Options,
  make: (limits: HttpLimits) => Http,
  credentials: Credentials | undefined,
  context: Context.Context<never>
): Settings | string => {
  const bad = badBound(options)
  if (bad !== undefined) return bad
  const isSecret = Redacted.isRedacted(options.url)
  const url = URL.parse(String(Redacted.isRedacted(options.url) ? Redacted.value(options.url) : options.url))
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    return "it needs an absolute URL with http: or https:"
  const headers = listOf(options.headers ?? {})
  if (typeof headers === "string") return headers
  let user: ReadonlyArray<string>
  try {
    user = hasHeader(headers, "authorization") ? [] : basic(url)
  } catch {
    return "the user in the URL is not encoded as it should be"
  }
  url.username = url.password = url.hash = ""
  return {
    http: make(limitsOf(options)),
    url,
    shown: isSecret ? "the server, whose URL is redacted," : showUrl(url),
    isSecret,
    headers: [...headers, ...user],
    credentials,
    mode: options.mode ?? "auto",
    maxMessageBytes: options.maxMessageBytes ?? defaultMaxMessageBytes,
    maxConcurrent: options.maxConcurrent ?? 128,
    closeTimeout: Duration.fromInputUnsafe(options.closeTimeout ?? "2 seconds"),
    resume: options.resume ?? defaultResume,
    context
  }
}

/** Where effects of a transport run. */
export type Run = <A, E>(effect: Effect.Effect<A, E>) => void
