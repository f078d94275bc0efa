/**
 * All requests: what they carry, who sends them, in which revisions, and what they need.
 *
 * Source: `ClientRequest` and `ServerRequest` in the schema of every revision, SEP-2663 (tasks).
 */
import { EmptyResult } from "./Common.ts"
import { CompleteParams, CompleteResult } from "./Completion.ts"
import { ElicitParams, ElicitResult } from "./Elicitation.ts"
import { DiscoverResult, InitializeParams, InitializeResult } from "./Lifecycle.ts"
import { SetLevelParams } from "./Logging.ts"
import { type RequestMethod, requestRow } from "./Method.ts"
import { EmptyParams, PageParams } from "./Params.ts"
import { GetPromptParams, GetPromptResult, ListPromptsResult } from "./Prompts.ts"
import {
  ListResourcesResult,
  ListResourceTemplatesResult,
  ReadResourceParams,
  ReadResourceResult,
  SubscribeParams
} from "./Resources.ts"
import { ListRootsResult } from "./Roots.ts"
import { CreateMessageParams, CreateMessageResult } from "./Sampling.ts"
import { ListenParams } from "./Subscriptions.ts"
import {
  CancelTaskResult,
  CoreCancelTaskResult,
  CoreDetailedTask,
  CoreListTasksResult,
  DetailedTask,
  ListTasksResult,
  TaskParams,
  TaskPayload,
  UpdateTaskParams
} from "./Tasks.ts"
import { CallToolParams, CallToolResult, ListToolsResult } from "./Tools.ts"
import { requestFacts } from "./Table.ts"

/** The types of one request. */
export interface Shape<P, R> {
  readonly params: P
  readonly result: R
}

/** The params and results of the requests of clients, by method. */
export interface ClientRequests {
  /** Opens the conversation. Session era. */
  readonly initialize: Shape<InitializeParams, InitializeResult>
  /** Is there anybody? Session era. */
  readonly ping: Shape<EmptyParams, EmptyResult>
  /** What is the server, and what can it do? Since 2026-07-28. */
  readonly "server/discover": Shape<EmptyParams, DiscoverResult>
  /** One page of the tools. */
  readonly "tools/list": Shape<PageParams, ListToolsResult>
  /** Calls a tool. */
  readonly "tools/call": Shape<CallToolParams, CallToolResult>
  /** One page of the resources. */
  readonly "resources/list": Shape<PageParams, ListResourcesResult>
  /** One page of the resource templates. */
  readonly "resources/templates/list": Shape<PageParams, ListResourceTemplatesResult>
  /** Reads a resource. */
  readonly "resources/read": Shape<ReadResourceParams, ReadResourceResult>
  /** From now on, tell when this resource changes. Session era. */
  readonly "resources/subscribe": Shape<SubscribeParams, EmptyResult>
  /** Takes a subscription back. Session era. */
  readonly "resources/unsubscribe": Shape<SubscribeParams, EmptyResult>
  /** One page of the prompts. */
  readonly "prompts/list": Shape<PageParams, ListPromptsResult>
  /** Renders a prompt. */
  readonly "prompts/get": Shape<GetPromptParams, GetPromptResult>
  /** Suggestions for an argument. */
  readonly "completion/complete": Shape<CompleteParams, CompleteResult>
  /** Which log messages the session wants. Session era. */
  readonly "logging/setLevel": Shape<SetLevelParams, EmptyResult>
  /** Opens a stream of notifications; its result comes at the end. Since 2026-07-28. */
  readonly "subscriptions/listen": Shape<ListenParams, EmptyResult>
}

/** The params and results of the requests of servers, by method. */
export interface ServerRequests {
  /** Which directories are open? Inside an answer since 2026-07-28. */
  readonly "roots/list": Shape<EmptyParams, ListRootsResult>
  /** Asks the model. Inside an answer since 2026-07-28. */
  readonly "sampling/createMessage": Shape<CreateMessageParams, CreateMessageResult>
  /** Asks the user. Since 2025-06-18, inside an answer since 2026-07-28. */
  readonly "elicitation/create": Shape<ElicitParams, ElicitResult>
}

