/**
 * The tasks of a server: started, found again and listed.
 *
 * Source: basic/utilities/tasks of 2025-11-25, SEP-2663.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import { CoreTask } from "@effect-mcp/core/protocol/Tasks"
import type { CallToolResult, Tool } from "@effect-mcp/core/protocol/Tools"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import { McpClientError, TimedOut } from "../McpClientError.ts"
import type { StartOptions, Task, Tasks } from "../Tasks.ts"
import type { CallOptions } from "./callOptions.ts"
import { listAll, listed } from "./lists.ts"
import type { McpClient } from "./service.ts"
import { type TaskBook, type TaskSupport, taskSupportOf } from "./taskBook.ts"
import { type Create, type Created, isTask } from "./taskCreation.ts"
import { abandon, dialectOf, missingOf, returned, running, type TaskHost, unavailable } from "./taskHandle.ts"
import { immediateResponseOf, readTask } from "./taskMessages.ts"

/** What tasks need of a client. */
export interface TaskClient extends Pick<McpClient["Service"], "callTool" | "listTools"> {
  readonly host: TaskHost
  readonly create: Create
  readonly book: TaskBook
}

/** What calls that may become tasks need of a client. */
export interface FollowingClient extends Pick<TaskClient, "host" | "book"> {
  readonly request: (
    name: string,
    args: JsonObject,
    options: CallOptions | undefined
  ) => Effect.Effect<JsonObject, McpClientError>
}

const noArguments: JsonObject = {}

const ofTools = ["requests", "tools", "call"] as const

// What the server shall keep the task for; it decides where it is not told.
const ttlOf = ({ ttl }: StartOptions): JsonObject => {
  const millis = ttl === undefined ? Infinity : Math.ceil(Duration.toMillis(Duration.fromInputUnsafe(ttl)))
  return Number.isFinite(millis) ? { ttl: millis } : {}
}

const supportOf = ({ book, listTools }: TaskClient, tool: string | Tool): Effect.Effect<TaskSupport, McpClientError> =>
  Effect.suspend(() => {
    if (typeof tool !== "string") return Effect.succeed(taskSupportOf(tool))
    const known = book.supportOf(tool)
    if (known !== undefined) return Effect.succeed(known)
    const end = book.listing()
    return Effect.map(listTools, (tools) => end(tools).get(tool) ?? "forbidden")
  })

/** Why a tool cannot be a task, if it cannot. */
const missingForTool = (client: TaskClient, tool: string | Tool): Effect.Effect<string | undefined, McpClientError> => {
  const missing = missingOf(client.host, ...ofTools)
  // In the extension the server decides, with each call.
  if (missing !== undefined || dialectOf(client.host) === "extension") return Effect.succeed(missing)
  return Effect.map(supportOf(client, tool), (support) =>
    support === "forbidden" ? "the tool does not declare `execution.taskSupport`" : undefined
  )
}

/** A task that was started, and what is needed to cancel it; a result that is `returned` needs nothing. */
interface Started {
  readonly task: Task
  readonly cancel: Effect.Effect<void>
}

const returnedAs = (client: TaskClient, result: CallToolResult): Started => ({
  task: returned(client.host, result),
  cancel: Effect.void
})

// What the server answered: a task, or the result although a task was asked for.
const taken = Effect.fnUntraced(function* (
  client: TaskClient,
  name: string,
  { drop, result }: Created,
  cancelOnInterrupt: boolean
): Effect.fn.Return<Started, McpClientError> {
  if (!isTask(result)) return returnedAs(client, yield* client.host.readResult("tools/call", `"${name}"`, result))
  const dialect = dialectOf(client.host)
  const read = readTask("tools/call", dialect === "core" ? result["task"] : result, undefined, dialect)
  if (Result.isFailure(read)) drop()
  const state = yield* Effect.fromResult(read)
  const cell = client.book.cellOf(client.host, state, yield* Clock.currentTimeMillis, drop, dialect)
  const task = running(cell, client.host, cancelOnInterrupt, immediateResponseOf(result))
  return { task, cancel: abandon(cell, client.host) }
})

