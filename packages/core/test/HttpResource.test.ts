import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { TestClock } from "effect/testing"
import * as HttpResource from "../src/HttpResource.ts"
import { resourceNotFound } from "../src/McpError.ts"

const uri = "docs://asked/for"

/** A client that answers without a network, and what it was asked. */
const answering = (answer: (url: URL) => Response | Effect.Effect<never, "broken">) => {
  const requests: Array<HttpClientRequest.HttpClientRequest> = []
  const signals: Array<AbortSignal> = []
  const layer = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url, signal) => {
      requests.push(request)
      signals.push(signal)
      const answered = answer(url)
      return answered instanceof Response
        ? Effect.succeed(HttpClientResponse.fromWeb(request, answered))
        : Effect.mapError(
            answered,
            () =>
              new HttpClientError.HttpClientError({
                reason: new HttpClientError.TransportError({ request, description: "secret.example refused" })
              })
          )
    })
  )
  return { requests, signals, layer }
}

const bytesOf = (text: string) => new TextEncoder().encode(text)

const typed = (body: ConstructorParameters<typeof Response>[0], type: string | undefined, init: ResponseInit = {}) =>
  new Response(body, { ...init, headers: { ...init.headers, ...(type === undefined ? {} : { "content-type": type }) } })

describe("HttpResource.get", () => {
  it.effect("has the type of the answer, and text where that is one", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [response: Response, path: string, content: object]> = [
        [typed("a", "text/plain; charset=utf-8"), "/a", { mimeType: "text/plain; charset=utf-8", text: "a" }],
        [typed('{"a":1}', "application/vnd.a+json"), "/a", { mimeType: "application/vnd.a+json", text: '{"a":1}' }],
        [typed(new Uint8Array([1]), "image/png"), "/a", { mimeType: "image/png", blob: "AQ==" }],
        [typed(new Uint8Array([0xe9]), "text/plain"), "/a", { mimeType: "text/plain", blob: "6Q==" }],
        [typed(bytesOf("# A"), undefined), "/a.md?b=c.png#d", { mimeType: "text/markdown", text: "# A" }],
        [typed(bytesOf("plain"), undefined), "/a", { mimeType: "text/plain", text: "plain" }],
        [typed(null, "text/html", { status: 204 }), "/a", { mimeType: "text/html", text: "" }]
      ]
      for (const [response, path, content] of cases) {
        const { layer } = answering(() => response)
        const read = HttpResource.get(`https://example.com${path}`)
        assert.deepStrictEqual<unknown>(yield* Effect.provide(read(undefined, uri), layer), [{ uri, ...content }])
      }
      const { layer } = answering(() => typed("a", "text/plain"))
      const told = HttpResource.get("https://example.com/", { mimeType: "text/x-told" })
      assert.deepInclude((yield* Effect.provide(told(undefined, uri), layer))[0], { mimeType: "text/x-told" })
    })
  )

  it.effect("makes the URL of the variables, and sends the headers that it is told", () =>
    Effect.gen(function* () {
      const { layer, requests } = answering(() => typed("a", "text/plain"))
      const read = HttpResource.get(
        ({ id }: { readonly id: string }) => new URL(`https://example.com/${encodeURIComponent(id)}`),
        { headers: { authorization: "Bearer x" } }
      )
      yield* Effect.provide(read({ id: "../a b?c" }, uri), layer)
      assert.deepStrictEqual(
        requests.map(({ headers, method, url }) => [method, url, headers["authorization"]]),
        [["GET", "https://example.com/..%2Fa%20b%3Fc", "Bearer x"]]
      )
    })
  )

  it.effect("says what the source answered, and what to do", () =>
    Effect.gen(function* () {
      const errorOf = (status: number) =>
        Effect.flip(
          Effect.provide(
            HttpResource.get("https://example.com/?key=secret")(undefined, uri),
            answering(() => new Response("no", { status })).layer
          )
        )
      for (const status of [404, 410]) assert.deepStrictEqual(yield* errorOf(status), resourceNotFound(uri))
      const cases: ReadonlyArray<readonly [status: number, message: string]> = [
        [300, "The source of the resource answered with status 300"],
        [401, "The source of the resource answered with status 401"],
        [429, "The source of the resource answered with status 429; try again later"],
        [503, "The source of the resource answered with status 503; try again later"]
      ]
      for (const [status, message] of cases) {
        assert.strictEqual((yield* errorOf(status)).message, message)
      }
    })
  )

  it.effect("says that the source is not to be reached, and tells nobody its URL", () =>
    Effect.gen(function* () {
      const logged: Array<unknown> = []
      const logger = Logger.layer([Logger.make(({ message }) => void logged.push(message))])
      const { layer } = answering(() => Effect.fail("broken" as const))
      const error = yield* HttpResource.get("https://secret.example/")(undefined, uri).pipe(
        Effect.flip,
        Effect.provide(layer),
        Effect.provide(logger)
      )
      assert.strictEqual(error.message, "The source of the resource cannot be reached; try again later")
      assert.deepStrictEqual(logged, [["The source of a resource cannot be read", { reason: "TransportError" }]])
    })
  )

  it.effect("reads no more than it may, whatever the answer says of its length, and gives up the rest", () =>
    Effect.gen(function* () {
      let sent = 0
      const endless = () =>
        new ReadableStream<Uint8Array>({
          pull: (controller) => {
            sent += 10
            controller.enqueue(new Uint8Array(10))
          }
        })
      const read = HttpResource.get("https://example.com/", { maxBytes: 100 })(undefined, uri)
      const streamed = answering(() => typed(endless(), "image/png"))
      const error = yield* Effect.flip(Effect.provide(read, streamed.layer))
      assert.match(error.message, /larger than the 100 bytes/)
      assert.isBelow(sent, 300)
      assert.isTrue(streamed.signals[0]?.aborted)
      const declared = answering(() => typed(endless(), "image/png", { headers: { "content-length": "101" } }))
      sent = 0
      assert.match((yield* Effect.flip(Effect.provide(read, declared.layer))).message, /larger than the 100 bytes/)
      assert.isBelow(sent, 30)
      assert.isTrue(declared.signals[0]?.aborted)
      const exact = answering(() => typed(new Uint8Array(100), "image/png"))
      assert.strictEqual((yield* Effect.provide(read, exact.layer)).length, 1)
      assert.throws(() => HttpResource.get("https://example.com/", { maxBytes: 0 }), /maxBytes/)
    })
  )

  it.effect("does not wait longer than it may, neither for the answer nor for its end", () =>
    Effect.gen(function* () {
      const never = answering(() => Effect.never)
      const silent = answering(() => typed(new ReadableStream({ pull: () => new Promise(() => {}) }), "text/plain"))
      for (const { layer, signals } of [never, silent]) {
        const read = HttpResource.get("https://example.com/", { timeout: "5 seconds" })(undefined, uri)
        const fiber = yield* Effect.forkChild(Effect.flip(Effect.provide(read, layer)), { startImmediately: true })
        yield* TestClock.adjust("5 seconds")
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error.message, "The source of the resource did not answer within 5s; try again later")
        assert.isTrue(signals[0]?.aborted)
      }
    })
  )

  it.effect("knows http and https only; a client may have a base for what has no scheme", () =>
    Effect.gen(function* () {
      const { layer, requests } = answering(() => typed("a", "text/plain"))
      for (const url of ["file:///etc/passwd", "data:text/plain,a", "FTP://example.com/"]) {
        const exit = yield* Effect.exit(Effect.provide(HttpResource.get(url)(undefined, uri), layer))
        assert.isTrue(Exit.isFailure(exit) && exit.cause.reasons.every(Cause.isDieReason), url)
      }
      assert.strictEqual(requests.length, 0)
      const based = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(HttpClientRequest.prependUrl("https://example.com/base")))
      ).pipe(Layer.provide(layer))
      yield* Effect.provide(HttpResource.get("/a")(undefined, uri), based)
      assert.deepStrictEqual(
        requests.map(({ url }) => url),
        ["https://example.com/base/a"]
      )
    })
  )
})
