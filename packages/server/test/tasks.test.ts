import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Progress from "@effect-mcp/core/Progress"
import * as Task from "@effect-mcp/core/Task"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as McpServer from "../src/McpServer.ts"
import { type Json, key, serve, settle } from "./support/peer.ts"
import { everything } from "./support/rounds.ts"
import { ask, call, cancel, get, tasking, update } from "./support/tasks.ts"

class Sad extends Schema.TaggedError<Sad>()("Sad", { why: Schema.String }) {}

const Named = { name: Schema.String }

class Jobs extends McpGroup.make(
  "jobs",
  Tool.make("greet", { parameters: Named, success: Schema.String }),
  Tool.make("slow", {
    task: "optional",
    parameters: { seconds: Schema.Finite },
    success: Schema.Struct({ waited: Schema.Finite })
  }),
  Tool.make("sad", { task: "required", failure: Sad }),
  Tool.make("broken", { task: "required" }),
  Tool.make("hungry", { task: { support: "optional", ttl: "10 seconds", pollInterval: "2 seconds" } }),
  Tool.make("limited", { task: "required", timeout: "3 seconds" }),
  Tool.make("confirm", { task: "optional", success: Schema.String }),
  Tool.make("two", { task: "optional", success: Schema.String }),
  Tool.make("later", {
    task: { support: "optional", start: "later" },
    parameters: { when: Schema.String },
    success: Schema.String
  })
) {}

const confirm = (key: string) => Elicitation.form({ key, message: `${key}?`, schema: Named })

const JobsLive = Jobs.toLayer({
  tools: {
    greet: ({ name }) => Effect.succeed(`Hello, ${name}!`),
    slow: ({ seconds }) =>
      Effect.gen(function* () {
        yield* Task.status("counting")
        yield* Progress.report(1, 2)
        yield* Effect.logInfo("for nobody")
        yield* Effect.sleep(`${seconds} seconds`)
        return { waited: seconds }
      }),
    sad: () => Effect.fail(new Sad({ why: "rain" })),
    broken: () => Effect.die(new Error("a secret")),
    hungry: () => Effect.never,
    limited: () => Effect.never,
    confirm: () => Effect.map(confirm("sure"), ({ name }) => `deleted by ${name}`),
    two: () =>
      Effect.map(Effect.all([confirm("one"), confirm("two")], { concurrency: 2 }), ([one, two]) => `${one.name} and ${two.name}`),
    later: ({ when }) =>
      Effect.gen(function* () {
        if (when === "never") return "at once"
        const { name } = yield* confirm("user_name")
        yield* Task.begin
        yield* Effect.sleep("1 second")
        const { name: other } = when === "again" ? yield* confirm("user_name") : yield* confirm("other")
        return `${name} and ${other}`
      })
  }
})

const Server = McpServer.layer({ name: "s", version: "1" }, Jobs).pipe(Layer.provide(JobsLive))

const started = Effect.map(serve(Server), (served) => served)
const opened = Effect.flatMap(started, ({ speak }) => speak("2026-07-28"))

const accept = (name: string) => ({ action: "accept", content: { name } })

