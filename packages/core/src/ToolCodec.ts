/**
 * How the arguments and results of a tool cross the wire: what a server and a typed client make of one contract. For implementers
 * of servers and clients; programs have no need of it.
 */
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { textOf } from "./Content.ts"
import { type Codec, toMeta } from "./Contract.ts"
import { toolJsonSchema } from "./internal/jsonSchema.ts"
import { isPlain } from "./internal/plainSchema.ts"
import { explainExit, makeDecoder, makeEncoder } from "./internal/toolArguments.ts"
import { encodingAst } from "./internal/wireCodec.ts"
import { isObject, type JsonObject } from "./Jsonrpc.ts"
import * as MirroredHeaders from "./MirroredHeaders.ts"
import type { ContentBlock, TextContent } from "./protocol/Content.ts"
import type { CallToolResult, ObjectJsonSchema, Tool as Definition } from "./protocol/Tools.ts"
import { type Any, Contents, type Rendered } from "./Tool.ts"
import { UnrepresentableSchema } from "./UnrepresentableSchema.ts"
import { messageOf } from "./wire/declared.ts"
import { isWrapped, structuredKey } from "./wire/project.ts"

/** How a result is sent: not at all, as blocks of content, as a text, or as JSON with a text beside it. */
type Kind = "void" | "contents" | "text" | "structured"

const kindOf = ({ raw, render, structured, success }: Any): Kind => {
  if (success.ast === Contents.ast) return "contents"
  if (SchemaAST.isVoid(success.ast) || SchemaAST.isUndefined(success.ast)) return "void"
  if (structured === false) return "text"
  // What is shown as the schema of results is what clients hold them against.
  if (raw?.outputSchema !== undefined) return "structured"
  // A text that models read in another form is sent as it is beside that.
  return render === undefined && SchemaAST.isString(SchemaAST.toEncoded(encodingAst(success))) ? "text" : "structured"
}

/** The description of a tool as clients see it. Throws `UnrepresentableSchema` when a Schema cannot be shown. */
export const definition = (tool: Any): Definition => {
  const { annotations, description, icons, name, raw, title } = tool
  const meta = toMeta(tool)
  const where = (part: string) => `tool "${name}", ${part}`
  const isStructured = raw === undefined && kindOf(tool) === "structured"
  const output = raw?.outputSchema ?? (isStructured ? toolJsonSchema(tool.success, where("success"), "success") : undefined)
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(icons === undefined ? {} : { icons }),
    // Parameters have an object at their root: the other roots are refused.
    inputSchema: (raw?.inputSchema ?? toolJsonSchema(tool.parameters, where("parameters"), "parameters")) as ObjectJsonSchema,
    ...(output === undefined ? {} : { outputSchema: output }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(meta === undefined ? {} : { _meta: meta })
  }
}

/** Arguments that were read, or what is wrong with them, a line for each problem. */
export type Decoded = { readonly _tag: "Success"; readonly value: unknown } | { readonly _tag: "Failure"; readonly text: string }

/** What a server makes of a tool. */
export interface ServerTool {
  readonly definition: Definition
  /** Whether its results are wrapped where only objects are allowed. */
  readonly wraps: boolean
  /** The arguments that travel as headers, too; `undefined` when there are none. */
  readonly mirrored: ReadonlyArray<MirroredHeaders.Mirrored> | undefined
  readonly decodeArguments: (args: JsonObject) => Decoded
  /** The result of a handler that succeeded. Throws when it is not what the contract says. */
  readonly encodeSuccess: (value: unknown) => CallToolResult
  /** The result of a handler that failed, or `undefined` when the contract does not declare the failure. */
  readonly encodeFailure: (error: unknown) => CallToolResult | undefined
}

