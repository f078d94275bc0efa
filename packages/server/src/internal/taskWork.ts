/**
 * How the work of a tool runs as a task, and whose calls become tasks.
 */
import { toMillis } from "@effect-mcp/core/Deadlines"
import { declares } from "@effect-mcp/core/protocol/Capabilities"
import { extension } from "@effect-mcp/core/protocol/Tasks"
import type { ToolComponent } from "../Component.ts"
import type { Settings } from "../Settings.ts"
import type { Call } from "./call.ts"
import { type Subject, subject as subjectOf } from "./subject.ts"

/** How the work of a tool runs as a task. Made once for each tool. */
export interface Work<A> {
  readonly start: "atOnce" | "later"
  /** Of the task, in milliseconds; `undefined` for no end. */
  readonly timeout: number | undefined
  readonly ttl: number | undefined
  readonly pollInterval: number
  readonly subject: Subject
  /** The result as the client of the call would get it: JSON. */
  readonly encode: (work: Call, result: A) => string
  readonly errorType: (result: A) => string | undefined
  /** The result of work that took too long. */
  readonly timedOut: (after: string) => A
}

/** How the work of this tool runs, as far as its contract says; `undefined` for a tool without tasks. */
export const workOf = (
  { contract, name, timeout }: ToolComponent,
  { tasks }: Settings
): Omit<Work<never>, "encode" | "errorType" | "timedOut"> | undefined => {
  const { task } = contract
  if (task === undefined) return undefined
  return {
    start: task.start ?? "atOnce",
    timeout: timeout === undefined ? tasks.timeout : timeout === Infinity ? undefined : timeout,
    ttl: task.ttl === undefined ? tasks.ttl : toMillis(task.ttl),
    pollInterval: task.pollInterval === undefined ? tasks.pollInterval : (toMillis(task.pollInterval) ?? tasks.pollInterval),
    subject: subjectOf("task", { kind: "tool", name })
  }
}

/** Whether the client takes tasks, as it says with each request. */
export const takesTasks = (call: Call): boolean =>
  call.revision.tasks === "extension" && declares(call.clientCapabilities, ["extensions", extension])
