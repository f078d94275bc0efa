import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ask, base, call, envelope, greeting, info, key, routed, serve, settle, tell } from "./support/served.ts"
import { check, type Row, table } from "./support/table.ts"
import type { Json } from "./support/wire.ts"

const version = ["MCP-Protocol-Version", "2026-07-28"] as const
const stamp = { resultType: "complete", _meta: { [key("serverInfo")]: info } }
const sum = (id: unknown) => ({
  jsonrpc: "2.0",
  id,
  result: { content: [{ type: "text", text: "3" }], structuredContent: 3, ...stamp }
})
const add = (meta: Json = envelope()) => call(1, "add", { a: 1, b: 2 }, meta)
const without = (name: string) => {
  const { [key(name)]: _, ...rest } = envelope()
  return rest
}

/** A call of the tool with these headers beside the right types. */
const adding = (...headers: ReadonlyArray<readonly [string, string]>): Row["send"] => ({ headers, body: add() })
const method = ["Mcp-Method", "tools/call"] as const
const name = ["Mcp-Name", "add"] as const
const mismatch = { status: 400, error: [-32020, 1] } as const
const noSession = { "mcp-session-id": null }

describe("routing headers of 2026-07-28", () => {
  table([
    {
      title: "all that belongs to a request brings its answer as JSON",
      send: adding(version, method, name),
      status: 200,
      json: sum(1),
      headers: { "content-type": "application/json", ...noSession }
    },
    {
      title: "names of headers have no case",
      send: adding(["mcp-protocol-version", "2026-07-28"], ["MCP-METHOD", "tools/call"], ["mcp-name", "add"]),
      status: 200
    },
    {
      title: "blanks around values are none",
      send: adding(["MCP-Protocol-Version", "  2026-07-28 "], ["Mcp-Method", " tools/call\t"], ["Mcp-Name", "\tadd "]),
      status: 200
    },
    {
      title: "the session of another era is nothing",
      send: adding(version, method, name, ["Mcp-Session-Id", "none"], ["Last-Event-ID", "x"]),
      status: 200,
      headers: noSession
    },
    {
      title: "a version that is missing is told",
      send: adding(method, name),
      ...mismatch,
      text: /MCP-Protocol-Version is missing/
    },
    {
      title: "a version of the session era is another one",
      send: adding(["MCP-Protocol-Version", "2025-11-25"], method, name),
      ...mismatch
    },
    {
      title: "a version that is not known is another one",
      send: adding(["MCP-Protocol-Version", "v999.0.0"], method, name),
      ...mismatch
    },
    { title: "a version that is said twice is another one", send: adding(version, version, method, name), ...mismatch },
    { title: "a method that is missing is told", send: adding(version, name), ...mismatch, text: /Mcp-Method is missing/ },
    { title: "a method that is blank is another one", send: adding(version, ["Mcp-Method", ""], name), ...mismatch },
    { title: "methods have a case", send: adding(version, ["Mcp-Method", "Tools/Call"], name), ...mismatch },
    {
      title: "another method is told with that of the body",
      send: adding(version, ["Mcp-Method", "tools/list"], name),
      ...mismatch,
      text: /tools\/call/
    },
    {
      title: "a name that is missing is told",
      send: adding(version, method),
      ...mismatch,
      text: /Mcp-Name is missing.*params\.name/
    },
    { title: "another name is told", send: adding(version, method, ["Mcp-Name", "Add"]), ...mismatch },
    { title: "a name may be in base64", send: adding(version, method, ["Mcp-Name", "=?base64?YWRk?="]), status: 200 },
    {
      title: "base64 without padding is none",
      send: adding(version, method, ["Mcp-Name", "=?base64?YWQ?="]),
      ...mismatch,
      text: /padded base64/
    },
    { title: "base64 of what is no UTF-8 is none", send: adding(version, method, ["Mcp-Name", "=?base64?/w==?="]), ...mismatch },
    {
      title: "half a wrapper is a name",
      send: adding(version, method, ["Mcp-Name", "=?base64?YWRk"]),
      ...mismatch,
      text: /does not say/
    },
    {
      title: "methods without a name need none",
      send: { headers: [version, ["Mcp-Method", "tools/list"]], body: ask(1, "tools/list", { _meta: envelope() }) },
      status: 200
    },
    {
      title: "resources are named by their URI",
      send: {
        headers: routed("resources/read", "notes://today"),
        body: ask(1, "resources/read", { uri: "notes://today", _meta: envelope() })
      },
      status: 200
    },
    {
      title: "a URI is compared as it is",
      send: {
        headers: routed("resources/read", "notes://to%64ay"),
        body: ask(1, "resources/read", { uri: "notes://today", _meta: envelope() })
      },
      ...mismatch,
      text: /params\.uri/
    },
    {
      title: "a name that the body does not have is the method's to miss",
      send: { headers: [version, method], body: ask(1, "tools/call", { _meta: envelope() }) },
      status: 200,
      error: [-32602, 1]
    }
  ])
})

