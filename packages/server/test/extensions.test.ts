import * as Extension from "@effect-mcp/core/Extension"
import * as Middleware from "@effect-mcp/core/Middleware"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import { answer, info, refusal, versions } from "./support/fixture.ts"
import { type Json, key, serve, settle } from "./support/peer.ts"
import {
  capabilities,
  Clipboard,
  ClipboardLive,
  connect,
  declaring,
  errorOf,
  id,
  methodsOf,
  Server,
  Told
} from "./support/clipboard.ts"

describe.each(versions)("an extension in %s", (version) => {
  const isRequestEra = version === "2026-07-28"

  it.effect("is declared with its settings, where the revision has a place for it", () =>
    Effect.gen(function* () {
      const { open } = yield* serve(Server.pipe(Layer.provide(Told.layer)))
      const peer = yield* open()
      peer.version = version
      const said = isRequestEra
        ? yield* peer.request("server/discover")
        : yield* peer.request("initialize", { protocolVersion: version, capabilities: {}, clientInfo: info })
      const { capabilities } = said["result"] as { readonly capabilities: Json }
      assert.deepStrictEqual(capabilities[isRequestEra ? "extensions" : "experimental"], { [id]: { maxLength: 10 } })
      assert.isUndefined(capabilities[isRequestEra ? "experimental" : "extensions"])
    })
  )

  it.effect("answers requests, with progress and events on their way", () =>
    Effect.gen(function* () {
      const { ask, peer } = yield* connect(version)
      const meta = { progressToken: "p", ...declaring(version)["_meta"] }
      const said = yield* peer.request("clipboard/paste", { format: "text", at: 2, _meta: meta }, 1)
      assert.deepStrictEqual(said, answer(version, 1, { text: "text 2" }))
      assert.deepStrictEqual(methodsOf(peer), ["notifications/progress", "notifications/clipboard/changed"])
      assert.deepStrictEqual(peer.notifications[1]?.["params"], { length: 3 })
      assert.deepStrictEqual(yield* ask("clipboard/clear", {}, 2), answer(version, 2, {}))
    })
  )

  it.effect("explains params that are wrong", () =>
    Effect.gen(function* () {
      const { ask } = yield* connect(version)
      const cases: ReadonlyArray<readonly [params: Json, message: RegExp]> = [
        [{}, /^Invalid params for "clipboard\/paste":\n.*format/],
        [{ format: 1 }, /format.*string/],
        [{ format: "text", at: "soon" }, /at.*integer/],
        [{ format: "text", other: 1 }, /other/]
      ]
      for (const [params, message] of cases) {
        const error = errorOf(yield* ask("clipboard/paste", params))
        assert.strictEqual(error["code"], -32602)
        assert.match(String(error["message"]), message)
      }
      // As arguments of tools do, params come as JSON in a text.
      assert.strictEqual(((yield* ask("clipboard/paste", { format: "a", at: "7" }))["result"] as Json)["text"], "a 7")
    })
  )

  it.effect("tells declared failures with their data, and of defects nothing but an id", () =>
    Effect.gen(function* () {
      const { ask, lines } = yield* connect(version)
      assert.deepStrictEqual(errorOf(yield* ask("clipboard/paste", { format: "none" })), {
        code: 1,
        message: '{"_tag":"Empty","since":"noon"}',
        data: { "effect-mcp/structuredContent": { _tag: "Empty", since: "noon" } }
      })
      assert.strictEqual(errorOf(yield* ask("clipboard/refused"))["message"], "not today")
      for (const method of ["clipboard/broken", "clipboard/wrong"]) {
        const error = errorOf(yield* ask(method))
        assert.strictEqual(error["code"], -32603)
        assert.match(String(error["message"]), /^Internal error \([0-9a-f-]{36}\)$/)
      }
      assert.match(lines.join("\n"), /clipboard\/broken failed[^]*secret/)
      assert.match(lines.join("\n"), /the result of "clipboard\/wrong" is not what its `success` Schema says/)
    })
  )

  it.effect("knows no other methods", () =>
    Effect.gen(function* () {
      const { ask, peer } = yield* connect(version)
      for (const method of ["clipboard/nope", "clipboard/copied", "notifications/clipboard/changed", "constructor"]) {
        assert.deepStrictEqual(yield* ask(method, {}, 1), refusal(1, -32601, `Method not found: ${method}`))
      }
      peer.notify("clipboard/nope", { text: "a" })
      peer.notify("clipboard/paste", { text: "a" })
      assert.deepStrictEqual(peer.outcomes.slice(-2), ["Accepted", "Accepted"])
    })
  )

  it.effect("says who declared it, and with which settings", () =>
    Effect.gen(function* () {
      const who = (declared: boolean, formats: ReadonlyArray<string>) => ({ declared, formats, others: false })
      const one = yield* connect(version, { formats: ["text"] })
      assert.deepStrictEqual(yield* one.ask("clipboard/who", {}, 1), answer(version, 1, who(true, ["text"])))
      const other = yield* connect(version, { formats: "all" })
      assert.deepStrictEqual(yield* other.ask("clipboard/who", {}, 1), answer(version, 1, who(true, [])))
    })
  )

  it.effect("is for clients that declare it, in the request era", () =>
    Effect.gen(function* () {
      const { open, lines } = yield* connect(version)
      const peer = yield* open()
      yield* peer.speak(version)
      const said = yield* peer.request("clipboard/who", {}, 1)
      if (isRequestEra) {
        const required = { extensions: { [id]: {} } }
        const message = `The client did not declare a capability that this request needs: ${JSON.stringify(required)}`
        assert.deepStrictEqual(said, refusal(1, -32021, message, { requiredCapabilities: required }))
      } else {
        assert.deepStrictEqual(said, answer(version, 1, { declared: false, formats: [], others: false }))
        // Who did not declare it hears of no events.
        yield* peer.request("clipboard/paste", { format: "a" })
        assert.deepStrictEqual(peer.notifications, [])
      }
      peer.notify("clipboard/copied", { text: "a" })
      yield* settle
      assert.strictEqual(
        lines.some((line) => line.startsWith(`"clipboard/copied" was ignored`)),
        isRequestEra
      )
    })
  )

  it.effect("takes notifications; what is wrong with them is in the log", () =>
    Effect.gen(function* () {
      const { lines, peer, tell, told } = yield* connect(version)
      tell("clipboard/copied", { text: "a" })
      assert.strictEqual(yield* Queue.take(told), "clipboard/copied a of raw and ada")
      tell("clipboard/copied", { text: 1 })
      tell("clipboard/forgotten")
      yield* settle
      assert.strictEqual(peer.inFlight, 0)
      assert.deepStrictEqual(peer.lines, [])
      assert.match(lines.join("\n"), /"clipboard\/copied" was ignored; its params are wrong:\n.*text.*string/)
      assert.match(lines.join("\n"), /clipboard\/forgotten failed[^]*secret/)
    })
  )

  it.effect("requests are cancelled and have a timeout, like calls of tools", () =>
    Effect.gen(function* () {
      const { peer, told } = yield* connect(version)
      const cancelled = peer.start("clipboard/watch", declaring(version))
      yield* settle
      assert.strictEqual(peer.inFlight, 1)
      peer.notify("notifications/cancelled", { requestId: cancelled })
      assert.strictEqual(yield* Queue.take(told), "interrupted")
      yield* settle
      assert.deepStrictEqual(peer.outcomes, ["NoReply", "Accepted"])
      const late = peer.start("clipboard/watch", declaring(version))
      yield* settle
      yield* TestClock.adjust("2 seconds")
      const error = errorOf(yield* peer.answer(late))
      assert.deepStrictEqual(error, { code: -32603, message: "clipboard/watch took longer than 1s and was stopped" })
    })
  )

  it.effect("handlers ask where the revision has requests of the server, and are told where it has not", () =>
    Effect.gen(function* () {
      const { open } = yield* connect(version)
      const peer = yield* open()
      yield* peer.speak(version, { roots: {} })
      const declared = { [key("clientCapabilities")]: { roots: {}, extensions: capabilities() } }
      const asking = peer.start("clipboard/ask", isRequestEra ? { _meta: declared } : {}, 1)
      yield* settle
      if (isRequestEra) {
        assert.strictEqual(errorOf(yield* peer.answer(asking))["code"], 1)
      } else {
        const { id } = peer.notifications[0]!
        peer.send({ jsonrpc: "2.0", id, result: { roots: [{ uri: "file:///a" }] } })
        assert.deepStrictEqual(yield* peer.answer(asking), answer(version, 1, { roots: [{ uri: "file:///a" }] }))
      }
    })
  )

  it.effect("events of the program reach who declared it", () =>
    Effect.gen(function* () {
      const { open, peer, server } = yield* connect(version)
      const other = yield* open()
      yield* other.speak(version)
      // One that declares it, and is not ready.
      const early = yield* open()
      early.version = version
      early.start("initialize", { protocolVersion: version, capabilities: { experimental: capabilities() }, clientInfo: info })
      early.clear()
      const isTold = (params: Json) => [{ jsonrpc: "2.0", method: "notifications/clipboard/changed", params }]
      if (isRequestEra) {
        yield* server.send(Clipboard, "notifications/clipboard/changed", { length: 1 })
        assert.deepStrictEqual(peer.lines, [])
        const filter = { notifications: { [id]: true, "com.example/others": true } }
        const subscription = peer.start("subscriptions/listen", { ...filter, ...declaring(version) })
        other.start("subscriptions/listen", filter)
        yield* settle
        const meta = { [key("subscriptionId")]: subscription }
        assert.deepStrictEqual(peer.notifications[0]?.["params"], { notifications: { [id]: true }, _meta: meta })
        assert.deepStrictEqual(
          other.notifications.map(({ params }) => params.notifications),
          [{}]
        )
        peer.clear()
        other.clear()
        yield* server.send(Clipboard, "notifications/clipboard/changed", { length: 2 })
        assert.deepStrictEqual(peer.notifications, isTold({ length: 2, _meta: meta }))
      } else {
        yield* server.send(Clipboard, "notifications/clipboard/changed", { length: 2 })
        assert.deepStrictEqual(peer.notifications, isTold({ length: 2 }))
      }
      assert.deepStrictEqual(other.notifications, [])
      assert.deepStrictEqual(early.notifications, [])
      peer.clear()
      peer.isFull = true
      yield* server.send(Clipboard, "notifications/clipboard/changed", { length: 3 })
      peer.isFull = false
      assert.deepStrictEqual(peer.notifications, [])
    })
  )
})

