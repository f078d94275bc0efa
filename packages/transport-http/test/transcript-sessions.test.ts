import * as EventStore from "@effect-mcp/core/EventStore"
import * as SessionStore from "@effect-mcp/core/SessionStore"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { ask, base, call, greeting, serve, type Session, settle, tell } from "./support/served.ts"
import { check, table } from "./support/table.ts"
import type { Json } from "./support/wire.ts"

const sum = (id: unknown, result: Json) => ({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: "3" }], ...result } })
const sums: Json = {
  "2024-11-05": sum(1, { _meta: { "effect-mcp/structuredContent": 3 } }),
  "2025-03-26": sum(1, { _meta: { "effect-mcp/structuredContent": 3 } }),
  "2025-06-18": sum(1, { structuredContent: { result: 3 } }),
  "2025-11-25": sum(1, { structuredContent: { result: 3 } })
}
const add = (id: number) => call(id, "add", { a: 1, b: 2 })
const versions = Object.keys(sums)

describe.each(versions)("a session of %s", (version) => {
  it.effect("begins with `initialize`, is named from then on, and ends with DELETE", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const greeted = yield* served.send({ headers: base, body: greeting(version) }).done
      check(greeted, {
        status: 200,
        headers: { "content-type": "application/json", "mcp-session-id": /^[\x21-\x7e]{24}$/ },
        result: { protocolVersion: version }
      })
      const session = served.session(greeted.headers["mcp-session-id"] ?? "", version)
      check(yield* session.post(tell("notifications/initialized")).done, { status: 202, text: "" })
      check(yield* session.post(add(1)).done, { status: 200, json: sums[version], headers: { "mcp-session-id": null } })
      check(yield* session.post(ask("p", "ping")).done, { status: 200, json: { jsonrpc: "2.0", id: "p", result: {} } })
      check(yield* session.post(ask(2, "nope")).done, { status: 200, error: [-32601, 2] })
      check(yield* session.post(ask(3, "server/discover")).done, { status: 200, error: [-32601, 3] })
      const removed = yield* served.send({ method: "DELETE", headers: session.headers }).done
      check(removed, { status: 204, text: "" })
      check(yield* session.post(ask(4, "ping")).done, { status: 404, error: [-32001] })
      check(yield* session.listen().done, { status: 404, error: [-32001] })
      check(yield* served.send({ method: "DELETE", headers: session.headers }).done, { status: 404, error: [-32001] })
    })
  )

  it.effect("takes the headers of any revision of its era, or none, and no others", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const { id } = yield* served.open(version)
      for (const said of [undefined, ...versions])
        check(yield* served.session(id, said).post(add(1)).done, { status: 200, json: sums[version] })
      for (const said of ["1999-01-01", "", "2025-11-25, 2025-11-25"]) {
        const session = served.session(id, said)
        check(yield* session.post(add(1)).done, { status: 400, error: [-32000], text: /2024-11-05/ })
        check(yield* session.listen().done, { status: 400, error: [-32000] })
        check(yield* served.send({ method: "DELETE", headers: session.headers }).done, { status: 400, error: [-32000] })
      }
    })
  )

  it.effect("has batches in 2025-03-26 alone", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const session = yield* served.open(version)
      const answer = yield* session.post([add(1), tell("notifications/other"), ask("nope", "nope"), 7]).done
      if (version !== "2025-03-26") return check(answer, { status: 400, error: [-32600] })
      check(answer, { status: 200, headers: { "content-type": "application/json" } })
      const [first, second, third, ...rest] = answer.json as never as ReadonlyArray<Json>
      assert.deepStrictEqual(first, sums[version])
      assert.deepStrictEqual([second?.["id"], second?.["error"].code], ["nope", -32601])
      assert.strictEqual(third?.["error"].code, -32600)
      assert.deepStrictEqual(rest, [])
      check(yield* session.post([tell("notifications/other"), { jsonrpc: "2.0", id: 9, result: {} }]).done, {
        status: 202,
        text: ""
      })
      check(yield* session.post([greeting(version)]).done, { status: 200, text: /initialized already/ })
    })
  )

  it.effect("is not begun twice", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const session = yield* served.open(version)
      check(yield* session.post(greeting(version)).done, { status: 400, error: [-32600, 0], headers: { "mcp-session-id": null } })
      check(yield* session.post(add(1)).done, { status: 200 })
    })
  )
})

