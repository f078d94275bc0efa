/**
 * A model of what becomes of requests: whatever answers, refusals, progress, notifications, timeouts, interruptions, full pipes, lost and
 * new connections come in whatever order, each request ends exactly once, when and how the model says.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import type { McpClientError } from "../src/McpClientError.ts"
import { agreeing, connect, type Connection, type Json, scripted, settle } from "./support/server.ts"

/** How requests differ: whether they may be made again when nobody knows whether they were done. */
const kinds = [
  { method: "tools/call", options: {}, isRepeatable: false },
  { method: "tools/call", options: { retry: true }, isRepeatable: true },
  { method: "prompts/get", options: {}, isRepeatable: true },
  { method: "resources/read", options: { retry: false }, isRepeatable: false }
] as const

// In milliseconds. No two events of the model fall on one moment by chance alone: attempts come at whole seconds after a loss.
const timeouts = [311, 1507, 4003] as const
const between = 1000
const maxRepetitions = 3

type Outcome = "answered" | "refused" | "TimedOut" | "interrupted" | "TransportFailed" | "InvalidAnswer"

interface Call {
  readonly name: string
  readonly kind: (typeof kinds)[number]
  readonly timeout: number
  stage: "waiting" | "queued" | "sent"
  deadline: number
  lost: number
  outcome: Outcome | undefined
}

/** What should be true. */
class Model {
  readonly calls: Array<Call> = []
  now = 0
  isFull = false
  /** When the next connection comes, while there is none. */
  attemptAt: number | undefined

  get open(): ReadonlyArray<Call> {
    return this.calls.filter(({ outcome }) => outcome === undefined)
  }

  sent(pick: number): Call | undefined {
    const sent = this.open.filter(({ stage }) => stage === "sent")
    return sent.length === 0 ? undefined : sent[pick % sent.length]
  }

  call(kind: (typeof kinds)[number], timeout: number): Call {
    const stage = this.attemptAt !== undefined ? "waiting" : this.isFull ? "queued" : "sent"
    const name = `c${this.calls.length}`
    const call: Call = { name, kind, timeout, stage, deadline: this.now + timeout, lost: 0, outcome: undefined }
    this.calls.push(call)
    return call
  }

  cut(): void {
    if (this.attemptAt !== undefined) return
    this.attemptAt = this.now + between
    for (const call of this.open) {
      if (call.stage === "sent") {
        if (!call.kind.isRepeatable || call.lost >= maxRepetitions) call.outcome = "TransportFailed"
        else call.lost++
      }
      call.stage = "waiting"
    }
  }

  makeRoom(): void {
    this.isFull = false
    for (const call of this.open) if (call.stage === "queued") call.stage = "sent"
  }

  advance(millis: number): void {
    const until = this.now + millis
    for (;;) {
      const next = Math.min(this.attemptAt ?? Infinity, ...this.open.map(({ deadline }) => deadline))
      if (next > until) break
      this.now = next
      for (const call of this.open) if (call.deadline <= next) call.outcome = "TimedOut"
      if (this.attemptAt === next) {
        this.attemptAt = undefined
        this.isFull = false
        for (const call of this.open) call.stage = "sent"
      }
    }
    this.now = until
  }

  close(): void {
    for (const call of this.open) call.outcome = "TransportFailed"
  }
}

const Step = Schema.Union([
  Schema.TaggedStruct("Call", { kind: Schema.Literals([0, 1, 2, 3]), timeout: Schema.Literals([0, 1, 2]) }),
  Schema.TaggedStruct("Answer", { pick: Schema.Literals([0, 1, 2, 5]), twice: Schema.Boolean }),
  Schema.TaggedStruct("Refuse", { pick: Schema.Literals([0, 1, 2, 5]) }),
  Schema.TaggedStruct("Garble", { pick: Schema.Literals([0, 1, 2, 5]) }),
  Schema.TaggedStruct("Progress", { pick: Schema.Literals([0, 1, 2, 5]) }),
  Schema.TaggedStruct("Noise", {
    kind: Schema.Literals(["answer", "late", "cancelled", "log", "list", "ping", "text", "progress"])
  }),
  Schema.TaggedStruct("Interrupt", { pick: Schema.Literals([0, 1, 2, 5]) }),
  Schema.TaggedStruct("Cut", {}),
  Schema.TaggedStruct("Reconnect", {}),
  Schema.TaggedStruct("Fill", {}),
  Schema.TaggedStruct("MakeRoom", {}),
  Schema.TaggedStruct("Wait", { millis: Schema.Literals([1, 100, 400, 1000, 2500]) })
])
type Step = typeof Step.Type

const outcomeOf = (exit: Exit.Exit<unknown, McpClientError>): Outcome => {
  if (Exit.isSuccess(exit)) return "answered"
  if (Cause.hasInterruptsOnly(exit.cause)) return "interrupted"
  const { reason } = Cause.squash(exit.cause) as McpClientError
  return reason._tag === "RequestFailed" ? "refused" : (reason._tag as Outcome)
}

