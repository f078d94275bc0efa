/**
 * Makes contracts of tools of `effect/ai`.
 */
import type { Codec } from "@effect-mcp/core/Contract"
import * as JsonSchemaTool from "@effect-mcp/core/JsonSchemaTool"
import * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import * as AiTool from "effect/ai/Tool"
import * as Context from "effect/Context"
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { Inexpressible } from "../Inexpressible.ts"
import { toBlock } from "./content.ts"
import { toMetadata } from "./metadata.ts"
import { type Made, MadeFrom, OriginId } from "./origin.ts"
import { asServed } from "./refuse.ts"

/** Who asks the user about tools that need approval. */
export type Approval = "refuse" | "host"

const refuse = (tool: AiTool.Any, detail: string): never => {
  throw new Inexpressible({ where: `tool "${tool.name}"`, detail })
}

const check = (tool: AiTool.Any, approval: Approval): void => {
  if (AiTool.isProviderDefined(tool)) {
    refuse(tool, "it is defined by a model's provider, which describes it to its models itself; MCP has nothing to show for it")
  }
  if (tool.needsApproval !== undefined && tool.needsApproval !== false && approval === "refuse") {
    refuse(
      tool,
      'it needs approval, which MCP leaves to the host: say `approval: "host"` where the host may be trusted to ask its user'
    )
  }
}

// The Schema that a contract had, unless another one was set since.
const before = (now: Schema.Constraint, made: Schema.Constraint | undefined, contract: Codec | undefined): Codec =>
  now === made && contract !== undefined ? contract : (now as Codec) // `ToolkitGroup.make` asks for Schemas that need no services

/** What results look like, of a tool that was made from a contract and still returns the same. */
const presentation = (
  tool: AiTool.Any,
  made: Made | undefined
): Pick<Tool.Options<Codec, Codec, Codec>, "render" | "structured" | "timeout"> => {
  const timeout = made?.contract.timeout
  const { toModelOutput } = tool
  const isSame = tool.successSchema === made?.success && toModelOutput === made?.toModelOutput
  const render = isSame
    ? (made?.contract.render as ((success: unknown) => Tool.Rendered) | undefined) // it is called with what the handler returned
    : toModelOutput === undefined
      ? undefined
      : (success: unknown) => toModelOutput(success).map(toBlock)
  const structured = isSame ? made?.contract.structured : undefined
  return {
    ...(timeout === undefined ? {} : { timeout }),
    ...(render === undefined ? {} : { render }),
    ...(structured === undefined ? {} : { structured })
  }
}

const isAnything = ({ ast }: Schema.Constraint) => SchemaAST.isUnknown(ast) || SchemaAST.isAny(ast)

// The JSON Schema that a contract shows for such results.
const outputSchemaOf = (tool: AiTool.Any, success: Codec) =>
  isAnything(success) ? undefined : ToolCodec.definition(Tool.make<string, {}, Codec>(tool.name, { success })).outputSchema

const dynamicOf = (tool: AiTool.Any, made: Made | undefined, options: Omit<Tool.Options<{}, Codec, Codec>, "parameters">) => {
  const inputSchema = (AiTool.isDynamic(tool) ? tool.jsonSchema : undefined) ?? { type: "object" }
  const success = options.success as Codec // it is always given
  const isSame = tool.successSchema === made?.success
  const outputSchema = isSame ? made?.contract.raw?.outputSchema : outputSchemaOf(tool, success)
  return JsonSchemaTool.make<string, Codec, Codec>(tool.name, {
    ...options,
    inputSchema,
    ...(outputSchema === undefined ? {} : { outputSchema })
  })
}

// A tool that is described by JSON Schema, or takes whatever it gets: an object, since MCP has no other arguments.
const isDynamic = (tool: AiTool.Any): boolean =>
  AiTool.isDynamic(tool) && (tool.jsonSchema !== undefined || isAnything(tool.parametersSchema))

/**
 * The contract of a tool. It remembers the tool. Throws {@link Inexpressible} for what MCP has no words for, and `UnrepresentableSchema`
 * for a Schema that cannot be shown.
 */
export const toContract = (tool: AiTool.Any, approval: Approval): Tool.Any => {
  check(tool, approval)
  const made = Context.getOrUndefined(tool.annotations, MadeFrom)
  const options = {
    ...toMetadata(tool, made),
    ...presentation(tool, made),
    success: before(tool.successSchema, made?.success, made?.contract.success),
    failure: before(tool.failureSchema, made?.failure, made?.contract.failure)
  }
  const parameters = before(tool.parametersSchema, made?.parameters, made?.contract.parameters)
  const contract: Tool.Any = isDynamic(tool)
    ? dynamicOf(tool, made, options)
    : Tool.make<string, Codec, Codec, Codec>(tool.name, { ...options, parameters })
  asServed(contract)
  // A tool is its prototype and its fields.
  return Object.assign(Object.create(Object.getPrototypeOf(contract)), contract, { [OriginId]: tool })
}