describe("what is no session", () => {
  table([
    {
      title: "a message without one is told to begin",
      send: { body: ask(1, "ping") },
      status: 400,
      error: [-32000],
      text: /Mcp-Session-Id.*initialize/
    },
    { title: "so is a notification", send: { body: tell("notifications/initialized") }, status: 400, error: [-32000] },
    { title: "so is a batch", send: { body: [ask(1, "ping")] }, status: 400, error: [-32000] },
    { title: "so is a stream", send: { method: "GET" }, status: 400, error: [-32000] },
    { title: "so is DELETE", send: { method: "DELETE" }, status: 400, error: [-32000] },
    {
      title: "one that nobody knows is not found",
      send: { headers: [["Mcp-Session-Id", "none"]], body: ask(1, "ping") },
      status: 404,
      error: [-32001],
      text: /initialize/
    },
    {
      title: "not even to begin with",
      send: { headers: [["Mcp-Session-Id", "none"]], body: greeting("2025-11-25") },
      status: 404,
      error: [-32001]
    },
    {
      title: "a name of a prototype is not found",
      send: { headers: [["Mcp-Session-Id", "__proto__"]], body: ask(1, "ping") },
      status: 404
    },
    {
      title: "`initialize` that is refused opens none",
      send: { body: ask(1, "initialize", {}) },
      status: 200,
      error: [-32602, 1],
      headers: { "mcp-session-id": null }
    },
    {
      title: "a version that is not known is answered with the latest",
      send: { body: greeting("1999-01-01") },
      status: 200,
      result: { protocolVersion: "2025-11-25" }
    }
  ])

  it.effect("a session that is named twice is not found", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const session = yield* served.open()
      const headers = [...session.headers, ["Mcp-Session-Id", session.id] as const]
      check(yield* served.send({ headers, body: ask(1, "ping") }).done, { status: 404 })
    })
  )
})

describe("without sessions", () => {
  const how = { sessions: false }
  table([
    {
      title: "`initialize` names none",
      how,
      send: { body: greeting("2025-06-18") },
      status: 200,
      result: { protocolVersion: "2025-06-18" },
      headers: { "mcp-session-id": null }
    },
    {
      title: "a request speaks 2025-03-26 unless it says otherwise",
      how,
      send: { body: add(1) },
      status: 200,
      json: sums["2025-03-26"]
    },
    {
      title: "it speaks what its header says",
      how,
      send: { headers: [["MCP-Protocol-Version", "2025-11-25"]], body: add(1) },
      status: 200,
      json: sums["2025-11-25"]
    },
    {
      title: "a version that is not known is refused",
      how,
      send: { headers: [["MCP-Protocol-Version", "1999-01-01"]], body: add(1) },
      status: 400,
      error: [-32000]
    },
    { title: "a batch is one of 2025-03-26", how, send: { body: [add(1)] }, status: 200, json: [sums["2025-03-26"]] },
    {
      title: "it is none of others",
      how,
      send: { headers: [["MCP-Protocol-Version", "2025-06-18"]], body: [add(1)] },
      status: 400,
      error: [-32600]
    },
    { title: "notifications are taken", how, send: { body: tell("notifications/initialized") }, status: 202 },
    { title: "answers to nothing are taken", how, send: { body: { jsonrpc: "2.0", id: 1, result: {} } }, status: 202 },
    {
      title: "a session that is named is nothing",
      how,
      send: { headers: [["Mcp-Session-Id", "none"]], body: add(1) },
      status: 200
    },
    {
      title: "nobody is asked",
      how,
      send: { headers: [["MCP-Protocol-Version", "2025-11-25"]], body: call(1, "ask") },
      status: 200,
      text: /cannot ask/
    },
    {
      title: "progress comes as a stream without ids",
      how,
      send: { body: call(1, "steps", { count: 1 }, { progressToken: 1 }) },
      status: 200,
      text: /^event: message\ndata: .*progress/
    }
  ])
})

