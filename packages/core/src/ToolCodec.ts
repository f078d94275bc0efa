/**
 * How the arguments and results of a tool cross the wire: what a server and a typed client make of one contract. For implementers
 * of servers and clients; programs have no need of it.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { type Codec, toMeta } from "./Contract.ts"
import { explain } from "./internal/explain.ts"
import { toolJsonSchema } from "./internal/jsonSchema.ts"
import { render as renderProblems } from "./internal/problems.ts"
import { compile } from "./internal/rawJsonSchema.ts"
import { makeDecoder, makeEncoder } from "./internal/toolArguments.ts"
import { encodingAst } from "./internal/wireCodec.ts"
import type { JsonObject } from "./Jsonrpc.ts"
import type { ContentBlock } from "./protocol/Content.ts"
import type { CallToolResult, ObjectJsonSchema, Tool as Definition } from "./protocol/Tools.ts"
import { type Any, Contents, type Rendered } from "./Tool.ts"

/** How a result is sent: not at all, as blocks of content, as a text, or as JSON with a text beside it. */
type Kind = "void" | "contents" | "text" | "structured"

const kindOf = ({ structured, success }: Any): Kind => {
  if (success.ast === Contents.ast) return "contents"
  if (SchemaAST.isVoid(success.ast) || SchemaAST.isUndefined(success.ast)) return "void"
  if (structured === false) return "text"
  return SchemaAST.isString(SchemaAST.toEncoded(encodingAst(success))) ? "text" : "structured"
}

/** The description of a tool as clients see it. Throws `UnrepresentableSchema` when a Schema cannot be shown. */
export const definition = (tool: Any): Definition => {
  const { annotations, description, icons, inputSchema, name, outputSchema, title } = tool
  const meta = toMeta(tool)
  const where = (part: string) => `tool "${name}", ${part}`
  const output =
    outputSchema ?? (kindOf(tool) === "structured" && inputSchema === undefined ? toolJsonSchema(tool.success, where("success"), "success") : undefined)
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(icons === undefined ? {} : { icons }),
    // Parameters have an object at their root: the other roots are refused.
    inputSchema: (inputSchema ?? toolJsonSchema(tool.parameters, where("parameters"), "parameters")) as ObjectJsonSchema,
    ...(output === undefined ? {} : { outputSchema: output }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(meta === undefined ? {} : { _meta: meta })
  }
}

/** Arguments that were read, or what is wrong with them, a line for each problem. */
export type Decoded =
  | { readonly _tag: "Success"; readonly value: unknown }
  | { readonly _tag: "Failure"; readonly text: string }

/** What a server makes of a tool. */
export interface ServerTool {
  readonly definition: Definition
  readonly decodeArguments: (args: JsonObject) => Decoded
  /** The result of a handler that succeeded. Throws when it is not what the contract says. */
  readonly encodeSuccess: (value: unknown) => CallToolResult
  /** The result of a handler that failed, or `undefined` when the contract does not declare the failure. */
  readonly encodeFailure: (error: unknown) => CallToolResult | undefined
}

/** How a server treats arguments. */
export interface ServerOptions {
  /** Accept JSON in a string where the Schema wants something else. */
  readonly lenient: boolean
  /** Told how many arguments came that way. */
  readonly onRepaired: (count: number) => void
}

const toBlocks = (rendered: Rendered): ReadonlyArray<ContentBlock> =>
  typeof rendered === "string"
    ? [{ type: "text", text: rendered }]
    : Array.isArray(rendered)
      ? rendered
      : [rendered as ContentBlock] // `isArray` does not narrow readonly arrays

const text = (value: string): CallToolResult => ({ content: [{ type: "text", text: value }] })

const fail = (tool: Any, what: string, cause: unknown): never => {
  throw new Error(`tool "${tool.name}": ${what}`, { cause })
}

// Encodes or throws: a handler whose result is not what its type says is a fault of the program.
const encoder = (tool: Any, schema: Codec, what: string) => {
  const { encode } = makeEncoder(schema)
  return (value: unknown): unknown => {
    const exit = encode(value)
    return Exit.isSuccess(exit) ? exit.value : fail(tool, what, exit.cause)
  }
}

const encodeSuccess = (tool: Any): ((value: unknown) => CallToolResult) => {
  const kind = kindOf(tool)
  const render = tool.render as ((success: unknown) => Rendered) | undefined // it is called with what the handler returned
  if (kind === "void") return render === undefined ? () => ({ content: [] }) : (value) => ({ content: toBlocks(render(value)) })
  // The blocks are what the Schema says by their type; encoding them would copy images for nothing.
  if (kind === "contents") return (value) => ({ content: value as ReadonlyArray<ContentBlock> })
  const encode = encoder(tool, tool.success, "the result is not what its `success` Schema says")
  const validate = tool.outputSchema === undefined ? undefined : compile(tool.outputSchema, `tool "${tool.name}", outputSchema`)
  const isShown = kind === "structured" && (tool.inputSchema === undefined || tool.outputSchema !== undefined)
  return (value) => {
    const encoded = encode(value)
    const problems = validate?.validate(encoded)
    if (problems !== undefined) fail(tool, "the result is not what its `outputSchema` says", problems)
    const content =
      render === undefined
        ? text(typeof encoded === "string" ? encoded : JSON.stringify(encoded)).content
        : toBlocks(render(value))
    return isShown ? { content, structuredContent: encoded } : { content }
  }
}

