/**
 * What a tool says of a service that it calls over HTTP and that does not do what it should: words for the model, without addresses,
 * headers or bodies, which may hold secrets.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { HttpClientError } from "effect/http/HttpClientError"
import * as Schema from "effect/Schema"

/** A service did not do what a tool asked of it. Declare it as `failure` of the tool. */
export class UpstreamFailed extends Schema.TaggedError<UpstreamFailed>()("UpstreamFailed", {
  detail: Schema.String,
  /** Whether trying again later may help. */
  mayRetry: Schema.Boolean,
  /** The status that it answered with, if it did. */
  status: Schema.optionalKey(Schema.Int),
  /** After how many seconds it wants to be asked again, if it said so. */
  retryAfter: Schema.optionalKey(Schema.Int)
}) {
  override get message() {
    return this.mayRetry
      ? `${this.detail}; try again ${this.retryAfter === undefined ? "later" : `in ${this.retryAfter} s`}`
      : this.detail
  }
}

const secondsOf = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : undefined

const ofStatus = (status: number, header: string | undefined): UpstreamFailed => {
  const retryAfter = secondsOf(header)
  const wait = retryAfter === undefined ? {} : { retryAfter }
  if (status === 429) return new UpstreamFailed({ detail: "The service is asked too often", mayRetry: true, status, ...wait })
  if (status >= 500)
    return new UpstreamFailed({ detail: `The service has a problem (${status})`, mayRetry: true, status, ...wait })
  return new UpstreamFailed({ detail: `The service refused the request (${status})`, mayRetry: false, status })
}

const ofClient = (error: HttpClientError): Effect.Effect<never, UpstreamFailed> => {
  const { reason } = error
  switch (reason._tag) {
    case "StatusCodeError":
      return Effect.fail(ofStatus(reason.response.status, reason.response.headers["retry-after"]))
    case "TransportError":
      return Effect.fail(new UpstreamFailed({ detail: "The service cannot be reached", mayRetry: true }))
    case "DecodeError":
    case "EmptyBodyError":
      return Effect.fail(
        new UpstreamFailed({ detail: "The service answered with something that cannot be read", mayRetry: false })
      )
    default:
      // The request is wrong: that is a fault of the program.
      return Effect.die(error)
  }
}

/**
 * Puts failures of `HttpClient`, and of `Effect.timeout`, into words: too many requests, a service with a problem, one that refuses, cannot
 * be reached, or does not answer in time. Other failures stay as they are; a request that cannot be made is a defect. What happened in
 * detail is in the span of the request.
 *
 * @example
 * const search = ({ q }) => Upstream.explained(
 *   HttpClient.get(`https://api.example.com/search?q=${encodeURIComponent(q)}`).pipe(
 *     Effect.flatMap(HttpClientResponse.filterStatusOk),
 *     Effect.timeout("10 seconds"),
 *     ...
 *   )
 * )
 */
export const explained = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, Exclude<E, HttpClientError | Cause.TimeoutError> | UpstreamFailed, R> =>
  Effect.catch(effect, (error): Effect.Effect<never, Exclude<E, HttpClientError | Cause.TimeoutError> | UpstreamFailed> => {
    if (error instanceof HttpClientError) return ofClient(error)
    if (Cause.isTimeoutError(error))
      return Effect.fail(new UpstreamFailed({ detail: "The service did not answer in time", mayRetry: true }))
    return Effect.fail(error as Exclude<E, HttpClientError | Cause.TimeoutError>) // it is none of them
  })
