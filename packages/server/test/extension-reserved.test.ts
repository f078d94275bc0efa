/**
 * Members that belong to the protocol, in messages of which only the value tells that they have them.
 */
import * as Extension from "@effect-mcp/core/Extension"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import { answer, info, versions } from "./support/fixture.ts"
import { capture } from "./support/logs.ts"
import { key, serve } from "./support/peer.ts"

const Words = Schema.Record(Schema.String, Schema.String)

class Bag extends Extension.make("com.example/bag", {
  requests: {
    "bag/give": { params: { name: Schema.String }, success: Words },
    "bag/tell": { params: { name: Schema.String } }
  },
  events: { "bag/told": { params: Words } }
}) {}

const BagLive = Bag.toLayer({
  requests: {
    "bag/give": ({ name }) => Effect.succeed({ [name]: "x" }),
    "bag/tell": ({ name }) => Bag.send("bag/told", { [name]: "x" })
  }
})

const declared = { [key("clientCapabilities")]: { extensions: { "com.example/bag": {} } } }

describe.each(versions)("in %s", (version) => {
  const connect = Effect.gen(function* () {
    const logs = capture()
    const { open } = yield* serve(McpServer.layer(info, McpServer.extension(Bag, {})).pipe(Layer.provide([BagLive, logs.layer])))
    const peer = yield* open()
    yield* peer.speak(version, { experimental: { "com.example/bag": {} } })
    const meta = version === "2026-07-28" ? { _meta: declared } : {}
    return { peer, errors: logs.messages, ask: (method: string, name: string) => peer.request(method, { name, ...meta }, 1) }
  })

  for (const name of ["_meta", "resultType"]) {
    it.effect(`a result with \`${name}\` is a defect`, () =>
      Effect.gen(function* () {
        const { ask, errors } = yield* connect
        const said = yield* ask("bag/give", name)
        assert.strictEqual(said["error"]?.code, -32603)
        assert.strictEqual(errors("Error").length, 1)
      })
    )
  }

  it.effect("an event with `_meta` is a defect, and is not sent", () =>
    Effect.gen(function* () {
      const { ask, errors, peer } = yield* connect
      const said = yield* ask("bag/tell", "_meta")
      assert.strictEqual(said["error"]?.code, -32603)
      assert.strictEqual(errors("Error").length, 1)
      assert.deepStrictEqual(peer.notifications, [])
    })
  )

  it.effect("all other members are the program's own", () =>
    Effect.gen(function* () {
      const { ask, peer } = yield* connect
      assert.deepStrictEqual(yield* ask("bag/give", "meta"), answer(version, 1, { meta: "x" }))
      yield* ask("bag/tell", "resultType")
      assert.deepStrictEqual(peer.notifications[0]?.["params"], { resultType: "x" })
    })
  )
})
