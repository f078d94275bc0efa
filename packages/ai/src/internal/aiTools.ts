/**
 * Makes tools of `effect/ai` of contracts.
 */
import type { Codec } from "@effect-mcp/core/Contract"
import * as Tool from "@effect-mcp/core/Tool"
import * as AiTool from "effect/ai/Tool"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { toParts } from "./content.ts"
import { titleOf, toContext } from "./metadata.ts"
import { type Made, MadeFrom, originOf } from "./origin.ts"
import { asServed } from "./refuse.ts"

/**
 * Toolkits read and write with the Schema itself, and models send JSON: where the encoded form of a Schema is not JSON, its JSON codec
 * takes its place. What it decodes to is the same.
 */
const jsonOf = (schema: Codec): Schema.Top => {
  const { ast } = schema
  const asItIs = schema as Codec & Schema.Top // every Schema is one, contracts ask for less
  if (SchemaAST.isVoid(ast) || SchemaAST.isUndefined(ast) || SchemaAST.isNever(ast)) return asItIs
  const codec = Schema.toCodecJson(asItIs)
  return codec.ast === ast ? asItIs : codec
}

const parametersOf = (contract: Tool.Any): Schema.Top => {
  const { ast } = contract.parameters
  // To JSON Schema a struct without fields is anything but null, and models want an object.
  const isEmpty =
    SchemaAST.isVoid(ast) ||
    (SchemaAST.isObjects(ast) &&
      ast.encoding === undefined &&
      ast.propertySignatures.length === 0 &&
      ast.indexSignatures.length === 0)
  return isEmpty ? AiTool.EmptyParams : jsonOf(contract.parameters)
}

const modelOutputOf = (contract: Tool.Any): AiTool.Any["toModelOutput"] => {
  const render = contract.render as ((success: unknown) => Tool.Rendered) | undefined // it is called with what the handler returned
  if (render !== undefined) return (success) => toParts(render(success))
  return contract.success.ast === Tool.Contents.ast ? toParts : undefined
}

// The JSON Schema as it is, and arguments that are validated against it: a dynamic tool by itself takes anything.
const dynamicOf = (
  contract: Tool.Any,
  { compile, inputSchema }: Tool.Raw,
  options: { readonly success: Schema.Top; readonly failure: Schema.Top; readonly failureMode: AiTool.FailureMode }
): AiTool.Any => {
  const problemsOf = compile(inputSchema, `tool "${contract.name}", inputSchema`)
  const arguments_ = Schema.Record(Schema.String, Schema.Unknown).check(Schema.makeFilter((args) => problemsOf(args) ?? true))
  const tool = AiTool.dynamic(contract.name, { ...options, parameters: inputSchema })
  // A tool is its prototype and its fields.
  return Object.assign(Object.create(Object.getPrototypeOf(tool)), tool, { parametersSchema: arguments_ })
}

/** The tool of a contract: the one that the contract was made from, where it was. Throws `UnrepresentableSchema` as a server would. */
export const toAiTool = (contract: Tool.Any, failureMode: AiTool.FailureMode): AiTool.Any => {
  const origin = originOf(contract)
  if (origin !== undefined) return origin
  asServed(contract)
  const success = jsonOf(contract.success)
  const failure = jsonOf(contract.failure)
  const toModelOutput = modelOutputOf(contract)
  const options = {
    success,
    failure,
    failureMode,
    ...(contract.description === undefined ? {} : { description: contract.description }),
    ...(toModelOutput === undefined ? {} : { toModelOutput })
  }
  const tool: AiTool.Any =
    contract.raw === undefined
      ? AiTool.make(contract.name, { ...options, parameters: parametersOf(contract) })
      : dynamicOf(contract, contract.raw, options)
  const parameters = tool.parametersSchema
  const made: Made = { contract, parameters, success, failure, title: titleOf(contract), toModelOutput }
  return tool.annotateMerge(toContext(contract)).annotate(MadeFrom, made)
}
