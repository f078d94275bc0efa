/**
 * A small server that asks its user, asks the model, tells its progress and logs.
 */
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as Form from "@effect-mcp/core/Form"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Progress from "@effect-mcp/core/Progress"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Replay from "@effect-mcp/core/Replay"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Resource from "@effect-mcp/core/Resource"
import * as Roots from "@effect-mcp/core/Roots"
import * as Sampling from "@effect-mcp/core/Sampling"
import * as SamplingTools from "@effect-mcp/core/SamplingTools"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

export class Missing extends Schema.TaggedError<Missing>()("Missing", { path: Schema.String }) {}

const Seat = {
  seat: Form.choices({ aisle: "On the aisle", window: "At the window" }),
  nights: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 })),
  breakfast: Schema.Boolean.annotate({ default: true })
}

const Length = Tool.make("length", { parameters: { word: Schema.String }, success: Schema.Finite })

export class Files extends McpGroup.make(
  "files",
  Tool.make("remove", {
    parameters: { path: Schema.String },
    success: Schema.String,
    failure: Missing,
    annotations: { destructiveHint: true }
  }),
  Tool.make("book", { success: Schema.String }),
  Tool.make("agree", { success: Schema.String }),
  Tool.make("pay", { success: Schema.String }),
  Tool.make("careless", { success: Schema.String }),
  Tool.make("summary", { success: Schema.String }),
  Tool.make("count", { success: Schema.String }),
  Tool.make("roots", { success: Schema.Array(Schema.String) }),
  Tool.make("who", { success: Schema.String }),
  Tool.make("index", { success: Schema.Int }),
  Tool.make("slow", { success: Schema.String }),
  Resource.template("file", "file:///{path}"),
  Prompt.make("explain", { parameters: { path: Schema.String } })
) {}

const sure = (message: string) => Elicitation.form({ key: "sure", message, schema: { sure: Schema.Boolean } })

export const FilesLive = Files.toLayer({
  tools: {
    remove: Effect.fn(function* ({ path }) {
      if (path === "missing") return yield* new Missing({ path })
      const { sure: isSure } = yield* sure(`Delete ${path}?`)
      return isSure ? yield* Replay.once("remove", Schema.String, Effect.succeed("removed")) : "kept"
    }),
    book: () =>
      Effect.map(
        Elicitation.form({ key: "seat", message: "Where?", schema: Seat }),
        ({ breakfast, nights, seat }) => `${seat} ${nights} ${breakfast}`
      ),
    agree: () =>
      Elicitation.form({ key: "ok", message: "Agreed?" }).pipe(
        Effect.as("agreed"),
        Effect.catchTags({ Declined: () => Effect.succeed("declined"), Cancelled: () => Effect.succeed("cancelled") })
      ),
    pay: () => Effect.as(Elicitation.url({ key: "pay", message: "Pay", url: "https://example.com/pay" }), "paid"),
    // Swallows whatever goes wrong with the question.
    careless: () => Effect.orElseSucceed(Effect.as(sure("Careless?"), "answered"), () => "swallowed"),
    summary: () => Sampling.text({ key: "q", messages: "Sum it up" }),
    count: () =>
      Effect.map(
        SamplingTools.run({
          key: "count",
          messages: "How long is it?",
          tools: [SamplingTools.bind(Length, ({ word }) => Effect.succeed(word.length))]
        }),
        ({ text }) => text
      ),
    roots: () => Effect.map(Roots.list, (roots) => roots.map(({ uri }) => uri)),
    who: () => Effect.map(RequestContext, ({ principal, revision }) => `${principal.subject} ${revision.version}`),
    index: Effect.fn(function* () {
      yield* Progress.report(1, 2, "half")
      yield* Effect.logInfo("indexing")
      yield* Progress.report(2, 2)
      return 2
    }),
    slow: () => Effect.as(Effect.sleep("30 seconds"), "done")
  },
  resources: { file: ({ path }) => Effect.succeed(`contents of ${path}`) },
  prompts: {
    explain: ({ path }) => Effect.map(sure(`Explain ${path}?`), ({ sure }) => `explain ${path}: ${sure}`)
  }
})

export const FilesServer = McpServer.layer({ name: "files", version: "1.0.0" }, Files).pipe(Layer.provide(FilesLive))