/** The params and results of the requests about tasks, by method. */
export interface TaskRequests {
  /** How is the task? Both ways in 2025-11-25, from clients in the extension. */
  readonly "tasks/get": Shape<TaskParams, DetailedTask>
  /** Waits for the end of the task. 2025-11-25 only, both ways. */
  readonly "tasks/result": Shape<TaskParams, TaskPayload>
  /** One page of the tasks. 2025-11-25 only, both ways. */
  readonly "tasks/list": Shape<PageParams, ListTasksResult>
  /** Ends the task. Both ways in 2025-11-25, from clients in the extension. */
  readonly "tasks/cancel": Shape<TaskParams, CancelTaskResult>
  /** Answers questions of the task. Extension only. */
  readonly "tasks/update": Shape<UpdateTaskParams, EmptyResult>
}

type Schemas<P, R> = Pick<RequestMethod<string, P, R>, "params" | "result" | "coreResult">

const request = <const M extends keyof typeof requestFacts, P, R>(method: M, schemas: Schemas<P, R>): RequestMethod<M, P, R> => ({
  ...requestRow(method, requestFacts[method]),
  ...schemas
})

/** The rows of the requests of clients, without tasks. */
export const clientRequests: {
  readonly [M in keyof ClientRequests]: RequestMethod<M, ClientRequests[M]["params"], ClientRequests[M]["result"]>
} = {
  initialize: request("initialize", { params: InitializeParams, result: InitializeResult }),
  ping: request("ping", { params: EmptyParams, result: EmptyResult }),
  "server/discover": request("server/discover", { params: EmptyParams, result: DiscoverResult }),
  "tools/list": request("tools/list", { params: PageParams, result: ListToolsResult }),
  "tools/call": request("tools/call", { params: CallToolParams, result: CallToolResult }),
  "resources/list": request("resources/list", { params: PageParams, result: ListResourcesResult }),
  "resources/templates/list": request("resources/templates/list", { params: PageParams, result: ListResourceTemplatesResult }),
  "resources/read": request("resources/read", { params: ReadResourceParams, result: ReadResourceResult }),
  "resources/subscribe": request("resources/subscribe", { params: SubscribeParams, result: EmptyResult }),
  "resources/unsubscribe": request("resources/unsubscribe", { params: SubscribeParams, result: EmptyResult }),
  "prompts/list": request("prompts/list", { params: PageParams, result: ListPromptsResult }),
  "prompts/get": request("prompts/get", { params: GetPromptParams, result: GetPromptResult }),
  "completion/complete": request("completion/complete", { params: CompleteParams, result: CompleteResult }),
  "logging/setLevel": request("logging/setLevel", { params: SetLevelParams, result: EmptyResult }),
  "subscriptions/listen": request("subscriptions/listen", { params: ListenParams, result: EmptyResult })
}

/** The rows of the requests of servers. */
export const serverRequests: {
  readonly [M in keyof ServerRequests]: RequestMethod<M, ServerRequests[M]["params"], ServerRequests[M]["result"]>
} = {
  "roots/list": request("roots/list", { params: EmptyParams, result: ListRootsResult }),
  "sampling/createMessage": request("sampling/createMessage", { params: CreateMessageParams, result: CreateMessageResult }),
  "elicitation/create": request("elicitation/create", { params: ElicitParams, result: ElicitResult })
}

/** The rows of the requests about tasks. */
export const taskRequests: {
  readonly [M in keyof TaskRequests]: RequestMethod<M, TaskRequests[M]["params"], TaskRequests[M]["result"]>
} = {
  "tasks/get": request("tasks/get", { params: TaskParams, result: DetailedTask, coreResult: CoreDetailedTask }),
  "tasks/result": request("tasks/result", { params: TaskParams, result: TaskPayload }),
  "tasks/list": request("tasks/list", { params: PageParams, result: ListTasksResult, coreResult: CoreListTasksResult }),
  "tasks/cancel": request("tasks/cancel", { params: TaskParams, result: CancelTaskResult, coreResult: CoreCancelTaskResult }),
  "tasks/update": request("tasks/update", { params: UpdateTaskParams, result: EmptyResult })
}
