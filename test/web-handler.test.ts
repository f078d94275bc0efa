/**
 * A layer as one function from `Request` to `Response`.
 */
import type { Exchange, StreamBody } from "@effect-mcp/transport-http/Exchange"
import { HttpListener } from "@effect-mcp/transport-http/HttpListener"
import * as WebListener from "@effect-mcp/transport-http/WebListener"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"

const url = "http://127.0.0.1:3000/mcp"

const mounted = Layer.effectDiscard(
  HttpListener.use(({ mount }) =>
    mount({ path: "/mcp", handle: ({ method }, reply) => reply({ status: 200, headers: {}, body: method }) })
  )
)

const statusOf = (handler: WebListener.WebHandler) =>
  Effect.map(
    Effect.promise(() => handler(new Request(url))),
    ({ status }) => status
  )

/** What a handle makes of a request. */
const answerTo = (request: Request, handle: (exchange: Exchange) => string): Effect.Effect<string> =>
  Effect.gen(function* () {
    const web = yield* WebListener.make
    yield* web.listener.mount({
      path: "/*",
      handle: (exchange, reply) => reply({ status: 200, headers: {}, body: handle(exchange) })
    })
    const answer = yield* Effect.promise(() => web.handle(request))
    return yield* Effect.promise(() => answer.text())
  }).pipe(Effect.scoped, Effect.orDie)

describe("toWebHandler", () => {
  it.live("builds its layer with the first request, which waits for it, and serves until it is disposed of", () =>
    Effect.gen(function* () {
      const ready = yield* Deferred.make<void>()
      let built = 0
      const slow = Layer.unwrap(
        Effect.gen(function* () {
          built++
          yield* Deferred.await(ready)
          return mounted
        })
      )
      const { dispose, handler } = WebListener.toWebHandler(slow)
      assert.strictEqual(built, 0)
      const first = yield* Effect.forkChild(statusOf(handler), { startImmediately: true })
      const second = yield* Effect.forkChild(statusOf(handler), { startImmediately: true })
      yield* Deferred.succeed(ready, undefined)
      assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(second), built], [200, 200, 1])
      yield* Effect.promise(dispose)
      assert.strictEqual(yield* statusOf(handler), 503)
    })
  )

  it.live("lets few requests wait, and none for long", () =>
    Effect.gen(function* () {
      const never = Layer.effectDiscard(Effect.never)
      const { dispose, handler } = WebListener.toWebHandler(never, { maxWaiting: 1, readyTimeout: "20 millis" })
      const first = yield* Effect.forkChild(statusOf(handler), { startImmediately: true })
      assert.strictEqual(yield* statusOf(handler), 503)
      assert.strictEqual(first.pollUnsafe(), undefined)
      assert.strictEqual(yield* Fiber.join(first), 503)
      const last = yield* Effect.forkChild(statusOf(handler), { startImmediately: true })
      yield* Effect.promise(dispose)
      assert.strictEqual(yield* Fiber.join(last), 500)
    })
  )

  it.live("answers with 500 when its layer cannot be built, and never rejects", () =>
    Effect.gen(function* () {
      const broken = Layer.effectDiscard(Effect.fail("the secret of the house")).pipe(Layer.provide(Logger.layer([])))
      const { handler } = WebListener.toWebHandler(broken)
      const answer = yield* Effect.promise(() => handler(new Request(url)))
      assert.strictEqual(answer.status, 500)
      assert.notInclude(yield* Effect.promise(() => answer.text()), "secret")
      assert.strictEqual(yield* statusOf(handler), 500)
    })
  )

  it.live("is never built when it is disposed of before", () =>
    Effect.gen(function* () {
      const { dispose, handler } = WebListener.toWebHandler(Layer.effectDiscard(Effect.die("built")))
      yield* Effect.promise(dispose)
      assert.strictEqual(yield* statusOf(handler), 503)
    })
  )
})

