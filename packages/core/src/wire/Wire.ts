/**
 * What a wire codec does: it stands between the neutral model and the JSON of one era. There are two, one per era; what differs
 * between the revisions of an era they ask from the revision's record.
 */
import type { CacheHint } from "../CacheHint.ts"
import type { ErrorObject, Headers, JsonObject, Notification, Request, RequestId } from "../Jsonrpc.ts"
import type { Reason } from "../McpError.ts"
import type { ClientCapabilities, ServerCapabilities } from "../protocol/Capabilities.ts"
import type { Implementation, LoggingLevel } from "../protocol/Common.ts"
import type { CompleteResult } from "../protocol/Completion.ts"
import type { InputRequired } from "../protocol/InputRequired.ts"
import type { GetPromptResult, Prompt } from "../protocol/Prompts.ts"
import type { ReadResourceResult, Resource, ResourceTemplate } from "../protocol/Resources.ts"
import type { Task } from "../protocol/Tasks.ts"
import type { CallToolResult, Tool } from "../protocol/Tools.ts"
import type { Revision } from "../Revision.ts"

/** What a server says of itself. */
export interface ServerFacts {
  readonly info: Implementation
  readonly capabilities: ServerCapabilities
  readonly instructions: string | undefined
}

/** What a client says of itself, for a session or for one request. */
export interface ClientFacts {
  readonly info: Implementation | undefined
  readonly capabilities: ClientCapabilities
  readonly logLevel: LoggingLevel | undefined
}

/** The server's half of a codec: neutral results become the JSON text of the revision, stringified once. */
export interface ServerWire {
  readonly revision: Revision
  /** A result without members of its own. */
  readonly empty: string
  /** `wraps`: whether the tool's schema of results is wrapped where only objects are allowed, see `project.isWrapped`. */
  readonly toolResult: (result: CallToolResult, wraps?: boolean) => string
  readonly toolList: (tools: ReadonlyArray<Tool>, nextCursor: string | undefined, hint: CacheHint) => string
  readonly resourceList: (resources: ReadonlyArray<Resource>, nextCursor: string | undefined, hint: CacheHint) => string
  readonly templateList: (templates: ReadonlyArray<ResourceTemplate>, nextCursor: string | undefined, hint: CacheHint) => string
  readonly readResult: (result: ReadResourceResult, hint: CacheHint) => string
  readonly completeResult: (result: CompleteResult) => string
  readonly promptList: (prompts: ReadonlyArray<Prompt>, nextCursor: string | undefined, hint: CacheHint) => string
  readonly promptResult: (result: GetPromptResult) => string
  /** The questions with which a round ends, and the state. Request era only. */
  readonly inputRequired: (result: InputRequired) => string
  /** The answer that there is a task, in place of the result. Request era only. */
  readonly taskCreated: (task: Task) => string
  /** The result of a request of an extension. */
  readonly extensionResult: (result: JsonObject) => string
  /** The answer to `initialize` or to `server/discover`, whichever the era has. */
  readonly greeting: (facts: ServerFacts, hint: CacheHint) => string
  /** The last answer to `subscriptions/listen`, whose id was this. Request era only. */
  readonly subscriptionEnd: (id: RequestId) => string
  /** The error object of a failure: here, and only here, its code is chosen. */
  readonly error: (reason: Reason) => ErrorObject
}

/** The client's half of a codec. */
export interface ClientWire {
  readonly revision: Revision
  /** A request, with all that the era wants around its params. Its id is its progress token, too. The session era has no use for headers. */
  readonly request: (id: RequestId, method: string, params?: JsonObject, meta?: JsonObject, headers?: Headers) => Request
  /** A notification, with what the era wants around its params where the server must know from whom it comes. */
  readonly notification: (method: string, params?: JsonObject) => Notification
  /** A result without what every result of the era has. */
  readonly result: (result: JsonObject) => JsonObject
  /** The result of `tools/call` in its neutral form. */
  readonly toolResult: (result: JsonObject) => CallToolResult
}
