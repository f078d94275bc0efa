import { assert, describe, it } from "@effect/vitest"
import { ClientTransportError, Unsupported } from "@effect-mcp/core/ClientTransport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { type Challenge, type Credentials, HttpCredentials } from "../src/HttpCredentials.ts"
import * as HttpClientTransport from "../src/HttpClientTransport.ts"
import { connect, requests, sessions, speakers } from "./support/client.ts"
import { type Exchange, fakeHttp, modern, session } from "./support/fakeHttp.ts"

const ok = { resultType: "complete", content: [{ type: "text", text: "ok" }] }

/** Lets in who has the token of the day. */
const guarded = (today: () => string, then: (exchange: Exchange) => void) => (exchange: Exchange) => {
  if (exchange.headers.authorization === `Bearer ${today()}`) return then(exchange)
  exchange.json({ error: "no" }, 401, { "www-authenticate": 'Bearer error="invalid_token"' })
}

const secret = "s3cr3t"

describe("credentials", () => {
  for (const [name, layer] of Object.entries(speakers)) {
    it.live(`go with each request, and are renewed once when they are refused, over ${name}`, () =>
      Effect.gen(function* () {
        let [today, mine] = ["monday", "monday"]
        const challenges: Array<Challenge> = []
        const credentials: Credentials = {
          headers: () => Effect.sync(() => ({ Authorization: Redacted.make(`Bearer ${mine}`) })),
          refused: (challenge) =>
            Effect.sync(() => {
              challenges.push(challenge)
              mine = "tuesday"
              return true
            })
        }
        const answer = session((exchange) => (exchange.method === "GET" ? exchange.status(405) : exchange.result(ok)))
        const server = yield* fakeHttp(guarded(() => today, answer))
        yield* Effect.gen(function* () {
          const client = yield* connect({ url: server.url }, sessions, layer)
          today = "tuesday"
          yield* client.callTool("a", {})
          today = "wednesday"
          const error = yield* Effect.flip(client.callTool("b", {}))
          assert.strictEqual(error.reason._tag === "TransportFailed" && error.reason.error.reason._tag, "Refused")
          assert.notInclude(JSON.stringify(error), "tuesday")
          today = "tuesday"
        }).pipe(Effect.scoped, Effect.provideService(HttpCredentials, credentials))
        assert.deepStrictEqual(challenges[0], {
          method: "POST",
          url: server.url,
          status: 401,
          wwwAuthenticate: 'Bearer error="invalid_token"'
        })
        assert.strictEqual(challenges.length, 2)
        assert.strictEqual(server.by("DELETE")[0]?.headers.authorization, "Bearer tuesday")
      }).pipe(Effect.scoped)
    )
  }

  it.live("that do not change leave the refusal as it is", () =>
    Effect.gen(function* () {
      const credentials: Credentials = { headers: () => Effect.succeed({}), refused: () => Effect.succeed(false) }
      const server = yield* fakeHttp(
        guarded(
          () => "x",
          () => {}
        )
      )
      const error = yield* Effect.flip(Effect.provideService(connect({ url: server.url }), HttpCredentials, credentials))
      assert.include(error.message, "401")
      assert.strictEqual(server.exchanges.length, 1)
    }).pipe(Effect.scoped)
  )

  it.live("that cannot be had fail the request, and nothing is sent", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp(() => {})
      const broken: ReadonlyArray<readonly [Credentials["headers"], string]> = [
        [
          () => Effect.fail(new ClientTransportError({ reason: new Unsupported({ server: "x", detail: "nobody logged in" }) })),
          "nobody logged in"
        ],
        [() => Effect.die(new Error(secret)), "what gives the credentials broke"],
        [() => Effect.succeed({ authorization: `${secret}\n` }), "the header authorization"]
      ]
      for (const [headers, words] of broken) {
        const credentials: Credentials = { headers, refused: () => Effect.succeed(false) }
        const error = yield* Effect.flip(Effect.provideService(connect({ url: server.url }), HttpCredentials, credentials))
        assert.include(error.message, words)
        assert.notInclude(error.message, secret)
      }
      assert.strictEqual(server.exchanges.length, 0)
    }).pipe(Effect.scoped)
  )

  it.live("never leave the origin: redirects within it are followed, others are refused", () =>
    Effect.gen(function* () {
      const other = yield* fakeHttp(() => {})
      const answer = modern((exchange) => exchange.result(ok))
      const server = yield* fakeHttp((exchange) => {
        if (exchange.path === "/new") return answer(exchange)
        const there = exchange.message.params?.["name"] === "away" ? other.url : "/new"
        exchange.status(exchange.message.params?.["name"] === "get" ? 302 : 307, { location: there })
      })
      const client = yield* connect({ url: server.url, headers: { authorization: Redacted.make(secret) } }, requests)
      yield* client.callTool("a", {})
      assert.strictEqual(server.of("tools/call")[1]?.headers.authorization, secret)
      for (const name of ["away", "get"]) assert.include((yield* Effect.flip(client.callTool(name, {}))).message, "30")
      assert.strictEqual(other.exchanges.length, 0)
    }).pipe(Effect.scoped)
  )

  it.live("a circle of redirects ends", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp((exchange) => exchange.status(308, { location: "/mcp" }))
      yield* Effect.flip(connect({ url: server.url }, requests))
      assert.strictEqual(server.exchanges.length, 6)
    }).pipe(Effect.scoped)
  )

  it.live("a secret URL and a user in it are not shown", () =>
    Effect.gen(function* () {
      const server = yield* fakeHttp((exchange) => exchange.status(500))
      const url = Redacted.make(`${server.url.replace("//", `//me:${secret}@`)}?key=${secret}`)
      const error = yield* Effect.flip(connect({ url }))
      assert.strictEqual(server.exchanges[0]?.headers.authorization, `Basic ${btoa(`me:${secret}`)}`)
      assert.strictEqual(server.exchanges[0]?.path, `/mcp?key=${secret}`)
      assert.notInclude(JSON.stringify(error) + error.message, secret)
      assert.notInclude(error.message, "127.0.0.1")
      const away = yield* Effect.flip(connect({ url: Redacted.make("http://127.0.0.1:1/mcp") }))
      assert.include(away.message, "ECONNREFUSED")
      assert.notInclude(JSON.stringify(away) + away.message, "127.0.0.1")
    }).pipe(Effect.scoped)
  )

  it.effect("options that cannot be used fail the layer", () =>
    Effect.gen(function* () {
      const bad = [
        { url: "nowhere" },
        { url: "ftp://x" },
        { url: "http://x", headers: { "a b": "1" } },
        { url: "http://x", headers: { a: `${secret}\0` } },
        { url: "http://x", maxConcurrent: 0 },
        { url: "http://x", maxConcurrent: NaN },
        { url: "http://x", maxMessageBytes: 0.5 },
        { url: "http://x", maxHeaderBytes: Infinity }
      ]
      for (const options of bad) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(HttpClientTransport.layer(options))))
        assert.strictEqual(error.reason._tag, "Unsupported")
        assert.notInclude(error.message, secret)
      }
      yield* Layer.build(HttpClientTransport.layer({ url: "http://x", maxConcurrent: Infinity, maxMessageBytes: Infinity }))
    }).pipe(Effect.scoped)
  )
})
