/** Source: "Multi Round-Trip Requests" of 2026-07-28: what a server has to do with `requestState` and `inputResponses`. */
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as KeyRing from "@effect-mcp/core/KeyRing"
import * as Principal from "@effect-mcp/core/Principal"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as PromptMessage from "@effect-mcp/core/PromptMessage"
import * as Replay from "@effect-mcp/core/Replay"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Resource from "@effect-mcp/core/Resource"
import * as StateLedger from "@effect-mcp/core/StateLedger"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as McpServer from "../src/McpServer.ts"
import { envelope, key, serve } from "./support/peer.ts"
import { ask, everything, round } from "./support/rounds.ts"

const Remove = Tool.make("remove", { parameters: { id: Schema.String }, success: Schema.String })
const Rename = Tool.make("rename", { parameters: { id: Schema.String }, success: Schema.String })
const Any = Tool.make("any", { parameters: { any: Schema.Unknown }, success: Schema.Unknown })
const Key = Tool.make("key", { parameters: { any: Schema.String }, success: Schema.String })
const Raw = Tool.make("raw", {
  parameters: { method: Schema.Literals(["roots/list", "sampling/createMessage"]) },
  success: Schema.Unknown
})
const Note = Resource.template("note", "note://{id}", { success: Schema.String })
const Greet = Prompt.make("greet", { parameters: { name: Schema.String } })

const Sure = { sure: Schema.Boolean, why: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(5))) }

const sure = (message: string) => Effect.map(Elicitation.form({ key: "sure", message, schema: Sure }), ({ sure }) => sure)

let removed: Array<string> = []

const handlers = Layer.mergeAll(
  Remove.toLayer(({ id }) =>
    Effect.gen(function* () {
      if (!(yield* sure(`Remove ${id}?`))) return "kept"
      yield* Replay.once(
        "remove",
        Schema.Void,
        Effect.sync(() => void removed.push(id))
      )
      return yield* ask("last")
    })
  ),
  Rename.toLayer(({ id }) => Effect.map(sure(`Remove ${id}?`), String)),
  Any.toLayer(({ any }) => Effect.as(ask("any"), any)),
  Key.toLayer(({ any }) => ask(any)),
  Raw.toLayer(({ method }) => Effect.flatMap(RequestContext, ({ asking }) => asking.ask({ key: "raw", method, params: {} }))),
  Note.toLayer(({ id }) => Effect.map(ask("who"), (who) => `${id} for ${who}`)),
  Greet.toLayer(({ name }) => Effect.map(ask("how"), (how) => [PromptMessage.user(`${how} ${name}`)]))
)

const server = (options: Partial<McpServer.Options> = {}, services: Layer.Layer<never> = Layer.empty) =>
  McpServer.layer({ name: "s", version: "1", ...options }, Remove, Rename, Any, Key, Raw, Note, Greet).pipe(
    Layer.provide(handlers),
    Layer.provide(services)
  )

const secret = (n: number) => Redacted.make(Buffer.alloc(32, n).toString("base64"))

const ring = (...secrets: ReadonlyArray<number>) => Layer.orDie(KeyRing.layer(secrets.map(secret)))

const remove = { name: "remove", arguments: { id: "a" } }

const yes = { sure: { action: "accept", content: { sure: true } } }

const unusable = { code: -32602, message: "Invalid or expired requestState" }

const open = Effect.fnUntraced(function* (layer = server(), principal?: Principal.Principal) {
  removed = []
  const served = yield* serve(layer)
  return yield* served.speak("2026-07-28", principal === undefined ? {} : { principal })
})