const messageOf = (error: unknown): string | undefined =>
  Predicate.hasProperty(error, "message") && typeof error.message === "string" && error.message !== ""
    ? error.message
    : undefined

const encodeFailure = (tool: Any): ((error: unknown) => CallToolResult | undefined) => {
  if (SchemaAST.isNever(tool.failure.ast)) return () => undefined
  const { encode } = makeEncoder(tool.failure)
  return (error) => {
    const exit = encode(error)
    if (Exit.isFailure(exit)) return undefined
    const said = messageOf(error) ?? (typeof exit.value === "string" ? exit.value : JSON.stringify(exit.value))
    return { ...text(said), structuredContent: exit.value, isError: true }
  }
}

const decoder = (tool: Any, { lenient, onRepaired }: ServerOptions): ((args: JsonObject) => Decoded) => {
  if (tool.inputSchema !== undefined) {
    const { validate } = compile(tool.inputSchema, `tool "${tool.name}", inputSchema`)
    return (args) => {
      const problems = validate(args)
      return problems === undefined ? { _tag: "Success", value: args } : { _tag: "Failure", text: renderProblems(problems, problems.length, "arguments") }
    }
  }
  const { decode } = makeDecoder(tool.parameters, { lenient })
  return (args) => {
    const exit = decode(args, onRepaired)
    if (exit._tag === "Success") return exit
    const error = Cause.findErrorOption(exit.cause)
    return { _tag: "Failure", text: error._tag === "Some" ? explain(error.value.issue) : "arguments cannot be read" }
  }
}

/** What a server makes of a tool. Throws `UnrepresentableSchema` when a Schema cannot be shown. */
export const server = (tool: Any, options: ServerOptions): ServerTool => ({
  definition: definition(tool),
  decodeArguments: decoder(tool, options),
  encodeSuccess: encodeSuccess(tool),
  encodeFailure: encodeFailure(tool)
})

/** What became of a call, as a typed client sees it. */
export type CallOutcome =
  | { readonly _tag: "Success"; readonly value: unknown }
  /** A failure that the contract declares. */
  | { readonly _tag: "Failure"; readonly error: unknown }
  /** An error that it does not declare, in words. */
  | { readonly _tag: "ToolError"; readonly text: string }
  /** A result that is not what the contract says. */
  | { readonly _tag: "Mismatch"; readonly detail: string }

/** What a typed client makes of a tool. */
export interface ClientTool {
  readonly encodeArguments: (args: unknown) => Exit.Exit<JsonObject, Schema.SchemaError>
  readonly decodeResult: (result: CallToolResult) => CallOutcome
}

const isObject = (u: unknown): u is JsonObject => typeof u === "object" && u !== null && !Array.isArray(u)

const textOf = ({ content }: CallToolResult): string =>
  content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n")

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

// Where only objects are allowed, any other value is the member `result` of one.
const decodeEither = <A>(decode: (u: unknown) => Exit.Exit<A, Schema.SchemaError>, value: unknown) => {
  const exit = decode(value)
  return Exit.isFailure(exit) && isObject(value) && "result" in value ? decode(value["result"]) : exit
}

const decodeSuccess = (tool: Any): ((result: CallToolResult) => CallOutcome) => {
  const kind = kindOf(tool)
  if (kind === "void") return () => ({ _tag: "Success", value: undefined })
  const decode = kind === "contents" ? Schema.decodeUnknownExit(Contents) : makeDecoder(tool.success).decode
  const isText = SchemaAST.isString(SchemaAST.toEncoded(encodingAst(tool.success)))
  const sent = (result: CallToolResult): unknown => {
    if (kind === "contents") return result.content
    if (result.structuredContent !== undefined) return result.structuredContent
    return isText ? textOf(result) : parsed(textOf(result))
  }
  return (result) => {
    const exit = decodeEither(decode, sent(result))
    return Exit.isSuccess(exit)
      ? exit
      : { _tag: "Mismatch", detail: `the result is not what the contract says: ${Cause.pretty(exit.cause)}` }
  }
}

const decodeFailure = (tool: Any): ((result: CallToolResult) => CallOutcome) => {
  const undeclared = (result: CallToolResult): CallOutcome => ({ _tag: "ToolError", text: textOf(result) })
  if (SchemaAST.isNever(tool.failure.ast)) return undeclared
  const { decode } = makeDecoder(tool.failure)
  return (result) => {
    if (result.structuredContent === undefined) return undeclared(result)
    const exit = decodeEither(decode, result.structuredContent)
    return Exit.isSuccess(exit) ? { _tag: "Failure", error: exit.value } : undeclared(result)
  }
}

/** What a typed client makes of a tool. */
export const client = (tool: Any): ClientTool => {
  const { encode } = makeEncoder(tool.parameters)
  const success = decodeSuccess(tool)
  const failure = decodeFailure(tool)
  return {
    // Parameters have an object at their root.
    encodeArguments: encode as (args: unknown) => Exit.Exit<JsonObject, Schema.SchemaError>,
    decodeResult: (result) => (result.isError === true ? failure(result) : success(result))
  }
}
