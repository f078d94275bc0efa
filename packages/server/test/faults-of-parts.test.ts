import * as Middleware from "@effect-mcp/core/Middleware"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import * as Provider from "../src/Provider.ts"
import type { Transform } from "../src/Transform.ts"
import { versions } from "./support/fixture.ts"
import { capture } from "./support/logs.ts"
import { type RawPeer, serve, settle } from "./support/peer.ts"

const info = { name: "s", version: "1" }

const defectOf = (exit: Exit.Exit<unknown, unknown>): string => {
  const reason = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isDieReason) : undefined
  return reason?.defect instanceof Error ? reason.defect.message : "no defect"
}

const start = (layer: Layer.Layer<any, any, never>) => Effect.map(Effect.exit(serve(layer)), defectOf)

const One = Tool.make("one", { success: Schema.String })
const Two = Tool.make("two", { success: Schema.String })
const Own = Tool.make("own", { success: Schema.String })

const Source = McpServer.layer({ name: "source", version: "1" }, One, Two).pipe(
  Layer.provide([One.toLayer(() => Effect.succeed("1")), Two.toLayer(() => Effect.succeed("2"))])
)

/** A provider that changes, and throws, when the test says so. */
const moody = Effect.gen(function* () {
  const { server } = yield* serve(Source)
  const listeners = new Set<Provider.ChangeListener>()
  let offered = Provider.fixed({ tools: server.provider.list("tools") })
  let isBroken = false
  const provider: Provider.Provider = {
    list: (kind) => {
      if (isBroken) throw new Error("the catalogue is gone")
      return offered.list(kind)
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
  }
  const change = (broken: boolean) => {
    isBroken = broken
    offered = Provider.fixed({ tools: [...offered.list("tools")] })
    for (const listener of listeners) listener("tools")
  }
  return { provider, change }
})

const serving = (provider: Provider.Provider, ...transforms: ReadonlyArray<Transform>) => {
  const logs = capture()
  const layer = McpServer.layer(info, Own, McpServer.provide(provider, ...transforms)).pipe(
    Layer.provide(Own.toLayer(() => Effect.succeed("own"))),
    Layer.provide(logs.layer)
  )
  return { layer, logs }
}

const namesOf = (peer: RawPeer) =>
  Effect.map(peer.request("tools/list"), ({ result }) => result?.tools.map((tool: { name: string }) => tool.name))

const textOf = (peer: RawPeer, name: string) => Effect.map(peer.call(name), ({ result }) => result?.content[0].text)

describe("a transform that throws", () => {
  const picky = (refused: () => string | undefined): Transform => ({
    tool: (component) => {
      if (component.name === refused()) throw new Error(`${component.name} is not for me`)
      return component
    }
  })

  it.effect("from the start: the server does not start", () =>
    Effect.gen(function* () {
      const { provider } = yield* moody
      assert.strictEqual(
        yield* start(
          serving(
            provider,
            picky(() => "two")
          ).layer
        ),
        "two is not for me"
      )
    })
  )

  it.effect("later: the tool is left out, the log says so once, the others are served", () =>
    Effect.gen(function* () {
      const { change, provider } = yield* moody
      const refused: { name?: string } = {}
      const { layer, logs } = serving(
        provider,
        picky(() => refused.name)
      )
      const peer = yield* (yield* serve(layer)).speak()
      assert.deepStrictEqual(yield* namesOf(peer), ["own", "one", "two"])
      refused.name = "one"
      change(false)
      for (let i = 0; i < 3; i++) assert.deepStrictEqual(yield* namesOf(peer), ["own", "two"])
      assert.strictEqual((yield* peer.call("one"))["error"].message, "Unknown tool: one")
      assert.deepStrictEqual([yield* textOf(peer, "two"), yield* textOf(peer, "own")], ["2", "own"])
      yield* settle
      assert.deepStrictEqual(logs.messages("Warn"), ["a tool is not served: Error: one is not for me"])
    })
  )
})

describe("a provider that throws", () => {
  it.effect("from the start: the server does not start", () =>
    Effect.gen(function* () {
      const { change, provider } = yield* moody
      change(true)
      assert.strictEqual(yield* start(serving(provider).layer), "the catalogue is gone")
    })
  )

  for (const version of versions) {
    it.effect(`${version}: later: every request is answered, nothing is told of the fault but its id, and it passes`, () =>
      Effect.gen(function* () {
        const { change, provider } = yield* moody
        const { layer, logs } = serving(provider)
        const peer = yield* (yield* serve(layer)).speak(version)
        change(true)
        const answers = [yield* peer.request("tools/list"), yield* peer.call("one"), yield* peer.call("own")]
        assert.notInclude(JSON.stringify(answers), "catalogue")
        assert.strictEqual(peer.inFlight, 0)
        yield* settle
        assert.include(JSON.stringify(logs.entries), "the catalogue is gone")
        change(false)
        assert.deepStrictEqual(yield* namesOf(peer), ["own", "one", "two"])
        assert.deepStrictEqual([yield* textOf(peer, "one"), yield* textOf(peer, "own")], ["1", "own"])
      })
    )
  }
})

describe("what cannot be sent", () => {
  const cyclic: Record<string, unknown> = {}
  cyclic["self"] = cyclic

  const serveAlone = (tool: any) =>
    McpServer.layer(info, tool).pipe(Layer.provide(tool.toLayer(() => Effect.void))) as Layer.Layer<any>

  const notJson: ReadonlyArray<readonly [what: string, value: unknown]> = [
    ["a BigInt", { "a/b": 1n }],
    ["something that holds itself", { "a/b": cyclic }],
    ["something that throws", { toJSON: () => assert.fail("no") }]
  ]

  for (const [what, meta] of notJson) {
    it.effect(`meta with ${what} is refused at the start, with the place named`, () =>
      Effect.gen(function* () {
        const said = yield* start(serveAlone(Tool.make("odd", { meta: meta as {} })))
        assert.match(said, /^tool "odd", at meta: it is not JSON: ./)
      })
    )
  }

  class Socket {
    readonly handle = 1
  }
  const Opaque = Schema.instanceOf(Socket)

  const failures: ReadonlyArray<readonly [what: string, failure: Schema.Codec<any, any>]> = [
    ["an instance of a class", Opaque],
    ["a union with one", Schema.Union([Schema.String, Opaque])],
    ["a struct with one", Schema.Struct({ socket: Opaque })],
    ["an array of them", Schema.Array(Opaque)]
  ]

  for (const [what, failure] of failures) {
    it.effect(`a failure that is ${what} is refused at the start, with the place named`, () =>
      Effect.gen(function* () {
        const said = yield* start(serveAlone(Tool.make("odd", { failure })))
        assert.match(said, /^tool "odd", failure(, at .+)?: ./)
      })
    )
  }

  it.effect("a result that is sent as text alone is refused, too", () =>
    Effect.gen(function* () {
      const said = yield* start(serveAlone(Tool.make("odd", { success: Opaque, structured: false })))
      assert.match(said, /^tool "odd", success: ./)
    })
  )

  it.effect("failures that can be sent are not", () =>
    Effect.gen(function* () {
      class Gone extends Schema.TaggedError<Gone>()("Gone", { at: Schema.Date, why: Schema.optionalKey(Schema.Unknown) }) {}
      for (const failure of [Gone, Schema.Void, Schema.Undefined, Schema.Union([Gone, Schema.String]), Schema.Json]) {
        assert.strictEqual(yield* start(serveAlone(Tool.make("fine", { failure: failure as any }))), "no defect")
      }
    })
  )
})

describe("two middleware of one id", () => {
  it.effect("are not taken for each other: the server does not start", () =>
    Effect.gen(function* () {
      class Ours extends Middleware.make<Ours>()("guard") {}
      class Theirs extends Middleware.make<Theirs>()("guard") {}
      const theirs = Theirs.layer({ all: (_, next) => next }) as unknown as Layer.Layer<Ours>
      const layer = McpServer.layer(info, McpServer.use(Ours), Own).pipe(
        Layer.provide([theirs, Own.toLayer(() => Effect.succeed("own"))])
      )
      assert.strictEqual(
        yield* start(layer),
        'the layer of middleware "guard" implements another middleware of that id; ids must be unique'
      )
    })
  )
})
