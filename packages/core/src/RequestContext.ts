/**
 * What a handler may know of the request that it serves.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Asking } from "./Asking.ts"
import type { Emit } from "./Dispatcher.ts"
import type { JsonObject, RequestId } from "./Jsonrpc.ts"
import type { McpError } from "./McpError.ts"
import type { Principal } from "./Principal.ts"
import type { ClientCapabilities } from "./protocol/Capabilities.ts"
import type { Implementation, LoggingLevel, ProgressToken } from "./protocol/Common.ts"
import type { GetPromptResult, Prompt } from "./protocol/Prompts.ts"
import type { ReadResourceResult, Resource, ResourceTemplate } from "./protocol/Resources.ts"
import type { Tool } from "./protocol/Tools.ts"
import type { Revision } from "./Revision.ts"
import type { Shelves } from "./StateStore.ts"

/** What the server itself serves, as the client of a request would get it. Handlers use it through `Served`. */
export interface Inside {
  readonly readResource: (uri: string) => Effect.Effect<ReadResourceResult, McpError>
  readonly getPrompt: (name: string, args: JsonObject) => Effect.Effect<GetPromptResult, McpError>
  readonly listTools: Effect.Effect<ReadonlyArray<Tool>, McpError>
  readonly listResources: Effect.Effect<ReadonlyArray<Resource>, McpError>
  readonly listResourceTemplates: Effect.Effect<ReadonlyArray<ResourceTemplate>, McpError>
  readonly listPrompts: Effect.Effect<ReadonlyArray<Prompt>, McpError>
}

/**
 * The request that is being served. Handlers and middleware get it with `yield* RequestContext`; it is never a requirement of a
 * layer that `toLayer` makes.
 */
export class RequestContext extends Context.Service<
  RequestContext,
  {
    readonly id: RequestId
    readonly method: string
    /** The revision that this request speaks. */
    readonly revision: Revision
    readonly principal: Principal
    /** The session, where the era has sessions and the transport names them. */
    readonly sessionId: string | undefined
    /** What the client says of itself: for display, never for decisions. */
    readonly clientInfo: Implementation | undefined
    /** What the client declared that it can do. */
    readonly clientCapabilities: ClientCapabilities
    /** The `_meta` of the request as it was received. */
    readonly meta: JsonObject
    /** Present when the client wants to hear of progress. */
    readonly progressToken: ProgressToken | undefined
    /** False once the request was answered: nothing may be sent for it any more. */
    readonly isOpen: boolean
    /** Notes how far the request is; false when that is not further than before. */
    readonly advance: (progress: number) => boolean
    /** Puts members into `_meta` of the result. */
    readonly annotateResult: (meta: JsonObject) => void
    /** The lowest level of log messages that the client asked for; `undefined` when it wants none. */
    readonly logLevel: LoggingLevel | undefined
    /**
     * Lets go of the connection on which the client waits, for calls that take long: the client comes back for the answer, which is kept
     * for it. Does nothing where it could not come back, so it may always be called. See `HttpServerTransport`.
     */
    readonly detach: Effect.Effect<void>
    /** The request's own way back to the client. */
    readonly emit: Emit
    /** What the server itself serves. */
    readonly inside: Inside
    /** What is remembered of the session and of the principal. Handlers use it through `SessionState`. */
    readonly state: Shelves
    /** How the client's user and model can be reached. */
    readonly asking: Asking
  }
>()("@effect-mcp/core/RequestContext") {}

/** What every request provides by itself. The `Scope` is the request's own: it closes when the handler is done. */
export type RequestServices = RequestContext | Scope.Scope
