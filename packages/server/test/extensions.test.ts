import * as Extension from "@effect-mcp/core/Extension"
import { invalidParams } from "@effect-mcp/core/McpError"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Principal from "@effect-mcp/core/Principal"
import * as Progress from "@effect-mcp/core/Progress"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as McpServer from "../src/McpServer.ts"
import { answer, info, refusal, versions } from "./support/fixture.ts"
import { envelope, type Json, key, type RawPeer, serve, settle } from "./support/peer.ts"

class Empty extends Schema.TaggedError<Empty>()("Empty", { since: Schema.String }) {}

const id = "com.example/clipboard"

class Clipboard extends Extension.make("com.example/clipboard", {
  settings: { maxLength: Schema.optionalKey(Schema.Int) },
  clientSettings: { formats: Schema.optionalKey(Schema.Array(Schema.String)) },
  requests: {
    "clipboard/paste": {
      params: { format: Schema.String, at: Schema.optionalKey(Schema.Int) },
      success: { text: Schema.String },
      failure: Empty
    },
    "clipboard/clear": {},
    "clipboard/who": { success: { declared: Schema.Boolean, formats: Schema.Array(Schema.String), others: Schema.Boolean } },
    "clipboard/watch": { timeout: "1 second" },
    "clipboard/broken": {},
    "clipboard/wrong": { success: { text: Schema.String } },
    "clipboard/refused": {},
    "clipboard/ask": { success: { roots: Schema.Array(Schema.Struct({ uri: Schema.String })) } }
  },
  notifications: {
    "clipboard/copied": { params: { text: Schema.String } },
    "clipboard/forgotten": {},
    "clipboard/stuck": {}
  },
  events: { "notifications/clipboard/changed": { params: { length: Schema.Int } } }
}) {}

/** What the handlers were told. */
class Told extends Context.Service<Told, Queue.Queue<string>>()("test/Told") {
  static readonly layer = Layer.effect(Told, Queue.unbounded<string>())
}

const ClipboardLive = Clipboard.toLayer({
  requests: {
    "clipboard/paste": ({ at, format }) =>
      format === "none"
        ? Effect.fail(new Empty({ since: "noon" }))
        : Progress.report(1).pipe(
            Effect.andThen(Effect.logInfo("pasting")),
            Effect.andThen(Clipboard.send("notifications/clipboard/changed", { length: 3 })),
            Effect.as({ text: `${format} ${at ?? 0}` })
          ),
    "clipboard/clear": () => Effect.void,
    "clipboard/who": () =>
      Effect.all({
        declared: Extension.isDeclared(Clipboard),
        formats: Effect.map(Clipboard.settingsOfClient, (settings) => settings?.formats ?? []),
        others: Extension.isDeclared("com.example/others")
      }),
    "clipboard/watch": () =>
      Effect.onInterrupt(Effect.never, () => Effect.flatMap(Told, (told) => Queue.offer(told, "interrupted"))),
    "clipboard/broken": () => Effect.die(new Error("secret")),
    "clipboard/wrong": () => Effect.succeed({ text: 1 as unknown as string }),
    "clipboard/refused": () => Effect.fail(invalidParams("not today")),
    "clipboard/ask": () =>
      Effect.flatMap(RequestContext, ({ asking }) =>
        Effect.map(asking.ask({ key: "roots", method: "roots/list", params: {} }), ({ roots }) => ({ roots: roots as [] }))
      )
  },
  notifications: {
    "clipboard/copied": Effect.fn(function* ({ text }) {
      const { clientInfo, method, principal } = yield* RequestContext
      yield* Queue.offer(yield* Told, `${method} ${text} of ${clientInfo?.name} and ${principal.subject}`)
    }),
    "clipboard/forgotten": () => Effect.die(new Error("secret")),
    "clipboard/stuck": () =>
      Effect.onInterrupt(Effect.never, () => Effect.flatMap(Told, (told) => Queue.offer(told, "interrupted")))
  }
})

const Server = McpServer.layer(info, McpServer.extension(Clipboard, { maxLength: 10 })).pipe(Layer.provide(ClipboardLive))

/** The log of a server, and its layer. */
const logged = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ cause, message }) => void lines.push(`${String(message)} ${Cause.pretty(cause)}`))
  return { lines, layer: Logger.layer([logger]) }
}

const capabilities = (settings: Json = {}): Json => ({ [id]: settings })

/** What puts the declaration of the extension on a request, where the revision wants it there. */
const declaring = (version: string, settings?: Json): Json =>
  version === "2026-07-28" ? { _meta: { [key("clientCapabilities")]: { extensions: capabilities(settings) } } } : {}

