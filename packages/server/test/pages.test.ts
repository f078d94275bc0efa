import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as McpServer from "../src/McpServer.ts"
import { versions } from "./support/fixture.ts"
import { type RawPeer, serve, type Served, settle } from "./support/peer.ts"

const info = { name: "s", version: "1" }

/** Tools of a server, each of which can be removed by itself. */
class Shelf {
  private readonly scopes = new Map<string, Scope.Closeable>()
  private readonly served: Served

  constructor(served: Served) {
    this.served = served
  }

  readonly add = (name: string) =>
    Effect.gen({ self: this }, function* () {
      const scope = yield* Scope.make()
      const tool = Tool.make(name)
      yield* Scope.provide(
        this.served.server.add(
          tool,
          tool.toLayer(() => Effect.void)
        ),
        scope
      )
      this.scopes.set(name, scope)
    })

  readonly remove = (name: string) =>
    Effect.suspend(() => {
      const scope = this.scopes.get(name)
      this.scopes.delete(name)
      return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
    })

  get names(): ReadonlyArray<string> {
    return [...this.scopes.keys()]
  }
}

const shelf = Effect.fnUntraced(function* (pageSize: number, names: ReadonlyArray<string>) {
  const served = yield* serve(McpServer.layer({ ...info, pageSize }))
  const made = new Shelf(served)
  yield* Effect.forEach(names, made.add)
  yield* settle
  return { shelf: made, peer: yield* served.speak() }
})

const page = (peer: RawPeer, cursor?: string) =>
  Effect.map(peer.request("tools/list", cursor === undefined ? {} : { cursor }), ({ result }) => ({
    names: result.tools.map((tool: { name: string }) => tool.name) as ReadonlyArray<string>,
    next: result.nextCursor as string | undefined
  }))

const letters = (count: number) => Array.from({ length: count }, (_, i) => String.fromCharCode(97 + i))

describe("pages of a list that changes", () => {
  it.effect("a cursor goes on after the same tool, whatever was added before or behind it", () =>
    Effect.gen(function* () {
      const { peer, shelf: tools } = yield* shelf(2, letters(5))
      const first = yield* page(peer)
      assert.deepStrictEqual(first.names, ["a", "b"])
      yield* tools.add("x")
      const second = yield* page(peer, first.next)
      assert.deepStrictEqual(second.names, ["c", "d"])
      assert.deepStrictEqual((yield* page(peer, second.next)).names, ["e", "x"])
    })
  )

  it.effect("a tool of the page before can go: none is left out", () =>
    Effect.gen(function* () {
      const { peer, shelf: tools } = yield* shelf(2, letters(5))
      const first = yield* page(peer)
      yield* tools.remove("a")
      assert.deepStrictEqual((yield* page(peer, first.next)).names, ["c", "d"])
    })
  )

  it.effect("so can the last one of the page before", () =>
    Effect.gen(function* () {
      const { peer, shelf: tools } = yield* shelf(2, letters(5))
      const first = yield* page(peer)
      yield* tools.remove("b")
      assert.deepStrictEqual((yield* page(peer, first.next)).names, ["c", "d"])
    })
  )

  it.effect("so can the whole page before", () =>
    Effect.gen(function* () {
      const { peer, shelf: tools } = yield* shelf(2, letters(5))
      const first = yield* page(peer)
      yield* tools.remove("a")
      yield* tools.remove("b")
      assert.deepStrictEqual((yield* page(peer, first.next)).names, ["c", "d"])
    })
  )

  it.effect("a cursor holds for another peer and in another revision", () =>
    Effect.gen(function* () {
      const served = yield* serve(McpServer.layer({ ...info, pageSize: 2 }))
      yield* Effect.forEach(letters(3), new Shelf(served).add)
      const cursors = new Set<string | undefined>()
      for (const version of versions) {
        const peer = yield* served.speak(version)
        const first = yield* page(peer)
        cursors.add(first.next)
        for (const cursor of cursors) assert.deepStrictEqual((yield* page(peer, cursor)).names, ["c"])
      }
    })
  )

  it.effect("exactly one page has no next one", () =>
    Effect.gen(function* () {
      for (const [size, count] of [
        [3, 3],
        [3, 2],
        [1, 1],
        [1000, 500]
      ] as const) {
        const { peer } = yield* shelf(
          size,
          Array.from({ length: count }, (_, i) => `t${i}`)
        )
        assert.isUndefined((yield* page(peer)).next)
      }
    })
  )

  it.effect.prop(
    "a tool that is there from the first page to the last one is on exactly one of them",
    {
      pageSize: Schema.Literals([1, 2, 3]),
      count: Schema.Literals([4, 6, 9]),
      changes: Schema.Array(
        Schema.Struct({ add: Schema.Boolean, at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 })) })
      ).check(Schema.isMaxLength(12))
    },
    ({ changes, count, pageSize }) =>
      Effect.gen(function* () {
        const initial = letters(count)
        const { peer, shelf: tools } = yield* shelf(pageSize, initial)
        const seen: Array<string> = []
        const pending = [...changes]
        let added = 0
        let cursor: string | undefined
        do {
          const got: { readonly names: ReadonlyArray<string>; readonly next: string | undefined } = yield* page(peer, cursor)
          seen.push(...got.names)
          cursor = got.next
          for (const { add, at } of pending.splice(0, 2)) {
            if (add) yield* tools.add(`new-${++added}`)
            else yield* tools.remove(tools.names[at % Math.max(1, tools.names.length)] ?? "")
          }
        } while (cursor !== undefined)
        for (const name of initial.filter((name) => tools.names.includes(name))) {
          assert.strictEqual(seen.filter((other) => other === name).length, 1, `${name} in ${seen.join(" ")}`)
        }
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 100 } }
  )
})

describe("the ready JSON of a list", () => {
  it.effect("is dropped when the list changes, for every revision", () =>
    Effect.gen(function* () {
      const served = yield* serve(McpServer.layer(info))
      const tools = new Shelf(served)
      const peers = yield* Effect.forEach(versions, (version) => served.speak(version))
      const expectAll = (expected: ReadonlyArray<string>) =>
        Effect.forEach(peers, (peer) => Effect.map(page(peer), ({ names }) => assert.deepStrictEqual(names, expected)))
      yield* expectAll([])
      yield* tools.add("a")
      yield* expectAll(["a"])
      yield* expectAll(["a"])
      yield* tools.add("b")
      yield* tools.remove("a")
      yield* expectAll(["b"])
      yield* tools.remove("b")
      yield* expectAll([])
    })
  )

  it.effect("is made once for as long as the list stays as it is", () =>
    Effect.gen(function* () {
      let made = 0
      const counting = {
        toJSON: () => {
          made++
          return 1
        }
      }
      const Counted = Tool.make("counted", { meta: { "example.com/counting": counting } })
      const served = yield* serve(McpServer.layer(info, Counted).pipe(Layer.provide(Counted.toLayer(() => Effect.void))))
      const tools = new Shelf(served)
      made = 0
      const one = yield* served.speak()
      const other = yield* served.speak()
      for (let i = 0; i < 10; i++) {
        yield* page(one)
        yield* page(other)
      }
      assert.strictEqual(made, 1)
      yield* page(yield* served.speak("2026-07-28"))
      assert.strictEqual(made, 2)
      yield* tools.add("a")
      yield* page(one)
      yield* page(one)
      assert.strictEqual(made, 3)
    })
  )
})
