/**
 * What becomes of a task whose work has ended.
 */
import { Internal, type McpError, Overloaded, type Reason } from "@effect-mcp/core/McpError"
import type { DetailedTask } from "@effect-mcp/core/protocol/Tasks"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import type { Call } from "./call.ts"
import type { LogDefect } from "./run.ts"
import type { Work } from "./taskWork.ts"

/** What a task ends with. */
export type Ending = Pick<DetailedTask, "status" | "result" | "error">

const stopped: Reason = new Overloaded({ detail: "The server was stopped before the task was over" })

/** The end of a task, and what went wrong, for telemetry. */
export const outcomeOf = <A>(
  own: Call,
  work: Work<A>,
  exit: Exit.Exit<A, McpError>,
  logDefect: LogDefect
): readonly [Ending, errorType: string | undefined] => {
  const failed = (reason: Reason) => {
    const error = own.engine.wire.error(reason)
    return [{ status: "failed" as const, error }, String(error.code)] as const
  }
  const broken = (cause: Cause.Cause<unknown>) => failed(new Internal({ id: logDefect(work.subject.spanName, cause) }))
  const completed = (result: A) => {
    try {
      // It is what the call itself would have been answered with.
      return [{ status: "completed" as const, result: JSON.parse(work.encode(own, result)) }, work.errorType(result)] as const
    } catch (error) {
      return broken(Cause.die(error))
    }
  }
  if (Exit.isSuccess(exit)) return completed(exit.value)
  if (own.ended === "cancelled") return [{ status: "cancelled" }, "cancelled"]
  if (own.ended === "closed") return failed(stopped)
  if (own.ended === "timeout") return completed(work.timedOut(Duration.format(Duration.millis(own.timeout ?? work.ttl ?? 0))))
  const reason = exit.cause.reasons.find(Cause.isFailReason)
  return reason === undefined ? broken(exit.cause) : failed(reason.error.reason)
}