const connect = Effect.fnUntraced(function* (version: (typeof versions)[number], settings?: Json) {
  const log = logged()
  const told = yield* Queue.unbounded<string>()
  const served = yield* serve(Server.pipe(Layer.provide([Layer.succeed(Told, told), log.layer])))
  const peer = yield* served.open({ principal: Principal.make({ subject: "ada" }) })
  yield* peer.speak(version, { experimental: capabilities(settings) })
  /** Asks as a client that declares the extension. */
  const ask = (method: string, params: Json = {}, requestId?: number) =>
    peer.request(method, { ...params, ...declaring(version, settings) }, requestId)
  const tell = (method: string, params: Json = {}) =>
    peer.notify(
      method,
      version === "2026-07-28"
        ? { ...params, _meta: envelope({ [key("clientCapabilities")]: { extensions: capabilities(settings) } }) }
        : params
    )
  return { ...served, peer, ask, tell, told, lines: log.lines }
})

const errorOf = (message: Json): Json => message["error"] as Json
const methodsOf = (peer: RawPeer) => peer.notifications.map(({ method }) => method)

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

describe("notifications of extensions", () => {
  it.effect("run side by side in the places of calls, and are stopped when they take too long or the client leaves", () =>
    Effect.gen(function* () {
      const log = logged()
      const told = yield* Queue.unbounded<string>()
      const layer = McpServer.layer(
        { ...info, concurrencyPerPeer: 2, waiting: 1, toolTimeout: "1 minute" },
        McpServer.extension(Clipboard)
      ).pipe(Layer.provide(ClipboardLive), Layer.provide([Layer.succeed(Told, told), log.layer]))
      const { close, speak } = yield* serve(layer)
      const peer = yield* speak("2025-11-25")
      for (let i = 0; i < 4; i++) peer.notify("clipboard/stuck")
      yield* settle
      assert.strictEqual(peer.inFlight, 3)
      assert.deepStrictEqual(
        log.lines.map((line) => line.trim()),
        ['"clipboard/stuck" was ignored: the server has too much to do']
      )
      yield* TestClock.adjust("2 minutes")
      yield* settle
      assert.strictEqual(peer.inFlight, 0)
      assert.strictEqual(log.lines.filter((line) => line.includes("took too long and was stopped")).length, 3)
      peer.notify("clipboard/stuck")
      yield* settle
      yield* close
      assert.strictEqual(peer.inFlight, 0)
      assert.deepStrictEqual(yield* Queue.takeAll(told), ["interrupted", "interrupted", "interrupted"])
      assert.deepStrictEqual(peer.lines, [])
    })
  )

  it.effect("cannot be cancelled by whoever guesses their id, and the answer of a batch does not wait for them", () =>
    Effect.gen(function* () {
      const ids: Array<unknown> = []
      const One = Extension.make("com.example/one", { notifications: { "one/told": {} } })
      const OneLive = One.toLayer({
        notifications: {
          "one/told": () =>
            Effect.flatMap(RequestContext, (request) =>
              Effect.as(
                Effect.sync(() => ids.push(request.id)),
                1
              )
            )
        }
      })
      const { speak } = yield* serve(McpServer.layer(info, McpServer.extension(One)).pipe(Layer.provide(OneLive)))
      const peer = yield* speak("2025-03-26")
      peer.send([
        { jsonrpc: "2.0", method: "one/told" },
        { jsonrpc: "2.0", method: "one/told", params: {} }
      ])
      assert.deepStrictEqual(peer.outcomes, ["Accepted"])
      yield* settle
      assert.strictEqual(new Set(ids).size, 2)
      assert.match(String(ids[0]), /^[0-9a-f-]{36}$/)
    })
  )

  it.effect("of a client that never said what it speaks are ignored", () =>
    Effect.gen(function* () {
      const log = logged()
      const { open } = yield* serve(Server.pipe(Layer.provide([Told.layer, log.layer])))
      const peer = yield* open()
      peer.notify("clipboard/copied", { text: "a" })
      peer.notify("clipboard/copied", { text: "a", _meta: { [key("protocolVersion")]: "2026-07-28" } })
      peer.notify("clipboard/copied", { text: "a", _meta: envelope({}, "2099-01-01") })
      yield* settle
      assert.deepStrictEqual(
        log.lines.map((line) => line.trim()),
        Array.from({ length: 3 }, () => '"clipboard/copied" was ignored: the client did not say what it speaks')
      )
    })
  )

  it.effect("that say what they speak, and say it wrongly, are ignored in a session, too", () =>
    Effect.gen(function* () {
      const { lines, peer, told } = yield* connect("2025-11-25")
      peer.notify("clipboard/copied", { text: "a", _meta: { [key("protocolVersion")]: "2026-07-28" } })
      peer.notify("clipboard/copied", { text: "a", _meta: envelope({}, "2025-11-25") })
      peer.notify("clipboard/copied", { text: "b" })
      assert.strictEqual(yield* Queue.take(told), "clipboard/copied b of raw and ada")
      assert.deepStrictEqual(
        lines.map((line) => line.trim()),
        Array.from({ length: 2 }, () => '"clipboard/copied" was ignored: the client did not say what it speaks')
      )
    })
  )

  it.effect("of the request era are those of the client that asked before, when they do not say it", () =>
    Effect.gen(function* () {
      const { ask, peer, told } = yield* connect("2026-07-28")
      yield* ask("clipboard/clear")
      peer.notify("clipboard/copied", { text: "a" })
      assert.strictEqual(yield* Queue.take(told), "clipboard/copied a of raw and ada")
    })
  )
})

