/**
 * Where the bookings are kept. It counts how often it is written to, and how often handlers ran.
 */
import { Context, Effect, Layer } from "effect"
import { Booking, NoSuchBooking } from "./contract.ts"

/** What is wanted. */
export type Wish = Omit<typeof Booking.Type, "reference" | "status">

export class Ledger extends Context.Service<
  Ledger,
  {
    /** Writes a booking that is held. It makes another one each time: it must not run twice for one wish. */
    readonly add: (wish: Wish) => Effect.Effect<Booking>
    readonly confirm: (reference: string) => Effect.Effect<Booking, NoSuchBooking>
    readonly find: (reference: string) => Effect.Effect<Booking, NoSuchBooking>
    /** Does nothing when it is gone already. */
    readonly remove: (reference: string) => Effect.Effect<void>
    /** Notes that a handler has begun. */
    readonly begun: Effect.Effect<void>
    /** What happened so far: bookings that were written, bookings that are there, runs of handlers. */
    readonly counts: Effect.Effect<{ readonly added: number; readonly kept: number; readonly runs: number }>
  }
>()("examples/booking/Ledger") {
  static readonly layer = Layer.sync(Ledger, () => {
    const bookings = new Map<string, Booking>()
    let added = 0
    let runs = 0
    const find = (reference: string) =>
      Effect.fromNullishOr(bookings.get(reference)).pipe(Effect.mapError(() => new NoSuchBooking({ reference })))
    const keep = (booking: Booking) => {
      bookings.set(booking.reference, booking)
      return booking
    }
    return Ledger.of({
      find,
      add: (wish) => Effect.sync(() => keep(new Booking({ ...wish, reference: `B-${++added}`, status: "held" }))),
      confirm: (reference) => Effect.map(find(reference), (booking) => keep(new Booking({ ...booking, status: "confirmed" }))),
      remove: (reference) => Effect.sync(() => void bookings.delete(reference)),
      begun: Effect.sync(() => void runs++),
      counts: Effect.sync(() => ({ added, kept: bookings.size, runs }))
    })
  })
}
