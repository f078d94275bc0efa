import * as Extension from "@effect-mcp/core/Extension"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as McpClient from "../src/McpClient.ts"
import { agreeing, connect, discovered, initialized, type Json, type Script, scripted, settle } from "./support/server.ts"

class Empty extends Schema.TaggedError<Empty>()("Empty", { since: Schema.String }) {}

const id = "com.example/clipboard"

class Clipboard extends Extension.make("com.example/clipboard", {
  settings: { max: Schema.Int },
  clientSettings: { formats: Schema.optionalKey(Schema.Array(Schema.String)) },
  requests: {
    "clipboard/paste": { params: { at: Schema.optionalKey(Schema.Date) }, success: { text: Schema.String }, failure: Empty },
    "clipboard/clear": {},
    "clipboard/all": { success: Schema.Record(Schema.String, Schema.String) },
    "clipboard/set": { params: Schema.Record(Schema.String, Schema.Json) }
  },
  notifications: { "clipboard/copied": { params: { text: Schema.String } } },
  events: { "clipboard/changed": { params: { at: Schema.Date } }, "clipboard/cleared": {} }
}) {}

const Other = Extension.make("com.example/other", { events: { "other/told": {} } })

const key = (name: string) => `io.modelcontextprotocol/${name}`

const acknowledge: Script = ({ id, params }, connection) =>
  connection.notify("notifications/subscriptions/acknowledged", {
    _meta: { [key("subscriptionId")]: id },
    notifications: params.notifications
  })

/** Agrees on a revision, declares the extension with these settings, and hands the rest to the script. */
const declaring =
  (version: string, settings: unknown, script: Script): Script =>
  (message, connection) => {
    const named = { [id]: settings }
    if (message["method"] === "server/discover" && version === "2026-07-28") {
      connection.answer(message, { ...discovered(), capabilities: { extensions: named } })
    } else if (message["method"] === "initialize") {
      connection.answer(message, { ...initialized(version), capabilities: { experimental: named } })
    } else {
      if (message["method"] === "subscriptions/listen") acknowledge(message, connection)
      agreeing(version, script)(message, connection)
    }
  }

const extensionOf = (client: McpClient.McpClient["Service"]) =>
  McpClient.extension(Clipboard).pipe(Effect.provideService(McpClient.McpClient, client))

const opened = Effect.fnUntraced(function* (
  version: string,
  script: Script = () => {},
  options: Partial<McpClient.Options> = { extensions: [Clipboard] },
  settings: unknown = { max: 3 }
) {
  const server = scripted(declaring(version, settings, script))
  const client = yield* connect(server, options)
  const clipboard = yield* extensionOf(client)
  return { client, clipboard, connections: server.connections, connection: server.connections.at(-1)! }
})

const result = (version: string, members: Json): Json =>
  version === "2026-07-28"
    ? { ...members, resultType: "complete", _meta: { [key("serverInfo")]: { name: "s", version: "1" } } }
    : members

const capabilitiesIn = (message: Json): Json => message["params"]._meta[key("clientCapabilities")] as Json

