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
import { type Gate, type RequestMethod, request } from "./Method.ts"
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
  extension,
  ListTasksResult,
  TaskParams,
  TaskPayload,
  UpdateTaskParams
} from "./Tasks.ts"
import { CallToolParams, CallToolResult, ListToolsResult } from "./Tools.ts"
import { requestVersions, sessionVersions, span, type Versions, versions } from "./Version.ts"

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

const ofServer = (...path: Gate["path"]): ReadonlyArray<Gate> => [{ side: "server", path }]

const ofClient = (...path: Gate["path"]): ReadonlyArray<Gate> => [{ side: "client", path }]

/** The rows of the requests of clients, without tasks. */
export const clientRequests: {
  readonly [M in keyof ClientRequests]: RequestMethod<M, ClientRequests[M]["params"], ClientRequests[M]["result"]>
} = {
  initialize: request({
    method: "initialize",
    client: sessionVersions,
    params: InitializeParams,
    result: InitializeResult
  }),
  ping: request({
    method: "ping",
    client: sessionVersions,
    server: sessionVersions,
    params: EmptyParams,
    result: EmptyResult
  }),
  "server/discover": request({
    method: "server/discover",
    client: requestVersions,
    params: EmptyParams,
    result: DiscoverResult,
    cacheable: true
  }),
  "tools/list": request({
    method: "tools/list",
    client: versions,
    gates: ofServer("tools"),
    params: PageParams,
    result: ListToolsResult,
    cacheable: true,
    paginated: true
  }),
  "tools/call": request({
    method: "tools/call",
    client: versions,
    gates: ofServer("tools"),
    params: CallToolParams,
    result: CallToolResult,
    mirrors: "name",
    inputRequired: true,
    augmentable: true
  }),
  "resources/list": request({
    method: "resources/list",
    client: versions,
    gates: ofServer("resources"),
    params: PageParams,
    result: ListResourcesResult,
    cacheable: true,
    paginated: true
  }),
  "resources/templates/list": request({
    method: "resources/templates/list",
    client: versions,
    gates: ofServer("resources"),
    params: PageParams,
    result: ListResourceTemplatesResult,
    cacheable: true,
    paginated: true
  }),
  "resources/read": request({
    method: "resources/read",
    client: versions,
    gates: ofServer("resources"),
    params: ReadResourceParams,
    result: ReadResourceResult,
    mirrors: "uri",
    cacheable: true,
    inputRequired: true
  }),
  "resources/subscribe": request({
    method: "resources/subscribe",
    client: sessionVersions,
    gates: ofServer("resources", "subscribe"),
    params: SubscribeParams,
    result: EmptyResult
  }),
  "resources/unsubscribe": request({
    method: "resources/unsubscribe",
    client: sessionVersions,
    gates: ofServer("resources", "subscribe"),
    params: SubscribeParams,
    result: EmptyResult
  }),
  "prompts/list": request({
    method: "prompts/list",
    client: versions,
    gates: ofServer("prompts"),
    params: PageParams,
    result: ListPromptsResult,
    cacheable: true,
    paginated: true
  }),
  "prompts/get": request({
    method: "prompts/get",
    client: versions,
    gates: ofServer("prompts"),
    params: GetPromptParams,
    result: GetPromptResult,
    mirrors: "name",
    inputRequired: true
  }),
  "completion/complete": request({
    method: "completion/complete",
    client: versions,
    gates: [{ side: "server", path: ["completions"], versions: span("2025-03-26") }],
    params: CompleteParams,
    result: CompleteResult
  }),
  "logging/setLevel": request({
    method: "logging/setLevel",
    client: sessionVersions,
    gates: ofServer("logging"),
    params: SetLevelParams,
    result: EmptyResult
  }),
  "subscriptions/listen": request({
    method: "subscriptions/listen",
    client: requestVersions,
    params: ListenParams,
    result: EmptyResult
  })
}

/** The rows of the requests of servers. */
export const serverRequests: {
  readonly [M in keyof ServerRequests]: RequestMethod<M, ServerRequests[M]["params"], ServerRequests[M]["result"]>
} = {
  "roots/list": request({
    method: "roots/list",
    server: sessionVersions,
    embedded: requestVersions,
    gates: ofClient("roots"),
    params: EmptyParams,
    result: ListRootsResult
  }),
  "sampling/createMessage": request({
    method: "sampling/createMessage",
    server: sessionVersions,
    embedded: requestVersions,
    gates: ofClient("sampling"),
    params: CreateMessageParams,
    result: CreateMessageResult,
    augmentable: true
  }),
  "elicitation/create": request({
    method: "elicitation/create",
    server: span("2025-06-18", "2025-11-25"),
    embedded: requestVersions,
    gates: ofClient("elicitation"),
    params: ElicitParams,
    result: ElicitResult,
    augmentable: true
  })
}

const core: Versions = ["2025-11-25"]
const coreAndExtension: Versions = [...requestVersions, ...core]

/** In 2025-11-25 whoever runs tasks declares so; the extension is declared by both sides. */
const ofTasks = (...path: Gate["path"]): ReadonlyArray<Gate> => [
  { side: "receiver", path, versions: core },
  { side: "server", path: ["extensions", extension], versions: requestVersions },
  { side: "client", path: ["extensions", extension], versions: requestVersions }
]

/** The rows of the requests about tasks. */
export const taskRequests: {
  readonly [M in keyof TaskRequests]: RequestMethod<M, TaskRequests[M]["params"], TaskRequests[M]["result"]>
} = {
  "tasks/get": request({
    method: "tasks/get",
    client: coreAndExtension,
    server: core,
    gates: ofTasks("tasks"),
    params: TaskParams,
    result: DetailedTask,
    coreResult: CoreDetailedTask,
    mirrors: "taskId"
  }),
  "tasks/result": request({
    method: "tasks/result",
    client: core,
    server: core,
    gates: ofTasks("tasks"),
    params: TaskParams,
    result: TaskPayload
  }),
  "tasks/list": request({
    method: "tasks/list",
    client: core,
    server: core,
    gates: ofTasks("tasks", "list"),
    params: PageParams,
    result: ListTasksResult,
    coreResult: CoreListTasksResult,
    paginated: true
  }),
  "tasks/cancel": request({
    method: "tasks/cancel",
    client: coreAndExtension,
    server: core,
    gates: ofTasks("tasks", "cancel"),
    params: TaskParams,
    result: CancelTaskResult,
    coreResult: CoreCancelTaskResult,
    mirrors: "taskId"
  }),
  "tasks/update": request({
    method: "tasks/update",
    client: requestVersions,
    gates: ofTasks("tasks"),
    params: UpdateTaskParams,
    result: EmptyResult,
    mirrors: "taskId"
  })
}
