/**
 * How a prompt is shown, its arguments read and its messages written. The wire carries texts: an argument of another type is JSON in a
 * text, and its description says so.
 */
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { toMeta } from "./Contract.ts"
import { toolJsonSchema } from "./internal/jsonSchema.ts"
import { toTexts } from "./internal/texts.ts"
import { explainExit, makeDecoder, makeEncoder } from "./internal/toolArguments.ts"
import { isObject, type JsonObject } from "./Jsonrpc.ts"
import type { Custom } from "./McpError.ts"
import type { Any, Messages } from "./Prompt.ts"
import * as PromptMessages from "./PromptMessage.ts"
import { type GetPromptResult, type Prompt as Definition, type PromptArgument, PromptMessage } from "./protocol/Prompts.ts"
import type { Decoded } from "./ToolCodec.ts"
import { type FailureDecoder, failureDecoder, failureEncoder } from "./wire/declared.ts"

// An argument that may be a text is read as one.
const mayBeText = (schema: unknown): boolean => {
  if (!isObject(schema)) return true
  const { $ref, anyOf, const: constant, enum: values, type } = schema
  if (Array.isArray(anyOf)) return anyOf.some(mayBeText)
  if (type !== undefined) return type === "string" || (Array.isArray(type) && type.includes("string"))
  if (Array.isArray(values)) return values.some((value) => typeof value === "string")
  return constant === undefined ? $ref === undefined : typeof constant === "string"
}

const argument = (name: string, schema: JsonObject, required: boolean): PromptArgument => {
  const { description, title, ...rest } = schema
  const said = typeof description === "string" ? description : undefined
  const form = rest["type"] === "string" ? undefined : `JSON: ${JSON.stringify(rest)}`
  const full = [said, form].filter((part) => part !== undefined).join("\n")
  return {
    name,
    ...(typeof title === "string" ? { title } : {}),
    ...(full === "" ? {} : { description: full }),
    ...(required ? { required } : {})
  }
}

const schemaOf = ({ name, parameters }: Any): JsonObject =>
  toolJsonSchema(parameters, `prompt "${name}", parameters`, "parameters")

const propertiesOf = ({ properties }: JsonObject): ReadonlyArray<readonly [name: string, schema: JsonObject]> =>
  isObject(properties) ? Object.entries(properties).map(([key, schema]) => [key, isObject(schema) ? schema : {}] as const) : []

const argumentsOf = (schema: JsonObject): ReadonlyArray<PromptArgument> => {
  const { required } = schema
  const needed = Array.isArray(required) ? required : []
  return propertiesOf(schema).map(([key, property]) => argument(key, property, needed.includes(key)))
}

const described = (prompt: Any, schema: JsonObject): Definition => {
  const { description, icons, name, title } = prompt
  const meta = toMeta(prompt)
  const listed = argumentsOf(schema)
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(listed.length === 0 ? {} : { arguments: listed }),
    ...(icons === undefined ? {} : { icons }),
    ...(meta === undefined ? {} : { _meta: meta })
  }
}

/** The description of a prompt as clients see it. Throws `UnrepresentableSchema` when a Schema cannot be shown. */
export const definition = (prompt: Any): Definition => described(prompt, schemaOf(prompt))

/** What a server makes of a prompt. */
export interface ServerPrompt {
  readonly definition: Definition
  readonly decodeArguments: (args: JsonObject) => Decoded
  /** The result of a handler that succeeded. Throws when it is no message. */
  readonly encodeSuccess: (messages: unknown) => GetPromptResult
  /** The failure of a handler, or `undefined` when the contract does not declare it. */
  readonly encodeFailure: (error: unknown) => Custom | undefined
}

const isMessages = Schema.is(Schema.Array(PromptMessage))

const toMessages = (prompt: Any, value: Messages): ReadonlyArray<PromptMessage> => {
  const messages = typeof value === "string" ? [PromptMessages.user(value)] : Array.isArray(value) ? value : [value]
  if (!isMessages(messages)) throw new Error(`prompt "${prompt.name}": the handler returned something that is no message`)
  return messages
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text // what is wrong with it is said when it is decoded
  }
}

// Texts as what they stand for.
const reader = (schema: JsonObject): ((args: JsonObject) => JsonObject) => {
  const json = propertiesOf(schema).flatMap(([name, property]) => (mayBeText(property) ? [] : [name]))
  if (json.length === 0) return (args) => args
  return (args) => {
    const read: { [name: string]: unknown } = { ...args }
    for (const name of json) {
      const value = read[name]
      if (typeof value === "string") read[name] = parsed(value)
    }
    return read
  }
}

/** What a server makes of a prompt. Throws `UnrepresentableSchema` when a Schema cannot be shown. */
export const server = (prompt: Any): ServerPrompt => {
  const schema = schemaOf(prompt)
  const shown = described(prompt, schema)
  const read = reader(schema)
  const decoder = makeDecoder(prompt.parameters, { lenient: true, excessKeys: "error" })
  const said = prompt.description === undefined ? {} : { description: prompt.description }
  return {
    definition: shown,
    decodeArguments: (args) => {
      const exit = decoder.decode(read(args))
      return exit._tag === "Success" ? exit : { _tag: "Failure", text: explainExit(exit) }
    },
    encodeSuccess: (messages) => ({ ...said, messages: toMessages(prompt, messages as Messages) }), // checked by `toMessages`
    encodeFailure: failureEncoder(prompt.failure)
  }
}

/** Arguments that may be sent, as texts, or what is wrong with them, a line for each problem. */
export type Encoded =
  | { readonly _tag: "Success"; readonly value: { readonly [name: string]: string } }
  | { readonly _tag: "Failure"; readonly text: string }

/** What a typed client makes of a prompt. */
export interface ClientPrompt {
  readonly encodeArguments: (args: unknown) => Encoded
  /** The declared failure in an error of the server. */
  readonly decodeFailure: FailureDecoder
}

/** What a typed client makes of a prompt. */
export const client = ({ failure, parameters }: Any): ClientPrompt => {
  const { encode, explained } = makeEncoder(parameters)
  return {
    encodeArguments: (args) => {
      const exit = encode(args)
      if (Exit.isFailure(exit)) return { _tag: "Failure", text: explained(args) }
      return { _tag: "Success", value: toTexts(exit.value) }
    },
    decodeFailure: failureDecoder(failure)
  }
}