describe("always JSON", () => {
  it.effect("an answer is JSON without what would come before it", () =>
    Effect.gen(function* () {
      const served = yield* serve({ jsonOnly: true })
      const session = yield* served.open("2025-11-25", { roots: {} })
      const steps = yield* session.post(call(1, "steps", { count: 2 }, { progressToken: 1 })).done
      check(steps, { status: 200, headers: { "content-type": "application/json" } })
      check(yield* session.post(call(2, "ask")).done, { status: 200, text: /cannot ask/ })
    })
  )
})

const byToken = {
  authenticate: (exchange: { readonly header: (name: string) => string | undefined }) => {
    const subject = exchange.header("authorization")
    if (subject === "throw") throw new Error("secret")
    if (subject === "die") return Effect.die(new Error("secret"))
    return subject === undefined
      ? Effect.fail({ status: 401, headers: { "www-authenticate": "Bearer" }, body: "who?" })
      : Effect.succeed({ subject, scopes: [], claims: {} })
  }
}
const as = (subject: string) => ["Authorization", subject] as const

describe("who it is", () => {
  table([
    {
      title: "a refusal goes out as it is",
      how: byToken,
      send: { body: "{" },
      status: 401,
      text: "who?",
      headers: { "www-authenticate": "Bearer" }
    },
    { title: "it comes after the host", how: byToken, send: { headers: [["Host", "evil.example.com"]] }, status: 403 },
    { title: "it comes before the method", how: byToken, send: { method: "PUT" }, status: 401 },
    {
      title: "what breaks in it is 500 without a word about it",
      how: byToken,
      send: { headers: [as("die")], body: greeting("2025-11-25") },
      status: 500,
      text: "Internal error\n"
    },
    {
      title: "so is what it throws",
      how: byToken,
      send: { headers: [as("throw")], body: greeting("2025-11-25") },
      status: 500,
      text: "Internal error\n"
    }
  ])

  it.effect("a session is its principal's alone", () =>
    Effect.gen(function* () {
      const served = yield* serve(byToken)
      const ada = yield* served.open("2025-11-25", {}, as("ada"))
      const eve = served.session(ada.id, "2025-11-25", as("eve"))
      check(yield* ada.post(call(1, "who")).done, { status: 200, text: new RegExp(`ada in ${ada.id}`) })
      check(yield* eve.post(call(1, "who")).done, { status: 404, error: [-32001] })
      check(yield* eve.listen().done, { status: 404 })
      check(yield* served.send({ method: "DELETE", headers: eve.headers }).done, { status: 404 })
      check(yield* ada.post(call(2, "who")).done, { status: 200 })
    })
  )

  it.effect("the tool is told who it is, in both eras", () =>
    Effect.gen(function* () {
      const served = yield* serve({ authenticate: () => Effect.succeed({ subject: "ada", scopes: [], claims: {} }) })
      const { messages } = yield* served.modern("tools/call", { name: "who" }).done
      assert.strictEqual(messages[0]?.["result"].content[0].text, "ada in undefined")
    })
  )
})

/** A store of sessions whose answers come when the test says. */
const late = Effect.gen(function* () {
  const context = yield* Layer.build(SessionStore.layerMemory({ maxSessions: 2 }))
  return Context.get(context, SessionStore.SessionStore)
})

const failing = new Error("the store is down") as never

