/**
 * A group with a tool of every kind, and its layer.
 */
import * as Content from "@effect-mcp/core/Content"
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as JsonSchemaTool from "@effect-mcp/core/JsonSchemaTool"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Progress from "@effect-mcp/core/Progress"
import * as Prompt from "@effect-mcp/core/Prompt"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

export class CityNotFound extends Schema.TaggedError<CityNotFound>()("CityNotFound", { city: Schema.String, at: Schema.Date }) {}

export class Db extends Context.Service<Db, { readonly celsius: number }>()("Db") {}

export const Forecast = Schema.Struct({ city: Schema.String, celsius: Schema.Finite, day: Schema.Date })

export const day = new Date("2026-02-03T00:00:00.000Z")

export const forecast = Tool.make("forecast", {
  title: "Forecast",
  description: "Forecast for a city",
  icons: [{ src: "https://example.com/sun.png" }],
  tags: ["weather"],
  version: "1.2.0",
  meta: { "example.com/team": "sky" },
  annotations: { title: "The forecast", readOnlyHint: true, openWorldHint: false },
  parameters: { city: Schema.String, on: Schema.optionalKey(Schema.Date) },
  success: Forecast,
  failure: CityNotFound
})

export const blocks = [
  Content.text("a text"),
  Content.image("AQID", "image/png"),
  Content.audio("AQID", "audio/wav"),
  Content.resourceLink({ uri: "file:///a.txt", name: "a", title: "The first letter" }),
  Content.resource({ uri: "file:///b.txt", mimeType: "text/plain", text: "b" }),
  Content.resource({ uri: "file:///c.bin", blob: "AQID" })
]

export const add = Tool.make("add", { parameters: { a: Schema.Finite, b: Schema.Finite }, success: Schema.Finite })
export const hello = Tool.make("hello", { annotations: { title: "Hello" }, success: Schema.String })
export const nothing = Tool.make("nothing")
export const gallery = Tool.make("gallery", { success: Tool.Contents })
export const rendered = Tool.make("rendered", {
  success: Schema.Struct({ n: Schema.Int }),
  render: ({ n }) => `n is ${n}`
})
export const plain = Tool.make("plain", { success: Schema.Struct({ n: Schema.Int }), structured: false })
export const search = JsonSchemaTool.make("search", {
  inputSchema: { type: "object", properties: { q: { type: "string", minLength: 2 } }, required: ["q"] },
  outputSchema: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] }
})
export const context = Tool.make("context", { success: Schema.Unknown })
export const ask = Tool.make("ask", { success: Schema.String })
export const wait = Tool.make("wait", { timeout: "1 second" })
export const scoped = Tool.make("scoped")

/** What scopes of requests have closed. */
export const closed: Array<string> = []

export class Weather extends McpGroup.make(
  "weather",
  forecast,
  add,
  hello,
  nothing,
  gallery,
  rendered,
  plain,
  search,
  context,
  ask,
  wait,
  scoped,
  Resource.make("today", "weather://today"),
  Prompt.make("packing")
) {}

export const WeatherLive = Weather.toLayer({
  tools: {
    forecast: Effect.fnUntraced(function* ({ city, on }) {
      const { celsius } = yield* Db
      if (city === "Atlantis") return yield* new CityNotFound({ city, at: day })
      return { city, celsius, day: on ?? day }
    }),
    add: ({ a, b }) => Effect.succeed(a + b),
    hello: () => Effect.succeed("hello"),
    nothing: () => Effect.void,
    gallery: () => Effect.succeed(blocks),
    rendered: () => Effect.succeed({ n: 4 }),
    plain: () => Effect.succeed({ n: 5 }),
    search: ({ q }) => Effect.succeed(q === "bad" ? { n: "one" } : { n: String(q).length }),
    context: Effect.fnUntraced(function* () {
      yield* Progress.report(1, 2)
      const { asking, clientCapabilities, id, isOpen, method, principal, revision } = yield* RequestContext
      return {
        mode: asking.mode,
        clientCapabilities,
        id,
        isOpen,
        method,
        subject: principal.subject ?? null,
        version: revision.version
      }
    }),
    ask: () =>
      Elicitation.form({ key: "name", message: "Who?", schema: { name: Schema.String } }).pipe(
        Effect.as("answered"),
        Effect.catch((error) => Effect.succeed(error.message))
      ),
    wait: () => Effect.never,
    scoped: () => Effect.addFinalizer(() => Effect.sync(() => void closed.push("scoped")))
  },
  resources: { today: () => Effect.succeed("sunny") },
  prompts: { packing: () => Effect.succeed("What do I pack?") }
}).pipe(Layer.provide(Layer.succeed(Db, { celsius: 21 })))
