/**
 * What server and client agree on.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { Schema } from "effect"

export class Studio extends McpGroup.make(
  "studio",
  Tool.make("render", {
    description: "Renders a film",
    parameters: { scenes: Schema.Int.check(Schema.isGreaterThan(0)) },
    success: Schema.Struct({ rendered: Schema.Int }),
    // Clients without tasks wait for the result.
    task: { support: "optional", pollInterval: "50 millis" }
  }),
  Tool.make("remove", {
    description: "Removes a film, when the user agrees",
    parameters: { film: Schema.String },
    success: Schema.String,
    task: { support: "optional", pollInterval: "50 millis" }
  }),
  Tool.make("publish", {
    description: "Publishes a film under a title that the user gives",
    success: Schema.String,
    // The title is asked for before there is a task.
    task: { support: "optional", start: "later", pollInterval: "50 millis" }
  }),
  Tool.make("stream", {
    description: "Streams until it is stopped",
    // Nobody should wait for that in a call.
    task: { support: "required", pollInterval: "50 millis" }
  }),
  Tool.make("stopped", { description: "How many streams were stopped", success: Schema.Int })
) {}
