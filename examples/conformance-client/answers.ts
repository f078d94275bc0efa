/**
 * What answers when a server asks: a user who agrees, a model that says the same to everybody, and one root. With these the client
 * declares all that it can do.
 */
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import * as RootsHandler from "@effect-mcp/client/RootsHandler"
import * as SamplingHandler from "@effect-mcp/client/SamplingHandler"
import * as Form from "@effect-mcp/core/Form"
import { Effect, Layer } from "effect"

export const AnswersLive = Layer.mergeAll(
  ElicitationHandler.layer({
    form: ({ requestedSchema }) => {
      const yes = Object.entries(requestedSchema.properties).flatMap(([name, { type }]) =>
        type === "boolean" ? [[name, true] as const] : []
      )
      // What has a default is filled in with it.
      return Effect.succeed(ElicitationHandler.accept(Form.filled(requestedSchema, Object.fromEntries(yes))))
    }
  }),
  SamplingHandler.layer(() => Effect.succeed(SamplingHandler.text("This is a model.", { model: "none" }))),
  RootsHandler.layer([{ uri: "file:///test/root", name: "Test Root" }])
)
