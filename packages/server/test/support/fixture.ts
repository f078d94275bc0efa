/**
 * A server that shows everything a server can show, and what its answers look like in each revision.
 */
import * as Content from "@effect-mcp/core/Content"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Progress from "@effect-mcp/core/Progress"
import type * as Revision from "@effect-mcp/core/Revision"
import * as Tool from "@effect-mcp/core/Tool"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../../src/McpServer.ts"
import type { Json } from "./peer.ts"

export class CityNotFound extends Schema.TaggedError<CityNotFound>()("CityNotFound", { city: Schema.String }) {}

export const Forecast = Schema.Struct({ city: Schema.String, celsius: Schema.Finite })

export class Fixture extends McpGroup.make(
  "fixture",
  Tool.make("forecast", {
    title: "Forecast",
    description: "Forecast for a city",
    icons: [{ src: "https://example.com/sun.png", mimeType: "image/png", sizes: ["48x48"] }],
    tags: ["weather"],
    version: "1.2.0",
    meta: { "example.com/team": "sky" },
    annotations: { title: "The forecast", readOnlyHint: true },
    parameters: { city: Schema.String, days: Schema.optionalKey(Schema.Int) },
    success: Forecast,
    failure: CityNotFound
  }),
  Tool.make("add", { parameters: { a: Schema.Finite, b: Schema.Finite }, success: Schema.Finite }),
  Tool.make("names", { success: Schema.Array(Schema.String) }),
  Tool.make("maybe", { success: Schema.NullOr(Schema.Finite) }),
  Tool.make("hello", { success: Schema.String }),
  Tool.make("nothing"),
  Tool.make("gallery", { success: Tool.Contents }),
  Tool.make("rendered", { success: Forecast, render: ({ celsius }) => `${celsius} degrees` }),
  Tool.make("plain", { success: Forecast, structured: false }),
  Tool.make("steps"),
  Tool.make("speak"),
  Tool.make("wait")
) {}

export const FixtureLive = Fixture.toLayer({
  tools: {
    forecast: ({ city }) =>
      city === "Atlantis" ? Effect.fail(new CityNotFound({ city })) : Effect.succeed({ city, celsius: 21.5 }),
    add: ({ a, b }) => Effect.succeed(a + b),
    names: () => Effect.succeed(["Ada", "Grace"]),
    maybe: () => Effect.succeed(null),
    hello: () => Effect.succeed("hello"),
    nothing: () => Effect.void,
    gallery: () =>
      Effect.succeed([
        Content.text("a text", {
          annotations: { audience: ["user"], priority: 0.5, lastModified: "2025-01-12T15:00:58Z" },
          _meta: { "example.com/note": 1 }
        }),
        Content.image(new Uint8Array([1, 2, 3]), "image/png"),
        Content.audio(new Uint8Array([1, 2, 3, 4]), "audio/wav"),
        Content.resourceLink({
          uri: "file:///a.txt",
          name: "a",
          title: "The first letter",
          icons: [{ src: "https://example.com/a.png" }],
          _meta: { "example.com/note": 2 }
        }),
        Content.resource({ uri: "file:///b.txt", mimeType: "text/plain", text: "b" })
      ]),
    rendered: () => Effect.succeed({ city: "Oslo", celsius: 1 }),
    plain: () => Effect.succeed({ city: "Oslo", celsius: 2 }),
    steps: () => Effect.andThen(Progress.report(0, 2), Progress.report(1.5, 2, "nearly")),
    speak: () =>
      Effect.logDebug("quiet").pipe(
        Effect.andThen(Effect.logInfo("usual", { city: "Oslo" })),
        Effect.andThen(Effect.annotateLogs(Effect.logWarning("odd"), "attempt", 2)),
        Effect.andThen(Effect.logError("bad")),
        Effect.andThen(Effect.logFatal("worst"))
      ),
    wait: () => Effect.never
  }
})

export const info = {
  name: "fixture",
  title: "The fixture",
  version: "1.2.3",
  description: "Shows everything",
  websiteUrl: "https://example.com",
  icons: [{ src: "https://example.com/icon.png" }]
}

export const Server = McpServer.layer({ ...info, instructions: "Ask for the forecast." }, Fixture).pipe(
  Layer.provide(FixtureLive)
)

/** A value that differs between revisions, by the revision since which it is so. */
export interface Since<A> {
  readonly "2024-11-05": A
  readonly "2025-03-26"?: A
  readonly "2025-06-18"?: A
  readonly "2025-11-25"?: A
  readonly "2026-07-28"?: A
}

/** The revisions of the session era, oldest first. */
export const sessionVersions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] as const

/** The revisions, oldest first. */
export const versions: ReadonlyArray<Revision.Version> = [...sessionVersions, "2026-07-28"]

/** The value of a revision. */
export const at = <A>(since: Since<A>, version: Revision.Version): A =>
  versions.slice(0, versions.indexOf(version) + 1).reduce((value, v) => since[v] ?? value, since["2024-11-05"])

/** What 2026-07-28 puts on every result. */
export const stamp: Json = { resultType: "complete", _meta: { "io.modelcontextprotocol/serverInfo": info } }

/** The answer with a result, with what the revision puts on it. */
export const answer = (version: Revision.Version, id: unknown, result: Json): Json => ({
  jsonrpc: "2.0",
  id,
  result: version === "2026-07-28" ? { ...result, ...stamp, _meta: { ...result["_meta"], ...stamp["_meta"] } } : result
})

/** The answer with an error. Without an id when that is undefined. */
export const refusal = (id: unknown, code: number, message: string, data?: unknown): Json => ({
  jsonrpc: "2.0",
  ...(id === undefined ? {} : { id }),
  error: data === undefined ? { code, message } : { code, message, data }
})
