/**
 * The same questions in both eras, answered by a script in place of a person: what is typed, and what is on the screen then.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import type * as Revision from "@effect-mcp/core/Revision"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer, Queue, Terminal } from "effect"
import * as assert from "node:assert/strict"
import { client } from "./client.ts"
import { Desk } from "./contract.ts"
import { Browser } from "./person.ts"

/** What was typed, what was shown, and which pages were opened. */
class Screen {
  readonly opened: Array<string> = []
  readonly typed: Array<string> = []
  shown = ""

  /** What is shown of an effect, while this is typed. */
  readonly typing = <A, E, R>(lines: ReadonlyArray<string>, effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      this.typed.push(...lines)
      this.shown = ""
      return Effect.map(effect, (value) => {
        assert.deepEqual(this.typed, [], "not everything was asked for")
        console.log(this.shown)
        return { value, shown: this.shown }
      })
    })

  private readonly readLine = Effect.suspend(() => {
    const line = this.typed.shift()
    if (line === undefined) return Effect.fail(new Terminal.QuitError())
    this.shown += `${line}\n`
    return Effect.succeed(line)
  })

  readonly layer = Layer.merge(
    Layer.succeed(
      Terminal.Terminal,
      Terminal.make({
        columns: Effect.succeed(80),
        rows: Effect.succeed(25),
        size: Queue.unbounded(),
        readInput: Queue.unbounded(),
        readLine: this.readLine,
        display: (text) => Effect.sync(() => void (this.shown += text))
      })
    ),
    Layer.succeed(Browser, { open: (url) => Effect.sync(() => void this.opened.push(url)) })
  )
}

const talk = Effect.fn("talk")(function* (screen: Screen) {
  const { tools } = yield* McpClient.of(Desk)

  // What does not fit is asked for again, with what is wrong; nothing is the default, or no answer where none is needed.
  const filled = [
    "",
    "Ada",
    "at home",
    "ada@example.com",
    "40",
    "3",
    "",
    "maybe",
    "",
    "The suite with the balcony",
    "1, guide",
    "yes"
  ]
  const { shown, value } = yield* screen.typing(filled, tools.book())
  assert.deepEqual(value, {
    name: "Ada",
    email: "ada@example.com",
    nights: 3,
    breakfast: true,
    room: "suite",
    extras: ["bike", "guide"]
  })
  for (const problem of [
    /name: missing/,
    /email: expected .*"at home"/,
    /nights: expected .*14, received 40/,
    /breakfast: expected/
  ]) {
    assert.match(shown, problem)
  }

  // No, at any prompt; or the person is gone.
  for (const [lines, outcome] of [
    [["Ada", "/decline"], /declined/],
    [["Ada", "/cancel"], /did not answer/],
    [["Ada"], /did not answer/]
  ] as const) {
    const { value: error } = yield* screen.typing(lines, Effect.flip(tools.book()))
    assert.match(error.message, outcome)
  }

  // The host is shown before anything is opened.
  const { value: unpaid } = yield* screen.typing(["no"], Effect.flip(tools.pay()))
  assert.match(unpaid.message, /declined/)
  assert.deepEqual(screen.opened, [])
  const paid = yield* screen.typing(["yes"], tools.pay())
  assert.match(paid.shown, /host: pay\.example\.com[^]*Open pay\.example\.com\?/)
  assert.deepEqual(screen.opened, ["https://pay.example.com/trip/7"])

  assert.equal((yield* screen.typing(["//sea and be happy"], tools.motto())).value, "/sea and be happy")
  const { value: refused } = yield* screen.typing(["/decline"], Effect.flip(tools.motto()))
  assert.match(refused.message, /the person did not answer/)

  // Control characters are written out, and no line of the server begins as one of this program.
  const trick = yield* screen.typing(["no"], Effect.flip(tools.trick()))
  assert.match(trick.shown, /\\u\{1b\}\[2J/)
  assert.doesNotMatch(trick.shown, /[^\P{Cc}\n]/u)
  assert.equal(trick.shown.split("\n").filter((line) => line.startsWith(">")).length, 1)
})

const program = Effect.gen(function* () {
  for (const version of ["2025-11-25", "2026-07-28"] as const satisfies ReadonlyArray<Revision.Version>) {
    console.log(`--- ${version}`)
    const screen = new Screen()
    yield* talk(screen).pipe(Effect.provide(client([version]).pipe(Layer.provide(screen.layer))))
  }
})

program.pipe(Effect.timeout("50 seconds"), NodeRuntime.runMain)
