/**
 * Tools described by JSON Schema, for descriptions that are not made from Effect Schemas: those of another program, a document, a
 * user. A module of its own, so that only who needs it loads a validator.
 */
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { Codec } from "./Contract.ts"
import type { JsonObject } from "./Jsonrpc.ts"
import * as JsonSchemaValidator from "./JsonSchemaValidator.ts"
import type * as Name from "./Name.ts"
import * as Tool from "./Tool.ts"

/** The arguments of such a tool: an object that its `inputSchema` accepts. */
export const Arguments = Schema.Record(Schema.String, Schema.Unknown)

/** How a tool is described. */
export interface Options<S extends Codec, F extends Codec> extends Omit<Tool.Options<typeof Arguments, S, F>, "parameters"> {
  /** JSON Schema of the arguments, an object at its root. Shown as it is; arguments are validated against it. */
  readonly inputSchema: JsonObject
  /** JSON Schema of the result. Results are validated against it; `success` says what the handler returns, JSON by default. */
  readonly outputSchema?: JsonObject
}

const check: Tool.Raw["compile"] = (schema, where) => {
  const validate = JsonSchemaValidator.make(schema, where)
  return (value) => validate(value, "arguments")
}

/**
 * Describes a tool by JSON Schema. Dialect 2020-12 unless `$schema` says otherwise (2019-09, draft-07). Keywords reach the client
 * unchanged. References to other documents are refused when a server is built from the tool; they are never fetched.
 *
 * Throws when an `outputSchema` goes with a result that has no structured content, or `render` comes without one.
 *
 * @example
 * const Search = JsonSchemaTool.make("search", {
 *   inputSchema: { type: "object", properties: { q: { type: "string" } }, required: ["q"] },
 *   success: Schema.String
 * })
 */
export const make = <const Name extends string, S extends Codec = typeof Schema.Json, F extends Codec = Schema.Never>(
  name: Name.Valid<Name>,
  options: Options<S, F>
): Tool.Tool<Name, typeof Arguments, S, F> => {
  const { inputSchema, outputSchema, ...rest } = options
  const success: Codec = rest.success ?? Schema.Json
  const isBare = success.ast === Tool.Contents.ast || SchemaAST.isVoid(success.ast) || rest.structured === false
  if (outputSchema !== undefined && isBare) {
    throw new Error(`Tool "${name}": an \`outputSchema\` needs a structured result, but \`success\` says that there is none`)
  }
  if (outputSchema === undefined && rest.render !== undefined && !isBare) {
    throw new Error(`Tool "${name}": \`render\` needs an \`outputSchema\`, or a typed client could not read the result`)
  }
  const tool: Tool.Any = Tool.make<string, typeof Arguments, Codec, Codec>(name, {
    ...rest,
    parameters: Arguments,
    success,
    failure: rest.failure ?? Schema.Never
  })
  const raw: Tool.Raw = { inputSchema, outputSchema, compile: check }
  // A tool is its prototype and its fields.
  return Object.assign(Object.create(Object.getPrototypeOf(tool)), tool, { raw })
}
