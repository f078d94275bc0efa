import type { Emit } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as StdioServerTransport from "../src/StdioServerTransport.ts"
import { fake, type Method } from "./fixtures/serverFake.ts"
import { line, Sink, source } from "./fixtures/serverStreams.ts"

/** How much later than the progress before it an answer leaves, in milliseconds. */
const heldFor = 2
/** Timers count whole milliseconds and may be early by one. */
const granularity = 1

interface Written {
  /** In milliseconds. */
  readonly at: number
  /** Which write it was. */
  readonly write: number
}

/** An output that knows when each message was written. */
class Clocked extends Sink {
  private readonly written = new Map<string, Written>()

  override _write(chunk: Buffer, encoding: string, done: () => void): void {
    const at = performance.now()
    for (const text of chunk.toString().split("\n").slice(0, -1)) {
      const { id, params } = JSON.parse(text)
      this.written.set(id === undefined ? `progress ${params.of}` : `answer ${id}`, { at, write: this.writes })
    }
    super._write(chunk, encoding, done)
  }

  /** Waits for the answer to a request. */
  answered(id: number): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.written.has(`answer ${id}`) ? Effect.void : Effect.andThen(this.count(this.messages().length + 1), this.answered(id))
    )
  }

  /** When the answer to a request, or its last progress, was written. */
  of(kind: "progress" | "answer", id: number): Written {
    const found = this.written.get(`${kind} ${id}`)
    if (found === undefined) throw new Error(`no ${kind} of ${id}`)
    return found
  }
}

const start = Effect.fnUntraced(function* (work: (id: number, emit: Emit) => Effect.Effect<void>) {
  const stdin = source()
  const stdout = new Clocked()
  const method: Method = ({ id }, emit) => Effect.as(work(Number(id), emit), {})
  yield* Effect.forkChild(StdioServerTransport.run(fake({ work: method }), { stdin, stdout }), { startImmediately: true })
  const request = (ids: ReadonlyArray<number>) => stdin.write(ids.map((id) => line(id, "work", { id })).join(""))
  return { stdout, request }
})

const report = (id: number, emit: Emit) => emit.send(Jsonrpc.notification("progress", { of: id }))
const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** An answer leaves later than the progress of its request: in another write, and not at once. */
const leavesLater = (stdout: Clocked, id: number) => {
  const [progress, answer] = [stdout.of("progress", id), stdout.of("answer", id)]
  assert.isAbove(answer.write, progress.write, `the answer to ${id} left together with its progress`)
  assert.isAtLeast(answer.at - progress.at, heldFor - granularity, `the answer to ${id} left too early after its progress`)
}

describe("an answer that follows progress leaves some time after it, in another write", () => {
  const cases: ReadonlyArray<readonly [when: string, work: (id: number, emit: Emit) => Effect.Effect<void>]> = [
    ["without asynchronous work", report],
    ["after a timer", (id, emit) => Effect.andThen(Effect.sleep(5), report(id, emit))],
    ["after a turn of the event loop", (id, emit) => Effect.andThen(turn, report(id, emit))],
    [
      "after a promise",
      (id, emit) =>
        Effect.andThen(
          Effect.promise(() => Promise.resolve()),
          report(id, emit)
        )
    ],
    [
      "after several reports, with work between them",
      (id, emit) => report(id, emit).pipe(Effect.andThen(Effect.sleep(5)), Effect.andThen(report(id, emit)))
    ],
    ["when a turn of the event loop lies between them", (id, emit) => Effect.andThen(report(id, emit), turn)],
    ["when two of them do", (id, emit) => report(id, emit).pipe(Effect.andThen(turn), Effect.andThen(turn))]
  ]

  for (const [when, work] of cases) {
    it.live(when, () =>
      Effect.gen(function* () {
        const { request, stdout } = yield* start(work)
        request([1])
        yield* stdout.answered(1)
        leavesLater(stdout, 1)
      })
    )
  }

  it.live("one after the other, again and again", () =>
    Effect.gen(function* () {
      const { request, stdout } = yield* start((id, emit) => Effect.andThen(turn, report(id, emit)))
      for (let id = 1; id <= 20; id++) {
        request([id])
        yield* stdout.answered(id)
        leavesLater(stdout, id)
      }
    })
  )

  for (const [how, work] of [
    ["at the same time", (id: number, emit: Emit) => Effect.andThen(Effect.sleep(5), report(id, emit))],
    ["at once", report]
  ] as const) {
    it.live(`of several requests that end ${how}`, () =>
      Effect.gen(function* () {
        const { request, stdout } = yield* start(work)
        const ids = [1, 2, 3]
        request(ids)
        for (const id of ids) yield* stdout.answered(id)
        for (const id of ids) leavesLater(stdout, id)
      })
    )
  }

  it.live("that is at least 2 ms, at whatever moment of a millisecond it begins", () =>
    Effect.gen(function* () {
      const spin = (millis: number) =>
        Effect.sync(() => {
          const end = performance.now() + millis
          while (performance.now() < end);
        })
      const { request, stdout } = yield* start((id, emit) => Effect.andThen(spin(id / 50), report(id, emit)))
      const gaps: Array<number> = []
      for (let id = 1; id <= 50; id++) {
        request([id])
        yield* stdout.answered(id)
        yield* turn // until now the answer is still being written
        gaps.push(stdout.of("answer", id).at - stdout.of("progress", id).at)
      }
      assert.isAtLeast(Math.min(...gaps), heldFor)
    })
  )

  it.live("one without progress does not wait for that", () =>
    Effect.gen(function* () {
      const { request, stdout } = yield* start(() => turn)
      request([1, 2, 3])
      yield* stdout.count(3)
      assert.strictEqual(stdout.writes, 1)
    })
  )
})
