/**
 * The tools that take nothing from anybody: content of every kind, logs, progress, errors, schemas. Names and texts are those that the
 * conformance suite expects.
 */
import * as JsonSchemaTool from "@effect-mcp/core/JsonSchemaTool"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { Schema } from "effect"
import described from "./described.schema.json" with { type: "json" }

/** Blocks in place of a value: the model gets them as they are. */
export class Contents extends McpGroup.make(
  "contents",
  Tool.make("test_simple_text", { description: "Gives a text", success: Schema.String }),
  Tool.make("test_image_content", { description: "Gives an image", success: Tool.Contents }),
  Tool.make("test_audio_content", { description: "Gives a sound", success: Tool.Contents }),
  Tool.make("test_embedded_resource", { description: "Gives a resource with its text", success: Tool.Contents }),
  Tool.make("test_multiple_content_types", { description: "Gives a text, an image and a resource", success: Tool.Contents })
) {}

export class Intended extends Schema.TaggedError<Intended>()("Intended", {}) {
  override get message() {
    return "This tool intentionally returns an error for testing"
  }
}

export class Calls extends McpGroup.make(
  "calls",
  Tool.make("test_tool_with_logging", { description: "Logs three messages while it runs", success: Schema.String }),
  Tool.make("test_logging_tool", { description: "Logs one message", success: Schema.String }),
  Tool.make("test_tool_with_progress", { description: "Tells its progress: 0, 50 and 100 of 100", success: Schema.String }),
  Tool.make("test_reconnection", { description: "Lets go of the connection, and goes on", success: Schema.String }),
  Tool.make("test_x_mcp_header", {
    description: "Takes an argument that also travels as a header",
    parameters: { region: Schema.String.pipe(Tool.header("Region")) },
    success: Schema.String
  }),
  Tool.make("test_error_handling", { description: "Fails", success: Schema.String, failure: Intended })
) {}

/** A schema that was not made from Effect Schemas, with the keywords of 2020-12. It reaches the client as it is here. */
export const Described = JsonSchemaTool.make("json_schema_2020_12_tool", {
  description: "Tool with JSON Schema 2020-12 features",
  inputSchema: described,
  success: Schema.String
})
