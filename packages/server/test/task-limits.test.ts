import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import { StoreError } from "@effect-mcp/core/StoreError"
import * as Task from "@effect-mcp/core/Task"
import * as TaskStore from "@effect-mcp/core/TaskStore"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as McpServer from "../src/McpServer.ts"
import { captureSpans } from "./support/logs.ts"
import { type Json, key, serve, settle } from "./support/peer.ts"
import { ask, call, cancel, get, tasking, update } from "./support/tasks.ts"

const Named = { name: Schema.String }

class Jobs extends McpGroup.make(
  "jobs",
  Tool.make("hungry", { task: "required" }),
  Tool.make("slowly", { task: { support: "optional", start: "later" } }),
  Tool.make("stubborn", { task: "required", success: Schema.String }),
  Tool.make("twice", { task: "required", success: Schema.String }),
  Tool.make("talks", { task: "required" }),
  Tool.make("chatty", { task: "required" }),
  Tool.make("pair", { task: "required" }),
  Tool.make("both", {
    task: { support: "required", start: "later" },
    parameters: { first: Schema.Boolean },
    success: Schema.String
  }),
  Tool.make("begins", { task: { support: "required", start: "later" }, success: Schema.Array(Schema.Boolean) })
) {}

const put = (key: string) => Elicitation.form({ key, message: "Who?", schema: Named })

const make = () => {
  const seen = { interrupted: 0, ids: [] as Array<string | undefined> }
  const handlers = Jobs.toLayer({
    tools: {
      hungry: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => seen.interrupted++)),
      slowly: () =>
        Effect.onInterrupt(Effect.andThen(Effect.sleep("1 second"), Task.begin), () =>
          Effect.andThen(
            Effect.logError("for nobody"),
            Effect.sync(() => seen.interrupted++)
          )
        ),
      chatty: () =>
        Effect.onInterrupt(Effect.forever(Effect.andThen(Effect.sleep("1 second"), Task.status("here"))), () =>
          Effect.sync(() => seen.interrupted++)
        ),
      pair: () => Effect.andThen(Effect.sleep("1 second"), Effect.all([put("a"), put("b")], { concurrency: 2, discard: true })),
      both: ({ first }) =>
        first
          ? Effect.map(Effect.all([put("a"), Task.begin], { concurrency: 2 }), ([{ name }]) => name)
          : Effect.map(Effect.all([Task.begin, put("a")], { concurrency: 2 }), ([, { name }]) => name),
      stubborn: () => Effect.as(Effect.uninterruptible(Effect.sleep("1 second")), "done all the same"),
      twice: () => {
        return Effect.catchTag(put("k"), "AskingFailed", () => put("k")).pipe(Effect.map(({ name }) => name))
      },
      talks: () => Effect.andThen(Task.status("x".repeat(2000)), Effect.never),
      begins: () =>
        Effect.gen(function* () {
          seen.ids.push(yield* Task.id)
          const begun = Effect.andThen(Task.begin, Task.id)
          const ids = yield* Effect.all([begun, begun, begun], { concurrency: 3 })
          yield* Task.status("begun")
          yield* Task.begin
          seen.ids.push(...new Set([...ids, yield* Task.id]))
          return [true]
        })
    }
  })
  return { seen, handlers }
}

const serving = (
  options: Partial<Parameters<typeof McpServer.layer>[0]> = {},
  store: Layer.Layer<TaskStore.TaskStore> = TaskStore.layerMemory()
) => {
  const { handlers, seen } = make()
  const layer = McpServer.layer({ name: "s", version: "1", ...options }, Jobs).pipe(Layer.provide([handlers, store]))
  return Effect.map(serve(layer), (served) => ({ ...served, seen }))
}

/** A store of which the test says when it works. */
const storeOf = (state: { readonly fails: () => boolean; readonly gate?: Effect.Effect<void> }) =>
  Layer.effect(
    TaskStore.TaskStore,
    Effect.map(TaskStore.TaskStore, (inner) => {
      const error = (operation: string) => new StoreError({ store: "TaskStore", operation, detail: "a secret" })
      const when = <A>(operation: string, effect: Effect.Effect<A, StoreError>): Effect.Effect<A, StoreError> =>
        Effect.andThen(
          state.gate ?? Effect.void,
          Effect.suspend(() => (state.fails() ? Effect.fail(error(operation)) : effect))
        )
      return TaskStore.TaskStore.of({
        create: (one) => when("create", inner.create(one)),
        get: (id) => when("get", inner.get(id)),
        modify: (id, change) => when("modify", inner.modify(id, change))
      })
    })
  ).pipe(Layer.provide(TaskStore.layerMemory()))

