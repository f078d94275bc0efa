import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as McpServer from "../src/McpServer.ts"
import { type RawPeer, serve, type Served, settle } from "./support/peer.ts"

const Op = Schema.Struct({
  op: Schema.Literals(["add", "remove", "call", "call", "list", "release"]),
  name: Schema.Literals(["a", "b", "c", "d"])
})

const Tick = Tool.make("tick", { success: Schema.Finite })
const TickLive = Tick.toLayer(() => Effect.succeed(0))

/** A tool that is added and removed again and again. Each time it gets a number, which its calls answer when they are released. */
class Churn {
  private readonly live = new Map<string, { readonly number: number; readonly scope: Scope.Closeable }>()
  private readonly gates: Array<Deferred.Deferred<void>> = []
  private readonly expected = new Map<string | number, number | undefined>()
  private numbers = 0
  private readonly served: Served
  private readonly peer: RawPeer

  constructor(served: Served, peer: RawPeer) {
    this.served = served
    this.peer = peer
  }

  readonly add = (name: string) =>
    Effect.gen({ self: this }, function* () {
      if (this.live.has(name)) return
      const number = ++this.numbers
      const scope = yield* Scope.make()
      const tool = Tool.make(name, { success: Schema.Finite })
      const live = tool.toLayer(() => {
        const gate = Deferred.makeUnsafe<void>()
        this.gates.push(gate)
        return Effect.as(Deferred.await(gate), number)
      })
      yield* Scope.provide(this.served.server.add(tool, live), scope)
      this.live.set(name, { number, scope })
    })

  readonly remove = (name: string) =>
    Effect.gen({ self: this }, function* () {
      const entry = this.live.get(name)
      if (entry === undefined) return
      // Closing waits for the calls that are running; the tool is gone at once.
      yield* Effect.forkChild(Scope.close(entry.scope, Exit.void), { startImmediately: true })
      this.live.delete(name)
    })

  /** Starts a call. What is served now is what has to answer it. */
  call(name: string): void {
    this.expected.set(this.peer.startCall(name), this.live.get(name)?.number)
  }

  readonly list = () =>
    Effect.map(this.peer.request("tools/list"), ({ result }) => {
      const names = result.tools.map((tool: { name: string }) => tool.name)
      assert.deepStrictEqual(new Set(names), new Set(["tick", ...this.live.keys()]))
      assert.strictEqual(names.length, this.live.size + 1)
    })

  readonly release = () =>
    Effect.sync(() => {
      for (const gate of this.gates.splice(0, 2)) Deferred.doneUnsafe(gate, Exit.void)
    })

  /** Lets all calls end, and compares every answer with what was served when its call began. */
  readonly check = () =>
    Effect.gen({ self: this }, function* () {
      while (this.gates.length > 0) yield* this.release()
      yield* settle
      assert.strictEqual(this.peer.inFlight, 0)
      for (const [id, number] of this.expected) {
        const answers = this.peer.messages.filter((message) => message["id"] === id)
        assert.strictEqual(answers.length, 1, "a call was lost, or answered twice")
        if (number === undefined) assert.match(answers[0]?.["error"].message, /^Unknown tool: /)
        else assert.deepStrictEqual(answers[0]?.["result"].structuredContent, { result: number })
      }
    })
}

const Server = McpServer.layer({ name: "s", version: "1" }, Tick).pipe(Layer.provide(TickLive))

describe("adding and removing under load", () => {
  it.effect.prop(
    "a call is answered by what was served when it began, and every call is answered once",
    { ops: Schema.Array(Op).check(Schema.isMaxLength(60)) },
    ({ ops }) =>
      Effect.gen(function* () {
        const served = yield* serve(Server)
        const peer = yield* served.speak()
        const churn = new Churn(served, peer)
        for (const { name, op } of ops) {
          if (op === "call") churn.call(name)
          else yield* churn[op](name)
        }
        yield* churn.check()
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 100 } }
  )

  it.effect("many fibers that add and remove do not disturb each other, nor the calls of many peers", () =>
    Effect.gen(function* () {
      const served = yield* serve(Server)
      const peers = yield* Effect.forEach([1, 2, 3], () => served.speak("2026-07-28"))
      let changes = 0
      const adder = Effect.fnUntraced(function* (name: string) {
        for (let i = 0; i < 40; i++) {
          const tool = Tool.make(name, { success: Schema.Finite })
          let isServed = true
          yield* Effect.scoped(
            Effect.gen(function* () {
              const live = tool.toLayer(() => {
                assert.isTrue(isServed, "a removed handler was called")
                return Effect.as(Effect.yieldNow, i)
              })
              yield* served.server.add(tool, live)
              changes++
              const peer = peers[i % 3]!
              assert.strictEqual((yield* peer.call(name))["result"].structuredContent, i)
              for (let turns = i % 4; turns > 0; turns--) yield* Effect.yieldNow
            })
          )
          isServed = false
          yield* Effect.yieldNow
        }
      })
      const caller = Effect.fnUntraced(function* (peer: RawPeer) {
        for (let i = 0; i < 150; i++) {
          const answered = yield* peer.call(i % 3 === 0 ? "tick" : `t${i % 10}`)
          const isAnswer = answered["result"]?.isError !== true && answered["result"] !== undefined
          assert.isTrue(isAnswer || answered["error"]?.code === -32602, JSON.stringify(answered))
          if (i % 3 === 0) assert.isTrue(isAnswer)
          yield* Effect.yieldNow
        }
      })
      const adders = Array.from({ length: 10 }, (_, i) => adder(`t${i}`))
      yield* Effect.all([...adders, ...peers.map(caller)], { concurrency: "unbounded" })
      assert.strictEqual(changes, 400)
      const listed = yield* peers[0]!.request("tools/list")
      assert.deepStrictEqual(
        listed["result"].tools.map((tool: { name: string }) => tool.name),
        ["tick"]
      )
      assert.deepStrictEqual(
        peers.map((peer) => peer.inFlight),
        [0, 0, 0]
      )
    })
  )
})
