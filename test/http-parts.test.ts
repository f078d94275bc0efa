/**
 * What is mounted beside an endpoint: health, metrics, the REST view.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Health from "@effect-mcp/transport-http/Health"
import { HttpListener } from "@effect-mcp/transport-http/HttpListener"
import * as HttpServerTransport from "@effect-mcp/transport-http/HttpServerTransport"
import * as Metrics from "@effect-mcp/transport-http/Metrics"
import * as RestView from "@effect-mcp/transport-http/RestView"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { listeners, Port } from "./support/httpListeners.ts"
import { makeWorld } from "./support/httpWorld.ts"
import { abandon, type Answered, send } from "./support/rawHttp.ts"

const get = (port: number, path: string, headers: Record<string, string> = {}) => send({ port, method: "GET", path, headers })

const on = (listener: HttpListener["Service"]) => Layer.provide(Layer.succeed(HttpListener, listener))

const json = ({ body }: Answered): Record<string, unknown> => JSON.parse(body) as Record<string, unknown> // it is what is tested

class House extends McpGroup.make(
  "house",
  Tool.make("add", { parameters: { a: Schema.Finite, b: Schema.Finite }, success: Schema.Struct({ sum: Schema.Finite }) }),
  Tool.make("a.name", { success: Schema.String }),
  Tool.make("broken", { success: Schema.String }),
  Tool.make("ask", { success: Schema.String }),
  Tool.make("wait", { success: Schema.String }),
  Tool.make("open", { parameters: Schema.Record(Schema.String, Schema.Json), success: Schema.Json }),
  Resource.make("config", "data://config", { success: Schema.Struct({ region: Schema.String }) })
) {}

const makeHouse = (gate: Latch.Latch, events: Queue.Queue<string>) =>
  McpServer.layer({ name: "house", version: "1.0.0" }, House).pipe(
    Layer.provide(
      House.toLayer({
        tools: {
          add: ({ a, b }) => Effect.succeed({ sum: a + b }),
          "a.name": () => Effect.succeed("found"),
          broken: () => Effect.die(new Error("the secret of the house")),
          ask: () => Effect.as(Elicitation.form({ key: "sure", message: "Really?", schema: { sure: Schema.Boolean } }), "asked"),
          open: (args) => Effect.succeed(args),
          wait: Effect.fnUntraced(
            function* () {
              yield* Queue.offer(events, "started")
              yield* gate.await
              return "waited"
            },
            Effect.onInterrupt(() => Queue.offer(events, "interrupted"))
          )
        },
        resources: { config: () => Effect.succeed({ region: "eu" }) }
      })
    )
  )

/** A REST view on a listener. */
const rest = Effect.fnUntraced(function* (listening: (typeof listeners)["node"], options: RestView.Options = {}) {
  const context = yield* Layer.build(listening)
  const gate = yield* Latch.make()
  const events = yield* Queue.unbounded<string>()
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const View = RestView.layer(options).pipe(Layer.provide(makeHouse(gate, events)), on(Context.get(context, HttpListener)))
  yield* Layer.buildWithScope(View, scope)
  const port = Context.get(context, Port)
  const call = (name: string, body = "{}", headers: Record<string, string> = {}) =>
    send({ port, path: `/tools/${name}`, headers, body })
  return { port, gate, events, call, close: Scope.close(scope, Exit.void) }
})

