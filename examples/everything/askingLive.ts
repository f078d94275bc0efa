/**
 * What the tools ask that ask one thing, and what they make of the answer.
 */
import * as Elicitation from "@effect-mcp/core/Elicitation"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Sampling from "@effect-mcp/core/Sampling"
import { Effect, Schema } from "effect"
import { Asking } from "./asking.ts"

// Forms stand outside of the handlers: what is made of one is kept for as long as its Schema.
const Person = {
  username: Schema.String.annotate({ description: "User's response" }),
  email: Schema.String.annotate({ description: "User's email address" })
}

const Defaults = {
  name: Schema.String.annotate({ description: "User name", default: "John Doe" }),
  age: Schema.Int.annotate({ description: "User age", default: 30 }),
  score: Schema.Finite.annotate({ description: "User score", default: 95.5 }),
  status: Schema.Literals(["active", "inactive", "pending"]).annotate({ description: "User status", default: "active" }),
  verified: Schema.Boolean.annotate({ description: "Verification status", default: true })
}

/** What the user did and put in, in words. */
const told = <E extends { readonly _tag: string }, R>(
  asked: Effect.Effect<unknown, E, R>,
  said: (action: string, content: unknown) => string
) =>
  asked.pipe(
    Effect.map((content) => said("accept", content)),
    Effect.catchIf(
      ({ _tag }) => _tag === "Declined" || _tag === "Cancelled",
      ({ _tag }) => Effect.succeed(said(_tag === "Declined" ? "decline" : "cancel", {}))
    )
  )

const completed = (action: string, content: unknown) =>
  `Elicitation completed: action=${action}, content=${JSON.stringify(content)}`

const titled = (name: string) =>
  ["First", "Second", "Third"].map((nth, n) => ({ const: `value${n + 1}`, title: `${nth} ${name}` }))

const options = ["option1", "option2", "option3"]

/**
 * A form in the words of the protocol. `Elicitation.form` makes forms of Schemas, each in the words of its revision; all five kinds of
 * choices at once, one of them from a revision before, is more than a program would ever want to say.
 */
const choices = {
  type: "object",
  properties: {
    untitledSingle: { type: "string", enum: options },
    titledSingle: { type: "string", oneOf: titled("Option") },
    legacyEnum: {
      type: "string",
      enum: ["opt1", "opt2", "opt3"],
      enumNames: ["Option One", "Option Two", "Option Three"]
    },
    untitledMulti: { type: "array", items: { type: "string", enum: options } },
    titledMulti: { type: "array", items: { anyOf: titled("Choice") } }
  }
}

export const AskingLive = Asking.toLayer({
  tools: {
    test_sampling: ({ prompt }) =>
      Effect.map(Sampling.text({ key: "prompt", messages: prompt, maxTokens: 100 }), (text) => `LLM response: ${text}`),

    test_elicitation: ({ message }) =>
      told(
        Elicitation.form({ key: "person", message, schema: Person }),
        (action, content) => `User response: action=${action}, content=${JSON.stringify(content)}`
      ),

    test_elicitation_sep1034_defaults: () =>
      told(Elicitation.form({ key: "user", message: "Please review or change these", schema: Defaults }), completed),

    test_elicitation_sep1330_enums: Effect.fn("test_elicitation_sep1330_enums")(function* () {
      const { asking } = yield* RequestContext
      const params = { message: "Please choose", requestedSchema: choices }
      const { action, content } = yield* asking.ask({ key: "choices", method: "elicitation/create", params })
      return completed(String(action), content)
    }),

    test_streaming_elicitation: () => Effect.as(Elicitation.form({ key: "go", message: "Go on?" }), "went on"),

    // Nothing stands in for the model: without it the client is told what it has to declare.
    test_missing_capability: () => Sampling.text({ key: "model", messages: "Are you there?", maxTokens: 10 })
  }
})
