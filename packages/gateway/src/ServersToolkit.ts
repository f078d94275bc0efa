/**
 * The tools of many servers for a language model of `effect/ai`. A module of its own: who does not use it loads nothing of `effect/ai`.
 */
import * as DynamicTool from "@effect-mcp/ai/DynamicTool"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import * as AiError from "effect/ai/AiError"
import type * as AiTool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { OfferedTool } from "./Offered.ts"
import { Servers } from "./Servers.ts"
import type { ServersError } from "./ServersError.ts"

/** Tools by the names under which they are offered. */
export type Tools = Record<string, DynamicTool.DynamicTool>

/** Which tools the model is given, and how. */
export interface Options {
  /** Whether it is given a tool. All by default. */
  readonly select?: ((tool: OfferedTool) => boolean) | undefined
  /** Whether `effect/ai` asks for approval before a tool is called. Never by default. Hints of servers that are not trusted decide nothing. */
  readonly needsApproval?: ((tool: OfferedTool) => boolean) | undefined
}

type Result = AiTool.HandlerResult<DynamicTool.DynamicTool>

const done = ({ isFailure, modelOutput, result }: DynamicTool.Output): Result => ({
  result,
  encodedResult: result,
  isFailure,
  preliminary: false,
  ...(isFailure ? { failureOrigin: "handler" as const } : {}),
  ...(modelOutput === undefined ? {} : { modelOutput })
})

const failed = (detail: string, failureOrigin: AiTool.FailureOrigin): Result => ({
  result: detail,
  encodedResult: detail,
  isFailure: true,
  failureOrigin,
  preliminary: false
})

const unknownTool = (tools: Tools, toolName: string) =>
  AiError.make({
    module: "ServersToolkit",
    method: `${toolName}.handle`,
    reason: new AiError.ToolNotFoundError({ toolName, availableTools: Object.keys(tools) })
  })

const call = (servers: Servers["Service"], name: string, args: JsonObject): Effect.Effect<Result> =>
  servers.callTool(name, args).pipe(
    Effect.map((result) => done(DynamicTool.outputOf(result))),
    Effect.catch((error: McpClientError | ServersError) => Effect.succeed(failed(error.message, "handler")))
  )

const handler = (servers: Servers["Service"], tools: Tools): Toolkit.WithHandler<Tools>["handle"] =>
  Effect.fnUntraced(function* (name, params) {
    yield* Effect.annotateCurrentSpan({ tool: name, parameters: params })
    if (!Object.hasOwn(tools, name)) return yield* unknownTool(tools, name)
    const args: unknown = params ?? {}
    return Stream.fromEffect(
      isObject(args)
        ? call(servers, name, args)
        : Effect.succeed(failed(`the arguments of ${name} must be an object with a member for each`, "parameters"))
    )
  })

/**
 * The tools that are offered now, as a toolkit with handlers: give it to `LanguageModel` as `toolkit`, and each request to the model has
 * the tools of its time.
 *
 * A result with `isError`, and a server that is away or refuses, are told to the model, which may try something else; a call never fails
 * the program. Structured content is the result, and what was written for models is what the model reads, see `DynamicTool`.
 *
 * @example
 * const answer = LanguageModel.generateText({ prompt, toolkit: ServersToolkit.make() }).pipe(Effect.provide(Connected))
 */
export const make = ({ needsApproval, select }: Options = {}): Effect.Effect<Toolkit.WithHandler<Tools>, never, Servers> =>
  Effect.gen(function* () {
    const servers = yield* Servers
    const offered = yield* servers.tools
    const chosen = select === undefined ? offered : offered.filter(select)
    const tools: Tools = Object.fromEntries(
      chosen.map((one) => [one.name, DynamicTool.make(one.tool, { needsApproval: needsApproval?.(one) })])
    )
    return { tools, handle: handler(servers, tools) }
  })