describe("metadata of 2026-07-28", () => {
  const lacking = { status: 400, error: [-32602, 1] } as const
  const listed = (meta: Json): Row["send"] => ({ headers: routed("tools/list"), body: ask(1, "tools/list", { _meta: meta }) })
  table([
    { title: "none is told", send: { headers: routed("tools/list"), body: ask(1, "tools/list", {}) }, ...lacking },
    { title: "no params are told", send: { headers: routed("server/discover"), body: ask(1, "server/discover") }, ...lacking },
    { title: "a version that is missing is told", send: listed(without("protocolVersion")), ...lacking },
    { title: "capabilities that are missing are told", send: listed(without("clientCapabilities")), ...lacking },
    {
      title: "a version that is no string is told, and is no other version",
      send: listed(envelope({ [key("protocolVersion")]: 20260728 })),
      ...lacking
    },
    {
      title: "capabilities that are no object are told",
      send: listed(envelope({ [key("clientCapabilities")]: [] })),
      ...lacking
    },
    { title: "who asks need not be said", send: listed(without("clientInfo")), status: 200 },
    {
      title: "a version that is not served is told with those that are",
      send: {
        headers: [
          ["MCP-Protocol-Version", "v999.0.0"],
          ["Mcp-Method", "tools/list"]
        ],
        body: ask(1, "tools/list", { _meta: envelope({ [key("protocolVersion")]: "v999.0.0" }) })
      },
      status: 400,
      json: {
        jsonrpc: "2.0",
        id: 1,
        error: {
          code: -32022,
          message: "Unsupported protocol version v999.0.0; supported: 2026-07-28",
          data: { supported: ["2026-07-28"], requested: "v999.0.0" }
        }
      }
    },
    {
      title: "a version of the session era is not spoken so",
      send: {
        headers: [
          ["MCP-Protocol-Version", "2025-11-25"],
          ["Mcp-Method", "tools/list"]
        ],
        body: ask(1, "tools/list", { _meta: envelope({ [key("protocolVersion")]: "2025-11-25" }) })
      },
      status: 400,
      error: [-32022, 1]
    },
    {
      title: "another version in the header comes before one that is not served",
      send: listed(envelope({ [key("protocolVersion")]: "v999.0.0" })),
      ...mismatch
    }
  ])
})