describe("a call that becomes a task", () => {
  it.effect("is answered at once, flat, and known before that answer", () =>
    Effect.gen(function* () {
      const peer = yield* opened
      const created = yield* call(peer, "slow", { seconds: 2 }, { task: { ttl: 5 } })
      const { _meta, taskId, ...rest } = created
      assert.match(taskId, /^[0-9a-f-]{36}$/)
      assert.deepStrictEqual(rest, {
        resultType: "task",
        status: "working",
        createdAt: "1970-01-01T00:00:00.000Z",
        lastUpdatedAt: "1970-01-01T00:00:00.000Z",
        ttlMs: 86_400_000,
        pollIntervalMs: 1000
      })
      assert.deepStrictEqual(Object.keys(_meta), [key("serverInfo")])
      const { status, statusMessage, resultType } = yield* get(peer, taskId)
      assert.deepStrictEqual(
        { status, statusMessage, resultType },
        { status: "working", statusMessage: "counting", resultType: "complete" }
      )
      yield* TestClock.adjust("2 seconds")
      const done = yield* get(peer, taskId)
      assert.deepInclude(done, { status: "completed", resultType: "complete", lastUpdatedAt: "1970-01-01T00:00:02.000Z" })
      assert.deepInclude(done["result"], { structuredContent: { waited: 2 }, resultType: "complete" })
    })
  )

  it.effect("tells of no progress and no messages", () =>
    Effect.gen(function* () {
      const peer = yield* opened
      const meta = { ...tasking, [key("logLevel")]: "debug", progressToken: "p" }
      yield* peer.request("tools/call", { name: "slow", arguments: { seconds: 1 }, _meta: meta })
      yield* settle
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(peer.notifications, [])
    })
  )

  it.effect("of a client that did not declare it with this request is an ordinary call, or refused", () =>
    Effect.gen(function* () {
      const peer = yield* opened
      yield* call(peer, "greet", { name: "Ada" })
      const id = peer.startCall("slow", { seconds: 1 })
      yield* settle
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* peer.answer(id))["result"].structuredContent, { waited: 1 })
      const refused = yield* peer.call("sad")
      assert.deepStrictEqual(
        [refused["error"].code, refused["error"].data],
        [-32021, { requiredCapabilities: { extensions: { "io.modelcontextprotocol/tasks": {} } } }]
      )
      for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
        const answer = yield* peer.request(method, { taskId: "a", inputResponses: {} })
        assert.deepStrictEqual(answer["error"].data, refused["error"].data)
      }
      const listen = yield* peer.request("subscriptions/listen", { notifications: { taskIds: ["a"] } })
      assert.strictEqual(listen["error"].code, -32021)
    })
  )

  it.effect("is ended by what its handler gives: failures are results, defects are errors that tell nothing", () =>
    Effect.gen(function* () {
      const peer = yield* opened
      const sad = yield* call(peer, "sad")
      const failed = yield* get(peer, sad["taskId"])
      assert.strictEqual(failed["status"], "completed")
      assert.isTrue(failed["result"].isError)
      const broken = yield* get(peer, (yield* call(peer, "broken"))["taskId"])
      assert.strictEqual(broken["status"], "failed")
      assert.strictEqual(broken["error"].code, -32603)
      assert.notInclude(JSON.stringify(broken), "secret")
      assert.notProperty(broken, "result")
    })
  )

  it.effect("has a time: what it takes longer for is told as of any call, and after its ttl it is gone", () =>
    Effect.gen(function* () {
      const peer = yield* opened
      const limited = yield* call(peer, "limited")
      const hungry = yield* call(peer, "hungry")
      assert.deepInclude(hungry, { ttlMs: 10_000, pollIntervalMs: 2000 })
      yield* TestClock.adjust("3 seconds")
      const late = yield* get(peer, limited["taskId"])
      assert.strictEqual(late["status"], "completed")
      assert.include(late["result"].content[0].text, "longer than 3s")
      yield* TestClock.adjust("6999 millis")
      assert.strictEqual((yield* get(peer, hungry["taskId"]))["status"], "working")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* get(peer, hungry["taskId"]))["code"], -32602)
    })
  )

  it.effect("is not there for others, nor under a name that was made up", () =>
    Effect.gen(function* () {
      const { speak } = yield* started
      const principal = { subject: "ada", scopes: [], claims: {} }
      const ada = yield* speak("2026-07-28", { principal })
      const other = yield* speak("2026-07-28", { principal: { ...principal, issuer: "elsewhere" } })
      const { taskId } = yield* call(ada, "hungry")
      for (const [peer, id] of [
        [other, taskId],
        [ada, "no-such-task"]
      ] as const) {
        assert.strictEqual((yield* get(peer, id))["code"], -32602)
        assert.strictEqual((yield* cancel(peer, id))["code"], -32602)
        assert.strictEqual((yield* update(peer, id, {}))["code"], -32602)
      }
      other.start("subscriptions/listen", { notifications: { taskIds: [taskId] }, _meta: tasking })
      yield* settle
      assert.deepStrictEqual(other.notifications[0]!["params"].notifications, {})
      assert.strictEqual((yield* ask(ada, "tasks/get", { taskId: 1 }))["error"].code, -32602)
      assert.strictEqual((yield* get(yield* speak("2026-07-28", { principal }), taskId))["status"], "working")
    })
  )

  it.effect("is declared where a tool may be one, and no more than that exists", () =>
    Effect.gen(function* () {
      const peer = yield* opened
      const { capabilities } = (yield* ask(peer, "server/discover"))["result"]
      assert.deepStrictEqual(capabilities.extensions, { "io.modelcontextprotocol/tasks": {} })
      assert.notProperty(capabilities, "tasks")
      for (const method of ["tasks/list", "tasks/result"]) {
        assert.strictEqual((yield* ask(peer, method, { taskId: "a" }))["error"].code, -32601)
      }
      const Plain = Tool.make("plain")
      const plain = yield* (yield* serve(
        McpServer.layer({ name: "s", version: "1" }, Plain).pipe(Layer.provide(Plain.toLayer(() => Effect.void)))
      )).speak("2026-07-28")
      assert.notProperty((yield* ask(plain, "server/discover"))["result"].capabilities, "extensions")
      assert.strictEqual((yield* ask(plain, "tasks/get", { taskId: "a" }))["error"].code, -32601)
    })
  )

  it.effect("does not exist in sessions, whose `task` is ignored", () =>
    Effect.gen(function* () {
      const served = yield* started
      const raw = yield* served.open()
      const initialize = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "1" } }
      assert.deepStrictEqual(Object.keys((yield* raw.request("initialize", initialize))["result"].capabilities), [
        "tools",
        "logging"
      ])
      const peer = yield* served.speak("2025-11-25")
      const id = peer.start("tools/call", { name: "slow", arguments: { seconds: 1 }, task: {} })
      yield* settle
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* peer.answer(id))["result"].structuredContent, { waited: 1 })
      assert.strictEqual((yield* peer.request("tasks/get", { taskId: "a" }))["error"].code, -32601)
      assert.isDefined((yield* peer.call("sad"))["error"])
    })
  )
})

