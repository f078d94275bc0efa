/**
 * What server and client agree on.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { Schema } from "effect"

export class Archive extends McpGroup.make(
  "archive",
  Tool.make("index", {
    description: "Reads books and builds their index; tells how far it is",
    parameters: { books: Schema.Int.check(Schema.isGreaterThan(0)) },
    success: Schema.Struct({ indexed: Schema.Int })
  }),
  Tool.make("glance", {
    description: "Does the same, but never for long",
    parameters: { books: Schema.Int.check(Schema.isGreaterThan(0)) },
    success: Schema.Struct({ indexed: Schema.Int }),
    // In place of the server's `toolTimeout`, which is 10 minutes by default. Progress does not prolong it.
    timeout: "500 millis"
  }),
  Tool.make("abandoned", {
    description: "How many runs were stopped before their end",
    success: Schema.Int
  })
) {}