const status = (answer: Json) => answer["status"] ?? answer["code"]

describe("the limits of tasks", () => {
  it.effect("so many run at once; the next one is refused, until one is over", () =>
    Effect.gen(function* () {
      const { speak } = yield* serving({ tasks: { concurrency: 2 } })
      const peer = yield* speak("2026-07-28")
      const { taskId } = yield* call(peer, "hungry")
      yield* call(peer, "hungry")
      const refused = yield* call(peer, "hungry")
      assert.strictEqual(refused["code"], -32603)
      assert.include(refused["message"], "too many tasks")
      yield* cancel(peer, taskId)
      yield* settle
      assert.strictEqual(status(yield* call(peer, "hungry")), "working")
    })
  )

  it.effect("a store that is full, or broken, refuses the call, and nothing is begun", () =>
    Effect.gen(function* () {
      const full = yield* serving({}, TaskStore.layerMemory({ maxTasks: 1 }))
      const peer = yield* full.speak("2026-07-28")
      yield* call(peer, "hungry")
      assert.include((yield* call(peer, "hungry"))["message"], "no room for another task")
      let fails = true
      const broken = yield* serving({}, storeOf({ fails: () => fails }))
      const other = yield* broken.speak("2026-07-28")
      const refused = yield* call(other, "hungry")
      assert.match(refused["message"], /^Internal error \(/)
      assert.strictEqual((yield* get(other, "a"))["code"], -32603)
      fails = false
      yield* call(other, "begins")
      yield* settle
      assert.deepStrictEqual([broken.seen.interrupted, broken.seen.ids.length], [0, 2])
    })
  )

  it.effect("a store that fails for a moment loses no result", () =>
    Effect.gen(function* () {
      let fails = false
      const { speak } = yield* serving({}, storeOf({ fails: () => fails }))
      const peer = yield* speak("2026-07-28")
      const { taskId } = yield* call(peer, "stubborn")
      fails = true
      yield* TestClock.adjust("1 second")
      yield* settle
      fails = false
      yield* TestClock.adjust("1 second")
      assert.strictEqual(status(yield* get(peer, taskId)), "completed")
    })
  )

  it.effect("a text about a task is cut", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serving()).speak("2026-07-28")
      const { taskId } = yield* call(peer, "talks")
      assert.strictEqual((yield* get(peer, taskId))["statusMessage"].length, 1000)
    })
  )

  it.effect("bounds that make no sense are refused", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(serving({ tasks: { concurrency: 0 } }))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "tasks.concurrency must be a positive integer")
    })
  )
})