describe("sessions and their store", () => {
  it.effect("a session that was idle for too long is not found; one that is used is", () =>
    Effect.gen(function* () {
      const served = yield* serve({ settings: { sessionTimeout: "10 minutes" } })
      const [used, idle] = [yield* served.open(), yield* served.open()]
      for (let n = 0; n < 3; n++) {
        yield* TestClock.adjust("4 minutes")
        check(yield* used.post(ask(n, "ping")).done, { status: 200 })
      }
      check(yield* idle.post(ask(1, "ping")).done, { status: 404, error: [-32001] })
    })
  )

  it.effect("one that is alive here is not found, either, once its time is over", () =>
    Effect.gen(function* () {
      const served = yield* serve({ settings: { sessionTimeout: "30 seconds" } })
      const session = yield* served.open()
      yield* TestClock.adjust("31 seconds")
      check(yield* session.post(ask(1, "ping")).done, { status: 404 })
      check(yield* session.post(ask(1, "ping")).done, { status: 404 })
    })
  )

  it.effect("the one that was idle for the longest time makes room", () =>
    Effect.gen(function* () {
      const served = yield* serve({ sessionStore: yield* late })
      const first = yield* served.open()
      yield* TestClock.adjust("2 seconds")
      const second = yield* served.open()
      yield* TestClock.adjust("2 seconds")
      check(yield* first.post(ask(1, "ping")).done, { status: 200 })
      const third = yield* served.open()
      // What is alive is renewed once a second.
      yield* TestClock.adjust("2 seconds")
      check(yield* second.post(ask(1, "ping")).done, { status: 404 })
      check(yield* first.post(ask(1, "ping")).done, { status: 200 })
      check(yield* third.post(ask(1, "ping")).done, { status: 200 })
    })
  )

  it.effect("a store that fails is 500, or an error where something was asked, and tells clients nothing", () =>
    Effect.gen(function* () {
      const store = yield* late
      const served = yield* serve({
        sessionStore: {
          ...store,
          put: (data, ttl) => (data.clientInfo?.name === "raw" && broken ? Effect.fail(failing) : store.put(data, ttl)),
          get: (id) => (broken ? Effect.fail(failing) : store.get(id)),
          touch: (id, ttl) => (broken ? Effect.fail(failing) : store.touch(id, ttl)),
          modify: (id, change) => (broken ? Effect.fail(failing) : store.modify(id, change)),
          remove: (id) => (broken ? Effect.fail(failing) : store.remove(id))
        }
      })
      let broken = false
      const session = yield* served.open()
      broken = true
      check(yield* served.send({ headers: base, body: greeting("2025-11-25") }).done, {
        status: 200,
        error: [-32603, 0],
        headers: { "mcp-session-id": null }
      })
      check(yield* session.post(ask(1, "logging/setLevel", { level: "info" })).done, { status: 200, error: [-32603, 1] })
      check(yield* served.session("other").post(ask(1, "ping")).done, { status: 500, text: /cannot be reached/ })
      yield* TestClock.adjust("2 seconds")
      check(yield* session.post(ask(1, "ping")).done, { status: 500, text: /cannot be reached/ })
      check(yield* session.listen().done, { status: 500 })
      check(yield* served.send({ method: "DELETE", headers: session.headers }).done, { status: 500 })
      broken = false
      check(yield* session.post(ask(1, "ping")).done, { status: 200 })
      assert.isTrue(served.logged.some((line) => line.includes("the store is down")))
    })
  )

  it.effect("who guesses a session while its owner comes back does not spoil it", () =>
    Effect.gen(function* () {
      const store = yield* late
      const asked: Array<() => void> = []
      const slow: SessionStore.SessionStore["Service"] = {
        ...store,
        get: (id) =>
          Effect.andThen(
            Effect.callback<void>((resume) => void asked.push(() => resume(Effect.void))),
            store.get(id)
          )
      }
      const first = yield* serve({ ...byToken, sessionStore: store })
      const second = yield* serve({ ...byToken, sessionStore: slow })
      const { id } = yield* first.open("2025-11-25", {}, as("ada"))
      const eve = second.session(id, "2025-11-25", as("eve")).post(ask(1, "ping"))
      while (asked.length < 1) yield* settle
      const ada = second.session(id, "2025-11-25", as("ada"))
      const both = [ada.post(ask(1, "ping")), ada.post(ask(2, "ping"))]
      while (asked.length < 2) yield* settle
      yield* settle
      for (const go of asked) go()
      check(yield* eve.done, { status: 404 })
      for (const one of both) check(yield* one.done, { status: 200 })
      assert.strictEqual(asked.length, 2) // those of one principal look once
    })
  )

  it.effect("live parts of what is idle are let go after a minute, and come back with level and subscriptions", () =>
    Effect.gen(function* () {
      const served = yield* serve({ keepAlive: "10 seconds" })
      const session = yield* served.open("2025-06-18")
      yield* session.post(ask(1, "logging/setLevel", { level: "info" })).done
      yield* session.post(ask(2, "resources/subscribe", { uri: "notes://today" })).done
      yield* TestClock.adjust("2 minutes")
      const loud = yield* session.post(call(3, "say", { text: "still" })).done
      assert.strictEqual(loud.messages[0]?.["params"].data, "still")
      const stream = session.listen()
      yield* stream.begun
      yield* session.post(call(4, "update")).done
      assert.strictEqual((yield* stream.count(1))[0]?.["method"], "notifications/resources/updated")
      stream.cut()
    })
  )

  it.effect("a second server over the same stores goes on where the first was", () =>
    Effect.gen(function* () {
      const sessionStore = yield* late
      const eventStore = Context.get(yield* Layer.build(EventStore.layerMemory()), EventStore.EventStore)
      const [first, second] = [yield* serve({ sessionStore, eventStore }), yield* serve({ sessionStore, eventStore })]
      const here = yield* first.open("2025-11-25", { roots: {} })
      yield* here.post(ask(1, "logging/setLevel", { level: "info" })).done
      const told = yield* here.post(call(2, "say", { text: "one" })).done
      const there: Session = second.session(here.id, "2025-11-25")
      const again = yield* there.post(call(3, "say", { text: "two" })).done
      assert.strictEqual(again.messages[0]?.["params"].data, "two")
      // What was sent there can be had here.
      const [priming] = told.events
      const replayed = yield* there.listen(priming?.id).done
      assert.deepStrictEqual(replayed.messages, told.messages)
      // Who deletes it here deletes it there.
      check(yield* second.send({ method: "DELETE", headers: there.headers }).done, { status: 204 })
      yield* TestClock.adjust("2 seconds")
      check(yield* here.post(ask(4, "ping")).done, { status: 404 })
    })
  )
})