describe("a task that asks", () => {
  it.effect("waits for its answer, which comes by itself", () =>
    Effect.gen(function* () {
      const peer = yield* opened
      const { taskId } = yield* call(peer, "confirm")
      const asked = yield* get(peer, taskId)
      assert.strictEqual(asked["status"], "input_required")
      assert.deepInclude(asked["inputRequests"].sure, { method: "elicitation/create" })
      assert.notProperty(asked, "requestState")
      const odd = yield* update(peer, taskId, { sure: { action: "accept", content: { name: 1 } } })
      assert.strictEqual(odd["code"], -32602)
      assert.include(odd["message"], "inputResponses.sure")
      assert.deepStrictEqual((yield* get(peer, taskId))["inputRequests"], asked["inputRequests"])
      const done = yield* update(peer, taskId, { sure: accept("Ada"), unknown: accept("x") })
      assert.strictEqual(done["resultType"], "complete")
      const over = yield* get(peer, taskId)
      assert.deepInclude(over, { status: "completed" })
      assert.strictEqual(over["result"].content[0].text, "deleted by Ada")
      assert.notProperty(over, "inputRequests")
      assert.strictEqual((yield* update(peer, taskId, { sure: accept("Eve") }))["resultType"], "complete")
    })
  )

  it.effect("asks several things at once, and keeps those that are not answered", () =>
    Effect.gen(function* () {
      const peer = yield* opened
      const { taskId } = yield* call(peer, "two")
      const first = yield* get(peer, taskId)
      assert.deepStrictEqual(Object.keys(first["inputRequests"]), ["one", "two"])
      yield* update(peer, taskId, { two: accept("B") })
      const { inputRequests } = (yield* ask(peer, "tasks/get", { taskId }))["result"]
      assert.deepStrictEqual(Object.keys(inputRequests), ["one"])
      yield* update(peer, taskId, { two: accept("C"), one: accept("A") })
      assert.strictEqual((yield* get(peer, taskId))["result"].content[0].text, "A and B")
    })
  )

  it.effect("may have asked in rounds before it is one, and knows those answers", () =>
    Effect.gen(function* () {
      const peer = yield* opened
      for (const [when, expected] of [
        ["again", "Ada and Ada"],
        ["other", "Ada and Bob"]
      ] as const) {
        const first = yield* call(peer, "later", { when })
        assert.deepInclude(first, { resultType: "input_required" })
        assert.notProperty(first, "taskId")
        const { requestState } = first
        const created = yield* call(peer, "later", { when }, { requestState, inputResponses: { user_name: accept("Ada") } })
        assert.deepInclude(created, { resultType: "task", status: "working" })
        assert.notProperty(created, "requestState")
        yield* settle
        yield* TestClock.adjust("1 second")
        if (when === "other") {
          assert.deepStrictEqual(Object.keys((yield* get(peer, created["taskId"]))["inputRequests"]), ["other"])
          yield* update(peer, created["taskId"], { other: accept("Bob") })
        }
        assert.strictEqual((yield* get(peer, created["taskId"]))["result"].content[0].text, expected)
      }
      const never = yield* call(peer, "later", { when: "never" })
      assert.deepInclude(never, { resultType: "complete" })
    })
  )

  it.effect("asks only what the client of the call can answer", () =>
    Effect.gen(function* () {
      const peer = yield* opened
      const { elicitation: _, ...others } = everything
      const capabilities = { ...others, extensions: { "io.modelcontextprotocol/tasks": {} } }
      const created = yield* peer.request("tools/call", { name: "confirm", _meta: { [key("clientCapabilities")]: capabilities } })
      const over = yield* get(peer, created["result"].taskId)
      assert.deepInclude(over, { status: "failed" })
      assert.strictEqual(over["error"].code, -32021)
    })
  )
})

