/** What all lists have in common, their order and their cursors; and what is answered to names and URIs that are not there. */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as McpServer from "../src/McpServer.ts"
import { answer, at, info, refusal, type Since, versions } from "./support/fixture.ts"
import { type Json, type RawPeer, serve } from "./support/peer.ts"

const text = () => Effect.succeed("")
const nothing = () => Effect.void

// In an order that sorting would not give.
class Many extends McpGroup.make(
  "many",
  Tool.make("m"),
  Resource.template("pz", "many://z/{id}"),
  Prompt.make("m"),
  Tool.make("B"),
  Tool.make("c"),
  Resource.make("m", "many://m"),
  Resource.make("B", "many://B"),
  Prompt.make("B"),
  Resource.template("pa", "many://a/{id}"),
  Prompt.make("c"),
  Resource.make("c", "many://c"),
  Resource.template("pb", "many://b/{id}")
) {}

const ManyLive = Many.toLayer({
  tools: { c: nothing, B: nothing, m: nothing },
  resources: { pb: text, c: text, pa: text, B: text, m: text, pz: text },
  prompts: { B: text, c: text, m: text }
})

const Server = McpServer.layer(info, Many).pipe(Layer.provide(ManyLive))
const Paged = McpServer.layer({ ...info, pageSize: 2 }, Many).pipe(Layer.provide(ManyLive))

const lists = [
  ["tools/list", "tools", ["m", "B", "c"]],
  ["resources/list", "resources", ["m", "B", "c"]],
  ["resources/templates/list", "resourceTemplates", ["pz", "pa", "pb"]],
  ["prompts/list", "prompts", ["m", "B", "c"]]
] as const

const namesOf = ({ result }: Json, member: string): ReadonlyArray<string> =>
  result[member].map(({ name }: { readonly name: string }) => name)

describe.each(versions)("transcript: lists of all kinds in %s", (version) => {
  for (const [method, member, names] of lists) {
    it.effect(`${method} has the order of the contracts, for every client and every time`, () =>
      Effect.gen(function* () {
        const texts = new Set<string>()
        for (const served of [yield* serve(Server), yield* serve(Server)]) {
          for (const peer of [yield* served.speak(version), yield* served.speak(version)]) {
            for (let i = 0; i < 2; i++) {
              peer.clear()
              assert.deepStrictEqual(namesOf(yield* peer.request(method, {}, 1), member), names)
              texts.add(peer.lines[0] ?? "")
            }
          }
        }
        assert.strictEqual(texts.size, 1)
      })
    )

    it.effect(`${method} has cursors that are opaque, that hold for every client, and that can be used again`, () =>
      Effect.gen(function* () {
        const served = yield* serve(Paged)
        const [peer, other] = [yield* served.speak(version), yield* served.speak(version)]
        const first = yield* peer.request(method)
        const { nextCursor } = first["result"]
        assert.deepStrictEqual(namesOf(first, member), names.slice(0, 2))
        assert.match(nextCursor, /^[A-Za-z0-9_-]+$/)
        assert.strictEqual((yield* other.request(method))["result"].nextCursor, nextCursor)
        for (const from of [peer, other, peer]) {
          const rest = yield* from.request(method, { cursor: nextCursor })
          assert.deepStrictEqual(namesOf(rest, member), names.slice(2))
          assert.notProperty(rest["result"], "nextCursor")
        }
      })
    )

    it.effect(`${method} refuses a cursor that is none, also the empty one`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Paged)).speak(version)
        const { nextCursor } = (yield* peer.request(method))["result"]
        for (const cursor of ["", "nope", `${nextCursor}x`, nextCursor.toLowerCase(), "0"]) {
          assert.deepStrictEqual(yield* peer.request(method, { cursor }, "c"), refusal("c", -32602, "Invalid cursor"))
          peer.clear()
        }
        const refused = refusal("c", -32602, "Invalid params: `cursor` must be a string")
        assert.deepStrictEqual(yield* peer.request(method, { cursor: 1 }, "c"), refused)
      })
    )
  }
})

/** Sends a request and gives its answer. */
const asked = (peer: RawPeer, method: string, params: Json) => {
  peer.clear()
  return peer.request(method, params, 1)
}

describe.each(versions)("transcript: what is not there, in %s", (version) => {
  const connected = Effect.flatMap(serve(Server), ({ speak }) => speak(version))

  it.effect("resources have a code of their own, and -32602 since 2026-07-28", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const code = at({ "2024-11-05": -32002, "2026-07-28": -32602 }, version)
      for (const uri of ["many://nothing", "many://m/", "many://M", "many://b", "nothing", ""]) {
        const expected = refusal(1, code, `Resource not found: ${uri}`, { uri })
        assert.deepStrictEqual(yield* asked(peer, "resources/read", { uri }), expected)
      }
      // A template is what it stands for, not a resource.
      const expected = refusal(1, code, "Resource not found: many://{id}", { uri: "many://{id}" })
      assert.deepStrictEqual(yield* asked(peer, "resources/read", { uri: "many://{id}" }), expected)
    })
  )

  it.effect("tools, prompts and references have -32602", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const tool = refusal(1, -32602, "Unknown tool: many://m", { name: "many://m" })
      assert.deepStrictEqual(yield* asked(peer, "tools/call", { name: "many://m" }), tool)
      const prompt = refusal(1, -32602, "Unknown prompt: b", { name: "b" })
      assert.deepStrictEqual(yield* asked(peer, "prompts/get", { name: "b" }), prompt)
    })
  )

  it.effect("the methods of `resources/subscribe` are of the session era", () =>
    Effect.gen(function* () {
      const peer = yield* connected
      const missing: Since<Json> = {
        "2024-11-05": refusal(1, -32002, "Resource not found: many://x", { uri: "many://x" }),
        "2026-07-28": refusal(1, -32601, "Method not found: resources/subscribe")
      }
      assert.deepStrictEqual(yield* asked(peer, "resources/subscribe", { uri: "many://x" }), at(missing, version))
      const gone: Since<Json> = {
        "2024-11-05": answer("2024-11-05", 1, {}),
        "2026-07-28": refusal(1, -32601, "Method not found: resources/unsubscribe")
      }
      assert.deepStrictEqual(yield* asked(peer, "resources/unsubscribe", { uri: "many://x" }), at(gone, version))
    })
  )
})
