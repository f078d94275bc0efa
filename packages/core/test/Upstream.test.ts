import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Upstream from "../src/Upstream.ts"

const secret = "https://api.example.com/?key=secret"

/** A service that answers so. */
const answering = (
  make: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Response, HttpClientError.HttpClientError>
) => HttpClient.make((request) => Effect.map(make(request), (response) => HttpClientResponse.fromWeb(request, response)))

const asked = (client: HttpClient.HttpClient) =>
  Upstream.explained(Effect.flatMap(client.get(secret), HttpClientResponse.filterStatusOk).pipe(Effect.timeout("10 seconds")))

describe("a service that does not do what it should", () => {
  for (const [status, headers, message, mayRetry] of [
    [429, { "retry-after": "30" }, "The service is asked too often; try again in 30 s", true],
    [429, { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }, "The service is asked too often; try again later", true],
    [503, {}, "The service has a problem (503); try again later", true],
    [403, {}, "The service refused the request (403)", false]
  ] as const) {
    it.effect(`${status} ${JSON.stringify(headers)}: ${message}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(asked(answering(() => Effect.succeed(new Response("key=secret", { status, headers })))))
        assert.deepStrictEqual(
          [error._tag, error.message, error.mayRetry, error.status],
          ["UpstreamFailed", message, mayRetry, status]
        )
        assert.notInclude(JSON.stringify(error), "secret")
      })
    )
  }

  it.effect("cannot be reached, or does not answer in time", () =>
    Effect.gen(function* () {
      const broken = answering((request) =>
        Effect.fail(
          new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, description: "secret" }) })
        )
      )
      assert.strictEqual((yield* Effect.flip(asked(broken))).message, "The service cannot be reached; try again later")
      const late = yield* Effect.forkChild(Effect.flip(asked(answering(() => Effect.never))), { startImmediately: true })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(late)).message, "The service did not answer in time; try again later")
    })
  )

  it.effect("leaves other failures as they are, and what is good", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Effect.flip(Upstream.explained(Effect.fail("mine" as const))), "mine")
      assert.strictEqual(yield* Upstream.explained(Effect.succeed(1)), 1)
      const wrong = HttpClientRequest.get("nonsense://")
      const invalid = new HttpClientError.HttpClientError({ reason: new HttpClientError.InvalidUrlError({ request: wrong }) })
      assert.strictEqual((yield* Effect.exit(Upstream.explained(Effect.fail(invalid))))._tag, "Failure")
    })
  )
})
