/**
 * What the compiler infers of extensions, and refuses. Nothing runs here: `npm run check` is what proves these tests.
 */
import * as Extension from "@effect-mcp/core/Extension"
import type * as Handlers from "@effect-mcp/core/Handlers"
import type { RequestContext } from "@effect-mcp/core/RequestContext"
import { describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"

type Eq<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
const check = <_ extends true>() => {}
/** Code for the compiler alone. */
const compile = (_: () => unknown) => {}

class Db extends Context.Service<Db, { readonly n: number }>()("Db") {}
class Empty extends Schema.TaggedError<Empty>()("Empty", {}) {}

class Clipboard extends Extension.make("com.example/clipboard", {
  settings: { max: Schema.Int },
  clientSettings: Schema.Struct({ formats: Schema.Array(Schema.String) }),
  requests: {
    "clipboard/paste": { params: { at: Schema.optionalKey(Schema.Date) }, success: { text: Schema.String }, failure: Empty },
    "clipboard/clear": {}
  },
  notifications: { "clipboard/copied": { params: { text: Schema.String } } },
  events: { "clipboard/changed": { params: { length: Schema.Int } }, "clipboard/cleared": {} }
}) {}

const Quiet = Extension.make("com.example/quiet", { events: { "quiet/told": {} } })

const info = { name: "s", version: "1" }

describe("an extension that is described", () => {
  it("with members that descriptions do not have does not compile", () => {
    compile(() => [
      // @ts-expect-error `sucess` is no member of a request
      Extension.make("a/b", { requests: { "x/y": { params: {}, sucess: { text: Schema.String } } } }),
      // @ts-expect-error a notification has no result
      Extension.make("a/b", { notifications: { "x/y": { params: {}, success: {} } } }),
      // @ts-expect-error nor has an event
      Extension.make("a/b", { events: { "x/y": { params: {}, failure: Empty } } })
    ])
  })
})

describe("an extension", () => {
  it("has the types of its messages", () => {
    check<Eq<Extension.Params<typeof Clipboard, "clipboard/paste">, { readonly at?: Date }>>()
    check<Eq<Extension.Success<typeof Clipboard, "clipboard/paste">, { readonly text: string }>>()
    check<Eq<Extension.Failure<typeof Clipboard, "clipboard/paste">, Empty>>()
    check<Eq<Extension.Success<typeof Clipboard, "clipboard/clear">, void>>()
    check<Eq<Extension.Failure<typeof Clipboard, "clipboard/clear">, never>>()
    check<Eq<Extension.NotificationParams<typeof Clipboard, "clipboard/copied">, { readonly text: string }>>()
    check<Eq<Extension.Settings<typeof Clipboard>, { readonly max: number }>>()
    check<Eq<Extension.ClientSettings<typeof Clipboard>, { readonly formats: ReadonlyArray<string> }>>()
    type Event = Extension.Event<typeof Clipboard>
    check<Eq<Event["method"], "clipboard/changed" | "clipboard/cleared">>()
    check<Eq<Extract<Event, { readonly method: "clipboard/changed" }>["params"], { readonly length: number }>>()
  })

  it("has handlers whose services become requirements, apart from those of requests", () => {
    const live = Clipboard.toLayer({
      requests: {
        "clipboard/paste": ({ at }) => {
          check<Eq<typeof at, Date | undefined>>()
          return Effect.andThen(Clipboard.send("clipboard/changed", { length: 1 }), Effect.fail(new Empty()))
        },
        "clipboard/clear": () => Effect.asVoid(Db)
      },
      notifications: {
        "clipboard/copied": ({ text }) => {
          check<Eq<typeof text, string>>()
          return Extension.isDeclared(Clipboard)
        }
      }
    })
    check<Eq<Layer.Services<typeof live>, Db>>()
    check<Eq<Layer.Success<typeof live>, Handlers.Handlers<"extension/com.example/clipboard">>>()
    check<Eq<Effect.Services<typeof Clipboard.settingsOfClient>, RequestContext>>()
    check<Eq<Effect.Success<typeof Clipboard.settingsOfClient>, { readonly formats: ReadonlyArray<string> } | undefined>>()
  })

  it("refuses handlers that are missing, unknown, or that fail as they must not", () => {
    const notifications = { "clipboard/copied": () => Effect.void } as const
    const requests = { "clipboard/paste": () => Effect.succeed({ text: "" }), "clipboard/clear": () => Effect.void } as const
    compile(() => {
      Clipboard.toLayer({ requests, notifications })
      // @ts-expect-error: the notifications are missing
      Clipboard.toLayer({ requests })
      // @ts-expect-error: there is no such request
      Clipboard.toLayer({ requests: { ...requests, "clipboard/nope": () => Effect.void }, notifications })
      // @ts-expect-error: a number is no text
      Clipboard.toLayer({ requests: { ...requests, "clipboard/paste": () => Effect.succeed({ text: 1 }) }, notifications })
      // @ts-expect-error: it does not declare a failure
      Clipboard.toLayer({ requests: { ...requests, "clipboard/clear": () => Effect.fail(new Empty()) }, notifications })
      // @ts-expect-error: nobody is told of failures of notifications
      Clipboard.toLayer({ requests, notifications: { "clipboard/copied": () => Effect.fail(new Empty()) } })
      // @ts-expect-error: an id has a prefix
      Extension.make("clipboard")
      // @ts-expect-error: there is no such event
      Clipboard.send("clipboard/nope", {})
      // @ts-expect-error: the event has a length
      Clipboard.send("clipboard/changed")
      Clipboard.send("clipboard/cleared")
    })
  })
})

describe("a server with extensions", () => {
  it("requires their handlers, and of one that has none nothing", () => {
    const server = McpServer.layer(info, McpServer.extension(Clipboard, { max: 1 }), McpServer.extension(Quiet))
    check<Eq<Layer.Services<typeof server>, Handlers.Handlers<"extension/com.example/clipboard">>>()
    check<Eq<Layer.Error<typeof server>, never>>()
    const quiet = McpServer.layer(info, McpServer.extension(Quiet))
    check<Eq<Layer.Services<typeof quiet>, never>>()
  })

  it("refuses settings that are missing or wrong, and an extension that is no part", () => {
    compile(() => {
      // @ts-expect-error: `max` is needed
      McpServer.extension(Clipboard)
      // @ts-expect-error: a text is no number
      McpServer.extension(Clipboard, { max: "1" })
      // @ts-expect-error: an extension is served with `extension`
      McpServer.layer(info, Quiet)
      // @ts-expect-error: the formats are needed
      Extension.declare(Clipboard)
      return Extension.declare(Clipboard, { formats: [] })
    })
  })

  it("tells of events as the contract has them", () => {
    compile(() =>
      Effect.gen(function* () {
        const server = yield* McpServer.McpServer
        yield* server.send(Clipboard, "clipboard/changed", { length: 1 })
        yield* server.send(Clipboard, "clipboard/cleared")
        // @ts-expect-error: there is no such event
        yield* server.send(Clipboard, "clipboard/nope")
        // @ts-expect-error: the event has a length
        yield* server.send(Clipboard, "clipboard/changed", {})
      })
    )
  })
})
