/**
 * What can be asked of the assistant, and what the assistant asks.
 */
import * as Form from "@effect-mcp/core/Form"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { Schema } from "effect"

/** The user reads the titles, the program gets the keys. */
export const Room = Form.choices({ single: "A single room", double: "A double room", suite: "The suite with the balcony" })

/** The bounds are part of the form: clients can check them while the user types. */
export const Nights = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 14 }))

export class Booking extends Schema.Class<Booking>("Booking")({
  reference: Schema.String,
  hotel: Schema.String,
  room: Room,
  nights: Nights,
  /** Held, not confirmed, when there was nobody to ask. */
  status: Schema.Literals(["held", "confirmed"])
}) {}

export class NoSuchBooking extends Schema.TaggedError<NoSuchBooking>()("NoSuchBooking", { reference: Schema.String }) {
  override get message() {
    return `There is no booking ${this.reference}`
  }
}

export class Bookings extends McpGroup.make(
  "bookings",
  Tool.make("book", {
    description: "Books a room. Asks the user which one, for how long, and for a confirmation",
    parameters: { hotel: Schema.NonEmptyString },
    success: Booking
  }),
  Tool.make("cancel", {
    description: "Cancels a booking, after the user has agreed to it",
    parameters: { reference: Schema.String },
    success: Booking,
    failure: NoSuchBooking,
    annotations: { destructiveHint: true }
  })
) {}