describe("statuses of 2026-07-28", () => {
  const gone = [
    "initialize",
    "ping",
    "logging/setLevel",
    "resources/subscribe",
    "resources/unsubscribe",
    "unknown/method",
    "__proto__",
    "constructor"
  ]
  table([
    ...gone.map((method): Row => ({
      title: `${method} is not there`,
      send: { headers: routed(method), body: ask(1, method, { _meta: envelope() }) },
      status: 404,
      error: [-32601, 1]
    })),
    {
      title: "an unknown tool is told in the answer",
      send: { headers: routed("tools/call", "none"), body: call(1, "none", {}, envelope()) },
      status: 200,
      error: [-32602, 1]
    },
    {
      title: "a capability that is missing is told with it",
      send: { headers: routed("tools/call", "ask"), body: call(1, "ask", {}, envelope()) },
      status: 200,
      text: /roots/
    },
    {
      title: "ids keep their type",
      send: { headers: routed("tools/call", "add"), body: call("0", "add", { a: 1, b: 2 }, envelope()) },
      status: 200,
      json: sum("0")
    },
    {
      title: "notifications are taken",
      send: { headers: [version], body: tell("notifications/cancelled", { requestId: 1 }) },
      status: 202,
      text: ""
    },
    {
      title: "so are those that say their version only in the body",
      send: { body: tell("notifications/cancelled", { requestId: 1, _meta: envelope() }) },
      status: 202
    },
    {
      title: "answers are not sent",
      send: { headers: [version], body: { jsonrpc: "2.0", id: 1, result: {} } },
      status: 400,
      error: [-32600]
    },
    {
      title: "nor are errors",
      send: { headers: [version], body: { jsonrpc: "2.0", id: 1, error: { code: 1, message: "" } } },
      status: 400,
      error: [-32600]
    },
    { title: "a batch is refused", send: { headers: [version, method, name], body: [add()] }, status: 400, error: [-32600] },
    {
      title: "a batch of both eras is refused",
      send: { headers: base, body: [ask(1, "ping"), add()] },
      status: 400,
      error: [-32600]
    }
  ])

  it.effect("a capability that a client must declare is 400 with what it would be", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const answer = yield* served.modern("tools/call", { name: "must" }).done
      check(answer, { status: 400, error: [-32021, "m"] })
      assert.deepStrictEqual(answer.json["error"].data, { requiredCapabilities: { roots: {} } })
    })
  )
})

describe("the era, by the body", () => {
  table([
    {
      title: "`initialize` opens a session",
      send: { body: greeting("2025-06-18") },
      status: 200,
      headers: { "mcp-session-id": /./ }
    },
    {
      title: "`initialize` that asks for 2026-07-28 is offered another one",
      send: { body: greeting("2026-07-28") },
      status: 200,
      result: { protocolVersion: "2025-11-25" }
    },
    {
      title: "`initialize` with the header of 2026-07-28 is none of both",
      send: { headers: [version], body: greeting("2025-11-25") },
      status: 400,
      error: [-32020, 0],
      headers: noSession
    },
    {
      title: "a body without metadata is of the session era",
      send: { body: ask(1, "tools/list") },
      status: 400,
      error: [-32000]
    },
    {
      title: "with the header of 2026-07-28 it is not",
      send: { headers: [version, ["Mcp-Method", "tools/list"]], body: ask(1, "tools/list") },
      status: 400,
      error: [-32602, 1]
    },
    {
      title: "metadata without a version is none",
      send: { body: ask(1, "tools/list", { _meta: { progressToken: 1 } }) },
      status: 400,
      error: [-32000]
    },
    {
      title: "in a session metadata makes a request one of 2026-07-28",
      session: "2025-11-25",
      send: { headers: routed("tools/call", "add"), body: add() },
      status: 200,
      json: sum(1),
      headers: noSession
    }
  ])
})

