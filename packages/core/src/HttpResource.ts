/**
 * Handlers of resources that are read from other servers over HTTP.
 *
 * The client is Effect's `HttpClient`: give it retries, limits or credentials where its layer is made.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"
import { bound } from "./internal/bound.ts"
import { concat, defaultMaxBytes } from "./internal/files.ts"
import { ofName, toContents } from "./internal/mediaType.ts"
import { failed, isTooLarge } from "./internal/reading.ts"
import { type McpError, resourceNotFound } from "./McpError.ts"
import type { ResourceContents } from "./protocol/Content.ts"

/** How a URL is read. */
export interface Options {
  /** What the answer says by default, otherwise what the extension in the URL stands for. */
  readonly mimeType?: string
  /** Sent with the request. */
  readonly headers?: { readonly [name: string]: string }
  /** The size that is read at most, in bytes. 8 MiB by default. */
  readonly maxBytes?: number
  /** After which time reading ends, from the request to the last byte. 30 seconds by default. */
  readonly timeout?: Duration.Input
}

const read = Effect.fnUntraced(function* (response: HttpClientResponse, maxBytes: number) {
  if (Number(response.headers["content-length"]) > maxBytes) return yield* isTooLarge(maxBytes)
  const chunks: Array<Uint8Array> = []
  let total = 0
  yield* Stream.runForEach(response.stream, (chunk) => {
    total += chunk.length
    if (total > maxBytes) return Effect.fail(isTooLarge(maxBytes))
    chunks.push(chunk)
    return Effect.void
  }).pipe(
    Effect.catchIf(
      (error) => error._tag === "HttpClientError" && error.reason._tag === "EmptyBodyError",
      () => Effect.void
    )
  )
  return concat(chunks)
})

// A client may read the log, so it has neither the URL nor the cause: both may hold secrets. The span of the request has them.
const unreachable = (error: HttpClientError): Effect.Effect<never, McpError> =>
  Effect.andThen(
    Effect.logWarning("The source of a resource cannot be read", { reason: error.reason._tag }),
    Effect.fail(failed("The source of the resource cannot be reached; try again later"))
  )

const refuse = (status: number, uri: string): McpError =>
  status === 404 || status === 410
    ? resourceNotFound(uri)
    : failed(
        `The source of the resource answered with status ${status}${status >= 500 || status === 429 ? "; try again later" : ""}`
      )

const checked = (url: string | URL): string => {
  const text = String(url)
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0].toLowerCase()
  if (scheme === undefined || scheme === "http:" || scheme === "https:") return text
  throw new Error(`a resource is read over http: or https:, not over ${scheme}`)
}

/**
 * Reads a URL with GET, for a contract with `success: Resource.Contents`. A function makes the URL of the variables: they come from
 * clients, so encode them (`encodeURIComponent`) and leave the host to the program. Redirects are up to the `HttpClient`.
 *
 * Contents are a text when the MIME type is one of texts and the bytes are UTF-8, otherwise a blob. A client hears that the resource does
 * not exist when the answer is 404 or 410; of another status than 2xx, of no answer, or of too many bytes, it gets an error of code 1
 * that says so, without the URL. Throws when `maxBytes` is less than 1; a URL that is not of http: or https: is a defect.
 *
 * @example
 * const Rfc = Resource.template("rfc", "rfc://{number}", { success: Resource.Contents })
 * const RfcLive = Rfc.toLayer(
 *   HttpResource.get(({ number }) => `https://www.rfc-editor.org/rfc/rfc${encodeURIComponent(number)}.txt`)
 * )
 */
export const get = <Args = unknown>(
  url: string | URL | ((args: Args) => string | URL),
  options: Options = {}
): ((args: Args, uri: string) => Effect.Effect<ReadonlyArray<ResourceContents>, McpError, HttpClient.HttpClient>) => {
  const maxBytes = bound("maxBytes", options.maxBytes ?? defaultMaxBytes)
  const timeout = Duration.fromInputUnsafe(options.timeout ?? "30 seconds")
  const fetch = Effect.fnUntraced(function* (args: Args, uri: string) {
    const at = checked(typeof url === "function" ? url(args) : url)
    // What is not read of the answer is given up when the scope closes.
    const client = HttpClient.withScope(yield* HttpClient.HttpClient)
    const response = yield* client.get(at, options.headers === undefined ? {} : { headers: options.headers })
    if (response.status < 200 || response.status > 299) return yield* refuse(response.status, uri)
    const bytes = yield* read(response, maxBytes)
    const mimeType = options.mimeType ?? response.headers["content-type"] ?? ofName(at.replace(/[?#].*$/s, ""))
    return [toContents(uri, bytes, mimeType)]
  }, Effect.scoped)
  return (args, uri) =>
    fetch(args, uri).pipe(
      Effect.catchTag("HttpClientError", unreachable),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () =>
          Effect.fail(failed(`The source of the resource did not answer within ${Duration.format(timeout)}; try again later`))
      })
    )
}