describe("handlers of extensions", () => {
  const Slow = Extension.make("com.example/slow", {
    requests: { "slow/usual": {}, "slow/endless": { timeout: "Infinity" }, "slow/speak": {} },
    notifications: { "slow/fails": {} }
  })
  const SlowLive = Slow.toLayer({
    requests: {
      "slow/usual": () => Effect.never,
      "slow/endless": () => Effect.never,
      "slow/speak": () => Effect.logInfo("spoken")
    },
    notifications: { "slow/fails": () => Effect.fail("not as its type says") as Effect.Effect<never> }
  })
  const slow = (log = logged()) =>
    Effect.map(
      serve(
        McpServer.layer({ ...info, toolTimeout: "1 minute" }, McpServer.extension(Slow)).pipe(
          Layer.provide(SlowLive),
          Layer.provide(log.layer)
        )
      ),
      (served) => ({ ...served, lines: log.lines })
    )

  it.effect("have the time of the server, unless the contract gives them another, also for ever", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* slow()).speak("2025-11-25")
      peer.start("slow/usual", {}, 1)
      peer.start("slow/endless", {}, 2)
      yield* settle
      yield* TestClock.adjust("1 day")
      yield* settle
      assert.deepStrictEqual(
        peer.messages.map(({ id }) => id),
        [1]
      )
      assert.strictEqual(peer.inFlight, 1)
    })
  )

  for (const version of versions) {
    it.effect(`${version}: log to the client that wants to know`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* slow()).speak(version)
        const isRequestEra = version === "2026-07-28"
        if (!isRequestEra) yield* peer.request("logging/setLevel", { level: "info" })
        peer.clear()
        const capabilities = { extensions: { "com.example/slow": {} } }
        const meta = { [key("logLevel")]: "info", [key("clientCapabilities")]: capabilities }
        yield* peer.request("slow/speak", isRequestEra ? { _meta: meta } : {})
        assert.deepStrictEqual(
          peer.notifications.map(({ params }) => params.data),
          ["spoken"]
        )
      })
    )
  }

  it.effect("of notifications that fail all the same are broken, and the log says so", () =>
    Effect.gen(function* () {
      const { lines, speak } = yield* slow()
      const peer = yield* speak("2025-11-25")
      peer.notify("slow/fails")
      yield* settle
      assert.strictEqual(lines.length, 1)
      assert.include(lines[0], "slow/fails failed")
      assert.include(lines[0], "not as its type says")
      assert.deepStrictEqual(peer.lines, [])
    })
  )
})

describe("events of extensions in the request era", () => {
  for (const wanted of [undefined, false, 1, "true", {}, []]) {
    it.effect(`are told to who asks for them with true, not with ${JSON.stringify(wanted)}`, () =>
      Effect.gen(function* () {
        const { peer, server } = yield* connect("2026-07-28")
        const notifications = wanted === undefined ? {} : { [id]: wanted }
        peer.start("subscriptions/listen", { notifications, ...declaring("2026-07-28") })
        yield* settle
        assert.deepStrictEqual(
          peer.notifications.map(({ params }) => params.notifications),
          [{}]
        )
        peer.clear()
        yield* server.send(Clipboard, "notifications/clipboard/changed", { length: 1 })
        assert.deepStrictEqual(peer.notifications, [])
      })
    )
  }
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
