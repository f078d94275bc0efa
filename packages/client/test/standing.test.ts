import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as References from "effect/References"
import * as Result from "effect/Result"
import * as Tracer from "effect/Tracer"
import { TestClock } from "effect/testing"
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as ElicitationHandler from "../src/ElicitationHandler.ts"
import * as Endpoints from "../src/Endpoints.ts"
import type { McpClient, Options } from "../src/McpClient.ts"
import { agreeing, connect, type Json, scripted, type Script, settle } from "./support/server.ts"

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(Effect.result(effect), { startImmediately: true })
const messageOf = (result: Result.Result<unknown, { readonly message: string }>) =>
  Result.isFailure(result) ? result.failure.message : "Success"

const connected = (
  version: string,
  script: Script = () => {},
  options: Partial<Options> = {},
  handlers: Layer.Layer<never> = Layer.empty
) =>
  Effect.gen(function* () {
    const server = scripted(agreeing(version, script))
    const client = yield* connect(server, options, handlers)
    return { client, connection: server.connections[0]! }
  })

describe("the time for all of a request", () => {
  const progressing = Effect.fnUntraced(function* (client: McpClient["Service"], options: Json, tell: () => void) {
    const fiber = yield* start(client.callTool("t", {}, options))
    for (let i = 0; i < 9; i++) {
      yield* TestClock.adjust("9 seconds")
      tell()
    }
    return fiber
  })

  it.effect("is over however much progress there is, and the server is told", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25")
      let progress = 0
      const tell = () => {
        const { progressToken } = connection.last("tools/call")["params"]._meta
        connection.notify("notifications/progress", { progressToken, progress: ++progress })
      }
      const options = { timeout: "10 seconds", totalTimeout: "85 seconds" }
      const fiber = yield* progressing(client, options, tell)
      yield* TestClock.adjust("3999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(
        messageOf(yield* Fiber.join(fiber)),
        "tools/call was cancelled: no answer after 85000 ms, however much progress there was"
      )
      assert.strictEqual(connection.last("notifications/cancelled")["params"].reason, "timeout")
    })
  )

  it.effect("is a day unless the client or the call says otherwise", () =>
    Effect.gen(function* () {
      const { client } = yield* connected("2025-11-25")
      const fiber = yield* start(client.callTool("t", {}, { timeout: "2 days" }))
      yield* TestClock.adjust("1 day")
      assert.include(messageOf(yield* Fiber.join(fiber)), "86400000 ms")
      const shorter = yield* connected("2025-11-25", undefined, { totalTimeout: "1 second" })
      const soon = yield* start(shorter.client.callTool("t"))
      yield* TestClock.adjust("1 second")
      assert.include(messageOf(yield* Fiber.join(soon)), "no answer after 1000 ms")
    })
  )

  it.effect("runs while questions are answered, in the request era too, and over all rounds", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const script: Script = (message, connection) => {
        const requestedSchema = { type: "object", properties: {} }
        const q = { method: "elicitation/create", params: { mode: "form", message: "who?", requestedSchema } }
        if (message["method"] === "tools/call") connection.answer(message, { resultType: "input_required", inputRequests: { q } })
      }
      const handler = ElicitationHandler.layer({ form: () => Effect.as(Deferred.await(gate), ElicitationHandler.accept({})) })
      const { client } = yield* connected("2026-07-28", script, {}, handler)
      const fiber = yield* start(client.callTool("t", {}, { totalTimeout: "1 hour" }))
      yield* TestClock.adjust("59 minutes")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 minute")
      assert.include(messageOf(yield* Fiber.join(fiber)), "no answer after 3600000 ms")
    })
  )
})

describe("health", () => {
  it.effect.each(["2025-11-25", "2026-07-28"])("is how long the server takes to answer, in %s", (version) =>
    Effect.gen(function* () {
      const server = scripted(agreeing(version, (message, connection) => connection.answer(message, {})))
      const client = yield* connect(server)
      const health = yield* client.health
      assert.deepStrictEqual([health.status, health.latency, health.state._tag], ["healthy", 0, "Connected"])
      assert.strictEqual(server.connections[0]!.methods.at(-1), version === "2026-07-28" ? "server/discover" : "ping")
    })
  )

  it.effect("is bad when the server says nothing for 5 seconds, and when there is none", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25")
      const fiber = yield* Effect.forkChild(client.health, { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      const late = yield* Fiber.join(fiber)
      assert.deepStrictEqual([late.status, late.latency, late.error?.reason._tag], ["unhealthy", undefined, "TimedOut"])
      connection.end()
      yield* settle
      const gone = yield* client.health
      assert.deepStrictEqual(
        [gone.status, gone.error?.reason._tag, gone.state._tag],
        ["unhealthy", "TransportFailed", "Disconnected"]
      )
    })
  )
})