describe("a web request", () => {
  it.effect("has the path and query as they were sent, and the host of its URL", () =>
    Effect.gen(function* () {
      const request = new Request("http://one.test:8080/a%20b/c?d=%2F&e")
      assert.strictEqual(yield* answerTo(request, (exchange) => exchange.target), "/a%20b/c?d=%2F&e")
      assert.strictEqual(yield* answerTo(request, (exchange) => String(exchange.header("host"))), "one.test:8080")
      assert.strictEqual(yield* answerTo(new Request("http://one.test?q"), (exchange) => exchange.target), "/?q")
    })
  )

  it.live("whose client is gone is let go of, whatever the handle does", () =>
    Effect.gen(function* () {
      const { handle, listener } = yield* WebListener.make
      const left = yield* Deferred.make<void>()
      const mount = listener.mount({
        path: "/mcp",
        handle: (exchange) => exchange.onGone(() => Deferred.doneUnsafe(left, Effect.void))
      })
      yield* mount
      const gone = new AbortController()
      const answer = yield* Effect.forkChild(
        Effect.promise(() => handle(new Request(url, { signal: gone.signal }))),
        { startImmediately: true }
      )
      gone.abort()
      yield* Deferred.await(left)
      assert.strictEqual((yield* Fiber.join(answer)).status, 499)
    }).pipe(Effect.scoped)
  )
})

describe("a web response", () => {
  const streaming = Effect.fnUntraced(function* (open: StreamBody["open"], onGone: () => void) {
    const { handle, listener } = yield* WebListener.make
    yield* listener.mount({
      path: "/mcp",
      handle: (exchange, reply) => {
        exchange.onGone(onGone)
        reply({ status: 200, headers: {}, body: { open, drained: () => {} } })
      }
    })
    return yield* Effect.promise(() => handle(new Request(url)))
  })

  it.live("that is cancelled means that the client is gone", () =>
    Effect.gen(function* () {
      const left = yield* Deferred.make<void>()
      const answer = yield* streaming(
        (sink) => sink.write("a"),
        () => Deferred.doneUnsafe(left, Effect.void)
      )
      yield* Effect.promise(async () => answer.body?.cancel())
      yield* Deferred.await(left)
    }).pipe(Effect.scoped)
  )

  it.live("that is cut fails for who reads it", () =>
    Effect.gen(function* () {
      const answer = yield* streaming(
        (sink) => sink.abort(),
        () => {}
      )
      const exit = yield* Effect.exit(Effect.tryPromise(() => answer.text()))
      assert.isTrue(Exit.isFailure(exit))
    }).pipe(Effect.scoped)
  )
})

const importsOf = (file: string): ReadonlyArray<string> =>
  [...readFileSync(file, "utf8").matchAll(/^(?:import|export) (?!type )(?:[*{\w][^"=;]*? from )?"([^"]+)"/gm)].map(
    ([, name = ""]) => name
  )

const fileOf = (name: string, from: string): string => {
  if (name.startsWith(".")) return resolve(from, "..", name)
  const [, owner = "", module = ""] = /^@effect-mcp\/([^/]+)\/(.+)$/.exec(name) ?? []
  return resolve(import.meta.dirname, "../packages", owner, "src", `${module}.ts`)
}

/** Every module of the house that is loaded with one, and what they import from elsewhere. */
const loaded = (start: string) => {
  const elsewhere = new Set<string>()
  const files = new Set<string>([start])
  for (const file of files) {
    for (const name of importsOf(file)) {
      if (name.startsWith(".") || name.startsWith("@effect-mcp/")) files.add(fileOf(name, file))
      else elsewhere.add(name)
    }
  }
  return { elsewhere: [...elsewhere], files: [...files] }
}

describe("modules that run everywhere", () => {
  const source = (name: string) => resolve(import.meta.dirname, "../packages/transport-http/src", `${name}.ts`)

  for (const name of ["WebListener", "RouterListener", "HttpServerTransport"]) {
    it(`${name} loads nothing of Node`, () => {
      const { elsewhere, files } = loaded(source(name))
      assert.isTrue(files.every((file) => existsSync(file)) && files.length > 3)
      assert.deepStrictEqual(
        elsewhere.filter((name) => !name.startsWith("effect/")),
        []
      )
    })
  }

  it("NodeListener does, so this would be seen", () => {
    assert.include(loaded(source("NodeListener")).elsewhere, "node:http")
  })
})
