/**
 * What clients see is the same on all listeners.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as NodeListener from "@effect-mcp/transport-http/NodeListener"
import type { Handle } from "@effect-mcp/transport-http/Exchange"
import { createServer } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { HttpListener } from "@effect-mcp/transport-http/HttpListener"
import { listeners, Port } from "./support/httpListeners.ts"
import { call, callBody, makeWorld, modern, session } from "./support/httpWorld.ts"
import { abandon, headersOf, open, send } from "./support/rawHttp.ts"

/** Writes bytes on a connection of its own and waits for the head of what comes back. */
const raw = (port: number, lines: ReadonlyArray<string>, body: string) =>
  Effect.callback<string>((resume) => {
    const socket = connect(port, "127.0.0.1")
    let seen = ""
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      seen += chunk
      if (!seen.includes("\r\n\r\n")) return
      socket.destroy()
      resume(Effect.succeed(seen))
    })
    socket.on("error", () => {}).on("close", () => resume(Effect.succeed(seen)))
    socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`)
    return Effect.sync(() => void socket.destroy())
  })

const post = (port: number, ...more: ReadonlyArray<string>) => [
  "POST /mcp HTTP/1.1",
  `host: 127.0.0.1:${port}`,
  ...Object.entries(headersOf()).map(([name, value]) => `${name}: ${value}`),
  ...more
]

const statusOf = (head: string) => Number(head.slice(9, 12))

const takeUntil = (events: Queue.Queue<string>, wanted: string): Effect.Effect<void> =>
  Effect.flatMap(Queue.take(events), (event) => (event === wanted ? Effect.void : takeUntil(events, wanted)))

for (const [name, listening] of Object.entries(listeners)) {
  describe(name, () => {
    it.live("answers with JSON in both eras", () =>
      Effect.gen(function* () {
        const { port } = yield* makeWorld(listening)
        const headers = yield* session(port)
        const old = yield* send({ port, headers, body: callBody("echo", { text: "äh" }) })
        assert.deepStrictEqual([old.status, old.headers["content-type"]], [200, "application/json"])
        assert.include(old.body, '"äh"')
        const young = yield* send(modern(port, "echo", { text: "new" }))
        assert.deepStrictEqual([young.status, young.headers["content-type"]], [200, "application/json"])
        assert.include(young.body, '"new"')
      }).pipe(Effect.scoped)
    )

    it.live("streams what comes before the answer, as it comes", () =>
      Effect.gen(function* () {
        const { gate, port } = yield* makeWorld(listening)
        const stream = yield* call(port, yield* session(port), "wait", { progress: true })
        assert.strictEqual(stream.headers["content-type"], "text/event-stream")
        assert.notInclude(yield* stream.until('"progress":1'), "waited")
        yield* gate.open
        assert.include(yield* stream.end, "waited")
      }).pipe(Effect.scoped)
    )

    it.live("lets a client of the session era come back for what it missed", () =>
      Effect.gen(function* () {
        const { events, gate, port } = yield* makeWorld(listening)
        const headers = yield* session(port)
        const stream = yield* call(port, headers, "wait", { progress: true })
        const seen = yield* stream.until('"progress":1')
        yield* stream.cut
        yield* gate.open
        yield* takeUntil(events, "ended")
        const id = seen
          .split("\n")
          .findLast((line) => line.startsWith("id: "))
          ?.slice(4)
        const again = yield* open({ port, method: "GET", headers: { ...headers, "last-event-id": id ?? "" } })
        const rest = yield* again.until("waited")
        assert.notInclude(rest, '"progress":1')
        assert.include(rest, '"progress":2')
      }).pipe(Effect.scoped)
    )

    it.live("cancels in the request era when the client goes away", () =>
      Effect.gen(function* () {
        const { events, port } = yield* makeWorld(listening)
        yield* abandon(modern(port, "wait", {}), takeUntil(events, "started"))
        yield* takeUntil(events, "interrupted")
        const stream = yield* open(modern(port, "wait", { progress: true }))
        yield* stream.until('"progress":1')
        yield* stream.cut
        yield* takeUntil(events, "interrupted")
      }).pipe(Effect.scoped)
    )

    it.live("notices a client that goes away while it is asked who it is", () =>
      Effect.gen(function* () {
        const asked = yield* Deferred.make<void>()
        const known = yield* Deferred.make<void>()
        const authenticate = () =>
          Deferred.succeed(asked, undefined).pipe(
            Effect.andThen(Deferred.await(known)),
            Effect.as({ subject: "somebody", scopes: [], claims: {} })
          )
        const { events, port } = yield* makeWorld(listening, { authenticate })
        yield* abandon(modern(port, "wait", {}), Deferred.await(asked))
        // The listener has seen that the client is gone before it answers somebody else.
        yield* send({ port, path: "/elsewhere", body: "" })
        yield* Deferred.succeed(known, undefined)
        const next = yield* Effect.forkChild(send(modern(port, "echo", { text: "still here" })))
        assert.include((yield* Fiber.join(next)).body, "still here")
        const seen = yield* Queue.clear(events)
        assert.isTrue(seen.length === 0 || seen.includes("interrupted"), seen.join())
      }).pipe(Effect.scoped)
    )

    it.live("goes on in the session era when the client goes away before anything was sent", () =>
      Effect.gen(function* () {
        const { events, gate, port } = yield* makeWorld(listening, { highWaterMark: 1000 })
        const headers = yield* session(port)
        const body = callBody("flood", { messages: 20, size: 500, gated: true })
        yield* abandon({ port, headers, body }, takeUntil(events, "started"))
        yield* send({ port, headers, body: callBody("echo", { text: "the server has seen it" }) })
        yield* gate.open
        for (let i = 0; i < 20; i++) yield* takeUntil(events, "sent")
      }).pipe(Effect.scoped)
    )

    it.live("refuses bodies that are too long, with and without content-length", () =>
      Effect.gen(function* () {
        const { port } = yield* makeWorld(listening, { maxBodyBytes: 1000 })
        const long = callBody("echo", { text: "x".repeat(2000) })
        const declared = yield* raw(port, post(port, `content-length: ${long.length}`), long)
        assert.strictEqual(statusOf(declared), 413)
        const chunk = `${long.length.toString(16)}\r\n${long}\r\n`
        assert.strictEqual(statusOf(yield* raw(port, post(port, "transfer-encoding: chunked"), chunk)), 413)
        const fits = callBody("echo", { text: "x" })
        const answer = yield* raw(port, post(port, `content-length: ${fits.length}`, "mcp-session-id: none"), fits)
        assert.strictEqual(statusOf(answer), 404)
      }).pipe(Effect.scoped)
    )

    it.live("refuses bodies that do not arrive in time, and those that are not UTF-8", () =>
      Effect.gen(function* () {
        const { port } = yield* makeWorld(listening, { bodyTimeout: "50 millis" })
        assert.strictEqual(statusOf(yield* raw(port, post(port, "content-length: 100"), "{")), 408)
        assert.strictEqual(statusOf(yield* raw(port, post(port, "transfer-encoding: chunked"), "1\r\n{\r\n")), 408)
        const head = post(port, "content-length: 1", "connection: close").join("\r\n")
        const answer = yield* Effect.callback<string>((resume) => {
          const socket = connect(port, "127.0.0.1")
          socket.end(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), Buffer.from([0xff])]))
          socket.once("data", (chunk) => resume(Effect.succeed(chunk.toString("latin1"))))
        })
        assert.strictEqual(statusOf(answer), 400)
      }).pipe(Effect.scoped)
    )

    it.live("waits for a client that does not read, and cuts off one that never does", () =>
      Effect.gen(function* () {
        const options = { highWaterMark: 64 * 1024, keepAlive: "50 millis", stallTimeout: "200 millis" } as const
        const { events, port } = yield* makeWorld(listening, options)
        const stream = yield* open(modern(port, "flood", { messages: 2000, size: 16 * 1024 }))
        stream.message.pause()
        yield* takeUntil(events, "interrupted")
        assert.isBelow(yield* Queue.size(events), 2000)
      }).pipe(Effect.scoped)
    )

    it.live("serves a client that reads slowly to the end", () =>
      Effect.gen(function* () {
        const { port } = yield* makeWorld(listening, { highWaterMark: 64 * 1024 })
        const stream = yield* open(modern(port, "flood", { messages: 300, size: 16 * 1024 }))
        const pausing = setInterval(() => {
          stream.message.pause()
          setImmediate(() => stream.message.resume())
        }, 2)
        const text = yield* stream.end
        clearInterval(pausing)
        assert.strictEqual(text.split('"progress":').length - 1, 300)
        assert.include(text, '"id":1')
      }).pipe(Effect.scoped)
    )

    it.live("knows no other path, and answers 503 until something is mounted", () =>
      Effect.gen(function* () {
        const context = yield* Layer.build(listening)
        const port = Context.get(context, Port)
        const early = yield* send({ port, body: "{}" })
        assert.deepStrictEqual([early.status, early.headers["retry-after"]], [503, "1"])
        const { mount } = Context.get(context, HttpListener)
        const reply = { status: 200, headers: { "x-path": "yes" }, body: "here" }
        yield* mount({ path: "/mcp", handle: (_, done) => done(reply) })
        assert.strictEqual((yield* send({ port, body: "{}" })).body, "here")
        assert.strictEqual((yield* send({ port, path: "/other", body: "{}" })).status, 404)
      }).pipe(Effect.scoped)
    )

    it.live("finishes what runs when it closes, and begins nothing new", () =>
      Effect.gen(function* () {
        const { close, events, gate, port } = yield* makeWorld(listening)
        const headers = yield* session(port)
        const standing = yield* open({ port, method: "GET", headers })
        const running = yield* call(port, headers, "wait", { progress: true })
        yield* running.until('"progress":1')
        const closing = yield* Effect.forkChild(close, { startImmediately: true })
        yield* standing.end
        const late = yield* send({ port, headers, body: callBody("echo", { text: "late" }) })
        assert.strictEqual(late.status, 503)
        assert.include(late.body, "shutting down")
        yield* gate.open
        assert.include(yield* running.end, "waited")
        yield* takeUntil(events, "ended")
        yield* Fiber.join(closing)
      }).pipe(Effect.scoped)
    )

    it.live("serves several servers on one port, by path and by host", () =>
      Effect.gen(function* () {
        const first = yield* makeWorld(listening, { path: "/first" })
        const { listener, port } = first
        const one = { path: "/first", host: "one.test" }
        yield* listener.mount({ ...one, handle: (_, reply) => reply({ status: 200, headers: {}, body: "one" }) })
        yield* listener.mount({ path: "/below", host: "two.test", handle: () => {} })
        yield* listener.mount({
          path: "/below/*",
          handle: ({ target }, reply) => reply({ status: 200, headers: {}, body: target })
        })
        yield* session(port, "/first")
        const byHost = yield* send({ port, path: "/first", headers: { host: `one.test:${port}` }, body: "{}" })
        assert.strictEqual(byHost.body, "one")
        const below = yield* send({ port, path: "/below/a/b?c=%20d", body: "{}" })
        assert.strictEqual(below.body, "/below/a/b?c=%20d")
        const taken = yield* Effect.flip(listener.mount({ path: "/below/*", handle: () => {} }))
        assert.include(taken.message, "mounted already")
      }).pipe(Effect.scoped)
    )
  })
}

describe("node", () => {
  it.live("tells who asks late that the client is gone, and reads nothing more of it", () =>
    Effect.gen(function* () {
      const came = yield* Deferred.make<void>()
      const told = yield* Deferred.make<string | undefined>()
      const server = createServer((request, response) => {
        NodeListener.toRequestListener((exchange) => {
          Deferred.doneUnsafe(came, Effect.void)
          response.once("close", () =>
            setImmediate(() =>
              exchange.readText(100, 20_000, (_, problem) =>
                exchange.onGone(() => Deferred.doneUnsafe(told, Effect.succeed(problem)))
              )
            )
          )
        })(request, response)
      })
      yield* Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
      const { port } = server.address() as AddressInfo // it listens on a port
      yield* abandon({ port, body: "{}" }, Deferred.await(came))
      assert.strictEqual(yield* Deferred.await(told), "gone")
      server.close()
    }).pipe(Effect.scoped)
  )

  it.live("refuses what somebody else has read before", () =>
    Effect.gen(function* () {
      const endpoint: Handle = (exchange, reply) =>
        exchange.readText(100, 20_000, (_, problem) => reply({ status: 400, headers: {}, body: problem }))
      const listen = NodeListener.toRequestListener(endpoint)
      const server = createServer((request, response) => {
        request.resume().on("end", () => setImmediate(() => listen(request, response)))
      })
      yield* Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
      const { port } = server.address() as AddressInfo // it listens on a port
      assert.strictEqual((yield* send({ port, body: "{}" })).body, "unreadable")
      server.close()
    }).pipe(Effect.scoped)
  )
})

describe("router", () => {
  it.live("leaves the application its own routes", () =>
    Effect.gen(function* () {
      const { port } = yield* makeWorld(listeners.router)
      const home = yield* send({ port, method: "GET", path: "/home" })
      assert.deepStrictEqual([home.status, home.body], [200, "the application"])
    }).pipe(Effect.scoped)
  )
})