describe("a state", () => {
  it.effect("says nothing to who reads it, and is different each time", () =>
    Effect.gen(function* () {
      const peer = yield* open()
      const [one, two] = [yield* round(peer, remove), yield* round(peer, remove)]
      assert.notStrictEqual(one.state, two.state)
      assert.match(one.state ?? "", /^1\.[\w-]{11}\.[\w-]+$/)
      // A nonce that came twice would give the contents away.
      const nonceOf = ({ state = "" }) => state.split(".")[2]?.slice(0, 32)
      assert.notStrictEqual(nonceOf(one), nonceOf(two))
    })
  )

  it.effect("opens at another process that has the same keys, in any order of the arguments", () =>
    Effect.gen(function* () {
      const two = { name: "remove", arguments: { id: "a" } }
      const here = yield* open(server({}, ring(1, 2)))
      const there = yield* open(server({}, ring(2, 1)))
      const first = yield* round(here, remove)
      const second = yield* round(
        there,
        { arguments: two.arguments, name: two.name },
        { requestState: first.state, inputResponses: yes }
      )
      assert.deepStrictEqual([second.asked, removed], [["last"], ["a"]])
      const last = { last: { roots: [{ uri: "file:///b" }] } }
      const third = yield* round(here, remove, { requestState: second.state, inputResponses: last })
      assert.deepStrictEqual(third.answer["result"].content[0].text, "b")
      assert.deepStrictEqual(removed, ["a"])
    })
  )

  it.effect("opens with a key that was rotated, and not with one that was retired", () =>
    Effect.gen(function* () {
      const before = yield* round(yield* open(server({}, ring(1))), remove)
      const continued = { requestState: before.state, inputResponses: yes }
      assert.deepStrictEqual((yield* round(yield* open(server({}, ring(2, 1))), remove, continued)).asked, ["last"])
      assert.deepStrictEqual((yield* round(yield* open(server({}, ring(2))), remove, continued)).answer["error"], unusable)
    })
  )

  it.effect("of a key that lives as long as the process is worth nothing to another one", () =>
    Effect.gen(function* () {
      const before = yield* round(yield* open(), remove)
      const after = yield* round(yield* open(), remove, { requestState: before.state, inputResponses: yes })
      assert.deepStrictEqual(after.answer["error"], unusable)
    })
  )

  const ada = Principal.make({ subject: "ada", issuer: "https://a" })

  for (const [what, principal, request] of [
    ["another method", undefined, ["resources/read", { uri: "note://a" }]],
    ["a prompt of the same name", undefined, ["prompts/get", remove]],
    ["another tool", undefined, ["tools/call", { name: "rename", arguments: { id: "a" } }]],
    ["other arguments", undefined, ["tools/call", { name: "remove", arguments: { id: "b" } }]],
    ["another server", "other", ["tools/call", remove]],
    ["another principal", Principal.make({ subject: "eve", issuer: "https://a" }), ["tools/call", remove]],
    ["another issuer", Principal.make({ subject: "ada", issuer: "https://b" }), ["tools/call", remove]],
    ["nobody", Principal.anonymous, ["tools/call", remove]]
  ] as const) {
    it.effect(`is none for ${what}`, () =>
      Effect.gen(function* () {
        const first = yield* round(yield* open(server({}, ring(1)), ada), remove)
        const isServer = principal === "other"
        const peer = yield* open(server(isServer ? { name: "other" } : {}, ring(1)), isServer ? ada : (principal ?? ada))
        const [method, params] = request
        const { answer } = yield* round(peer, params, { requestState: first.state, inputResponses: yes }, method)
        assert.deepStrictEqual(answer["error"], unusable)
        assert.deepStrictEqual(removed, [])
      })
    )
  }

  it.effect("does not care for what else a client says with its requests", () =>
    Effect.gen(function* () {
      const peer = yield* open()
      const { state } = yield* round(peer, remove)
      const _meta = { [key("clientCapabilities")]: everything, progressToken: 7, other: {} }
      const brought = { requestState: state, inputResponses: yes }
      const { result } = yield* peer.request("tools/call", { ...remove, ...brought, _meta })
      assert.deepStrictEqual(Object.keys(result.inputRequests), ["last"])
    })
  )

  it.effect("is nothing special in a session, where params may have any name", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(server())).open()
      yield* peer.speak("2025-11-25", everything)
      const id = peer.start("tools/call", { ...remove, requestState: "x", inputResponses: 1 })
      assert.deepStrictEqual(
        peer.notifications.map(({ method }) => method),
        ["elicitation/create"]
      )
      peer.send({ jsonrpc: "2.0", id: peer.notifications[0]?.["id"], result: { action: "accept", content: { sure: false } } })
      assert.strictEqual((yield* peer.answer(id))["result"].content[0].text, "kept")
    })
  )

  for (const [shown, sent] of [
    ['{"a":1}', '[["a",1]]'],
    ["{}", "[]"],
    ["[[]]", "[{}]"],
    ['{"array":[1]}', "[1]"],
    ["null", "1e999"],
    ['{"number":"Infinity"}', "1e999"],
    ['{"__proto__":1}', "{}"]
  ] as const) {
    it.effect(`for arguments with ${shown} is none for those with ${sent}`, () =>
      Effect.gen(function* () {
        const peer = yield* open()
        const request = (id: string, any: string, brought: object) => {
          const rest = JSON.stringify({ ...brought, name: "any", _meta: envelope({ [key("clientCapabilities")]: everything }) })
          const params = `{"arguments":{"any":${any}},${rest.slice(1)}`
          peer.line(`{"jsonrpc":"2.0","id":"${id}","method":"tools/call","params":${params}}`)
          return peer.answer(id)
        }
        const { requestState } = (yield* request("1", shown, {}))["result"]
        const brought = { requestState, inputResponses: { any: { roots: [] } } }
        assert.deepStrictEqual((yield* request("2", sent, brought))["error"], unusable)
        assert.strictEqual((yield* request("3", shown, brought))["result"].resultType, "complete")
      })
    )
  }

  it.effect("that was tampered with, cut, or made up is none", () =>
    Effect.gen(function* () {
      const peer = yield* open()
      const { state = "" } = yield* round(peer, remove)
      const [version, id, body = ""] = state.split(".")
      const flip = (i: number) => body.slice(0, i) + (body[i] === "A" ? "B" : "A") + body.slice(i + 1)
      const bad = [
        `${state}-TAMPERED`,
        "",
        "x",
        `${version}.${id}`,
        `${version}.${id}.`,
        `2.${id}.${body}`,
        `${version}.AAAAAAAAAAA.${body}`,
        `${version}.${id}.${body.slice(0, 40)}`,
        `${version}.${id}.${body}.${body}`,
        ...[0, 20, 40, 60, body.length - 2].map((i) => `${version}.${id}.${flip(i)}`),
        "a".repeat(1_000_000)
      ]
      for (const requestState of bad) {
        const { answer } = yield* round(peer, remove, { requestState, inputResponses: yes })
        assert.deepStrictEqual(answer["error"], unusable, requestState.slice(0, 50))
      }
      assert.deepStrictEqual(removed, [])
    })
  )

  it.effect("is worth nothing any more at the very moment at which a ledger may forget it", () =>
    Effect.gen(function* () {
      const peer = yield* open(server({ answerTimeout: "1 minute" }))
      const first = yield* round(peer, remove)
      yield* TestClock.adjust("1 minute")
      const { answer } = yield* round(peer, remove, { requestState: first.state, inputResponses: yes })
      assert.deepStrictEqual(answer["error"], unusable)
    })
  )

  it.effect("that is longer than the server's states is none, whatever it says", () =>
    Effect.gen(function* () {
      const first = yield* round(yield* open(server({}, ring(1))), remove)
      const peer = yield* open(server({ stateSize: (first.state?.length ?? 0) - 1 }, ring(1)))
      const { answer } = yield* round(peer, remove, { requestState: first.state, inputResponses: yes })
      assert.deepStrictEqual(answer["error"], unusable)
    })
  )

  it.effect("for arguments that are nested deeper than the stack can neither be made nor used", () =>
    Effect.gen(function* () {
      const peer = yield* open()
      const { state } = yield* round(peer, { name: "any", arguments: { any: 1 } })
      const any = `${"[".repeat(100_000)}${"]".repeat(100_000)}`
      for (const [brought, code] of [
        [{ requestState: state }, -32602],
        [{}, -32603]
      ] as const) {
        const rest = JSON.stringify({ ...brought, name: "any", _meta: envelope({ [key("clientCapabilities")]: everything }) })
        peer.clear()
        peer.line(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"any":${any}},${rest.slice(1)}}`)
        const { error, result } = yield* peer.answer(1)
        // Or the Schema gives up first.
        if (result?.isError !== true) assert.strictEqual(error.code, code)
      }
    })
  )

  it.effect("expires, each one anew", () =>
    Effect.gen(function* () {
      const peer = yield* open(server({ answerTimeout: "1 minute" }))
      const first = yield* round(peer, remove)
      yield* TestClock.adjust("59 seconds")
      const second = yield* round(peer, remove, { requestState: first.state, inputResponses: yes })
      yield* TestClock.adjust("59 seconds")
      const { answer } = yield* round(peer, remove, { requestState: first.state, inputResponses: yes })
      assert.deepStrictEqual(answer["error"], unusable)
      const last = { last: { roots: [] } }
      const third = yield* round(peer, remove, { requestState: second.state, inputResponses: last })
      assert.strictEqual(third.answer["result"].resultType, "complete")
    })
  )

  it.effect("does not expire where answers may take for ever", () =>
    Effect.gen(function* () {
      const peer = yield* open(server({ answerTimeout: "Infinity" }))
      const first = yield* round(peer, remove)
      yield* TestClock.adjust("3650 days")
      const second = yield* round(peer, remove, { requestState: first.state, inputResponses: yes })
      assert.deepStrictEqual(second.asked, ["last"])
    })
  )

  it.effect("that would be too long is a fault of the server, and one that is too long is none", () =>
    Effect.gen(function* () {
      const peer = yield* open(server({ stateSize: 100 }))
      const { answer } = yield* round(peer, remove)
      assert.strictEqual(answer["error"].code, -32603)
    })
  )

  it.effect("sent twice runs that round twice; what was recorded before stays recorded", () =>
    Effect.gen(function* () {
      const peer = yield* open()
      const first = yield* round(peer, remove)
      const continued = { requestState: first.state, inputResponses: yes }
      const second = yield* round(peer, remove, continued)
      yield* round(peer, remove, continued)
      assert.deepStrictEqual(removed, ["a", "a"])
      const last = { requestState: second.state, inputResponses: { last: { roots: [] } } }
      yield* round(peer, remove, last)
      yield* round(peer, remove, last)
      assert.deepStrictEqual(removed, ["a", "a"])
    })
  )

  it.effect("is taken once by a server with a ledger, also when the answers came late or do not fit", () =>
    Effect.gen(function* () {
      const peer = yield* open(server({}, StateLedger.layerMemory()))
      const first = yield* round(peer, remove)
      const misfit = { sure: { action: "accept", content: { sure: "yes" } } }
      const refused = yield* round(peer, remove, { requestState: first.state, inputResponses: misfit })
      assert.strictEqual(refused.answer["error"].code, -32602)
      const second = yield* round(peer, remove, { requestState: first.state, inputResponses: yes })
      const again = yield* round(peer, remove, { requestState: first.state, inputResponses: yes })
      assert.deepStrictEqual([second.asked, again.answer["error"], removed], [["last"], unusable, ["a"]])
    })
  )

  it.effect("is refused while the ledger is full, and taken again when others have expired", () =>
    Effect.gen(function* () {
      const peer = yield* open(server({ answerTimeout: "1 minute" }, StateLedger.layerMemory({ maxStates: 1 })))
      const first = yield* round(peer, remove)
      yield* TestClock.adjust("30 seconds")
      const second = yield* round(peer, remove)
      yield* round(peer, remove, { requestState: first.state, inputResponses: yes })
      const full = yield* round(peer, remove, { requestState: second.state, inputResponses: yes })
      assert.strictEqual(full.answer["error"].code, -32603)
      yield* TestClock.adjust("31 seconds")
      const later = yield* round(peer, remove, { requestState: second.state, inputResponses: yes })
      assert.deepStrictEqual(later.asked, ["last"])
    })
  )
})

describe("answers", () => {
  for (const [what, sure, problem] of [
    ["of the wrong type", { action: "accept", content: { sure: "yes" } }, "sure: expected a boolean"],
    ["without what is required", { action: "accept", content: {} }, "sure: missing"],
    ["with more than was asked", { action: "accept", content: { sure: true, extra: 1 } }, "extra: unexpected key"],
    ["that are too long", { action: "accept", content: { sure: true, why: "because" } }, "why: "],
    ["without content", { action: "accept" }, "sure: missing, expected a boolean"],
    ["with another action", { action: "perhaps" }, "`action` must be"],
    ["that are none", 1, "must be an object"]
  ] as const) {
    it.effect(`${what} are refused with the place, and the state can be used again`, () =>
      Effect.gen(function* () {
        const peer = yield* open()
        const first = yield* round(peer, remove)
        const { answer } = yield* round(peer, remove, { requestState: first.state, inputResponses: { sure } })
        assert.strictEqual(answer["error"].code, -32602)
        assert.include(answer["error"].message, "`inputResponses.sure`")
        assert.include(answer["error"].message, problem)
        const second = yield* round(peer, remove, { requestState: first.state, inputResponses: yes })
        assert.deepStrictEqual([second.asked, removed], [["last"], ["a"]])
      })
    )
  }

  for (const [method, answer, problem] of [
    ["roots/list", {}, "must have a list of `roots`"],
    ["roots/list", { roots: {} }, "must have a list of `roots`"],
    ["sampling/createMessage", { content: {}, model: "m" }, "must have `role`, `content` and `model`"],
    ["sampling/createMessage", { content: {}, role: "assistant" }, "must have `role`, `content` and `model`"],
    ["sampling/createMessage", { content: "hi", model: "m", role: "assistant" }, "must have `role`, `content` and `model`"],
    ["roots/list", { roots: [] }, undefined],
    ["sampling/createMessage", { content: {}, model: "m", role: "assistant" }, undefined],
    ["sampling/createMessage", { content: [], model: "m", role: "assistant" }, undefined]
  ] as const) {
    it.effect(`to ${method}, ${JSON.stringify(answer)}: ${problem ?? "taken"}`, () =>
      Effect.gen(function* () {
        const peer = yield* open()
        const params = { name: "raw", arguments: { method } }
        const { state } = yield* round(peer, params)
        const ended = yield* round(peer, params, { requestState: state, inputResponses: { raw: answer } })
        if (problem === undefined) return assert.deepStrictEqual(ended.answer["result"].structuredContent, answer)
        assert.deepStrictEqual(ended.answer["error"], {
          code: -32602,
          message: `Invalid params: \`inputResponses.raw\`: ${problem}`
        })
      })
    )
  }

  it.effect("to what was not asked are ignored, and what is not answered is asked again", () =>
    Effect.gen(function* () {
      const peer = yield* open()
      const first = yield* round(peer, remove)
      for (const inputResponses of [{}, { wrong: yes.sure }, { __proto__: yes.sure, last: { roots: [] } }, undefined]) {
        const { asked } = yield* round(peer, remove, { requestState: first.state, inputResponses })
        assert.deepStrictEqual(asked, ["sure"])
      }
    })
  )

  it.effect("count before anything was asked, and go on in the state", () =>
    Effect.gen(function* () {
      const peer = yield* open()
      const second = yield* round(peer, remove, { inputResponses: { ...yes, other: yes.sure } })
      assert.deepStrictEqual([second.asked, removed], [["last"], ["a"]])
      const last = { last: { roots: [{ uri: "file:///b" }] } }
      const third = yield* round(peer, remove, { requestState: second.state, inputResponses: last })
      assert.deepStrictEqual([third.answer["result"].content[0].text, removed], ["b", ["a"]])
      const all = yield* round(peer, remove, { inputResponses: { ...yes, ...last } })
      assert.strictEqual(all.answer["result"].content[0].text, "b")
      const params = { name: "remove", arguments: { id: "a" }, inputResponses: yes, _meta: {} }
      const bare = yield* peer.request("tools/call", { ...params, _meta: { [key("clientCapabilities")]: {} } })
      assert.strictEqual(bare["error"].code, -32021) // what the client cannot be asked, it cannot answer either
    })
  )

  it.effect("that come before their questions and do not fit are as good as none", () =>
    Effect.gen(function* () {
      const peer = yield* open()
      const misfits = [12345, null, [], { action: "accept" }, { action: "accept", content: { sure: 1 } }, { action: "x" }]
      for (const sure of misfits) {
        const first = yield* round(peer, remove, { inputResponses: { sure } })
        assert.deepStrictEqual(first.asked, ["sure"])
        const second = yield* round(peer, remove, { requestState: first.state, inputResponses: yes })
        assert.deepStrictEqual(second.asked, ["last"])
      }
      const inherited = yield* round(peer, { name: "key", arguments: { any: "constructor" } }, { inputResponses: {} })
      assert.deepStrictEqual(inherited.asked, ["constructor"])
    })
  )

  it.effect("to a question whose key is that of a property of every object are looked for in what came", () =>
    Effect.gen(function* () {
      const peer = yield* open()
      for (const any of ["constructor", "__proto__", "toString"]) {
        const params = { name: "key", arguments: { any } }
        const first = yield* round(peer, params)
        const none = yield* round(peer, params, { requestState: first.state, inputResponses: {} })
        assert.deepStrictEqual([first.asked, none.asked], [[any], [any]])
        const inputResponses = JSON.parse(`{"${any}":{"roots":[{"uri":"file:///a"}]}}`) as object
        const { answer } = yield* round(peer, params, { requestState: first.state, inputResponses })
        assert.strictEqual(answer["result"].content[0].text, "a")
      }
    })
  )

  it.effect("of an earlier round are not replaced by later ones", () =>
    Effect.gen(function* () {
      const peer = yield* open()
      const first = yield* round(peer, remove)
      const second = yield* round(peer, remove, { requestState: first.state, inputResponses: yes })
      const no = { sure: { action: "decline" }, last: { roots: [{ uri: "file:///b" }] } }
      const third = yield* round(peer, remove, { requestState: second.state, inputResponses: no })
      assert.strictEqual(third.answer["result"].content[0].text, "b")
    })
  )

  it.effect("that are not an object, and a state that is not a text, are refused", () =>
    Effect.gen(function* () {
      const peer = yield* open()
      for (const [brought, name] of [
        [{ inputResponses: 1 }, "inputResponses"],
        [{ inputResponses: [] }, "inputResponses"],
        [{ requestState: 1 }, "requestState"]
      ] as const) {
        const { answer } = yield* round(peer, remove, brought)
        assert.strictEqual(answer["error"].code, -32602)
        assert.include(answer["error"].message, `\`${name}\``)
      }
    })
  )
})