/** How a server treats arguments. */
export interface ServerOptions {
  /** What to do with arguments that the contract does not have, which its JSON Schema refuses. */
  readonly excess: "error" | "ignore"
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

// Instances for the reason that is given in Jsonrpc.ts.

class Text implements TextContent {
  readonly type = "text"
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

class ToolResult implements CallToolResult {
  readonly content: ReadonlyArray<ContentBlock>
  declare structuredContent?: unknown
  constructor(content: ReadonlyArray<ContentBlock>) {
    this.content = content
  }
}

const text = (value: string): ReadonlyArray<ContentBlock> => [new Text(value)]

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
  const { raw } = tool
  const validate =
    raw?.outputSchema === undefined ? undefined : raw.compile(raw.outputSchema, `tool "${tool.name}", outputSchema`)
  const isShown = kind === "structured" && (raw === undefined || validate !== undefined)
  return (value) => {
    const encoded = encode(value)
    const problems = validate?.(encoded)
    if (problems !== undefined) fail(tool, "the result is not what its `outputSchema` says", problems)
    const content =
      render === undefined ? text(typeof encoded === "string" ? encoded : JSON.stringify(encoded)) : toBlocks(render(value))
    const result = new ToolResult(content)
    if (isShown) result.structuredContent = encoded
    return result
  }
}

const encodeFailure = (tool: Any): ((error: unknown) => CallToolResult | undefined) => {
  if (SchemaAST.isNever(tool.failure.ast)) return () => undefined
  // There are clients that hold failures, too, against the schema of results.
  const hasOutput = tool.raw === undefined ? kindOf(tool) === "structured" : tool.raw.outputSchema !== undefined
  const { encode } = makeEncoder(tool.failure)
  return (error) => {
    const exit = encode(error)
    if (Exit.isFailure(exit)) return undefined
    const said = messageOf(error) ?? (typeof exit.value === "string" ? exit.value : JSON.stringify(exit.value))
    return hasOutput
      ? { content: text(said), isError: true, _meta: { [structuredKey]: exit.value } }
      : { content: text(said), isError: true, structuredContent: exit.value }
  }
}

// The names of all arguments when none of them is an object; then looking at the names is all that strictness takes.
const flatNames = ({ ast }: Codec): ReadonlySet<PropertyKey> | undefined => {
  if (ast._tag !== "Objects" || ast.encoding !== undefined || ast.indexSignatures.length > 0) return undefined
  const isScalar = (type: SchemaAST.AST): boolean =>
    type.encoding === undefined &&
    (SchemaAST.isArrays(type)
      ? [...type.elements, ...type.rest].every(isScalar)
      : SchemaAST.isUnion(type)
        ? type.types.every(isScalar)
        : ["String", "Number", "Boolean", "Null", "Undefined", "Literal"].includes(type._tag))
  const { propertySignatures } = ast
  return propertySignatures.every(({ type }) => isScalar(type)) ? new Set(propertySignatures.map(({ name }) => name)) : undefined
}

const hasOthers = (args: JsonObject, names: ReadonlySet<PropertyKey>): boolean => {
  for (const name in args) if (!names.has(name)) return true
  return false
}

const decoder = (tool: Any, { excess, lenient, onRepaired }: ServerOptions): ((args: JsonObject) => Decoded) => {
  if (tool.raw !== undefined) {
    const validate = tool.raw.compile(tool.raw.inputSchema, `tool "${tool.name}", inputSchema`)
    return (args) => {
      const problems = validate(args)
      return problems === undefined ? { _tag: "Success", value: args } : { _tag: "Failure", text: problems }
    }
  }
  const names = excess === "error" ? flatNames(tool.parameters) : undefined
  const strict = makeDecoder(tool.parameters, { lenient, excessKeys: excess })
  const quick = names === undefined ? strict : makeDecoder(tool.parameters, { lenient })
  return (args) => {
    const { decode } = names !== undefined && hasOthers(args, names) ? strict : quick
    const exit = decode(args, onRepaired)
    if (exit._tag === "Success") return exit
    return { _tag: "Failure", text: explainExit(exit, undefined, { value: args }) }
  }
}

const unsendable = (value: unknown): string | undefined => {
  try {
    JSON.stringify(value)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

// What a tool says of itself must be JSON, and so must be what it fails with.
const refuseUnsendable = (tool: Any): void => {
  const where = `tool "${tool.name}"`
  for (const member of ["meta", "icons", "annotations", "tags"] as const) {
    const fault = unsendable(tool[member])
    if (fault !== undefined) throw new UnrepresentableSchema({ where, path: member, detail: `it is not JSON: ${fault}` })
  }
  const check = (schema: Codec, what: string) => {
    const { ast } = schema
    const isEmpty = SchemaAST.isNever(ast) || SchemaAST.isVoid(ast) || SchemaAST.isUndefined(ast)
    if (!isEmpty && !isPlain(ast)) toolJsonSchema(schema, `${where}, ${what}`, "success")
  }
  check(tool.failure, "failure")
  if (tool.structured === false) check(tool.success, "success")
}

const wrapsOf = ({ outputSchema }: Definition): boolean => outputSchema !== undefined && isWrapped(outputSchema)

// Making JSON Schemas is most of what it takes to start a server, and plain ones cannot fail: they wait for the first list.
const canWait = ({ parameters, raw, success }: Any): boolean =>
  raw === undefined && parameters.ast._tag === "Objects" && isPlain(parameters.ast) && isPlain(success.ast)

const mirroredOf = (tool: Any, { inputSchema }: Definition): ServerTool["mirrored"] => {
  const found = MirroredHeaders.find(inputSchema)
  if (MirroredHeaders.isFault(found)) {
    const where = `tool "${tool.name}", ${tool.raw === undefined ? "parameters" : "inputSchema"}`
    throw new UnrepresentableSchema({ where, ...found })
  }
  return found.length === 0 ? undefined : found
}

/**
 * What a server makes of a tool. Throws `UnrepresentableSchema` when a Schema cannot be shown. What reads and writes its values is made
 * with the first call: of thousands of tools few are called.
 */
export const server = (tool: Any, options: ServerOptions): ServerTool => {
  refuseUnsendable(tool)
  let shown = canWait(tool) ? undefined : definition(tool)
  let wraps: boolean | undefined
  let decode = tool.raw === undefined ? undefined : decoder(tool, options)
  let success = tool.raw === undefined ? undefined : encodeSuccess(tool)
  let failure: ServerTool["encodeFailure"] | undefined
  // Parameters that may wait have no headers.
  const mirrored = shown === undefined ? undefined : mirroredOf(tool, shown)
  return {
    mirrored,
    get definition() {
      return (shown ??= definition(tool))
    },
    get wraps() {
      return (wraps ??= wrapsOf(this.definition))
    },
    decodeArguments: (args) => (decode ??= decoder(tool, options))(args),
    encodeSuccess: (value) => (success ??= encodeSuccess(tool))(value),
    encodeFailure: (error) => (failure ??= encodeFailure(tool))(error)
  }
}

/** What became of a call, as a typed client sees it. */
export type CallOutcome =
  | { readonly _tag: "Success"; readonly value: unknown }
  /** A failure that the contract declares. */
  | { readonly _tag: "Failure"; readonly error: unknown }
  /** An error that it does not declare, in words. */
  | { readonly _tag: "ToolError"; readonly text: string }
  /** A result that is not what the contract says. */
  | { readonly _tag: "Mismatch"; readonly detail: string }

/** Arguments that may be sent, or what is wrong with them, a line for each problem. */
export type Encoded =
  | { readonly _tag: "Success"; readonly value: JsonObject }
  | { readonly _tag: "Failure"; readonly text: string }

/** What a typed client makes of a tool. */
export interface ClientTool {
  /** The arguments that travel as headers, too; none where the contract breaks the rules for them, which servers refuse. */
  readonly mirrored: ReadonlyArray<MirroredHeaders.Mirrored> | undefined
  readonly encodeArguments: (args: unknown) => Encoded
  /** `objectsOnly`: whether structured content had to be an object in the revision that was spoken; it had not by default. */
  readonly decodeResult: (result: CallToolResult, objectsOnly?: boolean) => CallOutcome
}

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

type Decode = (u: unknown) => Exit.Exit<unknown, Schema.SchemaError>

const unwrapped = (value: unknown): unknown => (isObject(value) && Object.hasOwn(value, "result") ? value["result"] : value)

/** What was read, and of what. */
interface Reading {
  readonly exit: Exit.Exit<unknown, Schema.SchemaError>
  readonly value: unknown
}

// Servers that were not made from the contract may do it the other way.
const decodeEither = (decode: Decode, first: unknown, second: unknown): Reading => {
  const exit = decode(first)
  if (Exit.isSuccess(exit) || first === second) return { exit, value: first }
  const other = decode(second)
  return Exit.isSuccess(other) ? { exit: other, value: second } : { exit, value: first }
}

// What holds nothing but a `result` is more likely to be wrapped than to be a result that calls its only member so.
const isWrapper = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 1

const notFitting = (decode: Decode, { exit, value }: Reading): CallOutcome => {
  const nothing = "the result is not what the contract says: it has no structured content, and no JSON in its text"
  if (value === undefined) return { _tag: "Mismatch", detail: nothing }
  const inner = unwrapped(value)
  const read = inner !== value && isWrapper(value) ? { exit: decode(inner), value: inner } : { exit, value }
  return {
    _tag: "Mismatch",
    detail: `the result is not what the contract says:\n${explainExit(read.exit, "result", { value: read.value })}`
  }
}

const decodeSuccess = (tool: Any, show: () => Definition): ClientTool["decodeResult"] => {
  const kind = kindOf(tool)
  if (kind === "void") return () => ({ _tag: "Success", value: undefined })
  const decode: Decode = kind === "contents" ? Schema.decodeUnknownExit(Contents) : makeDecoder(tool.success).decode
  const isText = SchemaAST.isString(SchemaAST.toEncoded(encodingAst(tool.success)))
  const wraps = wrapsOf(show())
  const sent = (result: CallToolResult): unknown => {
    if (kind === "contents") return result.content
    if (result.structuredContent !== undefined) return result.structuredContent
    return isText ? textOf(result) : parsed(textOf(result))
  }
  return (result, objectsOnly = false) => {
    const value = sent(result)
    const inner = unwrapped(value)
    const read = wraps && objectsOnly ? decodeEither(decode, inner, value) : decodeEither(decode, value, inner)
    return Exit.isSuccess(read.exit) ? read.exit : notFitting(decode, read)
  }
}

const decodeFailure = (tool: Any): ((result: CallToolResult) => CallOutcome) => {
  const undeclared = (result: CallToolResult): CallOutcome => ({ _tag: "ToolError", text: textOf(result) })
  if (SchemaAST.isNever(tool.failure.ast)) return undeclared
  const { decode } = makeDecoder(tool.failure)
  return (result) => {
    const sent = result.structuredContent ?? result._meta?.[structuredKey]
    if (sent === undefined) return undeclared(result)
    const { exit } = decodeEither(decode, sent, unwrapped(sent))
    return Exit.isSuccess(exit) ? { _tag: "Failure", error: exit.value } : undeclared(result)
  }
}

const encodeArguments = ({ parameters }: Any): ((args: unknown) => Encoded) => {
  const { encode, explained } = makeEncoder(parameters)
  return (args) => {
    const exit = encode(args)
    if (Exit.isSuccess(exit)) return { _tag: "Success", value: exit.value as JsonObject } // parameters have an object at their root
    return { _tag: "Failure", text: explained(args) }
  }
}

/** What a typed client makes of a tool. */
export const client = (tool: Any): ClientTool => {
  let shown: Definition | undefined
  const show = () => (shown ??= definition(tool))
  const success = decodeSuccess(tool, show)
  const failure = decodeFailure(tool)
  const mirrored = MirroredHeaders.find(canWait(tool) ? {} : show().inputSchema)
  return {
    mirrored: MirroredHeaders.isFault(mirrored) || mirrored.length === 0 ? undefined : mirrored,
    encodeArguments: encodeArguments(tool),
    decodeResult: (result, objectsOnly) => (result.isError === true ? failure(result) : success(result, objectsOnly))
  }
}
