/**
 * Tools that run as tasks: the server answers at once, the work goes on, and the result is fetched when it is there. A task
 * outlives requests, timeouts and, where the server keeps it, connections.
 *
 * `client.tasks` starts them and finds them again; `McpClient.of(Group).tasks` does it with a contract. What a server asks within a
 * task is answered by the client's ordinary handlers.
 *
 * There are two kinds. In 2025-11-25 the client asks for a task. Since 2026-07-28 the server decides, for clients that take tasks: those with
 * the option `tasks`, whose ordinary calls follow a task to its end, too.
 *
 * Source: basic/utilities/tasks of 2025-11-25, where it is experimental; SEP-2663, the extension `io.modelcontextprotocol/tasks`.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { Task as ProtocolTask, TaskStatus } from "@effect-mcp/core/protocol/Tasks"
import type { CallToolResult, Tool as ListedTool } from "@effect-mcp/core/protocol/Tools"
import type * as Tool from "@effect-mcp/core/Tool"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { CallOptions } from "./internal/callOptions.ts"
import type { McpClientError } from "./McpClientError.ts"

export type { TaskStatus } from "@effect-mcp/core/protocol/Tasks"
export { relatedTask } from "./internal/relatedTask.ts"

/**
 * What a task is at. `completed`, `failed` and `cancelled` are final: nothing changes after them. Only the status is there when the
 * server gave the result without a task.
 */
export interface State
  extends
    Pick<ProtocolTask, "status" | "statusMessage">,
    Partial<Pick<ProtocolTask, "createdAt" | "lastUpdatedAt" | "ttlMs" | "pollIntervalMs">> {}

/**
 * A call of a tool that runs as a task. As long as somebody awaits or watches it, the client asks the server how it is: every
 * `pollIntervalMs` of the server, but not more often than every 100 ms and not less often than every 5 minutes; where the server does
 * not say, after 1 second, then after half as long again each time that nothing has changed, up to 10 seconds. What the server tells by
 * itself comes on top of that. Three times in a row a question may time out, or be held back by a guard of the client, with twice the pause after each.
 */
export interface Task<A = CallToolResult, E = never> {
  /** The server's name for it, for {@link Tasks.get}; `undefined` when the result was `returned`. */
  readonly id: string | undefined
  /** Whether the result was there at once, because the call did not become a task. */
  readonly returned: boolean
  /** What to tell the model while the task runs, if the server says. */
  readonly immediateResponse: string | undefined
  /** The latest that is known. The server is not asked. */
  readonly state: Effect.Effect<State>
  /** Asks the server how the task is; not when it is in a final state already. Fails with code -32602 when there is none any more. */
  readonly refresh: Effect.Effect<State, McpClientError>
  /**
   * The latest state, then each that differs in its status or its message, up to the final one. 1,024 may wait, then the oldest are
   * dropped. Fails when the server cannot be asked, or the task expires, as `await` does.
   */
  readonly changes: Stream.Stream<State, McpClientError>
  /**
   * Waits until the task has this status, or a final one, or until the time is over, and gives the state as it is then. By default
   * for a final status and without end.
   */
  readonly wait: (until?: TaskStatus, timeout?: Duration.Input) => Effect.Effect<State, McpClientError>
  /**
   * The result, as the call itself would have given it: also one with `isError`, which is that of a failed task (2025-11-25), or of a completed one. Timeouts of the client
   * do not end it, they count for each question about the task. Interrupting it does not cancel the task, unless
   * `cancelOnInterrupt` is set.
   *
   * Fails with `RequestFailed` when the call failed, or the server does not know the task any more; with `TaskCancelled`; with
   * `TaskExpired` when the server's `ttl` is over and the task is not; with `TimedOut` or `TransportFailed` when the server cannot be
   * asked. After those two the task may still be there: see {@link Tasks.get}.
   */
  readonly await: Effect.Effect<A, E | McpClientError>
  /**
   * Cancels the task, and gives its state after that: a final one that was there before stays. In the extension that is a wish, and the
   * state may be another one until the server has done it. Fails with `TaskUnavailable` when the server does not cancel tasks.
   */
  readonly cancel: Effect.Effect<State, McpClientError>
  /** The same task with its result read by a contract. */
  readonly as: <T extends Tool.Any>(tool: T) => Task<Tool.Success<T>, Tool.Failure<T>>
}

/** How the result of a task is awaited. */
export interface TaskOptions {
  /** Whether interrupting `await` cancels the task, without waiting until the server has. False by default. */
  readonly cancelOnInterrupt?: boolean
}

/**
 * How a task is started. `timeout` is for the answer that there is a task, or for the result where there is none; `onProgress` is told
 * of progress until the task is over.
 */
export interface StartOptions extends CallOptions, TaskOptions {
  /**
   * For how long the server shall keep the task, from its creation; it may choose otherwise. Without it, and with
   * `Duration.infinity`, the server decides, as it does in any case since 2026-07-28.
   */
  readonly ttl?: Duration.Input
  /**
   * Fail with `TaskUnavailable`, before anything is sent, where the server or the tool does not do tasks. By default it is called in the
   * ordinary way: starting it takes as long as the call, interrupting that cancels it, and the result is `returned`.
   */
  readonly required?: boolean
}

/** The tasks of a server. */
export interface Tasks {
  /** Whether the server runs tools as tasks. Which ones, their `execution.taskSupport` says. */
  readonly isSupported: boolean
  /**
   * Calls a tool as a task. Whether the tool is run so is seen in its listing: give the one of `listTools`, or a name, then
   * the tools are listed once and again when the server tells that they have changed. Tools that are not listed are called in the
   * ordinary way.
   *
   * Since 2026-07-28 any call may become a task, whatever the listing says, which is not asked for.
   *
   * Interrupting it cancels the task as soon as the server says which one it is; since 2026-07-28 it cancels the call.
   *
   * @example
   * const task = yield* client.tasks.start("render", { scene: 7 }, { ttl: "1 hour" })
   * const result = yield* task.await
   */
  readonly start: (tool: string | ListedTool, args?: JsonObject, options?: StartOptions) => Effect.Effect<Task, McpClientError>
  /** {@link start}, and when the scope closes before the task is over, it is cancelled, without waiting until the server has. */
  readonly startScoped: (
    tool: string | ListedTool,
    args?: JsonObject,
    options?: StartOptions
  ) => Effect.Effect<Task, McpClientError, Scope.Scope>
  /**
   * Calls a listed tool in the way in which it can be called: as a task, whose result is awaited, where the tool only runs as one, and in
   * the ordinary way otherwise. Interrupting it cancels the task. A task may take as long as it takes, unless the call has a
   * `totalTimeout`.
   */
  readonly call: (tool: ListedTool, args?: JsonObject, options?: CallOptions) => Effect.Effect<CallToolResult, McpClientError>
  /**
   * Finds a task again, for example after a restart of the program. Fails with code -32602 when the server does not know it, and with
   * `TaskUnavailable` when the server has no tasks.
   */
  readonly get: (id: string, options?: TaskOptions) => Effect.Effect<Task, McpClientError>
  /**
   * The tasks that the server keeps for this client, all pages up to 1,000. Fails with `TaskUnavailable` when the server does not list
   * them, as in 2026-07-28.
   */
  readonly list: Effect.Effect<ReadonlyArray<ProtocolTask>, McpClientError>
}
