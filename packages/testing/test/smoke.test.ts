import { assert, describe, it } from "@effect/vitest"
import * as Completion from "@effect-mcp/core/Completion"
import { McpClient } from "@effect-mcp/client/McpClient"
import * as JsonSchemaTool from "@effect-mcp/core/JsonSchemaTool"
import { resourceNotFound } from "@effect-mcp/core/McpError"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as TestConsole from "effect/testing/TestConsole"
import * as FakeServer from "../src/FakeServer.ts"
import * as Faults from "../src/Faults.ts"
import * as McpTest from "../src/McpTest.ts"
import * as Smoke from "../src/Smoke.ts"
import { FilesServer } from "./support/files.ts"

const readOnly = { annotations: { readOnlyHint: true } } as const

class No extends Schema.TaggedError<No>()("No", { why: Schema.String }) {
  override get message() {
    return `no: ${this.why}`
  }
}

const Parameters = {
  city: Schema.NonEmptyString.check(Schema.isMaxLength(10)),
  days: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 7 }))),
  tag: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[a-z]{3}-\d+$/)))
}

const Parts = McpGroup.make(
  "parts",
  Tool.make("fine", { parameters: Parameters, success: Schema.Struct({ celsius: Schema.Finite }), ...readOnly }),
  Tool.make("refuses", { failure: No, ...readOnly }),
  Tool.make("breaks", readOnly),
  Tool.make("slow", readOnly),
  Tool.make("destroys", { parameters: { id: Schema.Int } }),
  Tool.make("gentle", { annotations: { destructiveHint: false } }),
  Resource.make("motd", "parts://motd"),
  Resource.make("gone", "parts://gone"),
  Resource.template("file", "parts://files/{name}{?line}"),
  Prompt.make("greet", { parameters: { name: Schema.String, mood: Schema.optionalKey(Schema.String) } })
)

const calls: Array<unknown> = []

const PartsLive = Parts.toLayer({
  tools: {
    fine: (args) => Effect.sync(() => ({ celsius: calls.push(args) })),
    refuses: () => Effect.fail(new No({ why: "today" })),
    breaks: () => Effect.die(new Error("broken")),
    slow: () => Effect.never,
    destroys: (args) => Effect.sync(() => void calls.push(args)),
    gentle: () => Effect.void
  },
  resources: {
    motd: () => Effect.succeed("hello"),
    gone: (_, uri) => Effect.fail(resourceNotFound(uri)),
    file: Completion.suggesting(
      ({ line, name }: { readonly name: string; readonly line?: string }, uri?: string) =>
        name === "known.md" ? Effect.succeed(`${line ?? "all"}`) : Effect.fail(resourceNotFound(uri ?? "")),
      { name: () => Effect.succeed(["known.md"]) }
    )
  },
  prompts: { greet: ({ mood = "plain", name }) => Effect.succeed(`${mood} ${name}`) }
})

const PartsServer = McpServer.layer({ name: "parts", version: "2.0.0" }, Parts).pipe(
  Layer.provide(PartsLive),
  Layer.provide(Logger.layer([]))
)

/** Runs an effect while the clock moves on. */
const passing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) {
      yield* McpTest.settle
      yield* TestClock.adjust("1 second")
    }
    return yield* Fiber.join(fiber)
  })

const statuses = (report: Smoke.Report) =>
  Object.fromEntries(report.checked.map(({ attempts, name, status }) => [name, `${status} ${attempts.length}`]))

