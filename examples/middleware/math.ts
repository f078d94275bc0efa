/**
 * A server of its own, which others may mount.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import { Effect, Layer, Ref, Schema } from "effect"

export class Arithmetic extends McpGroup.make(
  "arithmetic",
  Tool.make("add", { parameters: { a: Schema.Finite, b: Schema.Finite }, success: Schema.Finite }),
  Tool.make("count", { description: "How many sums were computed so far", success: Schema.Int })
) {}

const ArithmeticLive = Arithmetic.toLayer(
  Effect.gen(function* () {
    // One for each time that the layer is built: whoever counts further talks to the same instance.
    const sums = yield* Ref.make(0)
    return Arithmetic.of({
      tools: {
        add: ({ a, b }) =>
          Effect.as(
            Ref.update(sums, (count) => count + 1),
            a + b
          ),
        count: () => Ref.get(sums)
      }
    })
  })
)

export const MathServer = McpServer.layer({ name: "math", version: "1.0.0" }, Arithmetic).pipe(Layer.provide(ArithmeticLive))
