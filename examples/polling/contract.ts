/**
 * What server and client agree on.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { Schema } from "effect"

/** How far a job is. */
export class Job extends Schema.Class<Job>("Job")({
  done: Schema.Int,
  total: Schema.Int
}) {
  get isOver() {
    return this.done === this.total
  }
}

export class Jobs extends McpGroup.make(
  "jobs",
  Tool.make("start", {
    description: "Starts the job anew",
    parameters: { steps: Schema.Int.check(Schema.isGreaterThan(0)) },
    success: Job
  }),
  Tool.make("status", {
    description: "How far the job is",
    success: Job,
    // It only reads, so a client may ask again when the server crashed over it.
    annotations: { readOnlyHint: true }
  })
) {}
