/**
 * What the tools ask that ask several things, at once or one after the other. Who asks does not see in which round that is.
 */
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as PromptMessage from "@effect-mcp/core/PromptMessage"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Roots from "@effect-mcp/core/Roots"
import * as Sampling from "@effect-mcp/core/Sampling"
import { Effect, Schema } from "effect"
import { Rounds } from "./asking.ts"

const Name = { name: Schema.String }
const Color = { color: Schema.String }
const Context = { context: Schema.String }
const Ok = { ok: Schema.Boolean }

const userName = Elicitation.form({ key: "user_name", message: "What is your name?", schema: Name })

const clientRoots = Effect.map(Roots.listAs("client_roots"), (roots) => roots.map(({ name, uri }) => name ?? uri).join(", "))

// That a state comes back as it went is up to the server: a handler that goes on knows that it did.
const confirmed = Effect.map(
  Elicitation.form({ key: "confirm", message: "Please confirm", schema: Ok }),
  ({ ok }) => `state-ok: ${ok ? "confirmed" : "not confirmed"}`
)

export const RoundsLive = Rounds.toLayer({
  tools: {
    test_input_required_result_elicitation: () => Effect.map(userName, ({ name }) => `Hello, ${name}!`),

    test_input_required_result_sampling: () =>
      Sampling.text({ key: "capital_question", messages: "What is the capital of France?", maxTokens: 100 }),

    test_input_required_result_list_roots: () => Effect.map(clientRoots, (roots) => `Roots: ${roots}`),

    test_input_required_result_request_state: () => confirmed,
    test_input_required_result_tampered_state: () => confirmed,

    test_input_required_result_multiple_inputs: Effect.fn("test_input_required_result_multiple_inputs")(function* () {
      const greeting = Sampling.text({ key: "greeting", messages: "Generate a greeting", maxTokens: 50 })
      // Together, or each of them would be a round of its own.
      const [{ name }, greets, roots] = yield* Effect.all([userName, greeting, clientRoots], { concurrency: "unbounded" })
      return `${greets} ${name} has ${roots}`
    }),

    test_input_required_result_multi_round: Effect.fn("test_input_required_result_multi_round")(function* () {
      const { name } = yield* Elicitation.form({ key: "step1", message: "Step 1: What is your name?", schema: Name })
      const { color } = yield* Elicitation.form({ key: "step2", message: "Step 2: What is your favorite color?", schema: Color })
      return `${name} likes ${color}`
    }),

    test_input_required_result_capabilities: Effect.fn("test_input_required_result_capabilities")(function* () {
      const { clientCapabilities } = yield* RequestContext
      if (clientCapabilities.elicitation !== undefined) return (yield* userName).name
      if (clientCapabilities.sampling === undefined) return "There is nobody to ask"
      return yield* Sampling.text({ key: "capability_question", messages: "Who are you?", maxTokens: 100 })
    })
  },

  prompts: {
    test_input_required_result_prompt: () =>
      Elicitation.form({ key: "user_context", message: "What context should the prompt use?", schema: Context }).pipe(
        Effect.map(({ context }) => PromptMessage.user(`Use this context: ${context}`))
      )
  }
})