describe("requests of extensions", () => {
  it.effect("run in the places of calls: those for which there is no place are refused", () =>
    Effect.gen(function* () {
      const layer = McpServer.layer({ ...info, concurrencyPerPeer: 1, waiting: 1 }, McpServer.extension(Clipboard)).pipe(
        Layer.provide(ClipboardLive),
        Layer.provide(Told.layer)
      )
      const peer = yield* (yield* serve(layer)).speak("2025-11-25")
      peer.start("clipboard/watch", {}, 1)
      yield* settle
      peer.start("clipboard/clear", {}, 2)
      yield* settle
      assert.strictEqual(peer.inFlight, 2)
      assert.strictEqual(errorOf(yield* peer.request("clipboard/clear", {}, 3))["code"], -32603)
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(peer.inFlight, 0)
    })
  )
})

describe("extensions and the rest of a server", () => {
  const Open = Extension.make("com.example/open", { required: false, requests: { "open/read": { success: { n: Schema.Int } } } })
  const OpenLive = Open.toLayer({ requests: { "open/read": () => Effect.succeed({ n: 1 }) } })

  it.effect("one that is not required serves everybody", () =>
    Effect.gen(function* () {
      const { speak } = yield* serve(McpServer.layer(info, McpServer.extension(Open)).pipe(Layer.provide(OpenLive)))
      const peer = yield* speak("2026-07-28")
      assert.deepStrictEqual(yield* peer.request("open/read", {}, 1), answer("2026-07-28", 1, { n: 1 }))
    })
  )

  it.effect("middleware of the server is around requests, and may change params and results", () =>
    Effect.gen(function* () {
      class Seeing extends Middleware.make<Seeing>()("test/Seeing") {}
      class Changing extends Middleware.make<Changing>()("test/Changing") {}
      const seen: Array<unknown> = []
      const SeeingLive = Seeing.layer({
        all: (request, next) => {
          seen.push(request.method === "extension" ? [request.extension, request.name, request.params] : request.method)
          return next
        }
      })
      const ChangingLive = Changing.layer({
        extension: (request, next) =>
          Effect.map(next({ ...request, params: { format: "html" } }), (result) => ({
            ...result,
            text: `<${String(result["text"])}>`
          }))
      })
      const layer = McpServer.layer(info, McpServer.use(Seeing), McpServer.use(Changing), McpServer.extension(Clipboard)).pipe(
        Layer.provide([ClipboardLive, SeeingLive, ChangingLive]),
        Layer.provide(Told.layer)
      )
      const { speak } = yield* serve(layer)
      const peer = yield* speak("2025-11-25")
      const { result } = yield* peer.request("clipboard/paste", { format: "text", _meta: { a: 1 } })
      assert.deepStrictEqual(result, { text: "<html 0>" })
      assert.deepStrictEqual(seen, [[id, "clipboard/paste", { format: "text" }]])
    })
  )

  it.effect("settings, methods and ids that make no sense do not start, with the place named", () =>
    Effect.gen(function* () {
      const Same = Extension.make("com.example/same", { events: { "open/read": {} } })
      const Twin = Extension.make("com.example/open", { requests: { "twin/read": {} } })
      const refused = (layer: Layer.Layer<any>) =>
        Effect.map(Effect.exit(Effect.scoped(serve(layer))), (exit) =>
          Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "started"
        )
      const open = McpServer.extension(Open)
      const provided = Layer.provide([OpenLive, ClipboardLive.pipe(Layer.provide(Told.layer))])
      assert.include(
        yield* refused(McpServer.layer(info, open, McpServer.extension(Same)).pipe(provided)),
        'extension "com.example/same": "open/read" is a method of "com.example/open" already'
      )
      assert.include(
        yield* refused(McpServer.layer(info, open, McpServer.extension(Open)).pipe(provided)),
        'the extension "com.example/open" is there twice'
      )
      assert.include(
        yield* refused(McpServer.layer(info, McpServer.extension(Twin)).pipe(provided) as Layer.Layer<any>),
        'the handlers of extension "com.example/open" implement another extension of that id'
      )
      assert.include(
        yield* refused(McpServer.layer(info, open) as unknown as Layer.Layer<any>),
        'extension "com.example/open" has no handlers: provide the layer that its toLayer makes'
      )
      assert.match(
        yield* refused(McpServer.layer(info, McpServer.extension(Clipboard, { maxLength: 1.5 })).pipe(provided)),
        /extension "com.example\/clipboard": its settings are not what their Schema says:\n.*maxLength/
      )
      // One without anything to handle needs no handlers.
      assert.strictEqual(yield* refused(McpServer.layer(info, McpServer.extension(Same))), "started")
    })
  )

  it.effect("an event that is not as the contract says, or of an extension that is not served, is a defect", () =>
    Effect.gen(function* () {
      const { server } = yield* connect("2025-11-25")
      const Other = Extension.make("com.example/other", { events: { "other/told": {} } })
      const defect = (effect: Effect.Effect<void>) =>
        Effect.map(Effect.exit(effect), (exit) => String(Exit.isFailure(exit) && Cause.squash(exit.cause)))
      assert.match(
        yield* defect(server.send(Clipboard, "notifications/clipboard/changed", { length: 1.5 })),
        /the event "notifications\/clipboard\/changed" is not what its Schema says:\n.*length/
      )
      assert.include(yield* defect(server.send(Other, "other/told")), 'extension "com.example/other" is not served here')
    })
  )

  it.effect("a session that declares `extensions` where the revision has none declares them, too", () =>
    Effect.gen(function* () {
      const { open } = yield* connect("2025-11-25")
      const peer = yield* open()
      yield* peer.speak("2025-11-25", { extensions: capabilities({ formats: ["a"] }) })
      const { result } = yield* peer.request("clipboard/who")
      assert.deepStrictEqual(result, { declared: true, formats: ["a"], others: false })
    })
  )

  it.effect("ends its requests when the server closes", () =>
    Effect.gen(function* () {
      const { close, peer, told } = yield* connect("2025-11-25")
      const ended = yield* Deferred.make<void>()
      peer.start("clipboard/watch")
      yield* settle
      yield* Effect.andThen(close, Deferred.succeed(ended, undefined))
      assert.strictEqual(yield* Queue.take(told), "interrupted")
      assert.strictEqual(peer.inFlight, 0)
      yield* Deferred.await(ended)
    })
  )
})