describe("resources and prompts ask, too", () => {
  for (const [method, params, key, read] of [
    ["resources/read", { uri: "note://a" }, "who", (result: any) => result.contents[0].text],
    ["prompts/get", { name: "greet", arguments: { name: "a" } }, "how", (result: any) => result.messages[0].content.text]
  ] as const) {
    it.effect(method, () =>
      Effect.gen(function* () {
        const peer = yield* open()
        const first = yield* round(peer, params, {}, method)
        assert.deepStrictEqual(first.asked, [key])
        const inputResponses = { [key]: { roots: [{ uri: "file:///b" }] } }
        const { answer } = yield* round(peer, params, { requestState: first.state, inputResponses }, method)
        assert.include(["a for b", "b a"], read(answer["result"]))
      })
    )
  }

  it.effect("what was answered to one is not kept for others", () =>
    Effect.gen(function* () {
      const peer = yield* open(server({ cacheHint: { ttlMs: 1000, scope: "public" } }))
      const params = { uri: "note://a" }
      const first = yield* round(peer, params, {}, "resources/read")
      assert.notProperty(first.answer["result"], "ttlMs")
      const brought = { requestState: first.state, inputResponses: { who: { roots: [] } } }
      const { answer } = yield* round(peer, params, brought, "resources/read")
      assert.deepInclude(answer["result"], { ttlMs: 0, cacheScope: "private" })
    })
  )
})
