/**
 * Tasks as programs see them: one that the server runs, or a result that stands for one.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import { type CapabilityPath, declares, type ServerCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import { extension, isFinal, type Task as ProtocolTask, type TaskStatus } from "@effect-mcp/core/protocol/Tasks"
import type { CallToolResult } from "@effect-mcp/core/protocol/Tools"
import type { Revision } from "@effect-mcp/core/Revision"
import type * as Tool from "@effect-mcp/core/Tool"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { InvalidAnswer, McpClientError, TaskCancelled, TaskUnavailable, TimedOut } from "../McpClientError.ts"
import type { State, Task } from "../Tasks.ts"
import type { TaskCell } from "./taskCell.ts"
import type { TaskPeer } from "./taskPeer.ts"
import type { Dialect } from "./taskMessages.ts"
import { readOutcome } from "./toolOutcome.ts"

/** The client as tasks see it. After a new connection it may be another revision, with other capabilities. */
export interface TaskHost extends TaskPeer {
  readonly revision: Revision
  readonly capabilities: ServerCapabilities
  /** Whether the client declares the extension, where the revision has it. */
  readonly takesTasks: boolean
  /** For how long the server may take to answer, in milliseconds. */
  readonly timeout: number | undefined
  /** The result of a call; `subject` says whose. */
  readonly readResult: (method: string, subject: string, result: JsonObject) => Effect.Effect<CallToolResult, McpClientError>
}

/** In whose words the server speaks of tasks. */
export const dialectOf = ({ revision }: TaskHost): Dialect => (revision.tasks === "extension" ? "extension" : "core")

const missingOfExtension = ({ capabilities, takesTasks }: TaskHost, path: ReadonlyArray<string>): string | undefined => {
  if (!takesTasks) return "this client does not declare the tasks extension: switch on its option `tasks`"
  if (!declares(capabilities, ["extensions", extension])) return `the server does not declare the extension \`${extension}\``
  return path[0] === "list" ? "the tasks extension has no list of tasks" : undefined
}

/** What is missing for tasks, or for what `path` names of them. */
export const missingOf = (host: TaskHost, ...path: ReadonlyArray<string>): string | undefined => {
  const { capabilities, revision } = host
  if (revision.tasks === "extension") return missingOfExtension(host, path)
  if (revision.tasks === "none") return `there are no tasks in ${revision.version}`
  const full: CapabilityPath = ["tasks", ...path]
  return declares(capabilities, full) ? undefined : `the server does not declare the capability \`${full.join(".")}\``
}

/** Nothing is sent, because something is missing. */
export const unavailable = (target: string, missing: string): Effect.Effect<never, McpClientError> =>
  Effect.fail(new McpClientError({ reason: new TaskUnavailable({ target, missing }) }))

// Who is that far behind is told less, not more.
const maxWaiting = 1024

const changesOf = (cell: TaskCell): Stream.Stream<ProtocolTask, McpClientError> =>
  Stream.callback<ProtocolTask, McpClientError>(
    (queue) => {
      const take = (state: ProtocolTask) => {
        Queue.offerUnsafe(queue, state)
        if (isFinal(state.status)) Queue.endUnsafe(queue)
      }
      const failed = (error: McpClientError) => void Queue.failCauseUnsafe(queue, Cause.fail(error))
      return Effect.suspend(() => {
        take(cell.latest)
        return cell.watch({ changed: take, failed })
      })
    },
    { bufferSize: maxWaiting, strategy: "sliding" }
  )

const withoutResult = ({ status }: ProtocolTask) =>
  Effect.fail(
    new McpClientError({
      reason: new InvalidAnswer({ method: "tasks/get", detail: `the task is ${status}, without a result or an error` })
    })
  )

const fetched = (cell: TaskCell, timeout: number | undefined): Effect.Effect<JsonObject, McpClientError> =>
  Effect.suspend(() => {
    if (cell.answer !== undefined) return Effect.succeed(cell.answer)
    const { id, latest } = cell
    if (latest.error !== undefined) return Effect.fail(latest.error)
    if (latest.status === "cancelled") {
      const detail = latest.statusMessage === undefined ? {} : { detail: latest.statusMessage }
      return Effect.fail(new McpClientError({ reason: new TaskCancelled({ taskId: id, ...detail }) }))
    }
    // There the result comes with the state.
    if (cell.dialect === "extension") return withoutResult(latest)
    const result = Fiber.join(cell.ask())
    if (timeout === undefined) return result
    const late = new McpClientError({ reason: new TimedOut({ method: "tasks/result", after: timeout }) })
    return Effect.timeoutOrElse(result, { duration: Duration.millis(timeout), orElse: () => Effect.fail(late) })
  })