describe("between sessions", () => {
  it.effect("a cancel for somebody else's request is nothing; one's own ends it", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const [ada, eve] = [yield* served.open(), yield* served.open()]
      const held = ada.post(call(7, "hold"))
      yield* served.holds.until("held")
      check(yield* eve.post(tell("notifications/cancelled", { requestId: 7 })).done, { status: 202 })
      yield* settle
      assert.deepStrictEqual(served.holds.told, ["held"])
      check(yield* ada.post(tell("notifications/cancelled", { requestId: 7 })).done, { status: 202 })
      yield* served.holds.until("interrupted")
      check(yield* held.done, { status: 202, text: "" })
    })
  )

  it.effect("an id that is in flight is not taken again, by the same client", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const [ada, eve] = [yield* served.open(), yield* served.open()]
      const held = ada.post(call(7, "hold"))
      yield* served.holds.until("held")
      check(yield* ada.post(add(7)).done, { status: 400, error: [-32600], text: /in flight/ })
      check(yield* eve.post(add(7)).done, { status: 200 })
      yield* served.holds.release
      check(yield* held.done, { status: 200, result: { content: [{ type: "text", text: "released" }] } })
      check(yield* ada.post(add(7)).done, { status: 200 })
    })
  )

  it.effect("a question is answered by who was asked, once, and other answers are taken and ignored", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const [ada, eve] = [yield* served.open("2025-11-25", { roots: {} }), yield* served.open("2025-11-25", { roots: {} })]
      const asking = ada.post(call(1, "ask"))
      const [question] = yield* asking.count(1)
      assert.strictEqual(question?.["method"], "roots/list")
      const answer = (name: string) => ({ jsonrpc: "2.0", id: question?.["id"], result: { roots: [{ uri: `file:///${name}` }] } })
      check(yield* eve.post(answer("eve")).done, { status: 202 })
      check(yield* ada.post({ jsonrpc: "2.0", id: 99, result: {} }).done, { status: 202 })
      check(yield* ada.post({ jsonrpc: "2.0", id: "99", error: { code: 1, message: "no" } }).done, { status: 202 })
      check(yield* ada.post(answer("ada")).done, { status: 202, text: "" })
      check(yield* ada.post(answer("late")).done, { status: 202 })
      yield* asking.done
      assert.strictEqual(asking.messages[1]?.["result"].content[0].text, '[{"uri":"file:///ada"}]')
    })
  )

  it.effect("an answer that is none ends its question, and is refused", () =>
    Effect.gen(function* () {
      const served = yield* serve()
      const session = yield* served.open("2025-11-25", { roots: {} })
      const asking = session.post(call(1, "ask"))
      const [question] = yield* asking.count(1)
      check(yield* session.post({ jsonrpc: "2.0", id: question?.["id"], result: 7 }).done, { status: 400, error: [-32600] })
      yield* asking.done
      assert.match(asking.text, /malformed response/)
      check(yield* served.send({ headers: base, body: { jsonrpc: "2.0", id: 1, result: 7 } }).done, {
        status: 400,
        error: [-32600]
      })
    })
  )

  it.effect("questions of a session that went on elsewhere have ids that never came before", () =>
    Effect.gen(function* () {
      const sessionStore = yield* late
      const [first, second] = [yield* serve({ sessionStore }), yield* serve({ sessionStore })]
      const here = yield* first.open("2025-11-25", { roots: {} })
      const asking = here.post(call(1, "ask"))
      const elsewhere = second.session(here.id, "2025-11-25").post(call(2, "ask"))
      const ids = [(yield* asking.count(1))[0]?.["id"], (yield* elsewhere.count(1))[0]?.["id"]]
      assert.strictEqual(new Set(ids).size, 2)
      assert.isTrue(ids.every((id) => Number.isSafeInteger(id)))
      asking.cut()
      elsewhere.cut()
    })
  )
})