describe.each(["2024-11-05", "2025-11-25", "2026-07-28"])("extensions in %s", (version) => {
  const isRequestEra = version === "2026-07-28"

  it.effect("are declared where the revision has a place for them", () =>
    Effect.gen(function* () {
      const extensions = [Extension.declare(Clipboard, { formats: ["text"] }), Other]
      const { client, connection } = yield* opened(version, undefined, { extensions })
      const named = { [id]: { formats: ["text"] }, "com.example/other": {} }
      if (isRequestEra) {
        yield* Effect.forkChild(client.request("a/b"), { startImmediately: true })
        assert.deepStrictEqual(capabilitiesIn(connection.last("a/b")), { extensions: named })
      } else {
        assert.deepStrictEqual(connection.last("initialize")["params"].capabilities, { experimental: named })
      }
      assert.deepStrictEqual(client.declared, { extensions: named })
    })
  )

  it.effect("say whether the server has them, and what it says of itself", () =>
    Effect.gen(function* () {
      const { client, clipboard } = yield* opened(version)
      assert.deepStrictEqual([clipboard.isSupported, clipboard.settings], [true, { max: 3 }])
      const other = yield* Effect.provideService(McpClient.extension(Other), McpClient.McpClient, client)
      assert.deepStrictEqual([other.isSupported, other.settings], [false, undefined])
      const odd = yield* opened(version, undefined, undefined, { max: "3" })
      assert.deepStrictEqual([odd.clipboard.isSupported, odd.clipboard.settings], [true, undefined])
      const none = yield* opened(version, undefined, undefined, true)
      assert.isFalse(none.clipboard.isSupported)
    })
  )

  it.effect("requests are functions: params, results and failures are those of the contract", () =>
    Effect.gen(function* () {
      const failure = { code: 1, data: { "effect-mcp/structuredContent": { _tag: "Empty", since: "noon" } } }
      const { clipboard, connection } = yield* opened(version, (message, connection) => {
        const { method, params } = message
        if (method === "clipboard/all") connection.answer(message, result(version, { a: "1" }))
        else if (method === "clipboard/clear") connection.answer(message, result(version, {}))
        else if (params.at === undefined) connection.refuse(message, failure.code, "empty", failure.data)
        else connection.answer(message, result(version, { text: params.at, more: 1 }))
      })
      const { requests } = clipboard
      assert.deepStrictEqual(yield* requests["clipboard/paste"]({ at: new Date(0) }), { text: "1970-01-01T00:00:00.000Z" })
      assert.deepStrictEqual(yield* Effect.flip(requests["clipboard/paste"]()), new Empty({ since: "noon" }))
      assert.isUndefined(yield* requests["clipboard/clear"]())
      // What the revision puts on every result is no part of it.
      assert.deepStrictEqual(yield* requests["clipboard/all"](), { a: "1" })
      assert.isDefined(connection.last("clipboard/paste")["params"]._meta)
    })
  )

  it.effect("what cannot be sent is not, and what cannot be used is refused", () =>
    Effect.gen(function* () {
      let answer: Json = { text: 1 }
      const { clipboard, connection } = yield* opened(version, (message, connection) => connection.answer(message, answer))
      const { notifications, requests } = clipboard
      const sent = connection.sent.length
      const unsent = yield* Effect.flip(requests["clipboard/paste"]({ at: "now" as unknown as Date }))
      assert.match(unsent.message, /the arguments of clipboard\/paste cannot be sent: .*at/)
      const untold = yield* Effect.flip(notifications["clipboard/copied"]({ text: 1 as unknown as string }))
      assert.match(untold.message, /the arguments of clipboard\/copied cannot be sent: .*text/)
      assert.strictEqual(connection.sent.length, sent)
      const unusable = yield* Effect.flip(requests["clipboard/paste"]())
      assert.match(unusable.message, /the answer to clipboard\/paste cannot be used: it is not what the contract says:\n.*text/)
      answer = { text: "a", resultType: "task" }
      const odd = yield* Effect.flip(requests["clipboard/paste"]())
      assert.match(odd.message, /[tT]ype is( not known:)? "task"/)
    })
  )

  it.effect("a server without them answers that the method is not there", () =>
    Effect.gen(function* () {
      const server = scripted(agreeing(version, (message, connection) => connection.refuse(message, -32601, "Method not found")))
      const clipboard = yield* extensionOf(yield* connect(server))
      assert.isFalse(clipboard.isSupported)
      const error = yield* Effect.flip(clipboard.requests["clipboard/clear"]())
      assert.match(error.message, /-32601/)
    })
  )

  it.effect("params of which only the value tells that they have the protocol's own member are not sent", () =>
    Effect.gen(function* () {
      const { clipboard, connection } = yield* opened(version, (message, connection) =>
        connection.answer(message, result(version, {}))
      )
      connection.sent.length = 0
      const error = yield* Effect.flip(clipboard.requests["clipboard/set"]({ _meta: { progressToken: 1 } }))
      assert.strictEqual(error.reason._tag, "InvalidArguments")
      assert.deepStrictEqual(connection.sent, [])
    })
  )

  it.effect("an interrupted request is cancelled", () =>
    Effect.gen(function* () {
      const { clipboard, connection } = yield* opened(version)
      const fiber = yield* Effect.forkChild(clipboard.requests["clipboard/clear"](), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      const { id } = connection.last("clipboard/clear")
      assert.strictEqual(connection.last("notifications/cancelled")["params"].requestId, id)
    })
  )

  it.effect("notifications say from whom they are, where the revision has no session for that", () =>
    Effect.gen(function* () {
      const { clipboard, connection } = yield* opened(version)
      yield* clipboard.notifications["clipboard/copied"]({ text: "a" })
      const { params } = connection.last("clipboard/copied")
      assert.strictEqual(params.text, "a")
      if (isRequestEra) {
        assert.deepStrictEqual(capabilitiesIn({ params }), { extensions: { [id]: {} } })
        assert.strictEqual(params._meta[key("protocolVersion")], version)
      } else assert.isUndefined(params._meta)
    })
  )

  it.effect("events are a stream of what the contract says; others are left out", () =>
    Effect.gen(function* () {
      const { clipboard, connection } = yield* opened(version)
      const fiber = yield* Effect.forkChild(Stream.runCollect(Stream.take(clipboard.events, 2)), { startImmediately: true })
      yield* settle
      const meta = isRequestEra ? { _meta: { [key("subscriptionId")]: connection.last("subscriptions/listen")["id"] } } : {}
      connection.notify("other/told", {})
      connection.notify("clipboard/changed", { at: 1, ...meta })
      connection.notify("clipboard/changed", { at: "1970-01-01T00:00:00.000Z", ...meta })
      // Those of a request carry no subscription.
      connection.notify("clipboard/cleared")
      assert.deepStrictEqual<unknown>(yield* Fiber.join(fiber), [
        { method: "clipboard/changed", params: { at: new Date(0) } },
        { method: "clipboard/cleared", params: {} }
      ])
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("a stream of events fails when the connection ends, and when it has ended", () =>
    Effect.gen(function* () {
      const { clipboard, connection } = yield* opened(version)
      const fiber = yield* Effect.forkChild(Stream.runDrain(clipboard.events), { startImmediately: true })
      yield* settle
      connection.end()
      assert.include((yield* Effect.flip(Fiber.join(fiber))).message, "the server is gone")
      assert.include((yield* Effect.flip(Stream.runDrain(clipboard.events))).message, "the server is gone")
      assert.include(
        (yield* Effect.flip(clipboard.notifications["clipboard/copied"]({ text: "a" }))).message,
        "the server is gone"
      )
    })
  )

  it.effect("who does not read loses the oldest events", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* opened(version)
      const gate = yield* Deferred.make<void>()
      const reading = yield* client.notifications(["n"]).pipe(
        Stream.map(({ params }) => params?.["n"]),
        Stream.tap(() => Deferred.await(gate)),
        Stream.takeUntil((n) => n === 2999),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      connection.notify("n", { n: -1 })
      yield* settle
      for (let n = 0; n < 3000; n++) connection.notify("n", { n })
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual<unknown>(yield* Fiber.join(reading), [-1, ...Array.from({ length: 1024 }, (_, i) => 1976 + i)])
    })
  )
})

describe("subscriptions to events", () => {
  const listening = (script: Script = () => {}) => opened("2026-07-28", script)

  it.effect("are held as long as the stream runs, each for itself", () =>
    Effect.gen(function* () {
      const { clipboard, connection } = yield* listening()
      const seen: Array<string> = []
      const read = (name: string) =>
        clipboard.events.pipe(
          Stream.runForEach(({ method }) => Effect.sync(() => seen.push(`${name} ${method}`))),
          Effect.forkChild({ startImmediately: true })
        )
      const one = yield* read("one")
      const first = connection.last("subscriptions/listen")
      yield* read("other")
      const second = connection.last("subscriptions/listen")
      assert.deepStrictEqual(first["params"].notifications, { [id]: true })
      assert.notStrictEqual(first["id"], second["id"])
      connection.notify("clipboard/cleared", { _meta: { [key("subscriptionId")]: first["id"] } })
      yield* settle
      assert.deepStrictEqual(seen, ["one clipboard/cleared"])
      yield* Fiber.interrupt(one)
      assert.strictEqual(connection.last("notifications/cancelled")["params"].requestId, first["id"])
      connection.notify("clipboard/cleared", { _meta: { [key("subscriptionId")]: first["id"] } })
      connection.notify("clipboard/cleared", { _meta: { [key("subscriptionId")]: second["id"] } })
      yield* settle
      assert.deepStrictEqual(seen, ["one clipboard/cleared", "other clipboard/cleared"])
    })
  )

  it.effect("that are refused fail the stream; those that the server ends, end it", () =>
    Effect.gen(function* () {
      const refused = yield* listening((message, connection) => connection.refuse(message, -32601, "no"))
      assert.match((yield* Effect.flip(Stream.runDrain(refused.clipboard.events))).message, /subscriptions\/listen \(-32601\)/)
      const ended = yield* listening((message, connection) => {
        const meta = { [key("subscriptionId")]: message["id"] }
        connection.notify("clipboard/cleared", { _meta: meta })
        connection.answer(message, { resultType: "complete", _meta: meta })
      })
      assert.strictEqual((yield* Stream.runCollect(ended.clipboard.events)).length, 1)
    })
  )

  it.effect("an extension without events has a stream that ends, and asks for nothing", () =>
    Effect.gen(function* () {
      const { client, connection } = yield* listening()
      const Silent = Extension.make("com.example/silent")
      const silent = yield* Effect.provideService(McpClient.extension(Silent), McpClient.McpClient, client)
      assert.deepStrictEqual(yield* Stream.runCollect(silent.events), [])
      assert.notInclude(connection.methods, "subscriptions/listen")
    })
  )
})

describe("what a client declares", () => {
  it.effect("must make sense, or the client does not start", () =>
    Effect.gen(function* () {
      const Same = Extension.make("com.example/same", { events: { "other/told": {} } })
      const started = (extensions: McpClient.Options["extensions"] & {}) =>
        Effect.map(Effect.exit(connect(scripted(agreeing("2026-07-28")), { extensions })), (exit) =>
          Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "started"
        )
      assert.include(
        yield* started([Other, Same]),
        'extension "com.example/same": "other/told" is a method of "com.example/other" already'
      )
      assert.include(yield* started([Other, Other]), 'the extension "com.example/other" is there twice')
      const wrong = Extension.declare(Clipboard, { formats: [1 as unknown as string] })
      assert.include(
        yield* started([wrong]),
        'extension "com.example/clipboard": its clientSettings are not what their Schema says'
      )
    })
  )
})

describe("types", () => {
  type Eq<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
  const check = <_ extends true>() => {}
  /** Code for the compiler alone. */
  const compile = (_: () => unknown) => {}

  it("of a client of an extension are those of the contract", () => {
    compile(() =>
      Effect.gen(function* () {
        const { events, notifications, requests, settings } = yield* McpClient.extension(Clipboard)
        const paste = requests["clipboard/paste"]({ at: new Date() }, { timeout: "1 second" })
        check<Eq<Effect.Success<typeof paste>, { readonly text: string }>>()
        check<Eq<Effect.Error<typeof paste>, Empty | Effect.Error<ReturnType<McpClient.McpClient["Service"]["notify"]>>>>()
        check<Eq<typeof settings, { readonly max: number } | undefined>>()
        const clear = requests["clipboard/clear"]()
        check<Eq<Effect.Success<typeof clear>, void>>()
        yield* Stream.runForEach(events, (event) => {
          if (event.method === "clipboard/changed") check<Eq<typeof event.params, { readonly at: Date }>>()
          return Effect.void
        })
        // @ts-expect-error: there is no such request
        yield* requests["clipboard/nope"]()
        // @ts-expect-error: the text is needed
        yield* notifications["clipboard/copied"]()
        // @ts-expect-error: a text is no Date
        yield* requests["clipboard/paste"]({ at: "now" })
      })
    )
  })
})