describe("streams of 2026-07-28", () => {
  it.effect("an answer is JSON until something comes before it, and events have no ids", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const args = { name: "steps", arguments: { count: 2 } }
      const silent = yield* served.modern("tools/call", args).done
      check(silent, { status: 200, headers: { "content-type": "application/json" }, result: { resultType: "complete" } })
      const told = yield* served.modern("tools/call", args, { progressToken: "p" }).done
      check(told, {
        status: 200,
        headers: {
          "content-type": "text/event-stream",
          "cache-control": "no-cache, no-transform",
          "x-accel-buffering": "no",
          ...noSession
        }
      })
      assert.deepStrictEqual(
        told.messages.map(({ id, params }) => params?.progress ?? id),
        [1, 2, "m"]
      )
      assert.isTrue(told.events.every(({ id, retry }) => id === undefined && retry === undefined))
    })
  )

  it.effect("log messages come to who asks for them, and only there", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const args = { name: "say", arguments: { text: "psst" } }
      const quiet = yield* served.modern("tools/call", args).done
      assert.isFalse(quiet.isStream)
      const loud = yield* served.modern("tools/call", args, { [key("logLevel")]: "info" }).done
      assert.deepStrictEqual(loud.messages[0]?.["params"], { level: "info", logger: "wire", data: "psst" })
      assert.strictEqual(loud.messages.length, 2)
    })
  )

  it.effect("who takes JSON alone gets it, without what would come before", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const body = call(1, "steps", { count: 2 }, envelope({ progressToken: 1 }))
      const headers = [
        ["Accept", "application/json"] as const,
        ...routed("tools/call", "steps").filter(([name]) => name !== "Accept")
      ]
      const answer = yield* served.send({ headers, body }).done
      check(answer, { status: 200, headers: { "content-type": "application/json" }, result: { resultType: "complete" } })
      const listening = yield* served.send({
        headers: [["Accept", "application/json"], ...routed("subscriptions/listen").filter(([name]) => name !== "Accept")],
        body: ask(1, "subscriptions/listen", { notifications: {}, _meta: envelope() })
      }).done
      check(listening, { status: 406 })
    })
  )

  it.effect("where answers are always JSON, listening is a stream all the same", () =>
    Effect.gen(function* () {
      const served = yield* serve({ jsonOnly: true })
      const answer = yield* served.modern("tools/call", { name: "steps", arguments: { count: 2 } }, { progressToken: 1 }).done
      check(answer, { status: 200, headers: { "content-type": "application/json" } })
      const listening = served.modern("subscriptions/listen", { notifications: { toolsListChanged: true } })
      const [acknowledged] = yield* listening.count(1)
      assert.strictEqual(acknowledged?.["method"], "notifications/subscriptions/acknowledged")
      listening.cut()
    })
  )

  it.effect("who listens hears of changes, with the id of the subscription, until it goes away", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const listening = served.modern("subscriptions/listen", { notifications: { toolsListChanged: true } })
      const deaf = served.modern("subscriptions/listen", { notifications: { resourceSubscriptions: ["notes://today"] } })
      yield* deaf.count(1)
      yield* listening.count(1)
      yield* served.addTool
      const messages = yield* listening.count(2)
      assert.deepStrictEqual(messages[1], {
        jsonrpc: "2.0",
        method: "notifications/tools/list_changed",
        params: { _meta: { [key("subscriptionId")]: "m" } }
      })
      yield* served.modern("tools/call", { name: "update" }).done
      assert.strictEqual((yield* deaf.count(2))[1]?.["method"], "notifications/resources/updated")
      assert.strictEqual(listening.messages.length, 2)
      listening.cut()
      deaf.cut()
    })
  )

  it.effect("a shutdown ends who listens with its result, at once", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const listening = served.modern("subscriptions/listen", { notifications: { toolsListChanged: true } })
      yield* listening.count(1)
      yield* served.close
      yield* listening.done
      assert.strictEqual(listening.over, "ended")
      assert.strictEqual(listening.messages[1]?.["id"], "m")
      assert.strictEqual(listening.messages[1]?.["result"].resultType, "complete")
    })
  )

  it.effect("closing the connection cancels the request, as JSON and as a stream", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const silent = served.modern("tools/call", { name: "hold" })
      yield* served.holds.until("held")
      silent.cut()
      yield* served.holds.until("interrupted")
      const streaming = served.modern("tools/call", { name: "progressThenHold" }, { progressToken: 1 })
      yield* streaming.count(1)
      yield* served.holds.until("held", 2)
      streaming.cut()
      yield* served.holds.until("interrupted", 2)
    })
  )

  it.effect("a cancelled notification cancels nobody's request", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const held = served.modern("tools/call", { name: "hold" })
      yield* served.holds.until("held")
      const cancelled = served.send({ headers: [...base, version], body: tell("notifications/cancelled", { requestId: "m" }) })
      assert.strictEqual((yield* cancelled.done).status, 202)
      yield* settle
      yield* served.holds.release
      check(yield* held.done, { status: 200, result: { resultType: "complete" } })
    })
  )

  it.effect("the same id may be in flight twice: each request stands alone", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const both = [served.modern("tools/call", { name: "hold" }), served.modern("tools/call", { name: "hold" })]
      yield* served.holds.until("held", 2)
      yield* served.holds.release
      yield* served.holds.release
      for (const one of both) check(yield* one.done, { status: 200 })
    })
  )
})