describe("a smoke run", () => {
  it.effect("calls every component and says of each what came of it, in every revision", () =>
    Effect.gen(function* () {
      calls.length = 0
      const client = yield* McpTest.client(PartsServer)
      const report = yield* passing(Smoke.run(client))
      assert.deepStrictEqual(statuses(report), {
        fine: "passed 3",
        refuses: "refused 1",
        breaks: "failed 1",
        slow: "timedOut 1",
        destroys: "skipped 0",
        gentle: client.revision.toolAnnotations ? "passed 1" : "skipped 0",
        "parts://motd": "passed 1",
        "parts://gone": "refused 1",
        "parts://files/{name}{?line}": "passed 2",
        greet: "passed 2"
      })
      assert.deepStrictEqual(calls[0], { city: "city" })
      assert.strictEqual(calls.length, 3)
      for (const args of calls) assert.isTrue(Schema.is(Schema.Struct(Parameters))(args), JSON.stringify(args))
      assert.isFalse(report.isOk)
      assert.deepStrictEqual(
        report.problems.map(({ detail, name }) => [name, detail?.replace(/\(.*\)/, "(id)")]),
        [
          ["breaks", "Internal error (id)"],
          ["slow", "no answer within 10000 ms"]
        ]
      )
    }).pipe(McpTest.eachRevision(["2026-07-28", "2025-11-25", "2025-03-26"]))
  )

  it.effect("leaves out what may destroy something, unless it is told otherwise or given the arguments", () =>
    Effect.gen(function* () {
      calls.length = 0
      const client = yield* McpTest.client(PartsServer)
      const include = ({ kind, name, tool }: Smoke.Component) => kind === "tool" && tool?.name === name && name === "destroys"
      const [skipped] = (yield* Smoke.run(client, { include })).checked
      assert.strictEqual(skipped?.status, "skipped")
      assert.include(skipped?.detail, "`destructive: true` calls it")
      assert.deepStrictEqual(calls, [])
      yield* Smoke.run(client, { include, given: { tools: { destroys: [{ id: 77 }] } } })
      assert.deepStrictEqual(calls, [{ id: 77 }])
      const [called] = (yield* Smoke.run(client, { include, destructive: true })).checked
      assert.strictEqual(called?.status, "passed")
    })
  )

  it.effect("takes arguments of the user for templates and prompts, too", () =>
    Effect.gen(function* () {
      const client = yield* McpTest.client(PartsServer)
      const include = ({ kind }: Smoke.Component) => kind === "template" || kind === "prompt"
      const given = {
        templates: { "parts://files/{name}{?line}": [{ name: "x" }] },
        prompts: { greet: [{ name: "ada" }, { name: "eve", mood: "good" }] }
      }
      const report = yield* Smoke.run(client, { include, given })
      assert.deepStrictEqual(
        report.checked.map(({ attempts, status }) => [status, attempts.map(({ input }) => input)]),
        [
          ["refused", ["parts://files/x"]],
          ["passed", given.prompts.greet]
        ]
      )
    })
  )

  it.effect("makes up the same arguments for the same seed, and others for another", () =>
    Effect.gen(function* () {
      const client = yield* McpTest.client(PartsServer)
      const inputs = (seed: number, variants = 6) =>
        Effect.map(Smoke.run(client, { seed, variants, include: ({ name }) => name === "fine" }), ({ checked }) =>
          checked[0]?.attempts.map(({ input }) => input)
        )
      assert.deepStrictEqual(yield* inputs(1), yield* inputs(1))
      assert.notDeepEqual(yield* inputs(1), yield* inputs(2))
      assert.strictEqual((yield* inputs(1))?.length, 6)
      assert.deepStrictEqual(yield* inputs(1, 0), [{ city: "city" }])
    })
  )

  it.effect("holds results against the tool's own output schema", () =>
    Effect.gen(function* () {
      const wrong = { outputSchema: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] } } as const
      const lie = (result: unknown) =>
        Faults.change({ to: "client", kind: "answer", method: "tools/call" }, (message) => ({ ...message, result }) as {})
      const tool = JsonSchemaTool.make("count", { inputSchema: { type: "object" }, ...wrong, ...readOnly })
      const resultOf = Effect.fnUntraced(function* (result: unknown) {
        const faults = result === undefined ? [] : [lie({ resultType: "complete", content: [], ...(result as object) })]
        const client = yield* McpTest.client(FakeServer.layer(tool), { faults })
        const [checked] = (yield* Smoke.run(client)).checked
        return `${checked?.status} ${checked?.detail}`
      })
      assert.strictEqual(yield* resultOf(undefined), "passed undefined")
      assert.include(yield* resultOf({}), "failed it has an output schema, and the result no structured content")
      const other = yield* resultOf({ structuredContent: { n: "one" } })
      assert.match(other, /^failed the result is not what the output schema says:\nn: expected an integer/)
      assert.include(yield* resultOf({ isError: true }), "refused an error without a text")
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("is bounded: components of a kind, time of a call, time of the run", () =>
    Effect.gen(function* () {
      const client = yield* McpTest.client(PartsServer)
      const few = yield* Smoke.run(client, { components: 1, include: ({ kind }) => kind === "tool" })
      assert.deepStrictEqual(statuses(few), {
        "5 more of tools/list": "skipped 0",
        "1 more of resources/list": "skipped 0",
        fine: "passed 3"
      })
      const include = ({ name }: Smoke.Component) => name === "slow" || name === "greet" || name === "fine"
      const short = yield* passing(Smoke.run(client, { timeout: "3 seconds", include }))
      assert.strictEqual(short.problems[0]?.detail, "no answer within 3000 ms")
      assert.strictEqual(short.millis, 3000)
      const over = yield* passing(Smoke.run(client, { total: "2 seconds", include, concurrency: 1 }))
      assert.deepStrictEqual(statuses(over), { fine: "passed 3", slow: "timedOut 1", greet: "skipped 0" })
      assert.include(over.of("skipped")[0]?.detail, "the time of the run was over")
      assert.strictEqual(over.millis, 2000)
      const given = { tools: { slow: [{}, {}, {}] } }
      const often = yield* passing(Smoke.run(client, { total: "2 seconds", include: ({ name }) => name === "slow", given }))
      assert.deepStrictEqual(statuses(often), { slow: "timedOut 1" })
      const together = yield* passing(Smoke.run(client, { total: "2 seconds", include, concurrency: 3 }))
      assert.strictEqual(statuses(together)["greet"], "passed 2")
    })
  )

  it.effect("goes on without suggestions that do not come, and not beyond its time", () =>
    Effect.gen(function* () {
      const faults = [Faults.drop({ to: "client", kind: "answer", method: "completion/complete" })]
      const client = yield* McpTest.client(PartsServer, { faults })
      const include = ({ kind }: Smoke.Component) => kind === "template"
      const [slow] = (yield* passing(Smoke.run(client, { include }))).checked
      assert.deepStrictEqual(
        slow?.attempts.map(({ input }) => input),
        ["parts://files/name", "parts://files/name?line=line"]
      )
      const short = yield* passing(Smoke.run(client, { include, total: "8 seconds" }))
      assert.deepStrictEqual(short.checked[0]?.detail, "the time of the run was over")
      assert.strictEqual(short.millis, 8000)
    })
  )

  it.effect("tells what broke from what was refused, and asks for suggestions only where there are some", () =>
    Effect.gen(function* () {
      const asked: Array<string | undefined> = []
      const seen = Faults.drop({ when: ({ kind, method }) => kind === "request" && asked.push(method) < 0 })
      const failing = (code: number) =>
        Faults.change({ to: "client", kind: "answer", method: "prompts/get" }, ({ id }) => ({
          jsonrpc: "2.0",
          id,
          error: { code, message: "no" }
        }))
      const statusOf = Effect.fnUntraced(function* (code: number) {
        const client = yield* McpTest.client(FilesServer, { faults: [seen, failing(code)] })
        return (yield* Smoke.run(client, { include: ({ kind }) => kind === "prompt" })).checked[0]?.status
      })
      assert.strictEqual(yield* statusOf(-32603), "failed")
      assert.strictEqual(yield* statusOf(-32601), "failed")
      assert.strictEqual(yield* statusOf(-32602), "refused")
      assert.strictEqual(yield* statusOf(1), "refused")
      assert.include(asked, "prompts/get")
      assert.notInclude(asked, "completion/complete")
    })
  )

  it.effect("ends when the connection does, and says so of everything that is left", () =>
    Effect.gen(function* () {
      const faults = [Faults.cut({ to: "server", method: "resources/read", nth: 1 })]
      const client = yield* McpTest.client(PartsServer, { faults, client: { reconnect: false } })
      const report = yield* passing(Smoke.run(client, { include: ({ kind }) => kind !== "tool" }))
      assert.deepStrictEqual(new Set(report.checked.map(({ status }) => status)), new Set(["failed"]))
      const gone = yield* passing(Smoke.run(client))
      assert.deepStrictEqual(statuses(gone), {
        "tools/list": "failed 1",
        "resources/list": "failed 1",
        "resources/templates/list": "failed 1",
        "prompts/list": "failed 1"
      })
      assert.include(gone.checked[0]?.detail, "cut by the test")
    })
  )

  it.effect("says what it could not call, and why", () =>
    Effect.gen(function* () {
      const never = { type: "object", properties: { a: { type: "integer", not: {} } }, required: ["a"] } as const
      const strange = { type: "object", properties: { a: { $ref: "https://example.com/other" } } } as const
      const tool = JsonSchemaTool.make("never", { inputSchema: never, ...readOnly })
      const describe = (inputSchema: object) =>
        Faults.change({ to: "client", kind: "answer", method: "tools/list" }, (message) => {
          const result = message["result"] as { readonly tools: ReadonlyArray<object> }
          return { ...message, result: { ...result, tools: result.tools.map((tool) => ({ ...tool, inputSchema })) } }
        })
      const first = yield* McpTest.client(FakeServer.layer(tool))
      const [skipped] = (yield* Smoke.run(first)).checked
      assert.match(`${skipped?.status} ${skipped?.detail}`, /^skipped no arguments could be made up: a/)
      // Schemas that nothing here can check are tried all the same.
      const second = yield* McpTest.client(FakeServer.layer(Tool.make("odd", readOnly)), { faults: [describe(strange)] })
      assert.strictEqual((yield* Smoke.run(second)).checked[0]?.attempts.length, 3)
    })
  )

  it.effect("takes what breaks in the client for a failure: a user without answers", () =>
    Effect.gen(function* () {
      const client = yield* McpTest.client(FilesServer, { user: McpTest.inOrder(), model: McpTest.replies() })
      const report = yield* Smoke.run(client, { destructive: true, include: ({ name }) => name === "agree" })
      assert.include(report.problems[0]?.detail, "the scripted user has no answer")
    })
  )

  it.effect("finds nothing to complain about in a fake server", () =>
    Effect.gen(function* () {
      const fake = yield* FakeServer.make(Parts)
      const report = yield* Smoke.check(yield* McpTest.client(fake.layer), { destructive: true, seed: "fake" })
      assert.strictEqual(report.of("passed").length, 10)
      assert.strictEqual(new Set(fake.calls.all.map(({ name }) => name)).size, 10)
    }).pipe(McpTest.eachRevision())
  )
})

describe("a report", () => {
  it.effect("can be printed, and is data", () =>
    Effect.gen(function* () {
      const client = yield* McpTest.client(PartsServer, { era: "session" })
      const include = ({ name }: Smoke.Component) => ["fine", "refuses", "breaks", "destroys"].includes(name)
      const report = yield* Smoke.run(client, { include, variants: 1 })
      assert.strictEqual(
        report.text.replace(/error \(.*\)/, "error (id)"),
        `ok       tool     fine  1 call, 0 ms
refused  tool     refuses  1 call, 0 ms
           no: today
FAILED   tool     breaks  1 call, 0 ms
           Internal error (id)
           with {}
skipped  tool     destroys
           it may destroy something: no hint says otherwise. \`destructive: true\` calls it, \`given.tools\` says with which arguments
parts 2.0.0, revision 2025-11-25: 1 passed, 1 refused, 1 failed, 1 skipped, in 0 ms, seed 1`
      )
      const read = yield* Schema.decodeUnknownEffect(Smoke.Report)(JSON.parse(JSON.stringify(report)))
      assert.deepStrictEqual(read, report)
    })
  )

  it.effect("is printed by the program, which fails with it", () =>
    Effect.gen(function* () {
      const client = yield* McpTest.client(PartsServer)
      const error = yield* Effect.flip(
        Smoke.program({ include: ({ name }) => name === "breaks" }).pipe(Effect.provideService(McpClient, client))
      )
      assert.include(error.message, "1 of 1 did not pass\nFAILED   tool     breaks")
      const ok = Smoke.program({ include: ({ name }) => name === "fine" })
      yield* Effect.provideService(ok, McpClient, client)
      assert.match(String((yield* TestConsole.logLines).at(-1)), /^ok {7}tool {5}fine/)
      const checked = yield* Effect.flip(Smoke.check(client, { include: ({ name }) => name === "breaks" }))
      assert.isFalse(checked.report.isOk)
    })
  )
})