const start = Effect.fnUntraced(function* (
  client: TaskClient,
  tool: string | Tool,
  args: JsonObject = noArguments,
  options: StartOptions = {}
): Effect.fn.Return<Started, McpClientError> {
  const name = typeof tool === "string" ? tool : tool.name
  const missing = yield* missingForTool(client, tool)
  if (missing !== undefined) {
    if (options.required === true) return yield* unavailable(`tool "${name}" as a task`, missing)
    return returnedAs(client, yield* client.callTool(name, args, options))
  }
  const isExtension = dialectOf(client.host) === "extension"
  const params = isExtension ? { name, arguments: args } : { name, arguments: args, task: ttlOf(options) }
  const { answer, isSent } = client.create(params, options)
  const take = (created: Created) => taken(client, name, created, options.cancelOnInterrupt === true)
  // Only the answer says which task to cancel: so the request goes on without its caller, and the task is cancelled then.
  const orphaned = (exit: Exit.Exit<Created, McpClientError>) => {
    if (Exit.isSuccess(exit)) client.host.runFork(Effect.ignore(Effect.flatMap(take(exit.value), ({ cancel }) => cancel)))
  }
  return yield* Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDetach(answer, { startImmediately: true }), (fiber) => {
      const interrupted = Effect.sync(() => {
        // Of the extension nobody knows whether it becomes a task: until then it is cancelled as any call.
        if (isSent() && !isExtension) fiber.addObserver(orphaned)
        else fiber.interruptUnsafe()
      })
      return Effect.flatMap(
        Effect.onInterrupt(restore(Fiber.join(fiber)), () => interrupted),
        take
      )
    })
  )
})

const get = Effect.fnUntraced(function* ({ book, host }: TaskClient, id: string, cancelOnInterrupt: boolean) {
  const missing = missingOf(host)
  if (missing !== undefined) return yield* unavailable("tasks/get", missing)
  const result = yield* host.request("tasks/get", { taskId: id })
  const dialect = dialectOf(host)
  const state = yield* Effect.fromResult(readTask("tasks/get", result, id, dialect))
  const cell = book.cellOf(host, state, yield* Clock.currentTimeMillis, () => {}, dialect)
  return running(cell, host, cancelOnInterrupt)
})

const listedTasks = listed("tasks/list", "tasks", "task", CoreTask)

/** Whether a tool only runs as a task, by its listing. */
const isOnlyTask = (tool: Tool): boolean => taskSupportOf(tool) === "required"

const within = <A>(result: Effect.Effect<A, McpClientError>, totalTimeout: Duration.Input | undefined) => {
  const millis = totalTimeout === undefined ? Infinity : Duration.toMillis(Duration.fromInputUnsafe(totalTimeout))
  if (!Number.isFinite(millis)) return result
  const reason = new TimedOut({ method: "tools/call", after: millis, limit: "total" })
  return Effect.timeoutOrElse(result, { duration: millis, orElse: () => Effect.fail(new McpClientError({ reason })) })
}

/**
 * Calls a tool and gives its result, also where the server answers with a task of the extension: that is followed to its end. Interrupting
 * it cancels the task, unless the call says otherwise.
 */
export const following = ({ book, host, request }: FollowingClient): McpClient["Service"]["callTool"] => {
  const follow = Effect.fnUntraced(function* (answer: JsonObject, { keepTask = false, totalTimeout }: CallOptions) {
    const state = yield* Effect.fromResult(readTask("tools/call", answer, undefined, "extension"))
    const cell = book.cellOf(host, state, yield* Clock.currentTimeMillis, () => {}, "extension")
    return yield* within(running(cell, host, !keepTask).await, totalTimeout)
  })
  return (name, args = noArguments, options) =>
    Effect.flatMap(request(name, args, options), (answer) =>
      host.takesTasks && answer["resultType"] === "task"
        ? follow(answer, options ?? {})
        : host.readResult("tools/call", `"${name}"`, answer)
    )
}

/** See the module. */
export const tasks = (client: TaskClient): Tasks => {
  const { host } = client
  const list = listAll((method, cursor) => host.request(method, cursor === undefined ? undefined : { cursor }), listedTasks)
  const startScoped: Tasks["startScoped"] = (tool, args, options) => {
    const acquired = Effect.acquireRelease(start(client, tool, args, options), ({ cancel }) => cancel, { interruptible: true })
    return Effect.map(acquired, ({ task }) => task)
  }
  return {
    get isSupported() {
      return missingOf(host, ...ofTools) === undefined
    },
    start: (tool, args, options) => Effect.map(start(client, tool, args, options), ({ task }) => task),
    startScoped,
    call: (tool, args, options) => {
      if (!isOnlyTask(tool)) return client.callTool(tool.name, args, options)
      const result = Effect.scoped(Effect.flatMap(startScoped(tool, args, options), (task) => task.await))
      return within(result, options?.totalTimeout)
    },
    get: (id, options) => get(client, id, options?.cancelOnInterrupt === true),
    list: Effect.suspend(() => {
      const missing = missingOf(host, "list")
      return missing === undefined ? list : unavailable("tasks/list", missing)
    })
  }
}
