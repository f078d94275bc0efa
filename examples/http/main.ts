/**
 * Starts `server.ts` as a process, asks it all that it tells, and ends it in the middle of a call.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Fiber } from "effect"
import * as assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { call, send } from "./call.ts"

const start = Effect.acquireRelease(
  Effect.sync(() =>
    spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, "server.ts")], {
      env: { ...process.env, PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"]
    })
  ),
  (child) => Effect.sync(() => void child.kill("SIGKILL"))
)

/** It logs where it is. */
const addressOf = ({ stdout }: ChildProcess): Effect.Effect<string> =>
  Effect.callback((resume) => {
    let text = ""
    stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      const found = /http:\/\/[\d.]+:\d+/.exec(text)
      if (found !== null) resume(Effect.succeed(found[0]))
    })
  })

const program = Effect.gen(function* () {
  const child = yield* start
  const url = yield* addressOf(child)

  const answer = yield* call(`${url}/mcp`, "add_minutes", { time: "23:50", minutes: 15 })
  assert.match(answer.body, /"structuredContent":\{"time":"00:05"\}/)

  const ready = yield* send(`${url}/readyz`)
  assert.deepEqual(JSON.parse(ready.body), { status: "ready", checks: { calendar: "ok" } })
  assert.equal((yield* send(`${url}/livez`)).status, 200)

  const metrics = yield* send(`${url}/metrics`)
  assert.match(metrics.body, /mcp_server_operation_duration/)

  const headers = { "content-type": "application/json" }
  const plain = yield* send(`${url}/tools/add_minutes`, { method: "POST", headers, body: `{"time":"10:00","minutes":-1}` })
  assert.equal(plain.status, 200)
  assert.deepEqual(JSON.parse(plain.body).structuredContent, { time: "09:59" })
  console.log("tools over MCP and over plain HTTP; live, ready and measured")

  const egg = yield* Effect.forkChild(call(`${url}/mcp`, "egg"), { startImmediately: true })
  yield* Effect.sleep("200 millis")
  const exited = once(child, "exit")
  child.kill("SIGTERM")
  yield* Effect.sleep("100 millis")
  const late = yield* send(`${url}/readyz`)
  assert.equal(late.status, 503)
  assert.match(late.body, /shutting down/)
  assert.match((yield* Fiber.join(egg)).body, /The egg is done/)
  const [code] = yield* Effect.promise(() => exited)
  assert.equal(code, 0)
  console.log("SIGTERM: ready no more, the egg was finished, exit code 0")
})

program.pipe(Effect.scoped, NodeRuntime.runMain)