describe("the end of tasks", () => {
  it.effect("the connection that began one may go", () =>
    Effect.gen(function* () {
      const { seen, speak } = yield* serving()
      const { taskId } = yield* Effect.scoped(Effect.flatMap(speak("2026-07-28"), (peer) => call(peer, "hungry")))
      const peer = yield* speak("2026-07-28")
      assert.strictEqual(status(yield* get(peer, taskId)), "working")
      assert.strictEqual(seen.interrupted, 0)
    })
  )

  it.effect("a server that closes ends all, and the store knows", () =>
    Effect.gen(function* () {
      const store = yield* Layer.build(TaskStore.layerMemory())
      const { close, seen, speak } = yield* serving({}, Layer.succeedContext(store))
      const peer = yield* speak("2026-07-28")
      const { taskId } = yield* call(peer, "hungry")
      yield* close
      assert.strictEqual(seen.interrupted, 1)
      const kept = yield* Effect.provide(
        Effect.flatMap(TaskStore.TaskStore, (tasks) => tasks.get(taskId)),
        store
      )
      assert.strictEqual(kept?.task.status, "failed")
      assert.include(kept?.task.error?.message, "stopped")
    })
  )

  it.effect("a task that was cancelled is so when its work has stopped, which may clean up", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serving()).speak("2026-07-28")
      const { taskId } = yield* call(peer, "stubborn")
      yield* cancel(peer, taskId)
      assert.strictEqual(status(yield* get(peer, taskId)), "working")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(status(yield* get(peer, taskId)), "cancelled")
    })
  )

  it.effect("a call that is cancelled before it is a task takes its work along", () =>
    Effect.gen(function* () {
      const { seen, speak } = yield* serving()
      const peer = yield* speak("2026-07-28")
      const id = peer.start("tools/call", { name: "slowly", _meta: { ...tasking, [key("logLevel")]: "debug" } })
      yield* settle
      peer.notify("notifications/cancelled", { requestId: id })
      yield* settle
      assert.strictEqual(seen.interrupted, 1)
      assert.strictEqual(peer.inFlight, 0)
      assert.deepStrictEqual(peer.messages, [])
    })
  )

  it.effect("a call that is cancelled while its task is made leaves none behind that runs", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { seen, speak } = yield* serving(
        { tasks: { concurrency: 1 } },
        storeOf({ fails: () => false, gate: Deferred.await(gate) })
      )
      const peer = yield* speak("2026-07-28")
      const id = peer.start("tools/call", { name: "hungry", _meta: tasking })
      yield* settle
      peer.notify("notifications/cancelled", { requestId: id })
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.strictEqual(peer.inFlight, 0)
      assert.strictEqual(seen.interrupted, 0)
      assert.strictEqual(status(yield* call(peer, "hungry")), "working")
    })
  )

  it.effect("its ttl ends the work, too", () =>
    Effect.gen(function* () {
      const { seen, speak } = yield* serving({ tasks: { ttl: "10 seconds", timeout: Duration.infinity } })
      const peer = yield* speak("2026-07-28")
      yield* call(peer, "hungry")
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(seen.interrupted, 0)
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(seen.interrupted, 1)
    })
  )

  it.effect("a cancellation by another process ends the work at its next word", () =>
    Effect.gen(function* () {
      const shared = Layer.succeedContext(yield* Layer.build(TaskStore.layerMemory()))
      const one = yield* serving({}, shared)
      const two = yield* serving({}, shared)
      const peer = yield* one.speak("2026-07-28")
      const { taskId } = yield* call(peer, "chatty")
      yield* cancel(yield* two.speak("2026-07-28"), taskId)
      assert.strictEqual(one.seen.interrupted, 0)
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(one.seen.interrupted, 1)
    })
  )

  it.effect.each(["before", "while"])(
    "a question that is open %s the task is made ends the round, and no task is told of",
    (when) =>
      Effect.gen(function* () {
        const gate = yield* Deferred.make<void>()
        if (when === "before") yield* Deferred.succeed(gate, undefined)
        const { speak } = yield* serving({}, storeOf({ fails: () => false, gate: Deferred.await(gate) }))
        const peer = yield* speak("2026-07-28")
        const args = { first: when === "before" }
        const id = peer.start("tools/call", { name: "both", arguments: args, _meta: tasking })
        yield* settle
        yield* Deferred.succeed(gate, undefined)
        const { inputRequests, requestState, resultType } = (yield* peer.answer(id))["result"]
        assert.deepStrictEqual([resultType, Object.keys(inputRequests)], ["input_required", ["a"]])
        const inputResponses = { a: { action: "accept", content: { name: "Ada" } } }
        const { taskId } = yield* call(peer, "both", args, { requestState, inputResponses })
        assert.strictEqual((yield* get(peer, taskId))["result"].content[0].text, "Ada")
      })
  )

  it.effect("the tool that it runs may be removed: what it uses is released after it", () =>
    Effect.gen(function* () {
      const released = { value: false }
      const Late = Tool.make("late", { task: "required" })
      const LateLive = Layer.merge(
        Late.toLayer(() => Effect.sleep("3 seconds")),
        Layer.effectDiscard(Effect.addFinalizer(() => Effect.sync(() => (released.value = true))))
      )
      const { server, speak } = yield* serving()
      const peer = yield* speak("2026-07-28")
      const remove = yield* Deferred.make<void>()
      const added = yield* Effect.forkChild(Effect.scoped(Effect.andThen(server.add(Late, LateLive), Deferred.await(remove))))
      yield* settle
      const { taskId } = yield* call(peer, "late")
      yield* Deferred.succeed(remove, undefined)
      yield* settle
      assert.strictEqual((yield* call(peer, "late"))["code"], -32602)
      assert.isFalse(released.value)
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(added)
      assert.strictEqual(status(yield* get(peer, taskId)), "completed")
    })
  )

  it.effect("in the store, by another process, is heard of at the next word; updates are refused there", () =>
    Effect.gen(function* () {
      const shared = Layer.succeedContext(yield* Layer.build(TaskStore.layerMemory()))
      const one = yield* serving({}, shared)
      const two = yield* serving({}, shared)
      const peer = yield* one.speak("2026-07-28")
      const other = yield* two.speak("2026-07-28")
      const { taskId } = yield* call(peer, "twice")
      assert.strictEqual(status(yield* get(other, taskId)), "input_required")
      const refused = yield* update(other, taskId, { k: { action: "decline" } })
      assert.include(refused["message"], "another process")
      yield* cancel(other, taskId)
      assert.strictEqual(status(yield* get(peer, taskId)), "cancelled")
      yield* update(peer, taskId, { k: { action: "decline" } })
      assert.strictEqual(status(yield* get(peer, taskId)), "cancelled")
    })
  )
})