describe("health, whatever stands around requests", () => {
  it.effect("is there after 5 seconds: where a guard lets it wait, and where a question is open", () =>
    Effect.gen(function* () {
      const patient = yield* connected("2025-11-25", undefined, { guards: [Effect.succeed(() => Effect.never)] })
      const guarded = yield* Effect.forkChild(patient.client.health, { startImmediately: true })
      const handler = ElicitationHandler.layer({ form: () => Effect.never })
      const asking = yield* connected("2025-11-25", undefined, {}, handler)
      const params = { message: "who?", requestedSchema: { type: "object", properties: {} } }
      asking.connection.send({ id: 1, method: "elicitation/create", params })
      yield* settle
      const asked = yield* Effect.forkChild(asking.client.health, { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      for (const fiber of [guarded, asked]) {
        assert.isDefined(fiber.pollUnsafe())
        assert.strictEqual((yield* Fiber.join(fiber)).error?.reason._tag, "TimedOut")
      }
    })
  )
})

describe("endpoints", () => {
  const at = (endpoint: string, script: Script) => {
    const server = scripted(script)
    const layer = Layer.effect(
      ClientTransport,
      Effect.map(ClientTransport, (transport) => ClientTransport.of({ ...transport, endpoint }))
    ).pipe(Layer.provide(server.layer))
    return { ...server, layer }
  }

  it.effect("what one client found out about a server, others need not", () =>
    Effect.gen(function* () {
      const memory = Endpoints.make()
      const again = Effect.gen(function* () {
        const server = at("http://a/mcp", agreeing("2025-06-18"))
        yield* connect(server)
        return server.connections[0]!.methods
      }).pipe(Effect.provideService(Endpoints.Endpoints, memory))
      assert.deepStrictEqual(yield* again, ["server/discover", "initialize", "notifications/initialized"])
      assert.strictEqual(memory.get("http://a/mcp"), "2025-06-18")
      assert.deepStrictEqual(yield* again, ["initialize", "notifications/initialized"])
    })
  )

  it.effect("what a client agreed on that speaks less is nothing to others", () =>
    Effect.gen(function* () {
      const memory = Endpoints.make()
      const versions = ["2025-11-25", "2025-06-18"] as const
      yield* connect(at("http://a/mcp", agreeing("2025-11-25")), { versions }).pipe(
        Effect.provideService(Endpoints.Endpoints, memory)
      )
      assert.isUndefined(memory.get("http://a/mcp"))
    })
  )

  it.effect("is tried, and what does not hold any more is found out anew, even if the server ends over it", () =>
    Effect.gen(function* () {
      const memory = Endpoints.make()
      memory.set("http://a/mcp", "2025-06-18")
      const server = at("http://a/mcp", (message, connection) =>
        message["method"] === "initialize" ? connection.end() : agreeing("2026-07-28")(message, connection)
      )
      const client = yield* connect(server).pipe(Effect.provideService(Endpoints.Endpoints, memory))
      assert.strictEqual(client.revision.version, "2026-07-28")
      assert.strictEqual(memory.get("http://a/mcp"), "2026-07-28")
      assert.deepStrictEqual(
        server.connections.map(({ methods }) => methods),
        [["initialize"], ["server/discover"]]
      )
    })
  )

  it.effect("errors say what was tried, also what held before", () =>
    Effect.gen(function* () {
      const memory = Endpoints.make()
      memory.set("http://a/mcp", "2025-06-18")
      const server = at("http://a/mcp", (message, connection) => connection.refuse(message, -32000, "go away"))
      const error = yield* Effect.flip(connect(server).pipe(Effect.provideService(Endpoints.Endpoints, memory)))
      assert.strictEqual(
        error.message,
        "could not agree on a protocol revision; tried initialize with 2025-11-25, which held before: -32000 go away; " +
          "then server/discover with 2026-07-28: -32000 go away; then initialize with 2025-11-25: the same"
      )
    })
  )

  it("so many are remembered, those that were used last", () => {
    const memory = Endpoints.make(2)
    memory.set("a", "2025-06-18")
    memory.set("b", "2025-06-18")
    memory.get("a")
    memory.set("c", "2025-06-18")
    assert.deepStrictEqual([memory.get("a"), memory.get("b"), memory.get("c")], ["2025-06-18", undefined, "2025-06-18"])
    memory.delete("a")
    assert.isUndefined(memory.get("a"))
  })
})

describe("metrics", () => {
  const counts = Effect.gen(function* () {
    const snapshot = yield* Metric.snapshot
    const ours = snapshot.filter(({ id }) => id === "mcp.client.operation.duration")
    return new Map(
      ours.map(({ attributes, state }) => {
        const { "error.type": error, "gen_ai.tool.name": tool, "mcp.method.name": method } = { ...attributes }
        return [[method, tool, error].filter((part) => part !== undefined).join(" "), (state as { count: number }).count]
      })
    )
  })

  it.effect("count requests by method, tool and what went wrong, each once", () =>
    Effect.gen(function* () {
      const script: Script = (message, connection) => {
        const { method, params } = message
        if (method === "ping") return connection.answer(message, {})
        if (method === "tools/list") return connection.refuse(message, -32601)
        if (params.name === "odd") return connection.refuse(message, -31234)
        if (params.name === "bad") return connection.answer(message, { content: [], isError: true })
        if (params.name === "good") return connection.answer(message, { content: [] })
      }
      const { client, connection } = yield* connected("2025-11-25", script)
      yield* client.ping
      for (const name of ["good", "good", "bad", "odd"]) yield* Effect.result(client.callTool(name))
      yield* Effect.result(client.listTools)
      const late = yield* start(client.callTool("slow"))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(late)
      yield* Fiber.interrupt(yield* start(client.callTool("slow")))
      const lost = yield* start(client.callTool("slow"))
      connection.end()
      yield* Fiber.join(lost)
      const counted = yield* counts
      assert.deepStrictEqual(
        new Map([...counted].filter(([name]) => !/initialize|discover/.test(name))),
        new Map([
          ["ping", 1],
          ["tools/call good", 2],
          ["tools/call bad tool_error", 1],
          ["tools/call odd _OTHER", 1],
          ["tools/list -32601", 1],
          ["tools/call slow timeout", 1],
          ["tools/call slow cancelled", 1],
          ["tools/call slow connection_lost", 1]
        ])
      )
      const refused = (yield* Metric.snapshot).map(({ attributes }): { readonly [key: string]: unknown } => ({ ...attributes }))
      assert.deepStrictEqual(
        refused.flatMap((each) => (each["mcp.method.name"] === "tools/list" ? each["rpc.response.status_code"] : [])),
        ["-32601"]
      )
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})

describe("what is measured", () => {
  const ours = Effect.map(Metric.snapshot, (all) => all.filter(({ id }) => id === "mcp.client.operation.duration"))

  it.effect("is measured in seconds", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25")
      const fiber = yield* start(client.callTool("t"))
      yield* TestClock.adjust("7 seconds")
      connection.answer(connection.last("tools/call"), { content: [] })
      yield* Fiber.join(fiber)
      const call = (yield* ours).find(({ attributes }) => ({ ...attributes })["gen_ai.tool.name"] === "t")
      assert.strictEqual((call!.state as { readonly sum: number }).sum, 7)
      assert.strictEqual(({ ...call!.attributes } as { readonly unit?: string }).unit, "s")
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.effect("has at most 1,000 tools and 1,000 methods for each client, whatever a program makes up", () =>
    Effect.gen(function* () {
      const { client } = yield* connected("2025-11-25", (message, connection) => connection.answer(message, { content: [] }))
      for (let i = 0; i < 1100; i++) {
        yield* client.callTool(`t${i}`)
        yield* client.request(`m/${i}`)
      }
      const names = (yield* ours).map(({ attributes }) => ({ ...attributes }))
      assert.strictEqual(names.filter((name) => name["gen_ai.tool.name"] !== undefined).length, 1000)
      assert.isAtMost(names.filter((name) => name["gen_ai.tool.name"] === undefined).length, 1001)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})

describe("spans", () => {
  const traced = <A, E, R>(program: (spans: ReadonlyArray<Tracer.Span>) => Effect.Effect<A, E, R>) => {
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    return Effect.provideService(program(spans), Tracer.Tracer, tracer)
  }

  it.effect("of requests are named by method and tool, and the server is told the trace", () =>
    traced((spans) =>
      Effect.gen(function* () {
        const script: Script = (message, connection) => {
          const { method, params } = message
          if (params.name === "bad") connection.answer(message, { content: [], isError: true })
          else if (method === "tools/call") connection.answer(message, { content: [] })
          else if (method === "resources/read") connection.refuse(message, -32002)
        }
        const { client, connection } = yield* connected("2025-11-25", script)
        yield* Effect.withSpan(client.callTool("t"), "mine")
        const mine = spans.at(-2)
        const call = spans.at(-1)!
        assert.strictEqual(call.name, "tools/call t")
        assert.strictEqual(call.kind, "client")
        assert.strictEqual(call.traceId, mine?.traceId)
        assert.deepStrictEqual(Object.fromEntries(call.attributes), {
          "mcp.method.name": "tools/call",
          "mcp.protocol.version": "2025-11-25",
          "network.transport": "memory",
          "jsonrpc.request.id": String(connection.last("tools/call")["id"]),
          "gen_ai.operation.name": "execute_tool",
          "gen_ai.tool.name": "t"
        })
        assert.strictEqual(connection.last("tools/call")["params"]._meta.traceparent, `00-${call.traceId}-${call.spanId}-01`)
        yield* client.callTool("bad")
        const bad = spans.at(-1)
        assert.strictEqual(bad?.attributes.get("error.type"), "tool_error")
        assert.isTrue(bad?.status._tag === "Ended" && Exit.isFailure(bad.status.exit))
        yield* Effect.flip(client.readResource("a:1"))
        const read = spans.at(-1)
        assert.deepStrictEqual(
          ["mcp.resource.uri", "error.type", "rpc.response.status_code"].map((name) => read?.attributes.get(name)),
          ["a:1", "-32002", "-32002"]
        )
        assert.deepStrictEqual([read?.name, read?.status._tag], ["resources/read", "Ended"])
      })
    )
  )

  it.effect("what a call says of its trace itself is what the server is told", () =>
    traced(() =>
      Effect.gen(function* () {
        const { client, connection } = yield* connected("2026-07-28", (message, c) => c.answer(message, { content: [] }))
        yield* client.callTool("t", {}, { meta: { traceparent: "mine" } })
        assert.strictEqual(connection.last("tools/call")["params"]._meta.traceparent, "mine")
      })
    )
  )

  it.effect("of prompts are named by them, and tell why a call never came to an answer", () =>
    traced((spans) =>
      Effect.gen(function* () {
        const { client, connection } = yield* connected("2025-11-25")
        const fiber = yield* start(client.getPrompt("p"))
        connection.end()
        yield* Fiber.join(fiber)
        const { attributes, name } = spans.at(-1)!
        assert.deepStrictEqual(
          [name, attributes.get("gen_ai.prompt.name"), attributes.get("error.type")],
          ["prompts/get p", "p", "TransportFailed"]
        )
      })
    )
  )

  it.effect("nothing is told where tracing is switched off for a call", () =>
    traced(() =>
      Effect.gen(function* () {
        const { client, connection } = yield* connected("2026-07-28", (message, c) => c.answer(message, { content: [] }))
        yield* Effect.provideService(client.callTool("t"), References.TracerEnabled, false)
        assert.isUndefined(connection.last("tools/call")["params"]._meta.traceparent)
      })
    )
  )

  it.effect("there are none, and nothing is told, without a tracer", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2026-07-28", (message, c) => c.answer(message, { content: [] }))
      yield* Effect.withSpan(client.callTool("t"), "mine")
      assert.isUndefined(connection.last("tools/call")["params"]._meta.traceparent)
    })
  )
})
