/**
 * Tools as functions, made from what a server lists: for tools of which nobody here has a contract. A module of its own, so that only who
 * uses it loads a validator.
 *
 * Source: "Output Schema" in server/tools since 2025-06-18: clients should hold structured results against it.
 */
import type { Codec } from "@effect-mcp/core/Contract"
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import * as JsonSchemaValidator from "@effect-mcp/core/JsonSchemaValidator"
import * as MirroredHeaders from "@effect-mcp/core/MirroredHeaders"
import type { CallToolResult, Tool } from "@effect-mcp/core/protocol/Tools"
import { UnrepresentableSchema } from "@effect-mcp/core/UnrepresentableSchema"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { nearNames } from "./internal/nearNames.ts"
import { invalidAnswer, invalidArguments, settled } from "./internal/outcomes.ts"
import { isRepeatable } from "./internal/repeatable.ts"
import { type CallOptions, McpClient } from "./internal/service.ts"
import { reader, type Reading } from "./internal/untyped.ts"
import type { McpClientError } from "./McpClientError.ts"

/** How a tool is called. */
export interface Options<S extends Codec = typeof Schema.Unknown, F extends Codec = Schema.Never> extends Reading<S, F> {
  /**
   * Hold arguments against the tool's `inputSchema` before they are sent; what does not fit fails with `InvalidArguments`. False by
   * default: the server does it, too.
   */
  readonly checkArguments?: boolean
}

/** A listed tool as a function. */
export type ListedTool<A, E> = (args?: JsonObject, options?: CallOptions) => Effect.Effect<A, E | McpClientError>

type Check = (value: unknown) => string | undefined

const nothingIsWrong: Check = () => undefined

// A schema that cannot be used is the server's fault, and no reason not to call the tool.
const checking = (schema: JsonObject, where: string, root: string): Effect.Effect<Check> =>
  Effect.suspend(() => {
    try {
      const validate = JsonSchemaValidator.make(schema, where)
      return Effect.succeed<Check>((value) => validate(value, root))
    } catch (error) {
      if (!(error instanceof UnrepresentableSchema)) throw error
      return Effect.as(
        Effect.logWarning(`values are not held against a schema that cannot be used: ${error.message}`),
        nothingIsWrong
      )
    }
  })

const checkingResults = (tool: Tool): Effect.Effect<(result: CallToolResult) => string | undefined> => {
  const { name, outputSchema } = tool
  if (outputSchema === undefined) return Effect.succeed(nothingIsWrong)
  return Effect.map(checking(outputSchema, `tool "${name}", outputSchema`, "result"), (check) => (result) => {
    if (result.isError === true) return undefined
    const { structuredContent } = result
    return structuredContent === undefined ? "result: missing, but the tool has an outputSchema" : check(structuredContent)
  })
}

/**
 * Makes a function of a tool as a server lists it. Its results are held against the tool's `outputSchema`, and then read as `McpClient.call`
 * does, what the schema marks as wrapped without the object around it. The function fails with `InvalidAnswer` when the result is not what
 * the schema says, or is missing; with `ToolFailed` for a result with `isError`.
 *
 * A tool that only runs as a task is run as one, see `call` of `Tasks`.
 *
 * A schema of the server that cannot be used is logged, and nothing is held against it.
 *
 * @example
 * const tools = yield* client.listTools
 * const search = yield* ListedTool.make(tools[0], { success: Schema.Array(Hit), checkArguments: true })
 * const hits = yield* search({ q: "effect" })
 */
export const make = Effect.fnUntraced(function* <S extends Codec = typeof Schema.Unknown, F extends Codec = Schema.Never>(
  tool: Tool,
  options: Options<S, F> = {}
): Effect.fn.Return<ListedTool<S["Type"], F["Type"]>, never, McpClient> {
  const client = yield* McpClient
  const { inputSchema, name } = tool
  const target = `tool "${name}"`
  const checkArguments =
    options.checkArguments === true ? yield* checking(inputSchema, `${target}, inputSchema`, "arguments") : nothingIsWrong
  const checkResult = yield* checkingResults(tool)
  const mirrored = MirroredHeaders.find(inputSchema)
  const known: CallOptions = {
    idempotent: isRepeatable(tool),
    ...(MirroredHeaders.isFault(mirrored) || mirrored.length === 0 ? {} : { mirrored })
  }
  const read = reader(options, tool)
  return (args = {}, callOptions) => {
    const wrong = checkArguments(args)
    if (wrong !== undefined) return Effect.fail(invalidArguments(target, wrong))
    const called = Effect.flatMap(client.tasks.call(tool, args, { ...known, ...callOptions }), (result) => {
      const { structuredContent } = client.revision
      const misfit = structuredContent === "none" ? undefined : checkResult(result)
      if (misfit === undefined) return settled(name, read(result, structuredContent === "object"))
      return Effect.fail(invalidAnswer(target, `the result is not what its outputSchema says:\n${misfit}`))
    })
    return called as Effect.Effect<S["Type"], F["Type"] | McpClientError> // read by these Schemas
  }
})

/**
 * {@link make}s a function of the tool with this name, as the client's `catalogue` has it now. Fails with `InvalidArguments` when the server
 * lists none.
 *
 * @example
 * const search = yield* ListedTool.named("search", { success: Schema.Array(Hit) })
 */
export const named = Effect.fnUntraced(function* <S extends Codec = typeof Schema.Unknown, F extends Codec = Schema.Never>(
  name: string,
  options: Options<S, F> = {}
): Effect.fn.Return<ListedTool<S["Type"], F["Type"]>, McpClientError, McpClient> {
  const { catalogue } = yield* McpClient
  const { tools } = yield* SubscriptionRef.get(yield* catalogue)
  const tool = tools.find((one) => one.name === name)
  if (tool !== undefined) return yield* make(tool, options)
  const near = nearNames(
    name,
    tools.map((one) => one.name)
  )
  const others = near.length === 0 ? "" : `; it has ${near.map((one) => JSON.stringify(one)).join(" and ")}`
  return yield* invalidArguments(`tool "${name}"`, `the server lists no such tool${others}`)
})
