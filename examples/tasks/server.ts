/**
 * Handlers that know next to nothing of tasks.
 */
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as Task from "@effect-mcp/core/Task"
import * as McpServer from "@effect-mcp/server/McpServer"
import { Effect, Layer, Ref, Schema } from "effect"
import { Studio } from "./contract.ts"

const Title = { title: Schema.String }

const StudioLive = Studio.toLayer(
  Effect.gen(function* () {
    const stopped = yield* Ref.make(0)

    const render = Effect.fn("render")(function* ({ scenes }: { readonly scenes: number }) {
      for (let scene = 1; scene <= scenes; scene++) {
        yield* Effect.sleep("20 millis")
        // Nothing happens where the call is no task.
        yield* Task.status(`scene ${scene} of ${scenes}`)
      }
      return { rendered: scenes }
    })

    // In a task the handler waits here; in a call of 2026-07-28 it is run again with the answer.
    const remove = Effect.fn("remove")(function* ({ film }: { readonly film: string }) {
      yield* Elicitation.form({ key: "sure", message: `Remove ${film}?` })
      return `${film} is removed`
    })

    const publish = Effect.fn("publish")(function* () {
      const { title } = yield* Elicitation.form({ key: "title", message: "Which title?", schema: Title })
      yield* Task.begin
      yield* Effect.sleep("100 millis")
      return `"${title}" is published`
    })

    const stream = () => Effect.onInterrupt(Effect.never, () => Ref.update(stopped, (count) => count + 1))

    return Studio.of({ tools: { render, remove, publish, stream, stopped: () => Ref.get(stopped) } })
  })
)

export const Server = McpServer.layer(
  { name: "studio", version: "1.0.0", tasks: { timeout: "1 hour", ttl: "1 day", concurrency: 100 } },
  Studio
).pipe(Layer.provide(StudioLive))
