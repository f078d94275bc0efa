/**
 * What many servers as one are: the service, and how it is made and used.
 */
import type * as McpClient from "@effect-mcp/client/McpClient"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { ServerCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import type { Completion, CompletionReference } from "@effect-mcp/core/protocol/Completion"
import type { GetPromptResult } from "@effect-mcp/core/protocol/Prompts"
import type { ReadResourceResult } from "@effect-mcp/core/protocol/Resources"
import type { CallToolResult } from "@effect-mcp/core/protocol/Tools"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type * as SubscriptionRef from "effect/SubscriptionRef"
import type * as Names from "../Names.ts"
import type { Offered, OfferedPrompt, OfferedResource, OfferedTemplate, OfferedTool } from "../Offered.ts"
import type { Failure, ServersError } from "../ServersError.ts"
import type { ServerSpec } from "../ServerSpec.ts"
import type { ServerState } from "../ServerState.ts"
import type { Found } from "../ToolSearch.ts"

/** How servers are by their names, in their order. */
export type States = ReadonlyMap<string, ServerState>

/** The servers by their names, in the order that counts where several of them have the same. */
export type Specs = { readonly [name: string]: ServerSpec } | ReadonlyMap<string, ServerSpec>

/** How the client presents itself to all servers, and how they are held together. */
export interface Options extends Omit<McpClient.Options, "onNotification" | "serverName"> {
  /** How the names of tools and prompts are made. */
  readonly names?: Names.Options | undefined
  /**
   * For how long `make` waits for one server, from when its turn has come. 30 seconds by default. A server that takes longer is
   * connected in the background, and what it offers comes when it is ready.
   */
  readonly deadline?: Duration.Input | undefined
  /** After which time connecting to a server is given up. 5 minutes by default; `Duration.infinity` never. */
  readonly giveUpAfter?: Duration.Input | undefined
  /** How many servers `make` connects to at once. 16 by default; each holds its place until its deadline at most. */
  readonly concurrency?: number | undefined
  /** What to do with notifications of the servers, in the order of each server. */
  readonly onNotification?: ((notification: Jsonrpc.Notification, server: string) => Effect.Effect<void>) | undefined
}

/** How a resource is read. */
export interface ReadOptions extends McpClient.CallOptions {
  /** The server to read from, also what it does not list. Otherwise the URI decides. */
  readonly server?: string
}

/** How many servers are asked at once. */
export interface BroadcastOptions {
  /** 16 by default. */
  readonly concurrency?: number
}

/** What was asked of several servers: how it went, by the names of these and in their order. */
export type Exits<A, E> = ReadonlyMap<string, Exit.Exit<A, E>>

/**
 * Many servers as one. What is offered is what the servers that are ready have; a name that leads to one that is away stays its own, and
 * using it fails with `ServerDown`. A name that nothing has fails with `UnknownName`. What a server itself does wrong is the
 * `McpClientError` of its client.
 */
export class Servers extends Context.Service<
  Servers,
  {
    /** How all servers are, by their names and in their order. For reading: `SubscriptionRef.changes` is a stream of it. */
    readonly states: SubscriptionRef.SubscriptionRef<States>
    /** All that is offered. For reading: `SubscriptionRef.changes` is a stream of it, which begins with what is offered now. */
    readonly offered: SubscriptionRef.SubscriptionRef<Offered>
    readonly tools: Effect.Effect<ReadonlyArray<OfferedTool>>
    readonly prompts: Effect.Effect<ReadonlyArray<OfferedPrompt>>
    readonly resources: Effect.Effect<ReadonlyArray<OfferedResource>>
    readonly resourceTemplates: Effect.Effect<ReadonlyArray<OfferedTemplate>>
    /** Calls a tool by the name under which it is offered. A result with `isError` is a result. */
    readonly callTool: (
      name: string,
      args?: Jsonrpc.JsonObject,
      options?: McpClient.CallOptions
    ) => Effect.Effect<CallToolResult, McpClientError | ServersError>
    /** The messages of a prompt, by the name under which it is offered. */
    readonly getPrompt: (
      name: string,
      args?: { readonly [name: string]: string },
      options?: McpClient.CallOptions
    ) => Effect.Effect<GetPromptResult, McpClientError | ServersError>
    /**
     * Reads a resource from the first server that lists its URI. When none does, from the first one with a template for it that is ready and
     * has it. Templates of level 4 of RFC 6570 are not tried.
     */
    readonly readResource: (
      uri: string,
      options?: ReadOptions
    ) => Effect.Effect<ReadResourceResult, McpClientError | ServersError>
    /** Suggestions, see `McpClient`: for a prompt by its offered name, or for a template, of the first server that has it. */
    readonly complete: (
      ref: CompletionReference,
      argument: { readonly name: string; readonly value: string },
      known?: { readonly [name: string]: string },
      options?: McpClient.CallOptions
    ) => Effect.Effect<Completion, McpClientError | ServersError>
    /** The tools that fit a query, the best first, see `ToolSearch`: 10 by default, 100 at most. */
    readonly findTool: (query: string, options?: { readonly limit?: number }) => Effect.Effect<ReadonlyArray<Found>>
    /** Does the same with every server. One that is away has its `ServerDown`; none of them ends the others. */
    readonly broadcast: <A, E, R>(
      f: (client: McpClient.McpClient["Service"], server: string) => Effect.Effect<A, E, R>,
      options?: BroadcastOptions
    ) => Effect.Effect<Exits<A, E | ServersError>, never, R>
    /** Calls a tool on every server that has one which it calls so. Fails when there is none. See `broadcast`. */
    readonly broadcastTool: (
      originalName: string,
      args?: Jsonrpc.JsonObject,
      options?: McpClient.CallOptions & BroadcastOptions
    ) => Effect.Effect<Exits<CallToolResult, McpClientError | ServersError>, ServersError>
    /** What the servers that are ready can do, each of them and together. */
    readonly capabilities: Effect.Effect<{
      readonly all: ServerCapabilities
      readonly servers: ReadonlyMap<string, ServerCapabilities>
    }>
    /** The instructions of all servers that are ready, below their names and what their prefix is here. Written by them, for models. */
    readonly instructions: Effect.Effect<string | undefined>
    /** The client of one server. */
    readonly client: (server: string) => Effect.Effect<McpClient.McpClient["Service"], ServersError>
    /** Ends the connection to a server and connects anew; waits until that has succeeded, or fails with the reason. */
    readonly reconnect: (server: string) => Effect.Effect<void, Failure | ServersError>
    /** Ends the connection to a server. Its names stay its own. */
    readonly close: (server: string) => Effect.Effect<void, ServersError>
    /** Adds a server behind the others, for as long as the scope is open. Waits for it as `make` does. */
    readonly add: (server: string, spec: ServerSpec) => Effect.Effect<void, ServersError, Scope.Scope>
    /** Ends the connection to a server and forgets it. */
    readonly remove: (server: string) => Effect.Effect<void, ServersError>
  }
>()("@effect-mcp/gateway/Servers") {}
