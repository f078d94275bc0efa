/**
 * The same calls by a client that takes tasks and by one that does not; a task that is found again, and one that is cancelled.
 */
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Fiber, Layer, Schedule, Stream } from "effect"
import * as assert from "node:assert/strict"
import { Studio } from "./contract.ts"
import { Server } from "./server.ts"

const user = ElicitationHandler.layer({
  form: ({ message }) => Effect.succeed(ElicitationHandler.accept(message === "Which title?" ? { title: "Tide" } : {}))
})

const connect = (tasks: boolean) =>
  McpClient.make({ name: "host", version: "1.0.0", tasks }).pipe(
    Effect.map((client) => ({ client, studio: McpClient.typed(Studio, client) }))
  )

/** Whoever calls need not know whether there was a task. */
const call = Effect.fn("call")(function* (tasks: boolean) {
  const { studio } = yield* connect(tasks)
  assert.deepEqual(yield* studio.tools.render({ scenes: 3 }), { rendered: 3 })
  assert.equal(yield* studio.tools.remove({ film: "Tide" }), "Tide is removed")
  assert.equal(yield* studio.tools.publish(), '"Tide" is published')
  console.log(`${tasks ? "with" : "without"} tasks: rendered, removed and published`)
})

/** A tool that is only a task is nothing for a client without them. */
const refused = Effect.gen(function* () {
  const { studio } = yield* connect(false)
  const { reason } = yield* Effect.flip(studio.tools.stream())
  assert.ok(reason._tag === "RequestFailed" && reason.code === -32021)
  console.log(`refused: ${reason.detail}`)
})

/** One client starts a task, another one watches it, by its id. */
const watch = Effect.gen(function* () {
  const one = yield* connect(true)
  const other = yield* connect(true)
  const started = yield* one.studio.tasks.render({ scenes: 10 })
  const found = yield* other.client.tasks.get(started.id ?? "")
  const states = yield* Stream.runCollect(found.changes)
  const last = Array.from(states).at(-1)
  assert.equal(last?.status, "completed")
  assert.deepEqual(yield* started.await, { rendered: 10 })
  console.log(`watched: ${Array.from(states, ({ statusMessage = "?" }) => statusMessage).join(", ")}`)
})

/** Interrupting a call cancels its task, and the handler's finalizer runs. */
const giveUp = Effect.gen(function* () {
  const { studio } = yield* connect(true)
  const streaming = yield* Effect.forkChild(studio.tools.stream())
  yield* Effect.sleep("100 millis")
  yield* Fiber.interrupt(streaming)
  // The client does not wait until the server has cleaned up.
  const stopped = yield* studio.tools
    .stopped()
    .pipe(Effect.repeat({ until: (count) => count > 0, schedule: Schedule.spaced("20 millis"), times: 100 }))
  assert.equal(stopped, 1)
  console.log("given up: the stream was stopped")
})

const Transport = MemoryTransport.layer().pipe(Layer.provide(Server), Layer.merge(user))

Effect.gen(function* () {
  yield* call(true)
  yield* call(false)
  yield* refused
  yield* watch
  yield* giveUp
}).pipe(Effect.scoped, Effect.provide(Transport), NodeRuntime.runMain)
