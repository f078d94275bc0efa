/**
 * The tools that may become tasks, and one that never does. A handler is the same with and without a task.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { Schema } from "effect"

const success = Schema.String

export class JobFailed extends Schema.TaggedError<JobFailed>()("JobFailed", {}) {
  override get message() {
    return "This job always fails"
  }
}

export class Jobs extends McpGroup.make(
  "jobs",
  Tool.make("greet", { description: "Greets at once", parameters: { name: Schema.String }, success }),
  Tool.make("slow_compute", {
    description: "Takes its time",
    parameters: { seconds: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 3600 })), label: Schema.String },
    success,
    task: "optional"
  }),
  Tool.make("failing_job", {
    description: "Fails after a second, as its contract says",
    success,
    failure: JobFailed,
    task: "required"
  }),
  Tool.make("protocol_error_job", { description: "Breaks", success, task: "required" }),
  Tool.make("confirm_delete", {
    description: "Asks before it deletes",
    parameters: { filename: Schema.String },
    success,
    task: "optional"
  }),
  Tool.make("multi_input", { description: "Asks two things at once", success, task: "optional" }),
  Tool.make("test_tool_with_task", {
    description: "Asks first, and becomes a task then",
    success,
    task: { support: "required", start: "later" }
  })
) {}
