/**
 * What can be asked of the server, and what its model is asked for and may use.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { Schema } from "effect"

/** What the model has to answer with. */
export class Verdict extends Schema.Class<Verdict>("Verdict")({
  verdict: Schema.Literals(["true", "false", "unknown"]),
  confidence: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
  because: Schema.NonEmptyString
}) {}

export class Claims extends McpGroup.make(
  "claims",
  Tool.make("check", {
    description: "Checks a claim about the moons of planets",
    parameters: { claim: Schema.NonEmptyString },
    success: Verdict,
    annotations: { readOnlyHint: true }
  })
) {}

export class NoSuchPlanet extends Schema.TaggedError<NoSuchPlanet>()("NoSuchPlanet", { planet: Schema.String }) {
  override get message() {
    return `${this.planet} is not a planet`
  }
}

/** Tools for the model that is asked, not for clients: they are no part of the group. */
export const Moons = Tool.make("moons", {
  description: "How many moons a planet has",
  parameters: { planet: Schema.String },
  success: Schema.Int,
  failure: NoSuchPlanet
})

export const Sum = Tool.make("sum", {
  description: "Adds numbers",
  parameters: { numbers: Schema.Array(Schema.Finite) },
  success: Schema.Finite
})
