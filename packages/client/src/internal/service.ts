/**
 * What a client is: the service, and how it is made and called.
 */
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { ClientCapabilities, ServerCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import type { Implementation, LoggingLevel } from "@effect-mcp/core/protocol/Common"
import type { Completion, CompletionReference } from "@effect-mcp/core/protocol/Completion"
import type { GetPromptResult, Prompt } from "@effect-mcp/core/protocol/Prompts"
import type { ReadResourceResult, Resource, ResourceTemplate } from "@effect-mcp/core/protocol/Resources"
import type { SubscriptionFilter } from "@effect-mcp/core/protocol/Subscriptions"
import type { CallToolResult, Tool } from "@effect-mcp/core/protocol/Tools"
import type * as Revision from "@effect-mcp/core/Revision"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as SubscriptionRef from "effect/SubscriptionRef"
import type { Catalogue } from "../Catalogue.ts"
import type { ConnectionState } from "../ConnectionState.ts"
import type { Guard } from "../Guard.ts"
import type { Health } from "../Health.ts"
import type { McpClientError } from "../McpClientError.ts"
import type { ServerLog } from "../ServerLog.ts"
import type { Tasks } from "../Tasks.ts"
import type { CallOptions } from "./callOptions.ts"
import type { Declared } from "./extensions.ts"
import type { Subscription } from "./listen.ts"

export type { CallOptions } from "./callOptions.ts"

/** Who the client is, and how it behaves where the defaults do not fit. */
export interface Options extends Implementation {
  /**
   * What the program calls the server, where there are several: handlers are told it as `server` of the `Asker`, and what the server logs
   * is logged with it.
   */
  readonly serverName?: string
  /** The revisions that it speaks, the preferred one first. All of them by default, newest first. */
  readonly versions?: ReadonlyArray<Revision.Version>
  /**
   * For how long the server may neither answer a request nor tell of its progress. 60 seconds by default; then the request is
   * cancelled and fails. `Duration.infinity` waits for ever.
   */
  readonly timeout?: Duration.Input
  /**
   * How long a request may take in all, whatever progress the server tells of, and with the time in which its questions are answered.
   * A day by default; then the request is cancelled and fails.
   */
  readonly totalTimeout?: Duration.Input
  /**
   * When to try to connect again after the connection was lost: a schedule, which is given the error and starts anew once a connection has
   * held for 10 seconds; `false` for never. By default ten times, after 100 ms, 200 ms and so on up to 10 seconds, give or take a fifth.
   *
   * Requests wait for the new connection, as long as their timeouts allow. What the old one was told (log level, subscriptions) the new
   * one is told, too. The first connection is tried once.
   */
  readonly reconnect?: Schedule.Schedule<unknown, McpClientError> | false
  /**
   * Whether requests that were under way when the connection was lost are made again where that does no harm: those that only read, and
   * tools that say of themselves that they only read or are idempotent, as far as the `catalogue` or a contract knows them. True by
   * default, at most three times each. What was not sent yet is always sent. Other requests fail with `TransportFailed`.
   */
  readonly retry?: boolean
  /** What stands around requests, the first one outermost. Nothing by default. */
  readonly guards?: ReadonlyArray<Guard>
  /** For how long to wait for answers while the revision is negotiated. 10 seconds by default. */
  readonly negotiationTimeout?: Duration.Input
  /** The lowest level of log messages to ask for. By default none is asked for; in the session era servers may send some all the same. */
  readonly logLevel?: LoggingLevel
  /**
   * What to do with log messages of the server, in the order in which they arrive; `false` for nothing. By default Effect's logger gets
   * them, see `ServerLog.log`. They are told to `onNotification`, too.
   */
  readonly onLog?: ((message: ServerLog) => Effect.Effect<void>) | false
  /** How often a request is repeated with answers to questions of the server. 10 by default; then it fails. Request era. */
  readonly maxRounds?: number
  /**
   * What to do with notifications of the server, in the order in which they arrive. Progress is told to its request instead, and what
   * a subscription brings to its stream.
   */
  readonly onNotification?: (notification: Jsonrpc.Notification) => Effect.Effect<void>
  /**
   * The extensions that it declares: contracts, or what `Extension.declare` makes of them. None by default. Building the client dies when
   * two of them have a method in common.
   */
  readonly extensions?: ReadonlyArray<Declared>
  /**
   * Whether servers of 2026-07-28 may answer calls of tools with tasks: the extension is declared, `callTool` follows a task to its end, and
   * `tasks` starts and finds tasks. `{ listen: true }`: also hear from the server of each task that is followed, on a subscription of its
   * own, and do not only ask. False by default. Tasks of 2025-11-25 need no option: there the client asks for them.
   */
  readonly tasks?: boolean | { readonly listen?: boolean }
}

/**
 * A connected client. Interrupting a request cancels it on the server, and ends what answers its questions. All pages of a list are
 * read, up to 1,000 pages and 1,000,000 items. What the server allows to keep for a while is not asked for again, see `ResponseCache`.
 */
export class McpClient extends Context.Service<
  McpClient,
  {
    /** What was agreed with the server. After a new connection it may be another one, as may be what follows. */
    readonly revision: Revision.Revision
    /** What the server says of itself: for display, never for decisions. */
    readonly serverInfo: Implementation | undefined
    readonly capabilities: ServerCapabilities
    /** What the client declares of itself. */
    readonly declared: ClientCapabilities
    /** How to use the server, written for models. */
    readonly instructions: string | undefined
    /** How the client stands with the server now, and when that changes. */
    readonly state: SubscriptionRef.SubscriptionRef<ConnectionState>
    /**
     * Gives up the connection, if there is one, and makes a new one now. Fails with why that failed; what the schedule of `reconnect` has
     * left goes on.
     */
    readonly reconnect: Effect.Effect<void, McpClientError>
    /** Asks the server for a sign of life, for at most 5 seconds, with `ping` or what the revision has in its place. Never fails. */
    readonly health: Effect.Effect<Health>
    /**
     * The lists of the server. Read when it is asked for first, and kept up to date as long as the client lives: a change that the server
     * tells of is read 100 ms later, with what else has changed by then, and all lists are read after a new connection. A list that cannot
     * be read again stays as it was, and the log says so. One that the server declares and does not know is empty.
     */
    readonly catalogue: Effect.Effect<SubscriptionRef.SubscriptionRef<Catalogue>, McpClientError>
    /** Forgets what the server allowed to keep, see `ResponseCache`. */
    readonly clearCache: Effect.Effect<void>
    readonly listTools: Effect.Effect<ReadonlyArray<Tool>, McpClientError>
    readonly listResources: Effect.Effect<ReadonlyArray<Resource>, McpClientError>
    readonly listResourceTemplates: Effect.Effect<ReadonlyArray<ResourceTemplate>, McpClientError>
    /** A list as a stream: a page is asked for when the one before it was taken. */
    readonly streamTools: Stream.Stream<Tool, McpClientError>
    readonly streamResources: Stream.Stream<Resource, McpClientError>
    readonly streamResourceTemplates: Stream.Stream<ResourceTemplate, McpClientError>
    readonly streamPrompts: Stream.Stream<Prompt, McpClientError>
    /** Fails with `RequestFailed` for what does not exist: code -32002 in the session era, -32602 since. */
    readonly readResource: (uri: string, options?: CallOptions) => Effect.Effect<ReadResourceResult, McpClientError>
    readonly listPrompts: Effect.Effect<ReadonlyArray<Prompt>, McpClientError>
    /** The messages of a prompt. The wire has texts: arguments of other types are JSON in a text. */
    readonly getPrompt: (
      name: string,
      args?: { readonly [name: string]: string },
      options?: CallOptions
    ) => Effect.Effect<GetPromptResult, McpClientError>
    /** Calls a tool by name. A result with `isError` is a result. A task is followed to its end, see `tasks` of the options. */
    readonly callTool: (
      name: string,
      args?: Jsonrpc.JsonObject,
      options?: CallOptions
    ) => Effect.Effect<CallToolResult, McpClientError>
    /** Tools that run as tasks: started, found again and listed. 2025-11-25, and with the option `tasks` 2026-07-28. */
    readonly tasks: Tasks
    /** Suggestions for an argument of a prompt, or a variable of a template; `known` are arguments that are filled in already. */
    readonly complete: (
      ref: CompletionReference,
      argument: { readonly name: string; readonly value: string },
      known?: { readonly [name: string]: string },
      options?: CallOptions
    ) => Effect.Effect<Completion, McpClientError>
    /** Fails with code -32601 in the request era, which has no `ping`. */
    readonly ping: Effect.Effect<void, McpClientError>
    /** Asks for log messages of this level and above; see `onLog` of the options. */
    readonly setLogLevel: (level: LoggingLevel) => Effect.Effect<void, McpClientError>
    /**
     * Asks to be told when a resource changes: `notifications/resources/updated` with its URI. Session era; since then use `listen`,
     * this fails with code -32601.
     */
    readonly subscribeResource: (uri: string) => Effect.Effect<void, McpClientError>
    /** Takes a subscription back. Session era. */
    readonly unsubscribeResource: (uri: string) => Effect.Effect<void, McpClientError>
    /**
     * The URIs of these resources, each time one of them has changed, in all revisions: the stream subscribes as the revision wants it, from
     * when it is run until its end. Streams of the same URI share one subscription of a session; do not mix them with
     * `unsubscribeResource`. A server may tell of a part of a resource, then that is the URI. 1,024 may wait, then the oldest are
     * dropped. It goes on after a new connection; what changes between is not told. It fails when the server refuses, or the connection is
     * given up.
     */
    readonly resourceUpdates: (uris: string | ReadonlyArray<string>) => Stream.Stream<string, McpClientError>
    /**
     * Asks to be told of changes as long as the scope is open, and waits until the server has acknowledged that. Nothing is told of
     * what changed before: read lists and resources after this, not before. Since the request era; before it, servers tell by
     * themselves, this fails with code -32601.
     */
    readonly listen: (filter: SubscriptionFilter) => Effect.Effect<Subscription, McpClientError, Scope.Scope>
    /** Sends any request, with what the revision wants around its params, and gives its result as it was received. */
    readonly request: (
      method: string,
      params?: Jsonrpc.JsonObject,
      options?: CallOptions
    ) => Effect.Effect<Jsonrpc.JsonObject, McpClientError>
    /** Sends any notification, with what the revision wants around its params. */
    readonly notify: (method: string, params?: Jsonrpc.JsonObject) => Effect.Effect<void, McpClientError>
    /**
     * The notifications of the server with these methods, from when the stream is run. 1,024 may wait, then the oldest are dropped. With a
     * filter, the stream subscribes with it as `listen` does where the revision has that, for as long as it runs, and again after a new
     * connection or when the server ends the subscription. What changes between is not told. It fails when the connection is given up or
     * the subscription is refused.
     */
    readonly notifications: (
      methods: ReadonlyArray<string>,
      filter?: SubscriptionFilter
    ) => Stream.Stream<Jsonrpc.Notification, McpClientError>
  }
>()("@effect-mcp/client/McpClient") {}
