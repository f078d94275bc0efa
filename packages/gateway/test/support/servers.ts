/**
 * Servers of this process.
 */
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

/** What the server's tool uses. */
export class Factor extends Context.Service<Factor, number>()("test/Factor") {}

/** A failure of the server's layer. */
export class NoFactor extends Schema.TaggedError<NoFactor>()("NoFactor", {}) {}

export const Scale = Tool.make("scale", { parameters: { by: Schema.Finite }, success: Schema.Finite })

export const AskName = Tool.make("ask", { success: Schema.String })

const ScaleLive = Scale.toLayer(({ by }) => Effect.map(Factor, (factor) => factor * by))

const AskLive = AskName.toLayer(() =>
  Effect.map(
    Elicitation.form({ key: "name", message: "Who?", schema: Schema.Struct({ name: Schema.String }) }),
    ({ name }) => name
  )
)

/** A server that requires a service. */
export const Scaling = McpServer.layer({ name: "scaling", version: "1.0.0" }, Scale, AskName).pipe(
  Layer.provide([ScaleLive, AskLive])
)

/** A service that is not there. */
export const NoFactorLive: Layer.Layer<Factor, NoFactor> = Layer.effect(Factor, Effect.fail(new NoFactor()))
