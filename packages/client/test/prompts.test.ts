import * as Completion from "@effect-mcp/core/Completion"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Revision from "@effect-mcp/core/Revision"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as McpClient from "../src/McpClient.ts"

class Gone extends Schema.TaggedError<Gone>()("Gone", { since: Schema.Date }) {}

class Letters extends McpGroup.make(
  "letters",
  Prompt.make("letter", {
    parameters: {
      to: Schema.String,
      on: Schema.Date,
      copies: Schema.optionalKey(Schema.Int),
      topics: Schema.Array(Schema.String),
      urgent: Schema.NullOr(Schema.Boolean)
    },
    failure: Gone
  }),
  Prompt.make("empty", { failure: Schema.String })
) {}

const day = new Date("2026-02-03T00:00:00.000Z")

const LettersLive = Letters.toLayer({
  prompts: {
    letter: Completion.suggesting(
      ({ copies, on, to, topics, urgent }) =>
        to === "42"
          ? Effect.succeed(JSON.stringify([on.getTime(), copies ?? null, topics, urgent]))
          : Effect.fail(new Gone({ since: on })),
      { to: (value, { on }) => Effect.succeed([`${value} on ${on ?? "any day"}`]) }
    ),
    empty: () => Effect.fail("no letter")
  }
})

const Client = (version: Revision.Version) =>
  McpClient.layer({ name: "tester", version: "1", versions: [version] }).pipe(
    Layer.provide(MemoryTransport.layer()),
    Layer.provide(McpServer.layer({ name: "letters", version: "1" }, Letters).pipe(Layer.provide(LettersLive))),
    Layer.provide(Logger.layer([]))
  )

describe.each(Revision.versions)("prompts of a typed client in %s", (version) => {
  it.effect("arguments of all types arrive as what they are, a text that looks like JSON too", () =>
    Effect.gen(function* () {
      const { prompts } = yield* McpClient.of(Letters)
      const { messages } = yield* prompts.letter({ to: "42", on: day, copies: 2, topics: ["1", "b"], urgent: null })
      assert.deepStrictEqual(messages, [
        { role: "user", content: { type: "text", text: JSON.stringify([day.getTime(), 2, ["1", "b"], null]) } }
      ])
    }).pipe(Effect.provide(Client(version)))
  )

  it.effect("declared failures come back as what they are", () =>
    Effect.gen(function* () {
      const { prompts } = yield* McpClient.of(Letters)
      const gone = yield* Effect.flip(prompts.letter({ to: "nobody", on: day, topics: [], urgent: true }))
      assert.isTrue(gone._tag === "Gone" && gone.since.getTime() === day.getTime())
      assert.strictEqual(yield* Effect.flip(prompts.empty()), "no letter")
    }).pipe(Effect.provide(Client(version)))
  )

  it.effect("suggestions see what is known already, where the revision has that", () =>
    Effect.gen(function* () {
      const client = yield* McpClient.McpClient
      const ref = { type: "ref/prompt", name: "letter" } as const
      const { total, values } = yield* client.complete(ref, { name: "to", value: "A" }, { on: "Friday" })
      assert.deepStrictEqual([total, values], [1, [version < "2025-06-18" ? "A on any day" : "A on Friday"]])
      const unknown = yield* Effect.flip(client.complete({ type: "ref/prompt", name: "nobody" }, { name: "to", value: "A" }))
      assert.isTrue(unknown.reason._tag === "RequestFailed" && unknown.reason.code === -32602)
    }).pipe(Effect.provide(Client(version)))
  )

  it.effect("without a contract they are listed and got by name", () =>
    Effect.gen(function* () {
      const client = yield* McpClient.McpClient
      const listed = yield* client.listPrompts
      assert.deepStrictEqual(
        listed.map(({ name }) => name),
        ["letter", "empty"]
      )
      const args = { to: "42", on: '"2026-02-03T00:00:00.000Z"', topics: "[]", urgent: "false" }
      const result = yield* client.getPrompt("letter", { ...args, on: day.toISOString() })
      assert.deepStrictEqual(Object.keys(result), ["messages"])
      const failed = yield* Effect.flip(client.getPrompt("letter", { to: "42" }))
      assert.isTrue(failed.reason._tag === "RequestFailed" && failed.reason.code === -32602)
      assert.include(failed.message, "topics")
    }).pipe(Effect.provide(Client(version)))
  )
})
