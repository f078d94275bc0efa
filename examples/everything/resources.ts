/**
 * The resources and prompts that only wait to be read.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import { Schema } from "effect"

export class Resources extends McpGroup.make(
  "resources",
  Resource.make("static-text", "test://static-text", { description: "A text", mimeType: "text/plain" }),
  Resource.make("static-binary", "test://static-binary", {
    description: "An image",
    success: Schema.Uint8Array,
    mimeType: "image/png"
  }),
  Resource.make("watched-resource", "test://watched-resource", { description: "A text to subscribe to", mimeType: "text/plain" }),
  Resource.template("template", "test://template/{id}/data", {
    description: "Data with an id",
    success: Schema.Struct({ id: Schema.String, templateTest: Schema.Boolean, data: Schema.String })
  })
) {}

export class Prompts extends McpGroup.make(
  "prompts",
  Prompt.make("test_simple_prompt", { description: "A prompt without arguments" }),
  Prompt.make("test_prompt_with_arguments", {
    description: "A prompt with arguments",
    parameters: { arg1: Schema.String, arg2: Schema.String }
  }),
  Prompt.make("test_prompt_with_embedded_resource", {
    description: "A prompt with a resource",
    parameters: { resourceUri: Schema.String }
  }),
  Prompt.make("test_prompt_with_image", { description: "A prompt with an image" })
) {}
