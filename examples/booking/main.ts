/**
 * Books and cancels in every revision, with users who agree, who decline and who cannot be asked. The program on the other side is
 * always the same; how often it ran, and how often it booked, is in its ledger.
 */
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Form from "@effect-mcp/core/Form"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Revision from "@effect-mcp/core/Revision"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import * as assert from "node:assert/strict"
import { Bookings, NoSuchBooking } from "./contract.ts"
import { Ledger } from "./ledger.ts"
import { Server } from "./server.ts"

/** What a user says to a question that begins so: picks by title, types, agrees, declines. */
type Script = { readonly [beginning: string]: string | number | boolean }

const eager: Script = { "Which room": "The suite with the balcony", "For how many nights": 3, "B-": true, "Cancel B-": true }

/** A user at a client. A host would show the form, and the second argument says which server wants to know. */
const user = (script: Script, asked: Array<string>) =>
  ElicitationHandler.layer({
    form: Effect.fn("form")(function* ({ message, requestedSchema }) {
      asked.push(message)
      const said = Object.entries(script).find(([beginning]) => message.startsWith(beginning))?.[1]
      if (said === undefined) return ElicitationHandler.cancel
      if (typeof said === "boolean") return said ? ElicitationHandler.accept() : ElicitationHandler.decline
      // A question for one value is a form with one field. Each revision has other words for its options, or none.
      const options = Form.options(requestedSchema.properties["value"] ?? {})
      return ElicitationHandler.accept({ value: options?.find(({ title }) => title === said)?.value ?? said })
    })
  })

const connect = (version: Revision.Version) => McpClient.make({ name: "host", version: "1.0.0", versions: [version] })

/** What an effect gave or failed with, and what the ledger counted meanwhile. */
const counting = Effect.fn("counting")(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const ledger = yield* Ledger
  const before = yield* ledger.counts
  const value = yield* effect
  const after = yield* ledger.counts
  return { value, added: after.added - before.added, kept: after.kept - before.kept, runs: after.runs - before.runs }
})

const agree = Effect.fn("agree")(function* (version: Revision.Version) {
  const asked: Array<string> = []
  const client = yield* connect(version).pipe(Effect.provide(user(eager, asked)))
  const { tools } = McpClient.typed(Bookings, client)
  const { added, runs, value } = yield* counting(tools.book({ hotel: "Grand" }))
  const { nights, reference, room, status } = value
  console.log(
    `${version}: ${status} ${reference}, ${room} for ${nights}; ${asked.length} questions, the handler ran ${runs} times`
  )

  // Once in every revision, although the handler runs once for each round.
  assert.equal(added, 1)
  const { elicitation, era } = client.revision
  const isAsked = elicitation !== "none"
  assert.deepEqual([room, nights, status], isAsked ? ["suite", 3, "confirmed"] : ["single", 1, "held"])
  assert.equal(asked.length, isAsked ? 3 : 0)
  assert.equal(runs, era === "request" ? 3 : 1)

  const cancelled = yield* counting(Effect.result(tools.cancel({ reference })))
  assert.deepEqual([cancelled.value._tag, cancelled.kept], isAsked ? ["Success", -1] : ["Failure", 0])
}, Effect.scoped)

/** Agrees to all but the last question. */
const decline = Effect.fn("decline")(function* (version: Revision.Version) {
  const script = { ...eager, "B-": false }
  const client = yield* connect(version).pipe(Effect.provide(user(script, [])))
  const {
    added,
    kept,
    value: error
  } = yield* counting(Effect.flip(McpClient.typed(Bookings, client).tools.book({ hotel: "Grand" })))
  console.log(`${version}, declined: ${error.message}`)
  assert.ok(error.reason._tag === "ToolFailed" && error.reason.detail === 'the user declined to answer "confirm"')
  assert.deepEqual([added, kept], [1, 0])
}, Effect.scoped)

/** Speaks a revision that has questions, but has nobody who answers. */
const alone = Effect.fn("alone")(function* (version: Revision.Version) {
  const { tools } = McpClient.typed(Bookings, yield* connect(version))
  const { added, value: booking } = yield* counting(tools.book({ hotel: "Grand" }))
  assert.deepEqual([added, booking.room, booking.status], [1, "single", "held"])

  const { kept, value: error } = yield* counting(Effect.flip(tools.cancel({ reference: booking.reference })))
  console.log(`${version}, nobody to ask: ${booking.status} ${booking.reference}, but not cancelled: ${error.message}`)
  assert.ok(error._tag === "McpClientError" && kept === 0)

  // What the contract declares is itself, as always.
  assert.ok((yield* Effect.flip(tools.cancel({ reference: "B-0" }))) instanceof NoSuchBooking)
}, Effect.scoped)

const program = Effect.gen(function* () {
  for (const version of Revision.versions.toReversed()) yield* agree(version)
  for (const version of ["2025-11-25", "2026-07-28"] as const) {
    yield* decline(version)
    yield* alone(version)
  }
})

// One server for all; each client is a connection of its own.
const Connected = MemoryTransport.layer().pipe(Layer.provideMerge(Server))

program.pipe(Effect.timeout("20 seconds"), Effect.provide(Connected), NodeRuntime.runMain)
