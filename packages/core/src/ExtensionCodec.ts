/**
 * How the messages of an extension cross the wire: what a server and a typed client make of its contract. For implementers of servers
 * and clients; programs have no need of it.
 */
import * as Exit from "effect/Exit"
import * as SchemaAST from "effect/SchemaAST"
import type { Codec } from "./Contract.ts"
import type { Message } from "./ExtensionMessage.ts"
import { explainExit, makeDecoder, makeEncoder } from "./internal/toolArguments.ts"
import { encodingAst, lastEncoding } from "./internal/wireCodec.ts"
import type { JsonObject } from "./Jsonrpc.ts"
import type { Decoded } from "./ToolCodec.ts"

/** Whether values of a Schema are objects on the wire. What only a value can tell is taken for one, and looked at when it comes. */
const isObjectOnWire = (ast: SchemaAST.AST): boolean => {
  const last = lastEncoding(ast)
  if (SchemaAST.isUnion(last)) return last.types.every(isObjectOnWire)
  return SchemaAST.isObjects(last) || last._tag === "Suspend" || last._tag === "Unknown" || last._tag === "Any"
}

const isNothing = (ast: SchemaAST.AST): boolean => SchemaAST.isVoid(ast) || SchemaAST.isUndefined(ast)

const hasMember = (ast: SchemaAST.AST, name: string): boolean => {
  const last = lastEncoding(ast)
  if (SchemaAST.isUnion(last)) return last.types.some((type) => hasMember(type, name))
  return SchemaAST.isObjects(last) && last.propertySignatures.some((property) => property.name === name)
}

/**
 * What is wrong with a Schema as that of a whole message, or `undefined`: params and results are objects, and some of their members
 * belong to the protocol.
 */
export const messageFault = (schema: Codec, reserved: ReadonlyArray<string>): string | undefined => {
  if (isNothing(schema.ast)) return undefined
  const ast = encodingAst(schema)
  if (!isObjectOnWire(ast)) return "its JSON form must be an object"
  const taken = reserved.find((name) => hasMember(ast, name))
  return taken === undefined ? undefined : `the member \`${taken}\` belongs to the protocol`
}

/** The members of params, and of events, that belong to the protocol. */
export const reservedInParams: ReadonlyArray<string> = ["_meta"]
/** The members of results that belong to the protocol. */
export const reservedInResults: ReadonlyArray<string> = ["_meta", "resultType"]

/** Reads a message, or says what is wrong with it, a line for each problem. */
export type Reader = (message: JsonObject) => Decoded

/** How a server treats params. */
export interface ReaderOptions {
  /** What to do with members that the contract does not have. */
  readonly excess?: "error" | "ignore"
  /** Accept JSON in a string where the Schema wants something else. */
  readonly lenient?: boolean
}

/** Reads messages of a Schema. */
export const reader = (schema: Codec, { excess = "ignore", lenient = false }: ReaderOptions = {}): Reader => {
  const { decode } = makeDecoder(schema, { excessKeys: excess, lenient })
  return (message) => {
    const exit = decode(message)
    return exit._tag === "Success" ? exit : { _tag: "Failure", text: explainExit(exit) }
  }
}

/** A message that may be sent, or what is wrong with it, a line for each problem. */
export type Encoded =
  | { readonly _tag: "Success"; readonly value: JsonObject }
  | { readonly _tag: "Failure"; readonly text: string }

/** Writes a message, or says what is wrong with it. */
export type Writer = (value: unknown) => Encoded

const nothing: Encoded = { _tag: "Success", value: {} }

/**
 * Writes messages of a Schema. Members with `reserved` names are refused here, too: of a record, only the value tells that it has them.
 */
export const writer = (schema: Codec, reserved: ReadonlyArray<string> = []): Writer => {
  if (isNothing(schema.ast)) return () => nothing
  const { encode, explained } = makeEncoder(schema)
  return (value) => {
    const exit = encode(value)
    if (Exit.isFailure(exit)) return { _tag: "Failure", text: explained(value) }
    if (typeof exit.value !== "object" || exit.value === null || Array.isArray(exit.value)) {
      return { _tag: "Failure", text: "it is no object" }
    }
    const written = exit.value as JsonObject // looked at above
    const taken = reserved.find((name) => Object.hasOwn(written, name))
    return taken === undefined
      ? { _tag: "Success", value: written }
      : { _tag: "Failure", text: `the member \`${taken}\` belongs to the protocol` }
  }
}

/** Writes an event. Throws when it is not what the contract says: that is a fault of the program. */
export type EventWriter = (method: string, params: unknown) => JsonObject

/** Writes the events of an extension. */
export const eventWriter = (extension: {
  readonly id: string
  readonly events: { readonly [method: string]: Message }
}): EventWriter => {
  const writers = new Map<string, Writer>()
  return (method, params) => {
    const event = extension.events[method]
    if (event === undefined) throw new Error(`extension "${extension.id}" has no event "${method}"`)
    const write = writers.get(method) ?? writer(event.params, reservedInParams)
    writers.set(method, write)
    const encoded = write(params ?? {})
    if (encoded._tag === "Success") return encoded.value
    throw new Error(`extension "${extension.id}": the event "${method}" is not what its Schema says:\n${encoded.text}`)
  }
}

/** The settings with which a side declares an extension, as JSON. Throws when they are not what the contract says, or no JSON. */
export const encodeSettings = (
  extension: { readonly id: string; readonly settings: Codec; readonly clientSettings: Codec },
  side: "settings" | "clientSettings",
  value: unknown
): JsonObject => {
  const encoded = writer(extension[side])(value)
  if (encoded._tag === "Success") {
    try {
      JSON.stringify(encoded.value)
    } catch (cause) {
      throw new Error(`extension "${extension.id}": its ${side} are no JSON`, { cause })
    }
    return encoded.value
  }
  throw new Error(`extension "${extension.id}": its ${side} are not what their Schema says:\n${encoded.text}`)
}