describe("how much at once", () => {
  it.effect("beyond the limit requests are refused for now, and answers and cancellations are not", () =>
    Effect.gen(function* () {
      const served = yield* serve({ maxRequests: 2 })
      const session = yield* served.open("2025-11-25", { roots: {} })
      const held = session.post(call(1, "hold"))
      yield* served.holds.until("held")
      const asking = session.post(call(2, "ask"))
      const [question] = yield* asking.count(1)
      const full = { status: 503, headers: { "retry-after": "1" }, text: /more than 2 requests/ }
      check(yield* session.post(add(3)).done, full)
      check(yield* served.modern("tools/list").done, full)
      check(yield* served.send({ headers: base, body: greeting("2025-11-25") }).done, full)
      check(yield* session.post({ jsonrpc: "2.0", id: question?.["id"], result: { roots: [] } }).done, { status: 202 })
      yield* asking.done
      check(yield* session.post(add(3)).done, { status: 200 })
      yield* session.post(tell("notifications/cancelled", { requestId: 1 })).done
      yield* held.done
      check(yield* session.post(add(4)).done, { status: 200 })
    })
  )

  it.effect("streams are counted on their own", () =>
    Effect.gen(function* () {
      const served = yield* serve({ maxStreams: 1 })
      const [ada, eve] = [yield* served.open(), yield* served.open()]
      const stream = ada.listen()
      yield* stream.begun
      check(yield* eve.listen().done, { status: 503, headers: { "retry-after": "1" } })
      check(yield* eve.post(add(1)).done, { status: 200 })
      stream.cut()
      yield* settle
      const other = eve.listen()
      check(yield* other.begun, { status: 200 })
      other.cut()
    })
  )
})
