/**
 * A server with an extension that shows all that an extension can have.
 */
import * as Extension from "@effect-mcp/core/Extension"
import { invalidParams } from "@effect-mcp/core/McpError"
import * as Principal from "@effect-mcp/core/Principal"
import * as Progress from "@effect-mcp/core/Progress"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as McpServer from "../../src/McpServer.ts"
import { info, type versions } from "./fixture.ts"
import { envelope, type Json, key, type RawPeer, serve } from "./peer.ts"

export class Empty extends Schema.TaggedError<Empty>()("Empty", { since: Schema.String }) {}

export const id = "com.example/clipboard"

export class Clipboard extends Extension.make("com.example/clipboard", {
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
export class Told extends Context.Service<Told, Queue.Queue<string>>()("test/Told") {
  static readonly layer = Layer.effect(Told, Queue.unbounded<string>())
}

export const ClipboardLive = Clipboard.toLayer({
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

export const Server = McpServer.layer(info, McpServer.extension(Clipboard, { maxLength: 10 })).pipe(Layer.provide(ClipboardLive))

/** The log of a server, and its layer. */
export const logged = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ cause, message }) => void lines.push(`${String(message)} ${Cause.pretty(cause)}`))
  return { lines, layer: Logger.layer([logger]) }
}

export const capabilities = (settings: Json = {}): Json => ({ [id]: settings })

/** What puts the declaration of the extension on a request, where the revision wants it there. */
export const declaring = (version: string, settings?: Json): Json =>
  version === "2026-07-28" ? { _meta: { [key("clientCapabilities")]: { extensions: capabilities(settings) } } } : {}

export const connect = Effect.fnUntraced(function* (version: (typeof versions)[number], settings?: Json) {
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

export const errorOf = (message: Json): Json => message["error"] as Json
export const methodsOf = (peer: RawPeer) => peer.notifications.map(({ method }) => method)
