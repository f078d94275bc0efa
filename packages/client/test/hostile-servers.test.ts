/**
 * Servers that want their clients to break, to grow, or to write logs without end.
 */
import * as Extension from "@effect-mcp/core/Extension"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as McpClient from "../src/McpClient.ts"
import { connected } from "./support/connected.ts"
import { settle } from "./support/server.ts"

interface Tree {
  readonly below?: Tree
}
const Tree: Schema.Codec<Tree> = Schema.Struct({ below: Schema.optionalKey(Schema.suspend(() => Tree)) })

class Gadget extends Extension.make("com.example/gadget", {
  requests: { "gadget/use": {} },
  events: { "gadget/grown": { params: { below: Schema.optionalKey(Tree) } }, "gadget/sized": { params: { size: Schema.Int } } }
}) {}

const gadget = (client: McpClient.McpClient["Service"]) =>
  Effect.provideService(McpClient.extension(Gadget), McpClient.McpClient, client)

/** JSON that is nested so deeply that nothing recursive gets to its end. */
const deep = (depth = 100_000) => `${"[".repeat(depth)}${"]".repeat(depth)}`

/** The messages that are logged while an effect runs. */
const logging = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const logged: Array<string> = []
  const logger = Logger.make<unknown, void>(({ message }) => void logged.push(String(message)))
  return [yield* Effect.provide(effect, Logger.layer([logger])), logged] as const
})

describe("a hostile server", () => {
  it.effect("lists more at once than fits on a stack", () =>
    Effect.gen(function* () {
      const count = 200_000
      const page = Array.from({ length: count }, () => ({ uri: "a:b", name: "a" }))
      const { client } = yield* connected("2026-07-28", Layer.empty, (message, connection) =>
        connection.answer(message, { resultType: "complete", resources: page })
      )
      assert.strictEqual((yield* client.listResources).length, count)
    })
  )

  it.effect("lists nothing that can be read: the log does not grow with the list", () =>
    Effect.gen(function* () {
      const { client } = yield* connected("2026-07-28", Layer.empty, (message, connection) =>
        connection.answer(message, { resultType: "complete", tools: Array(5000).fill(1) })
      )
      const [tools, logged] = yield* logging(client.listTools)
      assert.deepStrictEqual(tools, [])
      assert.isBelow(logged.length, 30)
      assert.include(logged[0], "a tool of the server cannot be read and is left out")
      assert.include(logged.at(-1), "5000")
    })
  )

  for (const version of ["2025-11-25", "2026-07-28"]) {
    it.effect(`${version}: answers with a type of results that is no text and without end`, () =>
      Effect.gen(function* () {
        const { client } = yield* connected(version, Layer.empty, ({ id }, connection) =>
          connection.line(`{"jsonrpc":"2.0","id":${id},"result":{"resultType":${deep()}}}`)
        )
        const error = yield* Effect.flip((yield* gadget(client)).requests["gadget/use"]())
        assert.strictEqual(error.reason._tag, "InvalidAnswer")
        assert.isBelow(error.message.length, 500)
      })
    )
    it.effect(`${version}: answers with a type of results that is as long as a book`, () =>
      Effect.gen(function* () {
        const { client } = yield* connected(version, Layer.empty, (message, connection) =>
          connection.answer(message, { resultType: "x".repeat(1e6) })
        )
        const error = yield* Effect.flip((yield* gadget(client)).requests["gadget/use"]())
        assert.strictEqual(error.reason._tag, "InvalidAnswer")
        assert.isBelow(error.message.length, 500)
      })
    )
  }

  it.effect("tells of an event that is nested too deeply: it is left out, the others are not", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25", Layer.empty)
      const { events } = yield* gadget(client)
      const taken = yield* Effect.forkChild(Stream.runCollect(Stream.take(events, 1)), { startImmediately: true })
      yield* settle
      const depth = 50_000
      const below = `${'{"below":'.repeat(depth)}{}${"}".repeat(depth)}`
      connection.line(`{"jsonrpc":"2.0","method":"gadget/grown","params":{"below":${below}}}`)
      connection.notify("gadget/sized", { size: 1 })
      assert.deepStrictEqual(yield* Fiber.join(taken), [{ method: "gadget/sized", params: { size: 1 } }])
    })
  )

  it.effect("tells of events that cannot be read, without end: the log does not grow with them", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* connected("2025-11-25", Layer.empty)
      const { events } = yield* gadget(client)
      const [taken, logged] = yield* logging(
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(Stream.runCollect(Stream.take(events, 1)), { startImmediately: true })
          yield* settle
          for (let i = 0; i < 1000; i++) connection.notify("gadget/sized", { size: "big" })
          connection.notify("gadget/sized", { size: 1 })
          return yield* Fiber.join(fiber)
        })
      )
      assert.strictEqual(taken.length, 1)
      assert.isBelow(logged.length, 30)
      assert.include(logged[0], 'the event "gadget/sized" is not what the contract says and is left out')
    })
  )
})
