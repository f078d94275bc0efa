/**
 * Clients that send notifications of an extension which nobody can read.
 */
import * as Extension from "@effect-mcp/core/Extension"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import { answer, info } from "./support/fixture.ts"
import { capture } from "./support/logs.ts"
import { serve, settle } from "./support/peer.ts"

interface Tree {
  readonly below?: Tree
}
const Tree: Schema.Codec<Tree> = Schema.Struct({ below: Schema.optionalKey(Schema.suspend(() => Tree)) })

class Gadget extends Extension.make("com.example/gadget", {
  requests: { "gadget/echo": { params: { value: Schema.Unknown }, success: { value: Schema.Unknown } }, "gadget/use": {} },
  notifications: { "gadget/grown": { params: { below: Tree } } }
}) {}

const GadgetLive = Gadget.toLayer({
  requests: { "gadget/echo": ({ value }) => Effect.succeed({ value }), "gadget/use": () => Effect.void },
  notifications: { "gadget/grown": () => Effect.void }
})

const connect = Effect.gen(function* () {
  const logs = capture()
  const served = yield* serve(
    McpServer.layer(info, McpServer.extension(Gadget, {})).pipe(Layer.provide([GadgetLive, logs.layer]))
  )
  const peer = yield* served.speak("2025-11-25")
  return { peer, open: served.speak, warned: () => logs.messages("Warn"), errors: () => logs.messages("Error") }
})

describe("a hostile client", () => {
  it.effect("sends what is nested too deeply: it is ignored, and what comes after is served", () =>
    Effect.gen(function* () {
      const { peer, warned } = yield* connect
      peer.line(
        `{"jsonrpc":"2.0","method":"gadget/grown","params":{"below":${'{"below":'.repeat(50_000)}{}${"}".repeat(50_000)}}}`
      )
      yield* settle
      assert.strictEqual(warned().length, 1)
      assert.include(warned()[0], '"gadget/grown" was ignored; its params are wrong')
      assert.deepStrictEqual(yield* peer.request("gadget/use", {}, 9), answer("2025-11-25", 9, {}))
    })
  )

  it.effect("sends what cannot be read, without end: the log does not grow with it", () =>
    Effect.gen(function* () {
      const { open, peer, warned } = yield* connect
      for (let i = 0; i < 1000; i++) peer.notify("gadget/grown", { below: i })
      yield* settle
      const before = warned().length
      assert.isBelow(before, 30)
      assert.include(warned()[0], '"gadget/grown" was ignored; its params are wrong')
      // Of another client the log says it again.
      const other = yield* open("2025-11-25")
      other.notify("gadget/grown", { below: 1 })
      yield* settle
      assert.strictEqual(warned().length, before + 1)
    })
  )
})
