/**
 * The server whose conversations are recorded: it does everything that a client has to bear.
 */
import * as ChangeBus from "@effect-mcp/core/ChangeBus"
import * as Completion from "@effect-mcp/core/Completion"
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as Extension from "@effect-mcp/core/Extension"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Progress from "@effect-mcp/core/Progress"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as PromptMessage from "@effect-mcp/core/PromptMessage"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Asking, AskingLive } from "./askingTools.ts"

export class Broke extends Schema.TaggedError<Broke>()("Broke", { how: Schema.String }) {}

/** What an extension brings: a request that may fail, and an event. */
export class Signals extends Extension.make("com.example/signals", {
  requests: {
    "signals/send": { params: { text: Schema.String }, success: { length: Schema.Int }, failure: Broke }
  },
  events: { "notifications/signals/heard": { params: { text: Schema.String } } }
}) {}

interface Tree {
  readonly name: string
  readonly children: ReadonlyArray<Tree>
}
const Tree = Schema.Struct({
  name: Schema.String,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
}).annotate({ identifier: "Tree" })

/** What is called by type. */
export class Rich extends McpGroup.make(
  "rich",
  Tool.make("plain", { parameters: { text: Schema.String }, success: Schema.String }),
  Tool.make("tree", { parameters: { depth: Schema.Int }, success: Tree, failure: Broke }),
  Tool.make("work", { parameters: { steps: Schema.Int }, success: Schema.Finite }),
  Tool.make("touch"),
  Tool.make("endless"),
  Tool.make("taken", { success: Schema.String }),
  Resource.make("front", "rich://front"),
  Resource.template("page", "rich://pages/{id}", { success: Tree, failure: Broke }),
  Prompt.make("poem", { parameters: { about: Schema.String } })
) {}

const grown = (depth: number): Tree => ({ name: `level ${depth}`, children: depth > 0 ? [grown(depth - 1)] : [] })

const RichLive = Rich.toLayer({
  tools: {
    plain: ({ text }) => Effect.succeed(text),
    tree: ({ depth }) => (depth < 0 ? Effect.fail(new Broke({ how: "it grew down" })) : Effect.succeed(grown(depth))),
    work: Effect.fn("work")(function* ({ steps }) {
      for (let i = 1; i <= steps; i++) {
        yield* Progress.report(i, steps, `step ${i}`)
        yield* Effect.logInfo("worked", { step: i })
      }
      return steps
    }),
    touch: Effect.fn("touch")(function* () {
      const { publish } = yield* ChangeBus.ChangeBus
      yield* Effect.orDie(Resource.updated("rich://front"))
      for (const change of [ChangeBus.toolsChanged, ChangeBus.promptsChanged, ChangeBus.resourcesChanged])
        yield* Effect.orDie(publish(change))
    }),
    endless: () => Effect.never,
    // Asks, and takes the question back. Where nobody waits, the question stays.
    taken: () =>
      Elicitation.form({ key: "slow", message: "Take your time", schema: Schema.String }).pipe(
        Effect.timeoutOrElse({ duration: "5 millis", orElse: () => Effect.succeed("too late") })
      )
  },
  resources: {
    front: () => Effect.succeed("front"),
    page: ({ id }) => (id === "0" ? Effect.fail(new Broke({ how: "torn" })) : Effect.succeed(grown(2)))
  },
  prompts: {
    poem: Completion.suggesting(({ about }) => Effect.succeed(PromptMessage.user(`A poem about ${about}`)), {
      about: (value) => Effect.succeed([`${value}s`, `${value}ing`])
    })
  }
})

const SignalsLive = Signals.toLayer({
  requests: {
    "signals/send": ({ text }) =>
      text === ""
        ? Effect.fail(new Broke({ how: "nothing to send" }))
        : Effect.as(Signals.send("notifications/signals/heard", { text }), { length: text.length })
  }
})

/** So small are the pages that every list has several. */
export const Server = McpServer.layer(
  { name: "rich", version: "1.0.0", instructions: "record me", pageSize: 7 },
  Rich,
  Asking,
  McpServer.extension(Signals)
).pipe(Layer.provide([RichLive, AskingLive, SignalsLive]), Layer.provide(ChangeBus.layerMemory))
