/**
 * What is read.
 */
import * as Completion from "@effect-mcp/core/Completion"
import * as Content from "@effect-mcp/core/Content"
import * as FixedResource from "@effect-mcp/core/FixedResource"
import * as PromptMessage from "@effect-mcp/core/PromptMessage"
import { Effect, Layer } from "effect"
import { pixel } from "./media.ts"
import { Prompts, Resources } from "./resources.ts"

const ResourcesLive = Resources.toLayer({
  resources: {
    "static-text": FixedResource.of("This is the content of the static text resource."),
    "static-binary": FixedResource.of(Buffer.from(pixel, "base64")),
    "watched-resource": FixedResource.of("Watched resource content"),
    template: ({ id }) => Effect.succeed({ id, templateTest: true, data: `Data for ID: ${id}` })
  }
})

const known = ["paris", "park", "party"]
const suggest = (typed: string) => Effect.succeed(known.filter((value) => value.startsWith(typed)))

const PromptsLive = Prompts.toLayer({
  prompts: {
    test_simple_prompt: () => Effect.succeed("This is a simple prompt for testing."),
    test_prompt_with_arguments: Completion.suggesting(
      ({ arg1, arg2 }) => Effect.succeed(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`),
      { arg1: suggest, arg2: suggest }
    ),
    test_prompt_with_embedded_resource: ({ resourceUri }) =>
      Effect.succeed([
        PromptMessage.user(
          Content.resource({ uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." })
        ),
        PromptMessage.user("Please process the embedded resource above.")
      ]),
    test_prompt_with_image: () =>
      Effect.succeed([
        PromptMessage.user(Content.image(pixel, "image/png")),
        PromptMessage.user("Please analyze the image above.")
      ])
  }
})

export const ReadLive = Layer.mergeAll(ResourcesLive, PromptsLive)
