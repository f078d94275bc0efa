import { assert, describe, it } from "@effect/vitest"
import * as Tool from "@effect-mcp/core/Tool"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as FakeServer from "../src/FakeServer.ts"
import * as McpTest from "../src/McpTest.ts"
import * as Smoke from "../src/Smoke.ts"

const render = {
  name: "render",
  inputSchema: { type: "object" },
  annotations: { readOnlyHint: true },
  execution: { taskSupport: "required" }
} as const

/** A client of a server that runs `render` as a task alone, and what became of the tasks. */
const connect = (isSlow: boolean) =>
  Effect.gen(function* () {
    const client = yield* McpTest.client(FakeServer.layer(Tool.make("render")))
    const told: Array<string> = []
    const startScoped: typeof client.tasks.startScoped = (...args) =>
      Effect.acquireRelease(client.tasks.start(...args), () => Effect.sync(() => void told.push("over"))).pipe(
        Effect.tap(() => Effect.sync(() => void told.push("started"))),
        Effect.map((task) => (isSlow ? { ...task, await: Effect.never } : task))
      )
    const callTool = () => Effect.die(new Error("it only runs as a task"))
    return { told, client: { ...client, listTools: Effect.succeed([render]), callTool, tasks: { ...client.tasks, startScoped } } }
  })

describe("a tool that only runs as a task", () => {
  it.effect("is run as one", () =>
    Effect.gen(function* () {
      const { client, told } = yield* connect(false)
      const { checked } = yield* Smoke.run(client)
      assert.deepStrictEqual(
        checked.map(({ name, status }) => [name, status]),
        [["render", "passed"]]
      )
      assert.deepStrictEqual(told, ["started", "over"])
    })
  )

  it.effect("is given up when its time is over", () =>
    Effect.gen(function* () {
      const { client, told } = yield* connect(true)
      const run = yield* Effect.forkChild(Smoke.run(client, { timeout: "1 second", variants: 1 }))
      yield* McpTest.settle
      yield* TestClock.adjust("1 second")
      const { checked } = yield* Fiber.join(run)
      assert.strictEqual(checked[0]?.status, "timedOut")
      assert.deepStrictEqual(told, ["started", "over"])
    })
  )
})
