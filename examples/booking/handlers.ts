/**
 * What the tools ask and do. There is no revision in here: in a session a question is a request and the handler waits; since 2026-07-28
 * the handler runs again with the answers, so what it does before its last question is recorded.
 */
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as Replay from "@effect-mcp/core/Replay"
import { Effect } from "effect"
import { Booking, Bookings, Nights, Room } from "./contract.ts"
import { Ledger } from "./ledger.ts"

/** A `Layer<Handlers<"bookings">, never, Ledger>`. */
export const BookingsLive = Bookings.toLayer({
  tools: {
    book: Effect.fn("book")(function* ({ hotel }) {
      const ledger = yield* Ledger
      yield* ledger.begun // Not recorded: it happens in each round.

      // Both at once: one round. Where there is nobody to ask, `orElse` is the answer.
      const { nights, room } = yield* Elicitation.all({
        room: { message: `Which room at the ${hotel}?`, schema: Room, orElse: "single" },
        nights: { message: "For how many nights?", schema: Nights, orElse: 1 }
      })

      // Recorded: it happens in one round, and the others see what it gave.
      const { reference } = yield* Replay.once("add", Booking, ledger.add({ hotel, room, nights }))

      // Without a Schema the user agrees to the message, or not.
      return yield* Elicitation.form({ key: "confirm", message: `${reference} is held for you. Confirm it?` }).pipe(
        Effect.andThen(ledger.confirm(reference)),
        // Nobody to ask: the booking stays held.
        Effect.catchTag("Unsupported", () => ledger.find(reference)),
        // The user said no, for example. Not with `onInterrupt`: the end of each round interrupts, and says nothing of the user.
        Effect.tapError(() => ledger.remove(reference)),
        Effect.catchTag("NoSuchBooking", Effect.die) // it was added above
      )
    }),

    cancel: Effect.fn("cancel")(function* ({ reference }) {
      const ledger = yield* Ledger
      yield* ledger.begun
      const booking = yield* ledger.find(reference)
      // Nothing else can stand for this answer: without one the tool fails, and the client is told why.
      yield* Elicitation.form({ key: "sure", message: `Cancel ${reference} at the ${booking.hotel}?` })
      yield* ledger.remove(reference)
      return booking
    })
  }
})
