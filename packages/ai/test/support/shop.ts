/**
 * A toolkit of effect/ai with one tool of every kind, and its layer as a program would write it.
 */
import * as AiTool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Prompt from "effect/ai/Prompt"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

export class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", { item: Schema.String }) {}

export class Stock extends Context.Service<Stock, { readonly of: (item: string) => number }>()("Stock") {}

export const lookup = AiTool.make("lookup", {
  description: "Looks up an item",
  parameters: Schema.Struct({ item: Schema.String.annotate({ description: "its name" }), since: Schema.optional(Schema.Date) }),
  success: Schema.Struct({ item: Schema.String, count: Schema.Int, checked: Schema.Date }),
  failure: OutOfStock
})
  .annotate(AiTool.Title, "Look it up")
  .annotate(AiTool.Meta, { "example.com/team": "shop" })
  .annotate(AiTool.Readonly, true)
  .annotate(AiTool.Destructive, false)
  .annotate(AiTool.Idempotent, true)
  .annotate(AiTool.OpenWorld, false)

/** Failures are told to the model. */
export const told = AiTool.make("told", {
  parameters: Schema.Struct({ item: Schema.String }),
  success: Schema.String,
  failure: OutOfStock,
  failureMode: "return"
})

/** A tool without anything, described by its parameters. */
export const ping = AiTool.make("ping")

/** What the model reads is an image. */
export const picture = AiTool.make("picture", {
  success: Schema.Struct({ base64: Schema.String }),
  toModelOutput: ({ base64 }) => [
    Prompt.textPart({ text: "a picture" }),
    Prompt.filePart({ mediaType: "image/png", data: base64 }),
    Prompt.filePart({ mediaType: "audio/wav", data: base64 }),
    Prompt.filePart({ mediaType: "application/pdf", data: base64, fileName: "a b.pdf" }),
    Prompt.filePart({ mediaType: "text/html", data: new URL("https://example.com/"), fileName: "home" })
  ]
})

export const inputSchema = {
  type: "object",
  properties: { q: { type: "string", minLength: 2 } },
  required: ["q"],
  "x-order": 1
} as const

export const dynamic = AiTool.dynamic("dynamic", { parameters: inputSchema, success: Schema.Struct({ q: Schema.String }) })
export const anything = AiTool.dynamic("anything", { description: "Takes anything" })

/** It says how far it is. */
export const slow = AiTool.make("slow", { success: Schema.Int })

/** It fails with what it does not declare. */
export const broken = AiTool.make("broken", { success: Schema.Int, failure: OutOfStock })

export const Shop = Toolkit.make(lookup, told, ping, picture, dynamic, anything, slow, broken)

export const ids: Array<string | undefined> = []

export const day = new Date("2026-02-03T00:00:00.000Z")

export const ShopLive = Shop.toLayer(
  Effect.gen(function* () {
    const stock = yield* Stock
    return Shop.of({
      lookup: ({ item, since }) => {
        const count = stock.of(item)
        return count === 0 ? Effect.fail(new OutOfStock({ item })) : Effect.succeed({ item, count, checked: since ?? day })
      },
      told: ({ item }) => (stock.of(item) === 0 ? Effect.fail(new OutOfStock({ item })) : Effect.succeed(item)),
      ping: (_, { toolCallId }) =>
        Effect.sync(() => {
          ids.push(toolCallId)
        }),
      picture: () => Effect.succeed({ base64: "AQID" }),
      dynamic: (args) => Effect.succeed(args as { readonly q: string }),
      anything: (args) => Effect.succeed(args),
      slow: Effect.fnUntraced(function* (_, { preliminary }) {
        yield* preliminary(1)
        yield* preliminary(2)
        return 3
      }),
      broken: () => Effect.fail({ _tag: "Oops" } as never)
    })
  })
).pipe(Layer.provide(Layer.succeed(Stock, { of: (item) => (item === "unicorn" ? 0 : item.length) })))