for (const [name, listening] of Object.entries(listeners)) {
  describe(name, () => {
    it.live("tells that it is live, and ready once its endpoints are mounted, until one closes", () =>
      Effect.gen(function* () {
        const context = yield* Layer.build(listening)
        const port = Context.get(context, Port)
        const listener = Context.get(context, HttpListener)
        yield* Layer.build(Health.layer().pipe(on(listener)))
        const early = yield* get(port, "/readyz")
        assert.deepStrictEqual(
          [early.status, json(early)["problem"], (yield* get(port, "/livez")).status],
          [503, "0 of 1 endpoints are mounted", 200]
        )
        const closing = { now: false }
        const scope = yield* Scope.make()
        const route = { path: "/mcp", handle: () => {}, isClosing: () => closing.now }
        yield* Scope.provide(listener.mount(route), scope)
        assert.deepStrictEqual(json(yield* get(port, "/readyz")), { status: "ready", checks: {} })
        closing.now = true
        const late = yield* get(port, "/readyz")
        assert.deepStrictEqual([late.status, json(late)["problem"]], [503, "shutting down"])
        assert.strictEqual((yield* get(port, "/livez")).status, 200)
        assert.strictEqual((yield* send({ port, path: "/readyz", body: "" })).status, 405)
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual((yield* get(port, "/readyz")).status, 503)
      }).pipe(Effect.scoped)
    )

    it.live("calls tools and lists them over plain HTTP", () =>
      Effect.gen(function* () {
        const { call, port } = yield* rest(listening)
        const sum = yield* call("add", `{"a":1,"b":2}`)
        assert.deepStrictEqual(
          [sum.status, json(sum)],
          [200, { content: [{ type: "text", text: `{"sum":3}` }], structuredContent: { sum: 3 } }]
        )
        const { tools, ...others } = json(yield* get(port, "/tools"))
        assert.deepStrictEqual([(tools as ReadonlyArray<unknown>).length, others], [6, {}])
        const { resources } = json(yield* get(port, "/resources"))
        assert.deepStrictEqual(resources, [{ name: "config", uri: "data://config", mimeType: "application/json" }])
        assert.strictEqual((yield* call("a%2Ename")).status, 200)
      }).pipe(Effect.scoped)
    )

    it.live("shows metrics", () =>
      Effect.gen(function* () {
        const context = yield* Layer.build(listening)
        const port = Context.get(context, Port)
        const counter = Metric.counter(`house_visits_${name}`, { description: "Who came" })
        yield* Metric.update(counter, 3)
        yield* Layer.build(Metrics.layer({ prefix: "mine" }).pipe(on(Context.get(context, HttpListener))))
        const shown = yield* get(port, "/metrics")
        assert.include(shown.body, `mine_house_visits_${name} 3`)
        assert.strictEqual(shown.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        assert.strictEqual((yield* get(port, "/metrics", { host: "evil.test" })).status, 403)
        assert.strictEqual((yield* send({ port, path: "/metrics", body: "" })).status, 405)
      }).pipe(Effect.scoped)
    )
  })
}

describe("readiness", () => {
  it.live("holds while an endpoint serves, and ends as soon as it shuts down", () =>
    Effect.gen(function* () {
      const { close, events, gate, listener, port } = yield* makeWorld(listeners.node, { sessions: false })
      yield* Layer.build(Health.layer().pipe(on(listener)))
      assert.strictEqual((yield* get(port, "/readyz")).status, 200)
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "wait", arguments: {} } })
      const running = yield* Effect.forkChild(send({ port, body }), { startImmediately: true })
      assert.strictEqual(yield* Queue.take(events), "started")
      const closing = yield* Effect.forkChild(close, { startImmediately: true })
      const late = yield* get(port, "/readyz")
      assert.deepStrictEqual([late.status, json(late)["problem"]], [503, "shutting down"])
      yield* gate.open
      assert.include((yield* Fiber.join(running)).body, "waited")
      yield* Fiber.join(closing)
    }).pipe(Effect.scoped)
  )

  it.live("asks checks of one's own, shows how they went and not why, and lets none take long", () =>
    Effect.gen(function* () {
      const { listener, port } = yield* makeWorld(listeners.node)
      let runs = 0
      const gate = yield* Latch.make()
      const checks = {
        fine: Effect.andThen(
          Effect.sync(() => void runs++),
          gate.await
        ),
        failing: Effect.fail("the secret of the house"),
        dying: Effect.die("the secret of the house"),
        slow: Effect.never
      }
      yield* Layer.build(Health.layer({ checks, checkTimeout: "50 millis" }).pipe(on(listener)))
      yield* gate.open
      const answers = yield* Effect.all([get(port, "/readyz"), get(port, "/readyz")], { concurrency: 2 })
      for (const answer of answers) {
        assert.deepStrictEqual(
          [answer.status, json(answer)],
          [503, { status: "unavailable", checks: { fine: "ok", failing: "failed", dying: "failed", slow: "timed out" } }]
        )
      }
      assert.isAtMost(runs, 2)
    }).pipe(Effect.scoped)
  )

  it.live("waits for as many endpoints as it is told", () =>
    Effect.gen(function* () {
      const { listener, port } = yield* makeWorld(listeners.node)
      yield* Layer.build(Health.layer({ endpoints: 2 }).pipe(on(listener)))
      assert.strictEqual(json(yield* get(port, "/readyz"))["problem"], "1 of 2 endpoints are mounted")
      const Second = HttpServerTransport.layer({ path: "/second" }).pipe(
        Layer.provide(makeHouse(yield* Latch.make(), yield* Queue.unbounded<string>())),
        on(listener)
      )
      yield* Layer.build(Second)
      assert.strictEqual((yield* get(port, "/readyz")).status, 200)
    }).pipe(Effect.scoped)
  )
})

describe("a probe", () => {
  it.live("shares the checks of those before it, and is refused when too many wait", () =>
    Effect.gen(function* () {
      const { listener } = yield* makeWorld(listeners.node)
      const gate = yield* Latch.make()
      let runs = 0
      const checks = {
        slow: Effect.andThen(
          Effect.sync(() => void runs++),
          gate.await
        )
      }
      const handle = yield* Health.ready({ checks, checkTimeout: "1 minute" }).pipe(Effect.provideService(HttpListener, listener))
      const statuses: Array<number> = []
      const exchange = { method: "GET", target: "/readyz", header: () => undefined, readText: () => {}, onGone: () => {} }
      for (let i = 0; i < 1001; i++) handle(exchange, ({ status }) => void statuses.push(status))
      assert.deepStrictEqual(statuses, [503])
      yield* gate.open
      yield* Effect.yieldNow
      while (statuses.length < 1001) yield* Effect.sleep("1 millis")
      assert.deepStrictEqual([runs, new Set(statuses.slice(1))], [1, new Set([200])])
    }).pipe(Effect.scoped)
  )
})

