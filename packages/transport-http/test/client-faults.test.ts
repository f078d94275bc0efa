import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { connect, requests, speakers } from "./support/client.ts"
import { event, type Exchange, fakeHttp, modern } from "./support/fakeHttp.ts"

const ok = { resultType: "complete", content: [{ type: "text", text: "ok" }] }
const answerTo = ({ message }: Exchange) => ({ jsonrpc: "2.0", id: message.id, result: ok })

const head = (exchange: Exchange, type: string, body: string) =>
  void exchange.response.writeHead(200, { "content-type": type }).end(body)

/** What is wrong with an answer, and what the caller is told. */
const faults: { readonly [name: string]: readonly [(exchange: Exchange) => void, string] } = {
  "another content type": [(exchange) => head(exchange, "text/html", "<p>"), 'the content type "text/html"'],
  "no content type": [(exchange) => void exchange.response.end("{}"), "no content type"],
  "no body where there must be one": [(exchange) => exchange.status(202), "status 202"],
  "JSON that is cut": [
    (exchange) => head(exchange, "application/json", JSON.stringify(answerTo(exchange)).slice(0, -2)),
    "not valid JSON"
  ],
  "an empty body": [(exchange) => head(exchange, "application/json", ""), "not valid JSON"],
  "the answer to something else": [
    (exchange) => exchange.json({ ...answerTo(exchange), id: "other" }),
    "not an answer to the request"
  ],
  "an id of another type": [
    (exchange) => exchange.json({ ...answerTo(exchange), id: String(exchange.message.id) }),
    "not an answer"
  ],
  "an event that is no JSON": [(exchange) => exchange.events("data: {\n\n"), "an event of its stream is not JSON"],
  "an event stream without an answer": [
    (exchange) => head(exchange, "text/event-stream", ": nothing\n\n"),
    "ended without its answer"
  ],
  "an answer that is too long": [
    (exchange) => exchange.json({ ...answerTo(exchange), pad: "x".repeat(20_000) }),
    "more than 10000 bytes"
  ],
  "an event that is too long": [(exchange) => exchange.events(`data: ${"x".repeat(20_000)}`), "more than 10000 bytes"],
  "a body that breaks off": [
    (exchange) => {
      exchange.response.writeHead(200, { "content-type": "application/json", "content-length": "100" }).write("{")
      setTimeout(() => exchange.socket.destroy(), 10)
    },
    "the answer to a message was lost"
  ],
  "no response at all": [(exchange) => exchange.socket.destroy(), "the answer to a message was lost"],
  "something that is not HTTP": [(exchange) => void exchange.socket.end("what?\r\n\r\n"), "the answer to a message was lost"],
  "an error page": [
    (exchange) => void exchange.response.writeHead(500, { "content-type": "text/html" }).end("<p>secret"),
    "HTTP status 500"
  ],
  "an endless error": [(exchange) => void exchange.response.writeHead(400).write("x".repeat(2_000_000)), "HTTP status 400"]
}

for (const [name, layer] of Object.entries(speakers)) {
  describe(`over ${name}, a server that answers with`, () => {
    for (const [what, [answer, words]] of Object.entries(faults)) {
      it.live(`${what} fails that request alone`, () =>
        Effect.gen(function* () {
          const server = yield* fakeHttp(
            modern((exchange) => (exchange.message.params?.["name"] === "fine" ? exchange.result(ok) : answer(exchange)))
          )
          const client = yield* connect({ url: server.url, maxMessageBytes: 10_000 }, requests, layer)
          const error = yield* Effect.flip(client.callTool("bad", {}))
          assert.include(error.message, words)
          assert.notInclude(error.message, "secret")
          yield* client.callTool("fine", {})
          assert.strictEqual(server.of("server/discover").length, 1)
        }).pipe(Effect.scoped, Effect.timeout("10 seconds"))
      )
    }

    it.live("the same answer twice is heard once", () =>
      Effect.gen(function* () {
        const server = yield* fakeHttp(
          modern((exchange) => head(exchange, "text/event-stream", event(answerTo(exchange)) + event(answerTo(exchange))))
        )
        const client = yield* connect({ url: server.url }, requests, layer)
        yield* client.callTool("a", {})
        yield* client.callTool("b", {})
      }).pipe(Effect.scoped)
    )
  })
}

describe("over undici", () => {
  it.live("an endless head, and a body that is compressed, are refused", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp(
        modern((exchange) => {
          if (exchange.message.params?.["name"] === "zip") return exchange.result(ok, { "content-encoding": "gzip" })
          exchange.socket.write("HTTP/1.1 200 OK\r\n")
          const pour = () =>
            exchange.socket.destroyed || (exchange.socket.write(`x-more: ${"x".repeat(1000)}\r\n`), setImmediate(pour))
          pour()
        })
      )
      const client = yield* connect({ url: server.url }, requests)
      assert.include((yield* Effect.flip(client.callTool("zip", {}))).message, "encoded with gzip")
      assert.include((yield* Effect.flip(client.callTool("head", {}))).message, "Headers Overflow")
    }).pipe(Effect.scoped)
  )

  it.live("a connection that the server closed while it was idle is not used again", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp(
        modern((exchange) => {
          exchange.result(ok)
          exchange.response.on("finish", () => void setTimeout(() => exchange.socket.destroy(), 1))
        })
      )
      const client = yield* connect({ url: server.url }, requests)
      for (let i = 0; i < 10; i++) {
        yield* client.callTool("a", {})
        yield* Effect.sleep(10)
      }
    }).pipe(Effect.scoped)
  )

  it.live("a stream that is cut after any byte either has its answer or says that it is lost", () =>
    Effect.gen(function* () {
      const events = (exchange: Exchange) => `: hi\r\n\r\nid: 1\ndata: ${JSON.stringify(answerTo(exchange))}\n\n`
      let length = 0
      const server = yield* fakeHttp(
        modern((exchange) => {
          const text = events(exchange)
          length = text.length
          exchange.response.writeHead(200, { "content-type": "text/event-stream" })
          exchange.response.write(text.slice(0, Number(exchange.message.params?.["name"])), () => exchange.socket.destroySoon())
        })
      )
      const client = yield* connect({ url: server.url }, requests)
      for (let at = 1; at <= 1 + length; at += 3) {
        const outcome = yield* Effect.result(client.callTool(String(at), {}))
        if (at >= length) assert.strictEqual(outcome._tag, "Success")
        else assert.include(outcome._tag === "Failure" ? outcome.failure.message : "", "lost")
      }
    }).pipe(Effect.scoped)
  )
})
