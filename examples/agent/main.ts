/**
 * Asks the agent for a hotel, and checks what came of it.
 */
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import * as Servers from "@effect-mcp/gateway/Servers"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Exit, Layer, SubscriptionRef } from "effect"
import * as assert from "node:assert/strict"
import { answer } from "./agent.ts"
import { Scripted } from "./model.ts"
import { Connected } from "./servers.ts"

/** The user sees which server asks, by the name that it has here. */
const User = ElicitationHandler.layer({
  form: ({ message }, { server }) => {
    console.log(`${server} asks: ${message} Yes.`)
    assert.equal(`${server}: ${message}`, "hotels: Book Fjord?")
    return Effect.succeed(ElicitationHandler.accept({ sure: true }))
  }
})

const program = Effect.gen(function* () {
  const servers = yield* Servers.Servers
  const states = yield* SubscriptionRef.get(servers.states)
  const tags = [...states].map(([name, { _tag }]) => `${name}: ${_tag}`)
  console.log(tags.join(", "))
  assert.deepEqual(tags, ["hotels: Ready", "notes: Ready", "exchange: Ready", "broken: Failed"])

  const said = yield* answer("Book me a hotel in Bergen that I like.")
  assert.match(said, /booked the Fjord, for 90 euros/)

  // Of many tools, those that a few words are about; and a name that several servers have.
  const found = yield* servers.findTool("money to euros")
  assert.equal(found[0]?.name, "exchange_convert")
  const both = yield* servers.findTool("search")
  assert.deepEqual(
    both.slice(0, 2).map(({ server }) => server),
    ["hotels", "notes"]
  )

  // A server that is stopped takes nothing from the others.
  yield* servers.close("exchange")
  const error = yield* Effect.flip(servers.callTool("exchange_convert", { amount: 1, currency: "EUR" }))
  console.log(error.message)
  assert.match(error.message, /server "exchange" was closed/)
  const lists = yield* servers.broadcast((client) => client.listTools)
  assert.deepEqual(
    [...lists].map(([name, exit]) => [name, Exit.isSuccess(exit)]),
    [
      ["hotels", true],
      ["notes", true],
      ["exchange", false],
      ["broken", false]
    ]
  )
  yield* servers.reconnect("exchange")
  const { structuredContent } = yield* servers.callTool("exchange_convert", { amount: 20, currency: "NOK" })
  assert.deepEqual(structuredContent, { euros: 2 })
})

program.pipe(Effect.provide([Connected.pipe(Layer.provide(User)), Scripted]), Effect.timeout("30 seconds"), NodeRuntime.runMain)
