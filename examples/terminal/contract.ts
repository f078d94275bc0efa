/**
 * What the server does, and what it asks a person for.
 */
import * as Form from "@effect-mcp/core/Form"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { Schema } from "effect"

/** A field of each kind. */
export const Trip = Schema.Struct({
  name: Schema.NonEmptyString.annotate({ title: "Your name" }),
  email: Schema.String.annotate({ title: "Where to write to", format: "email" }),
  nights: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 14 })),
  budget: Schema.optionalKey(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))),
  breakfast: Schema.Boolean.annotate({ default: true }),
  room: Form.choices({ single: "A single room", suite: "The suite with the balcony" }),
  extras: Schema.Array(Form.choices({ bike: "A bike", boat: "A boat", guide: "A guide" }))
})

export class Desk extends McpGroup.make(
  "desk",
  Tool.make("book", { description: "Books a trip. Asks for everything", success: Trip }),
  Tool.make("pay", { description: "Sends the user to a page", success: Schema.String }),
  Tool.make("motto", { description: "Asks the client's model for a motto", success: Schema.String }),
  Tool.make("trick", { description: "Asks in a way that tries to look like something else", success: Schema.String })
) {}
