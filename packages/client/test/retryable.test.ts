import { ClientTransportError, ConnectFailed, ProcessExited, SpawnFailed, Unsupported } from "@effect-mcp/core/ClientTransport"
import * as ClientTransport from "@effect-mcp/core/ClientTransport"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { TestClock } from "effect/testing"
import * as McpClient from "../src/McpClient.ts"
import * as Errors from "../src/McpClientError.ts"

const lost = (reason: ClientTransportError["reason"]) =>
  new Errors.TransportFailed({ error: new ClientTransportError({ reason }) })
const refused = (code: number) => new Errors.RequestFailed({ method: "tools/call", code, detail: "no" })
const exited = new ProcessExited({ command: "s", exitCode: 1, signal: null, stderr: "" })

const table: ReadonlyArray<readonly [what: string, reason: Errors.Reason, isRetryable: boolean]> = [
  ["a server that ended", lost(exited), true],
  ["a connection that ended", lost(new ClientTransport.ConnectionClosed({ detail: "" })), true],
  ["a server that was not reached", lost(new ConnectFailed({ detail: "" })), true],
  ["a message that could not be sent", lost(new ClientTransport.SendFailed({ detail: "" })), true],
  ["a program that is not there", lost(new SpawnFailed({ command: "s", detail: "" })), false],
  ["an answer that is too long", lost(new ClientTransport.MessageTooLong({ limit: 1 })), false],
  ["a way that there is not", lost(new Unsupported({ server: "s", detail: "" })), false],
  ["no answer in time", new Errors.TimedOut({ method: "tools/call", after: 1 }), true],
  ["a limit", new Errors.RateLimited({ method: "tools/call", limit: 1, retryAfter: 1 }), true],
  ["an open circuit", new Errors.CircuitOpen({ method: "tools/call" }), true],
  ["an internal error, or a server that is full", refused(-32603), true],
  ["a refusal", refused(-32602), false],
  ["a failure that somebody declared", refused(1), false],
  ["a tool that failed", new Errors.ToolFailed({ tool: "t", detail: "" }), false],
  ["an answer that cannot be used", new Errors.InvalidAnswer({ method: "tools/call", detail: "" }), false],
  ["no revision in common", new Errors.NegotiationFailed({ tried: [] }), false]
]

/** A way to a server that nobody reaches, for this reason; and how often somebody tried. */
const unreachable = (reason: ClientTransportError["reason"]) => {
  const seen = { attempts: 0 }
  const transport = ClientTransport.ClientTransport.of({
    kind: "memory",
    connect: () =>
      Effect.suspend(() => {
        seen.attempts++
        return Effect.fail(new ClientTransportError({ reason }))
      })
  })
  const patient = McpClient.make({ name: "c", version: "1" }).pipe(
    Effect.retry({
      while: (error) => error.isRetryable,
      times: 3,
      schedule: Schedule.jittered(Schedule.exponential("1 second"))
    }),
    Effect.provideService(ClientTransport.ClientTransport, transport),
    Effect.flip,
    Effect.scoped,
    Random.withSeed("rows")
  )
  return { patient, seen }
}

describe("whether it is worth while to try again", () => {
  it.each(table)("%s", (_, reason, isRetryable) => {
    assert.strictEqual(new Errors.McpClientError({ reason }).isRetryable, isRetryable)
  })

  it.effect("a first connection is tried as often as the program says, and fails with why the last attempt did", () =>
    Effect.gen(function* () {
      const { patient, seen } = unreachable(exited)
      const fiber = yield* Effect.forkChild(patient)
      yield* TestClock.adjust("1 minute")
      const { reason } = yield* Fiber.join(fiber)
      assert.strictEqual(seen.attempts, 4)
      assert.deepStrictEqual(reason, lost(exited))
    })
  )

  it.effect("a first connection that is hopeless is tried once", () =>
    Effect.gen(function* () {
      const { patient, seen } = unreachable(new SpawnFailed({ command: "s", detail: "not found" }))
      assert.match((yield* patient).message, /could not start/)
      assert.strictEqual(seen.attempts, 1)
    })
  )
})