const noise = (connection: Connection, kind: (Step & { _tag: "Noise" })["kind"], ended: Json | undefined): void => {
  if (kind === "answer") connection.send({ id: 987_654, result: {} })
  if (kind === "late" && ended !== undefined) connection.send({ id: ended["id"], result: {} })
  if (kind === "cancelled" && ended !== undefined) connection.notify("notifications/cancelled", { requestId: ended["id"] })
  if (kind === "log") connection.notify("notifications/message", { level: "info", data: 1 })
  if (kind === "list") connection.notify("notifications/tools/list_changed", {})
  if (kind === "ping") connection.send({ id: "p", method: "ping" })
  if (kind === "text") connection.line("not a message")
  if (kind === "progress") connection.notify("notifications/progress", { progressToken: 987_654, progress: 1 })
}

describe.each(["2025-06-18", "2026-07-28"])("whatever happens, in %s", (version) => {
  it.effect.prop(
    "each request ends exactly once, when and how it should",
    { steps: Schema.Array(Step).check(Schema.isMinLength(50), Schema.isMaxLength(80)) },
    ({ steps }) =>
      Effect.gen(function* () {
        const server = scripted(agreeing(version))
        const scope = yield* Scope.make()
        const client = yield* Scope.provide(connect(server, { reconnect: Schedule.spaced(between) }), scope)
        const model = new Model()
        const ends = new Map<string, Array<Outcome>>()
        const fibers = new Map<string, Fiber.Fiber<unknown, unknown>>()
        const connection = () => server.connections.at(-1)!
        const requestOf = (call: Call) => connection().sent.find((message) => message["params"]?.name === call.name)!

        const step = Effect.fnUntraced(function* (step: Step) {
          switch (step._tag) {
            case "Call": {
              const call = model.call(kinds[step.kind]!, timeouts[step.timeout]!)
              const { method, options } = call.kind
              const request = client.request(method, { name: call.name }, { ...options, timeout: call.timeout })
              const noted = Effect.onExit(request, (exit) =>
                Effect.sync(() => ends.set(call.name, [...(ends.get(call.name) ?? []), outcomeOf(exit)]))
              )
              fibers.set(call.name, yield* Effect.forkChild(noted, { startImmediately: true }))
              return
            }
            case "Answer":
            case "Refuse":
            case "Garble": {
              const call = model.sent(step.pick)
              if (call === undefined) return
              const request = requestOf(call)
              if (step._tag === "Refuse") {
                call.outcome = "refused"
                return connection().refuse(request, -32000)
              }
              if (step._tag === "Garble") {
                call.outcome = "InvalidAnswer"
                return connection().send({ id: request["id"], result: 1 })
              }
              call.outcome = "answered"
              connection().answer(request, { resultType: "complete" })
              if (step.twice) connection().refuse(request, -32603)
              return
            }
            case "Progress": {
              const call = model.sent(step.pick)
              if (call === undefined) return
              call.deadline = model.now + call.timeout
              return connection().notify("notifications/progress", { progressToken: requestOf(call)["id"], progress: model.now })
            }
            case "Noise": {
              const ended = model.calls.find(({ outcome }) => outcome !== undefined)
              return noise(connection(), step.kind, ended === undefined ? undefined : requestOf(ended))
            }
            case "Interrupt": {
              const call = model.open[step.pick]
              if (call === undefined) return
              call.outcome = "interrupted"
              return yield* Fiber.interrupt(fibers.get(call.name)!)
            }
            case "Cut":
              model.cut()
              return connection().end()
            case "Reconnect":
              model.cut()
              model.attemptAt = undefined
              model.isFull = false
              for (const call of model.open) call.stage = "sent"
              return yield* client.reconnect
            case "Fill":
              if (model.attemptAt !== undefined) return
              model.isFull = connection().isFull = true
              return
            case "MakeRoom":
              model.makeRoom()
              return connection().makeRoom()
            case "Wait":
              model.advance(step.millis)
              return yield* TestClock.adjust(step.millis)
          }
        })

        const check = (after: string) => {
          for (const { name, outcome } of model.calls) {
            assert.deepStrictEqual(ends.get(name) ?? [], outcome === undefined ? [] : [outcome], `${name} after ${after}`)
          }
        }
        for (const each of steps) {
          yield* step(each)
          yield* settle
          check(JSON.stringify(each))
        }
        model.close()
        yield* Scope.close(scope, Exit.void)
        yield* settle
        check("the end")
        yield* TestClock.adjust("1 day")
        check("a day")
        const late = yield* Effect.flip(client.ping)
        assert.strictEqual(late.reason._tag, "TransportFailed")
        // Only what nobody waits for any more is taken back.
        for (const { sent } of server.connections) {
          for (const { method, params } of sent) {
            if (method !== "notifications/cancelled") continue
            const name = sent.find(({ id }) => id === params.requestId)?.["params"].name
            const call = model.calls.find((each) => each.name === name)
            assert.oneOf(call?.outcome, ["TimedOut", "interrupted"])
          }
        }
      }),
    { arbitrary: { runs: 300 } }
  )
})