// It is watched until the result is there: who is alone in that takes the question for the result back when it goes.
const resultOf = (cell: TaskCell, { readResult, timeout }: TaskHost): Effect.Effect<CallToolResult, McpClientError> =>
  Effect.suspend(() => {
    const over = Deferred.makeUnsafe<void, McpClientError>()
    const end = (exit: Exit.Exit<void, McpClientError>) => void Deferred.doneUnsafe(over, exit)
    const watching = cell.watch({
      changed: ({ status }) => (isFinal(status) ? end(Exit.void) : undefined),
      failed: (error) => end(Exit.fail(error))
    })
    const settled = Effect.suspend(() => (cell.isOver ? Effect.void : Deferred.await(over)))
    const result = Effect.scoped(Effect.andThen(watching, Effect.andThen(settled, fetched(cell, timeout))))
    return Effect.flatMap(result, (received) => readResult("tasks/result", `task "${cell.id}"`, received))
  })

const cancelOf = (cell: TaskCell, host: TaskHost): Effect.Effect<ProtocolTask, McpClientError> =>
  Effect.suspend(() => {
    if (cell.isOver) return Effect.succeed(cell.latest)
    const missing = missingOf(host, "cancel")
    if (missing !== undefined) return unavailable("tasks/cancel", missing)
    const asked = host.request("tasks/cancel", { taskId: cell.id }, { retry: true })
    return asked.pipe(
      // There it is a wish, and the answer says no more than that it was heard.
      Effect.flatMap((result) => (cell.dialect === "extension" ? cell.refresh : cell.read("tasks/cancel", result))),
      // It may have been faster than that.
      Effect.catchIf(
        ({ reason }) => reason._tag === "RequestFailed",
        (error) => {
          const now = Effect.mapError(cell.refresh, () => error)
          return Effect.filterOrFail(
            now,
            () => cell.isOver,
            () => error
          )
        }
      )
    )
  })

/** What all readings of one task share. */
interface Parts extends Omit<Task, "await" | "as"> {
  readonly result: Effect.Effect<CallToolResult, McpClientError>
}

const handle = <A, E>(
  host: TaskHost,
  { result, ...parts }: Parts,
  read: (result: CallToolResult) => Effect.Effect<A, E | McpClientError>
): Task<A, E> => ({
  ...parts,
  await: Effect.flatMap(result, read),
  as: <T extends Tool.Any>(tool: T) =>
    handle<Tool.Success<T>, Tool.Failure<T>>(
      host,
      { result, ...parts },
      readOutcome(tool, () => host.revision)
    )
})

/** Cancels a task of which nobody wants to know any more. It is sent at once, and what becomes of it is not awaited. */
export const abandon = (cell: TaskCell, host: TaskHost): Effect.Effect<void> =>
  Effect.sync(() => void host.runFork(Effect.ignore(cancelOf(cell, host))))

/** A task that the server runs. */
export const running = (cell: TaskCell, host: TaskHost, cancelOnInterrupt: boolean, immediateResponse?: string): Task => {
  const state = Effect.sync((): State => cell.latest)
  const changes = changesOf(cell)
  const result = resultOf(cell, host)
  const parts: Parts = {
    id: cell.id,
    returned: false,
    immediateResponse,
    state,
    refresh: cell.refresh,
    changes,
    wait: (until, timeout) => {
      const reached = changes.pipe(
        Stream.filter(({ status }) => status === until || isFinal(status)),
        Stream.runHead,
        Effect.flatMap((found) => (Option.isSome(found) ? Effect.succeed<State>(found.value) : state))
      )
      return timeout === undefined ? reached : Effect.timeoutOrElse(reached, { duration: timeout, orElse: () => state })
    },
    cancel: cancelOf(cell, host),
    result: cancelOnInterrupt ? Effect.onInterrupt(result, () => abandon(cell, host)) : result
  }
  return handle(host, parts, Effect.succeed)
}

/** A result that was there at once. */
export const returned = (host: TaskHost, result: CallToolResult): Task => {
  const status: TaskStatus = result.isError === true && dialectOf(host) === "core" ? "failed" : "completed"
  const state = Effect.succeed<State>({ status })
  return handle(
    host,
    {
      id: undefined,
      returned: true,
      immediateResponse: undefined,
      state,
      refresh: state,
      changes: Stream.fromEffect(state),
      wait: () => state,
      cancel: state,
      result: Effect.succeed(result)
    },
    Effect.succeed
  )
}