describe("cancelling a task", () => {
  it.effect("interrupts its handler, is acknowledged at once, and again", () =>
    Effect.gen(function* () {
      const peer = yield* opened
      const { taskId } = yield* call(peer, "hungry")
      for (let n = 0; n < 2; n++) {
        const { _meta, ...acknowledged } = yield* cancel(peer, taskId)
        assert.deepStrictEqual(acknowledged, { resultType: "complete" })
        assert.strictEqual((yield* get(peer, taskId))["status"], "cancelled")
      }
      const done = yield* call(peer, "slow", { seconds: 0 })
      yield* settle
      yield* TestClock.adjust(0)
      assert.strictEqual((yield* get(peer, done["taskId"]))["status"], "completed")
      assert.strictEqual((yield* cancel(peer, done["taskId"]))["resultType"], "complete")
      assert.strictEqual((yield* get(peer, done["taskId"]))["status"], "completed")
    })
  )
})

describe("hearing of tasks", () => {
  const told = (messages: ReadonlyArray<Json>) =>
    messages.filter(({ method }) => method === "notifications/tasks").map(({ params }) => params.status)

  it.effect("starts with how they are, and ends with how they ended", () =>
    Effect.gen(function* () {
      const { speak } = yield* started
      const peer = yield* speak("2026-07-28")
      const ears = yield* speak("2026-07-28")
      const { taskId } = yield* call(peer, "confirm")
      yield* settle
      const id = ears.start("subscriptions/listen", { notifications: { taskIds: [taskId, "odd"] }, _meta: tasking })
      yield* settle
      const [acknowledged, first] = ears.messages
      assert.deepStrictEqual(acknowledged!["params"].notifications, { taskIds: [taskId] })
      assert.deepInclude(first!["params"], { taskId, status: "input_required" })
      assert.deepStrictEqual(first!["params"]._meta, { [key("subscriptionId")]: id })
      yield* update(peer, taskId, { sure: accept("Ada") })
      yield* settle
      assert.deepStrictEqual(told(ears.messages), ["input_required", "working", "completed"])
      assert.strictEqual(ears.messages.at(-1)!["params"].result.content[0].text, "deleted by Ada")
    })
  )

  it.effect("waits where the way is full, for the latest alone", () =>
    Effect.gen(function* () {
      const { speak } = yield* started
      const peer = yield* speak("2026-07-28")
      const ears = yield* speak("2026-07-28")
      const { taskId } = yield* call(peer, "two")
      yield* settle
      ears.start("subscriptions/listen", { notifications: { taskIds: [taskId] }, _meta: tasking })
      yield* settle
      ears.isFull = true
      yield* update(peer, taskId, { one: accept("A") })
      yield* update(peer, taskId, { two: accept("B") })
      yield* settle
      ears.isFull = false
      yield* settle
      assert.deepStrictEqual(told(ears.messages), ["input_required", "input_required", "completed"])
    })
  )

  it.effect("is refused for what is no list of names", () =>
    Effect.gen(function* () {
      const peer = yield* opened
      for (const taskIds of ["a", [1], Array.from({ length: 1025 }, String)]) {
        const answer = yield* ask(peer, "subscriptions/listen", { notifications: { taskIds } })
        assert.strictEqual(answer["error"].code, -32602)
      }
    })
  )
})