describe("the keys and the time of a task", () => {
  it.effect("a question that is put again has a key of its own", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serving({ answerTimeout: "1 minute" })).speak("2026-07-28")
      const { taskId } = yield* call(peer, "twice")
      assert.deepStrictEqual(Object.keys((yield* get(peer, taskId))["inputRequests"]), ["k"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(Object.keys((yield* get(peer, taskId))["inputRequests"]), ["k#2"])
      yield* update(peer, taskId, {
        k: { action: "accept", content: { name: "old" } },
        "k#2": { action: "accept", content: { name: "new" } }
      })
      assert.strictEqual((yield* get(peer, taskId))["result"].content[0].text, "new")
    })
  )

  it.effect("what is asked in one turn is told at once", () =>
    Effect.gen(function* () {
      const { speak } = yield* serving()
      const peer = yield* speak("2026-07-28")
      const { taskId } = yield* call(peer, "pair")
      peer.start("subscriptions/listen", { notifications: { taskIds: [taskId] }, _meta: tasking })
      yield* settle
      peer.clear()
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(
        peer.notifications.map(({ params }) => Object.keys(params.inputRequests)),
        [["a", "b"]]
      )
    })
  )

  it.effect("stands still while the client has a question", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serving({ tasks: { timeout: "10 seconds" } })).speak("2026-07-28")
      const { taskId } = yield* call(peer, "twice")
      const hungry = yield* call(peer, "hungry")
      yield* settle
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(status(yield* get(peer, taskId)), "input_required")
      assert.include((yield* get(peer, hungry["taskId"]))["result"].content[0].text, "longer than 10s")
    })
  )

  it.effect("begins once, however often the handler says so", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { seen, speak } = yield* serving({}, storeOf({ fails: () => false, gate: Deferred.await(gate) }))
      const peer = yield* speak("2026-07-28")
      const id = peer.start("tools/call", { name: "begins", _meta: tasking })
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      const { taskId } = (yield* peer.answer(id))["result"]
      assert.strictEqual((yield* get(peer, taskId))["statusMessage"], "begun")
      assert.strictEqual(status(yield* get(peer, taskId)), "completed")
      assert.deepStrictEqual(seen.ids, [undefined, taskId])
      assert.deepStrictEqual((yield* ask(peer, "tasks/get", { taskId }))["result"].result.structuredContent, [true])
    })
  )
})

describe("the span of a task", () => {
  it.effect("lasts as long as the task, has its id, and says what went wrong", () =>
    Effect.gen(function* () {
      const tracing = captureSpans()
      const { handlers } = make()
      const layer = McpServer.layer({ name: "s", version: "1" }, Jobs).pipe(Layer.provide([handlers, tracing.layer]))
      const peer = yield* (yield* serve(layer)).speak("2026-07-28")
      const { taskId } = yield* call(peer, "hungry")
      const span = tracing.spans.find(({ name }) => name === "task hungry")
      assert.strictEqual(span?.attributes.get("mcp.task.id"), taskId)
      assert.strictEqual(span?.status._tag, "Started")
      assert.strictEqual(tracing.spans.find(({ name }) => name === "tools/call hungry")?.status._tag, "Ended")
      yield* cancel(peer, taskId)
      yield* settle
      assert.strictEqual(span?.status._tag, "Ended")
      assert.strictEqual(span?.attributes.get("error.type"), "cancelled")
    })
  )
})