describe("the REST view", () => {
  it.live("does not begin more than it may", () =>
    Effect.gen(function* () {
      const { call, events, gate } = yield* rest(listeners.node, { maxRequests: 1 })
      const running = yield* Effect.forkChild(call("wait"), { startImmediately: true })
      assert.strictEqual(yield* Queue.take(events), "started")
      assert.strictEqual((yield* call("wait")).status, 503)
      yield* gate.open
      assert.strictEqual((yield* Fiber.join(running)).status, 200)
    }).pipe(Effect.scoped)
  )

  it.live("has its tools below its prefix", () =>
    Effect.gen(function* () {
      const { port } = yield* rest(listeners.node, { prefix: "/api" })
      assert.strictEqual((yield* get(port, "/api/tools")).status, 200)
      assert.strictEqual((yield* send({ port, path: "/api/tools/add", body: `{"a":1,"b":2}` })).status, 200)
    }).pipe(Effect.scoped)
  )

  it.live("says by its status what went wrong", () =>
    Effect.gen(function* () {
      const { call, port } = yield* rest(listeners.node, { maxBodyBytes: 1000, maxDepth: 10 })
      const statusOf = Effect.map(({ status }: Answered) => status)
      assert.strictEqual(yield* statusOf(call("nobody")), 404)
      assert.strictEqual(yield* statusOf(call("%ff")), 400)
      assert.strictEqual(yield* statusOf(call("add", "[]")), 400)
      assert.strictEqual(yield* statusOf(call("add", `{"a":1`)), 400)
      assert.strictEqual(yield* statusOf(call("open", `{"a":${"[".repeat(20)}${"]".repeat(20)}}`)), 400)
      assert.strictEqual(yield* statusOf(call("add", `{"a":"one"}`)), 422)
      assert.strictEqual(yield* statusOf(call("add", `{"a":"${"x".repeat(1000)}"}`)), 413)
      assert.strictEqual(yield* statusOf(call("add", "{}", { "content-type": "text/plain" })), 415)
      assert.strictEqual(yield* statusOf(call("add", "{}", { host: "evil.test" })), 403)
      assert.strictEqual(yield* statusOf(call("add", "{}", { origin: "https://evil.test" })), 403)
      assert.strictEqual(yield* statusOf(get(port, "/tools/add")), 405)
      assert.strictEqual(yield* statusOf(send({ port, path: "/tools", body: "{}" })), 405)
      assert.strictEqual(yield* statusOf(get(port, "/tools?cursor=none")), 400)
      assert.strictEqual(yield* statusOf(get(port, "/resources/config")), 404)
    }).pipe(Effect.scoped)
  )

  it.live("shows of a defect its id only", () =>
    Effect.gen(function* () {
      const { call } = yield* rest(listeners.node)
      const broken = yield* call("broken")
      assert.strictEqual(broken.status, 422)
      assert.match(broken.body, /Internal error \([^)]+\)/)
      assert.notInclude(broken.body, "secret")
    }).pipe(Effect.scoped)
  )

  it.live("says that it cannot ask a user", () =>
    Effect.gen(function* () {
      const { call } = yield* rest(listeners.node)
      const asked = yield* call("ask")
      assert.strictEqual(asked.status, 501)
      assert.include(asked.body, '"code":-32021')
    }).pipe(Effect.scoped)
  )

  it.live("cancels when the client goes away, and finishes what runs when it closes", () =>
    Effect.gen(function* () {
      const { call, close, events, gate, port } = yield* rest(listeners.node)
      const started = Queue.take(events)
      yield* abandon({ port, path: "/tools/wait", body: "{}" }, started)
      assert.strictEqual(yield* Queue.take(events), "interrupted")
      const running = yield* Effect.forkChild(call("wait"), { startImmediately: true })
      assert.strictEqual(yield* Queue.take(events), "started")
      const closing = yield* Effect.forkChild(close, { startImmediately: true })
      assert.strictEqual((yield* call("add", `{"a":1,"b":2}`)).status, 503)
      yield* gate.open
      assert.include((yield* Fiber.join(running)).body, "waited")
      yield* Fiber.join(closing)
    }).pipe(Effect.scoped)
  )

  it.live("stands below a prefix, and lets in who authenticates", () =>
    Effect.gen(function* () {
      const refusal = { status: 401, headers: {}, body: "who are you?" }
      const { port } = yield* rest(listeners.node, { prefix: "/api", authenticate: () => Effect.fail(refusal) })
      assert.strictEqual((yield* get(port, "/api/tools")).body, "who are you?")
      assert.strictEqual((yield* get(port, "/tools")).status, 404)
    }).pipe(Effect.scoped)
  )
})
