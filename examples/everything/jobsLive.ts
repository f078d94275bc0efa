/**
 * What the tools do that may become tasks.
 */
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as Task from "@effect-mcp/core/Task"
import { Effect, Schema } from "effect"
import { JobFailed, Jobs } from "./jobs.ts"

const Confirm = { confirm: Schema.Boolean }
const Person = { name: Schema.String, confirm: Schema.Boolean }
const Name = { name: Schema.String }

export const JobsLive = Jobs.toLayer({
  tools: {
    greet: ({ name }) => Effect.succeed(`Hello, ${name}!`),

    slow_compute: ({ label, seconds }) => Effect.as(Effect.sleep(seconds * 1000), `${label}: computed for ${seconds} s`),

    failing_job: () => Effect.delay(Effect.fail(new JobFailed()), "1 second"),

    // A defect: clients are told no more than that there was one, the log has the rest.
    protocol_error_job: () => Effect.die(new Error("this job always breaks")),

    confirm_delete: ({ filename }) =>
      Effect.map(
        Elicitation.form({ key: "confirm", message: `Delete ${filename}?`, schema: Confirm }),
        ({ confirm }) => `${filename} is ${confirm ? "deleted" : "kept"}`
      ),

    multi_input: () =>
      Effect.map(
        Elicitation.all({
          first: { message: "Who is the first?", schema: Person },
          second: { message: "Who is the second?", schema: Person }
        }),
        ({ first, second }) => `${first.name} and ${second.name}`
      ),

    test_tool_with_task: Effect.fn("test_tool_with_task")(function* () {
      const { name } = yield* Elicitation.form({ key: "user_name", message: "What is your name?", schema: Name })
      yield* Task.begin
      return `Hello, ${name}!`
    })
  }
})
