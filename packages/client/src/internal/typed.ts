/**
 * Clients that are typed by a contract: its tools, resources and prompts as functions.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as PromptCodec from "@effect-mcp/core/PromptCodec"
import type { GetPromptResult } from "@effect-mcp/core/protocol/Prompts"
import * as Resource from "@effect-mcp/core/Resource"
import * as ResourceCodec from "@effect-mcp/core/ResourceCodec"
import * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import type { FailureDecoder } from "@effect-mcp/core/wire/declared"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { InvalidAnswer, InvalidArguments, McpClientError } from "../McpClientError.ts"
import { type CallOptions, McpClient } from "./service.ts"
import { readOutcome } from "./toolOutcome.ts"
import { type ToolTasks, typedTask } from "./typedTasks.ts"

const invalidAnswer = (method: string, detail: string) => new McpClientError({ reason: new InvalidAnswer({ method, detail }) })

const invalidArguments = (target: string, detail: string) =>
  new McpClientError({ reason: new InvalidArguments({ target, detail }) })

type OptionalArgs<A> = {} extends A ? [args?: A, options?: CallOptions] : [args: A, options?: CallOptions]

/** The tools of a contract as functions. */
export type Tools<C> = {
  readonly [T in McpGroup.Tools<C> as T["name"]]: (
    ...args: OptionalArgs<Tool.Args<T>>
  ) => Effect.Effect<Tool.Success<T>, Tool.Failure<T> | McpClientError>
}

/** The resources of a contract as functions of the variables of their URIs. */
export type Resources<C> = {
  readonly [T in McpGroup.Resources<C> as T["name"]]: (
    ...args: Resource.Args<T> extends void ? [args?: undefined, options?: CallOptions] : OptionalArgs<Resource.Args<T>>
  ) => Effect.Effect<Resource.Success<T>, Resource.Failure<T> | McpClientError>
}

/** The prompts of a contract as functions. */
export type Prompts<C> = {
  readonly [T in McpGroup.Prompts<C> as T["name"]]: (
    ...args: OptionalArgs<Prompt.Args<T>>
  ) => Effect.Effect<GetPromptResult, Prompt.Failure<T> | McpClientError>
}

/** A client that is typed by a contract. */
export interface Typed<C> {
  readonly tools: Tools<C>
  readonly resources: Resources<C>
  readonly prompts: Prompts<C>
  readonly tasks: ToolTasks<C>
}

type Call = (args?: unknown, options?: CallOptions) => Effect.Effect<unknown, unknown>

const typedCall = (client: McpClient["Service"], tool: Tool.Any): Call => {
  const codec = ToolCodec.client(tool)
  const read = readOutcome(tool, () => client.revision, codec)
  return (args, options) => {
    const encoded = codec.encodeArguments(args ?? {})
    if (encoded._tag === "Failure") {
      return Effect.fail(invalidArguments(`tool "${tool.name}"`, encoded.text))
    }
    return Effect.flatMap(client.callTool(tool.name, encoded.value, options), read)
  }
}

// A failure that the contract declares, found again in an error of the server.
const declaredIn =
  (decode: FailureDecoder) =>
  (error: McpClientError): Effect.Effect<never, unknown> => {
    const { reason } = error
    const declared = reason._tag === "RequestFailed" ? decode(reason.code, reason.data) : undefined
    return Effect.fail(declared === undefined ? error : declared.failure)
  }

const typedResource = (client: McpClient["Service"], resource: Resource.Any): Call => {
  const codec = ResourceCodec.client(resource)
  return (args, options) => {
    const encoded = codec.encodeUri(args ?? {})
    if (encoded._tag === "Failure") {
      return Effect.fail(invalidArguments(`resource "${resource.name}"`, encoded.text))
    }
    return client.readResource(encoded.uri, options).pipe(
      Effect.catch(declaredIn(codec.decodeFailure)),
      Effect.flatMap((result): Effect.Effect<unknown, McpClientError> => {
        const exit = codec.decodeResult(result)
        if (Exit.isSuccess(exit)) return Effect.succeed(exit.value)
        return Effect.fail(invalidAnswer(`resource "${resource.name}"`, String(Cause.squash(exit.cause))))
      })
    )
  }
}

const typedPrompt = (client: McpClient["Service"], prompt: Prompt.Any): Call => {
  const codec = PromptCodec.client(prompt)
  return (args, options) => {
    const encoded = codec.encodeArguments(args ?? {})
    if (encoded._tag === "Failure") {
      return Effect.fail(invalidArguments(`prompt "${prompt.name}"`, encoded.text))
    }
    return Effect.catch(client.getPrompt(prompt.name, encoded.value, options), declaredIn(codec.decodeFailure))
  }
}

/**
 * The client, typed by a contract: arguments, results and declared failures are those of the contract.
 *
 * @example
 * const weather = yield* McpClient.of(Weather)
 * const forecast = yield* weather.tools.forecast({ city: "Oslo" })
 */
export const of = <G extends McpGroup.Any>(group: G): Effect.Effect<Typed<McpGroup.Contracts<G>>, never, McpClient> =>
  Effect.map(McpClient, (client) => typed(group, client))

/** A client that is at hand, typed by a contract. See {@link of}. */
export const typed = <G extends McpGroup.Any>(group: G, client: McpClient["Service"]): Typed<McpGroup.Contracts<G>> => {
  const contracts = McpGroup.contractsOf(group)
  const tools = contracts.filter(Tool.isTool).map((tool) => [tool.name, typedCall(client, tool)] as const)
  const tasks = contracts.filter(Tool.isTool).map((tool) => [tool.name, typedTask(client.tasks, tool)] as const)
  const prompts = contracts.filter(Prompt.isPrompt).map((prompt) => [prompt.name, typedPrompt(client, prompt)] as const)
  const resources = contracts
    .filter(Resource.isResource)
    .map((resource) => [resource.name, typedResource(client, resource)] as const)
  // One function for each contract.
  return {
    tools: Object.fromEntries(tools),
    resources: Object.fromEntries(resources),
    prompts: Object.fromEntries(prompts),
    tasks: Object.fromEntries(tasks)
  } as unknown as Typed<McpGroup.Contracts<G>>
}
