import { Dispatcher } from "@effect-mcp/core/Dispatcher"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import * as Namespace from "../src/transforms/Namespace.ts"
import type * as Provider from "../src/Provider.ts"
import { serve, settle } from "./support/peer.ts"

const info = { name: "s", version: "1" }

const One = Tool.make("one", { success: Schema.String })
const Child = McpServer.layer({ name: "child", version: "1" }, One).pipe(Layer.provide(One.toLayer(() => Effect.succeed("1"))))

/** A child that lives as long as the test, and how many listen to its changes. */
const longLived = Effect.gen(function* () {
  const served = yield* serve(Child)
  const listeners = new Set<Provider.ChangeListener>()
  const provider: Provider.Provider = {
    list: served.server.provider.list,
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
  }
  const layer = Layer.mergeAll(
    Layer.succeed(McpServer.McpServer, McpServer.McpServer.of({ ...served.server, provider })),
    Layer.succeed(Dispatcher, served.dispatcher)
  )
  return { provider, layer, listeners, served }
})

const parents: ReadonlyArray<
  readonly [how: string, parent: (child: Effect.Success<typeof longLived>) => Layer.Layer<McpServer.McpServer | Dispatcher>]
> = [
  ["provides it", ({ provider }) => McpServer.layer(info, McpServer.provide(provider))],
  ["provides it through a transform", ({ provider }) => McpServer.layer(info, McpServer.provide(provider, Namespace.make("n")))],
  ["mounts it", ({ layer }) => McpServer.layer(info, McpServer.mount(undefined, layer))],
  ["mounts it under a namespace", ({ layer }) => McpServer.layer(info, McpServer.mount("n", layer))],
  [
    "mounts it twice, under two namespaces",
    ({ layer }) => McpServer.layer(info, McpServer.mount("a", layer), McpServer.mount("b", layer))
  ],
  [
    "mounts what mounts it",
    ({ layer }) => McpServer.layer(info, McpServer.mount("a", McpServer.layer(info, McpServer.mount("b", layer))))
  ]
]

describe("a child that outlives its parent", () => {
  for (const [how, parent] of parents) {
    it.effect(`forgets a parent that ${how}`, () =>
      Effect.gen(function* () {
        const child = yield* longLived
        for (let round = 0; round < 3; round++) {
          const served = yield* serve(parent(child))
          const peer = yield* served.speak()
          assert.isAbove(child.listeners.size, 0)
          for (const listener of child.listeners) listener("tools")
          yield* settle
          assert.deepStrictEqual(
            peer.messages.map(({ method }) => method),
            ["notifications/tools/list_changed"]
          )
          peer.clear()
          yield* served.close
          assert.strictEqual(child.listeners.size, 0)
          yield* settle
          assert.deepStrictEqual(peer.lines, [])
        }
        const peer = yield* child.served.speak()
        assert.strictEqual((yield* peer.call("one"))["result"].content[0].text, "1")
      })
    )
  }

  it.effect("forgets a parent that did not start", () =>
    Effect.gen(function* () {
      const child = yield* longLived
      const Twice = Tool.make("one")
      const broken = [
        McpServer.layer(info, Twice, McpServer.provide(child.provider)),
        McpServer.layer(info, McpServer.provide(child.provider), McpServer.mount("x".repeat(80), child.layer)),
        McpServer.layer(
          info,
          McpServer.provide(child.provider),
          McpServer.provide({ list: () => assert.fail("no"), onChange: child.provider.onChange })
        )
      ]
      for (const layer of broken) {
        const built = Layer.provide(
          layer,
          Twice.toLayer(() => Effect.void)
        )
        assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.scoped(serve(built)))))
        assert.strictEqual(child.listeners.size, 0)
      }
    })
  )
})
