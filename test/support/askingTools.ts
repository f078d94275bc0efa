/**
 * Handlers that ask in every way there is, written once for all revisions.
 */
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as Form from "@effect-mcp/core/Form"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as PromptMessage from "@effect-mcp/core/PromptMessage"
import * as Replay from "@effect-mcp/core/Replay"
import * as Resource from "@effect-mcp/core/Resource"
import * as Roots from "@effect-mcp/core/Roots"
import * as Sampling from "@effect-mcp/core/Sampling"
import * as SamplingObject from "@effect-mcp/core/SamplingObject"
import * as SamplingTools from "@effect-mcp/core/SamplingTools"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"

const Seat = { seat: Form.choices({ aisle: "On the aisle", window: "At the window" }) }
const Nights = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 }))
const Guest = { name: Schema.String.check(Schema.isPattern(/^[a-z]+$/)), breakfast: Schema.Boolean.annotate({ default: true }) }
const Mood = { mood: Schema.Literals(["good", "bad"]) }

const Length = Tool.make("length", { parameters: { word: Schema.String }, success: Schema.Finite })

export class Asking extends McpGroup.make(
  "asking",
  Tool.make("seat", { success: Schema.String }),
  Tool.make("orElse", { success: Schema.String }),
  Tool.make("guest", { success: Schema.String }),
  Tool.make("declined", { success: Schema.String }),
  Tool.make("booking", { success: Schema.String }),
  Tool.make("page", { success: Schema.String }),
  Tool.make("text", { success: Schema.String }),
  Tool.make("object", { success: Schema.String }),
  Tool.make("tools", { success: Schema.String }),
  Tool.make("roots", { success: Schema.String }),
  Resource.make("greeting", "asking://greeting", { success: Schema.String }),
  Prompt.make("greet")
) {}

const name = Elicitation.form({ key: "name", message: "Who is it?", schema: Schema.String })

export const AskingLive = Asking.toLayer(
  Effect.gen(function* () {
    const booked = yield* Ref.make(0)
    return Asking.of({
      tools: {
        seat: () => Effect.map(Elicitation.form({ key: "seat", message: "Where?", schema: Seat }), ({ seat }) => seat),
        orElse: () =>
          Effect.map(
            Elicitation.form({ key: "seat", message: "Where?", schema: Seat, orElse: { seat: "aisle" } }),
            ({ seat }) => seat
          ),
        guest: () =>
          Effect.map(
            Elicitation.form({ key: "guest", message: "Who?", schema: Guest }),
            ({ breakfast, name }) => `${name} ${breakfast}`
          ),
        declined: () =>
          Elicitation.form({ key: "sure", message: "Decline, please" }).pipe(
            Effect.as("accepted"),
            Effect.catchTags({ Declined: () => Effect.succeed("declined"), Cancelled: () => Effect.succeed("cancelled") })
          ),
        booking: () =>
          Effect.gen(function* () {
            const { nights, seat } = yield* Elicitation.all({
              seat: { message: "Where?", schema: Seat },
              nights: { message: "How long?", schema: Nights }
            })
            const number = yield* Replay.once(
              "book",
              Schema.Finite,
              Ref.updateAndGet(booked, (n) => n + 1)
            )
            yield* Elicitation.form({ key: "sure", message: "Sure?" })
            const after = yield* Ref.get(booked)
            return `${seat.seat} ${nights} ${after - number}`
          }),
        page: () =>
          Effect.flatMap(Elicitation.url({ key: "pay", message: "Pay", url: "https://example.com/pay" }), ({ complete }) =>
            Effect.as(complete, "paid")
          ),
        text: () => Sampling.text({ key: "q", messages: "Say something" }),
        object: () =>
          Effect.map(SamplingObject.create({ key: "mood", messages: "How is it?", schema: Mood }), ({ mood }) => mood),
        tools: () =>
          Effect.map(
            SamplingTools.run({
              key: "count",
              messages: "How long is it?",
              tools: [SamplingTools.bind(Length, ({ word }) => Effect.succeed(word.length))]
            }),
            ({ text }) => text
          ),
        roots: () => Effect.map(Roots.list, (roots) => roots.map(({ uri }) => uri).join())
      },
      resources: { greeting: () => Effect.map(name, (name) => `Hello, ${name}`) },
      prompts: { greet: () => Effect.map(name, (name) => PromptMessage.user(`Greet ${name}`)) }
    })
  })
)

export const Server = McpServer.layer({ name: "asking", version: "1.0.0" }, Asking).pipe(Layer.provide(AskingLive))
