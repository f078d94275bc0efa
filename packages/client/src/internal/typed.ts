/**
 * Clients that are typed by a contract: its tools, resources and prompts as functions.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import type { Completion } from "@effect-mcp/core/protocol/Completion"
import type { GetPromptResult } from "@effect-mcp/core/protocol/Prompts"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Difference } from "../Difference.ts"
import { ContractMismatch, McpClientError } from "../McpClientError.ts"
import * as contractCheck from "./contractCheck.ts"
import type { Places } from "./contractCheck.ts"
import { type CallOptions, McpClient } from "./service.ts"
import * as typedCalls from "./typedCalls.ts"
import { type ToolTasks, typedTask } from "./typedTasks.ts"

type Client = McpClient["Service"]

type OptionalArgs<A> = {} extends A ? [args?: A, options?: CallOptions] : [args: A, options?: CallOptions]

/** The tools of a contract as functions. */
export type Tools<C> = {
  readonly [T in McpGroup.Tools<C> as T["name"]]: (
    ...args: OptionalArgs<Tool.Args<T>>
  ) => Effect.Effect<Tool.Success<T>, Tool.Failure<T> | McpClientError>
}

/**
 * Suggestions for one argument, of which `value` was typed so far. `known` are others that are filled in already, as texts; servers are
 * told of them since 2025-06-18. A server without suggestions gives none, or refuses with code -32601.
 */
export type Complete<Args> = <K extends keyof Args & string>(
  argument: K,
  value: string,
  known?: { readonly [N in Exclude<keyof Args & string, K>]?: string },
  options?: CallOptions
) => Effect.Effect<Completion, McpClientError>

type UriArgs<A> = A extends void ? [args?: undefined] : {} extends A ? [args?: A] : [args: A]

/** A resource of a contract: a function that reads it, with what else can be done with it. */
export interface ResourceClient<T extends Resource.Any> {
  (
    ...args: Resource.Args<T> extends void ? [args?: undefined, options?: CallOptions] : OptionalArgs<Resource.Args<T>>
  ): Effect.Effect<Resource.Success<T>, Resource.Failure<T> | McpClientError>
  /** The URI, each time the resource has changed. See `resourceUpdates` of the client. */
  readonly updates: (...args: UriArgs<Resource.Args<T>>) => Stream.Stream<string, McpClientError>
  /** Suggests values of a variable. */
  readonly complete: Complete<Resource.Args<T>>
}

/** The resources of a contract as functions of the variables of their URIs. */
export type Resources<C> = {
  readonly [T in McpGroup.Resources<C> as T["name"]]: ResourceClient<T>
}

/** A prompt of a contract: a function that gets its messages, with what else can be done with it. */
export interface PromptClient<T extends Prompt.Any> {
  (...args: OptionalArgs<Prompt.Args<T>>): Effect.Effect<GetPromptResult, Prompt.Failure<T> | McpClientError>
  /** Suggests values of an argument. */
  readonly complete: Complete<Prompt.Args<T>>
}

/** The prompts of a contract as functions. */
export type Prompts<C> = {
  readonly [T in McpGroup.Prompts<C> as T["name"]]: PromptClient<T>
}

/** A client that is typed by a contract. */
export interface Typed<C> {
  readonly tools: Tools<C>
  readonly resources: Resources<C>
  readonly prompts: Prompts<C>
  readonly tasks: ToolTasks<C>
}

/** How a client is typed. */
export interface TypedOptions extends Places {
  /**
   * Hold the contract against what the server lists, see {@link check}. `fail` fails with `ContractMismatch` when they differ, `warn` logs
   * a warning and goes on. Not done by default.
   */
  readonly check?: "fail" | "warn"
}

/** A client that is at hand, typed by a contract. See {@link of}. */
export const typed = <G extends McpGroup.Any>(
  group: G,
  client: Client,
  { names = (name) => name, uris = (uri) => uri }: Places = {}
): Typed<McpGroup.Contracts<G>> => {
  const contracts = McpGroup.contractsOf(group)
  const tools = contracts.filter(Tool.isTool)
  const prompts = contracts.filter(Prompt.isPrompt)
  const resources = contracts.filter(Resource.isResource)
  // One function for each contract.
  return {
    tools: Object.fromEntries(tools.map((tool) => [tool.name, typedCalls.tool(client, tool, names(tool.name))])),
    tasks: Object.fromEntries(tools.map((tool) => [tool.name, typedTask(client.tasks, tool, names(tool.name))])),
    resources: Object.fromEntries(resources.map((resource) => [resource.name, typedCalls.resource(client, resource, uris)])),
    prompts: Object.fromEntries(prompts.map((prompt) => [prompt.name, typedCalls.prompt(client, prompt, names(prompt.name))]))
  } as unknown as Typed<McpGroup.Contracts<G>>
}

/**
 * How the server differs from a contract: what is missing, arguments that it does not know or wants besides, results and types that do not
 * fit; no difference when it serves all that the contract promises. More tools, and more arguments that may be left out, are no difference.
 *
 * Schemas are compared by their structure: types, listed values, members, items and choices; lengths, ranges, patterns and formats are
 * not. What cannot be judged is no difference. Of one tool at most 100 places are told. Asks the server for the lists that the contract
 * needs.
 *
 * @example
 * const differences = yield* McpClient.check(Weather)
 * yield* Effect.forEach(differences, ({ message }) => Console.log(message))
 */
export const check = (
  group: McpGroup.Any,
  places: Places = {}
): Effect.Effect<ReadonlyArray<Difference>, McpClientError, McpClient> =>
  Effect.flatMap(McpClient, (client) => contractCheck.check(client, McpGroup.contractsOf(group), places))

const mismatch = ({ serverInfo }: Client, differences: ReadonlyArray<Difference>) =>
  new McpClientError({
    reason: new ContractMismatch({ ...(serverInfo === undefined ? {} : { server: serverInfo.name }), differences })
  })

const checked = (group: McpGroup.Any, { check: how, ...places }: TypedOptions) => {
  if (how === undefined) return Effect.void
  const verdict = Effect.flatMap(McpClient, (client) =>
    Effect.flatMap(check(group, places), (differences) =>
      differences.length === 0 ? Effect.void : Effect.fail(mismatch(client, differences))
    )
  )
  return how === "fail" ? verdict : Effect.catch(verdict, ({ message }) => Effect.logWarning(message))
}

/**
 * The client, typed by a contract: arguments, results and declared failures are those of the contract. Nothing is asked of the server
 * before the first call, unless `check` says so.
 *
 * @example
 * const weather = yield* McpClient.of(Weather, { check: "fail" })
 * const forecast = yield* weather.tools.forecast({ city: "Oslo" })
 * const { values } = yield* weather.prompts.packing.complete("city", "Os")
 */
export const of: {
  <G extends McpGroup.Any>(
    group: G,
    options: TypedOptions & { readonly check: "fail" }
  ): Effect.Effect<Typed<McpGroup.Contracts<G>>, McpClientError, McpClient>
  <G extends McpGroup.Any>(
    group: G,
    options?: TypedOptions & { readonly check?: "warn" }
  ): Effect.Effect<Typed<McpGroup.Contracts<G>>, never, McpClient>
} = <G extends McpGroup.Any>(group: G, options: TypedOptions = {}) =>
  // The errors are those of the overload: only `fail` lets them through.
  Effect.andThen(
    checked(group, options),
    Effect.map(McpClient, (client) => typed(group, client, options))
  ) as Effect.Effect<Typed<McpGroup.Contracts<G>>, never, McpClient>
