import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { DuplicateName } from "../src/DuplicateName.ts"
import * as McpServer from "../src/McpServer.ts"
import type { OnDuplicate } from "../src/Settings.ts"
import { capture } from "./support/logs.ts"
import { type RawPeer, serve, settle } from "./support/peer.ts"

/** A group with the tools `same` and one of its own; `same` says which group it is of. */
const group = (id: string) => {
  const made = McpGroup.make(id, Tool.make("same", { success: Schema.String }), Tool.make(id, { success: Schema.String }))
  const say = () => Effect.succeed(id)
  return { made, live: made.toLayer({ tools: { same: say, [id]: say } as any }) }
}

const one = group("one")
const other = group("other")

const both = (onDuplicate?: OnDuplicate) =>
  McpServer.layer({ name: "s", version: "1", ...(onDuplicate === undefined ? {} : { onDuplicate }) }, one.made, other.made).pipe(
    Layer.provide([one.live, other.live])
  )

const alone = (onDuplicate: OnDuplicate) =>
  McpServer.layer({ name: "s", version: "1", onDuplicate }, one.made).pipe(Layer.provide(one.live))

const namesOf = (peer: RawPeer) =>
  Effect.map(peer.request("tools/list"), ({ result }) => result.tools.map((tool: { name: string }) => tool.name))

const textOf = (peer: RawPeer, name: string) => Effect.map(peer.call(name), ({ result }) => result.content[0].text)

describe("two tools of one name", () => {
  for (const policy of [undefined, "error"] as const) {
    it.effect(`${policy ?? "by default"}: the server does not start`, () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(serve(both(policy)))
        assert.isTrue(Exit.isFailure(exit))
        const defect = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isDieReason)?.defect : undefined
        assert.deepStrictEqual(defect, new DuplicateName({ kind: "tool", name: "same" }))
      })
    )
  }

  const kept: ReadonlyArray<readonly [OnDuplicate, string]> = [
    ["warn", "other"],
    ["replace", "other"],
    ["ignore", "one"]
  ]

  for (const [policy, winner] of kept) {
    it.effect(
      `${policy}: ${winner === "one" ? "the first one is" : "the last one is"} served, once, in the first one's place`,
      () =>
        Effect.gen(function* () {
          const peer = yield* (yield* serve(both(policy))).speak()
          assert.deepStrictEqual(yield* namesOf(peer), ["same", "one", "other"])
          assert.strictEqual(yield* textOf(peer, "same"), winner)
          assert.strictEqual(yield* textOf(peer, "one"), "one")
          assert.strictEqual(yield* textOf(peer, "other"), "other")
        })
    )

    it.effect(`${policy}: ${winner} is served when the other is added at run time, and the first one again when it is gone`, () =>
      Effect.gen(function* () {
        const served = yield* serve(alone(policy))
        const peer = yield* served.speak()
        const scope = yield* Scope.make()
        yield* Scope.provide(served.server.add(other.made, other.live), scope)
        assert.strictEqual(yield* textOf(peer, "same"), winner)
        assert.deepStrictEqual(yield* namesOf(peer), ["same", "one", "other"])
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(yield* textOf(peer, "same"), "one")
        assert.deepStrictEqual(yield* namesOf(peer), ["same", "one"])
      })
    )
  }

  it.effect("error: adding fails with the name, and the first one stays", () =>
    Effect.gen(function* () {
      const served = yield* serve(alone("error"))
      const peer = yield* served.speak()
      const error = yield* Effect.flip(served.server.add(other.made, other.live))
      assert.deepStrictEqual(error, new DuplicateName({ kind: "tool", name: "same" }))
      assert.deepStrictEqual(yield* namesOf(peer), ["same", "one"])
      assert.strictEqual(yield* textOf(peer, "same"), "one")
    })
  )

  it.effect("error: one name twice in what is added is refused too", () =>
    Effect.gen(function* () {
      const served = yield* serve(alone("error"))
      const Twice = McpGroup.make("twice", Tool.make("x"), Tool.make("x"))
      const live = Twice.toLayer({ tools: { x: () => Effect.void } })
      const error = yield* Effect.flip(served.server.add(Twice, live))
      assert.deepStrictEqual(error, new DuplicateName({ kind: "tool", name: "x" }))
    })
  )

  it.effect("warn: the log names the tool; replace and ignore say nothing", () =>
    Effect.gen(function* () {
      for (const policy of ["warn", "replace", "ignore"] as const) {
        const logs = capture()
        yield* Effect.scoped(serve(both(policy).pipe(Layer.provide(logs.layer))))
        yield* settle
        const expected = ['tool "same" is offered twice; the last one is served']
        assert.deepStrictEqual(logs.messages("Warn"), policy === "warn" ? expected : [])
      }
    })
  )

  it.effect("warn: the log names it once, not with every change of the list", () =>
    Effect.gen(function* () {
      const logs = capture()
      const served = yield* serve(both("warn").pipe(Layer.provide(logs.layer)))
      const peer = yield* served.speak()
      const Late = Tool.make("late")
      yield* served.server.add(
        Late,
        Late.toLayer(() => Effect.void)
      )
      yield* namesOf(peer)
      yield* settle
      assert.strictEqual(logs.messages("Warn").length, 1)
    })
  )

  it.effect("in a mounted server and its parent follow the parent's policy", () =>
    Effect.gen(function* () {
      const Parent = (onDuplicate: OnDuplicate) =>
        McpServer.layer({ name: "p", version: "1", onDuplicate }, one.made, McpServer.mount(undefined, childOf(other))).pipe(
          Layer.provide(one.live)
        )
      const childOf = ({ live, made }: typeof other) =>
        McpServer.layer({ name: "c", version: "1" }, made).pipe(Layer.provide(live))
      const peer = yield* (yield* serve(Parent("replace"))).speak()
      assert.strictEqual(yield* textOf(peer, "same"), "other")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(serve(Parent("error")))))
    })
  )
})
