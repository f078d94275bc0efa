/**
 * Lists that change while the server runs: a call of a trigger adds a tool, or a prompt, and the next one takes it away. Handlers are
 * there before the server and do not have it, so they tell fibers beside it.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import { Context, Effect, Layer, Queue, Schema, type Scope } from "effect"

export class Changing extends McpGroup.make(
  "changing",
  Tool.make("test_trigger_tool_change", { description: "Changes the list of tools", success: Schema.String }),
  Tool.make("test_trigger_prompt_change", { description: "Changes the list of prompts", success: Schema.String })
) {}

/** Each of them holds an item for each change that is still to come. */
class Wanted extends Context.Service<Wanted, { readonly tools: Queue.Queue<void>; readonly prompts: Queue.Queue<void> }>()(
  "examples/everything/Wanted"
) {
  static readonly layer = Layer.effect(
    Wanted,
    Effect.all({ tools: Queue.dropping<void>(100), prompts: Queue.dropping<void>(100) })
  )
}

const change = (list: "tools" | "prompts") =>
  Effect.flatMap(Wanted, (wanted) => Effect.as(Queue.offer(wanted[list], undefined), `The list of ${list} changes`))

const TriggersLive = Changing.toLayer({
  tools: {
    test_trigger_tool_change: () => change("tools"),
    test_trigger_prompt_change: () => change("prompts")
  }
})

const ExtraTool = Tool.make("test_extra_tool", { description: "Comes and goes", success: Schema.String })
const ExtraToolLive = ExtraTool.toLayer(() => Effect.succeed("Still here"))

const ExtraPrompt = Prompt.make("test_extra_prompt", { description: "Comes and goes" })
const ExtraPromptLive = ExtraPrompt.toLayer(() => Effect.succeed("Still here"))

/** What is added in a scope is gone when that closes. */
const comesAndGoes = <E>(wanted: Queue.Queue<void>, add: Effect.Effect<void, E, Scope.Scope>) =>
  Queue.take(wanted).pipe(
    Effect.andThen(Effect.scoped(Effect.andThen(add, Queue.take(wanted)))),
    Effect.forever,
    Effect.forkScoped
  )

const ChangesLive = Layer.effectDiscard(
  Effect.gen(function* () {
    const server = yield* McpServer.McpServer
    const { prompts, tools } = yield* Wanted
    yield* comesAndGoes(tools, server.add(ExtraTool, ExtraToolLive))
    yield* comesAndGoes(prompts, server.add(ExtraPrompt, ExtraPromptLive))
  })
)

/** Puts what changes beside a server, and the triggers under it. */
export const withChanges = <A, E, R>(server: Layer.Layer<A | McpServer.McpServer, E, R>) =>
  ChangesLive.pipe(Layer.provideMerge(server), Layer.provide(TriggersLive), Layer.provide(Wanted.layer))
