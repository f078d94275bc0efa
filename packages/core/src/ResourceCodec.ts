/**
 * How a resource is shown, the variables of its URI read and its contents written. A text is a text, bytes are a blob, anything else is
 * JSON in a text.
 */
import * as Cause from "effect/Cause"
import * as Base64 from "effect/encoding/Base64"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { type Fields, toMeta } from "./Contract.ts"
import { toTexts } from "./internal/texts.ts"
import { explainExit, makeDecoder, makeEncoder } from "./internal/toolArguments.ts"
import { encodingAst } from "./internal/wireCodec.ts"
import type { JsonObject } from "./Jsonrpc.ts"
import type { Custom } from "./McpError.ts"
import type { ResourceContents } from "./protocol/Content.ts"
import type { ReadResourceResult, Resource as Definition, ResourceTemplate } from "./protocol/Resources.ts"
import { type Any, Contents } from "./Resource.ts"
import type { Decoded } from "./ToolCodec.ts"
import type * as UriTemplate from "./UriTemplate.ts"
import { type FailureDecoder, failureDecoder, failureEncoder } from "./wire/declared.ts"

type Kind = "contents" | "bytes" | "text" | "json"

const kindOf = ({ success }: Any): Kind => {
  if (success.ast === Contents.ast) return "contents"
  if (success.ast === Schema.Uint8Array.ast) return "bytes"
  return SchemaAST.isString(SchemaAST.toEncoded(encodingAst(success))) ? "text" : "json"
}

const mimeTypes = {
  contents: undefined,
  bytes: "application/octet-stream",
  text: "text/plain",
  json: "application/json"
} as const

const mimeTypeOf = (resource: Any): string | undefined => resource.mimeType ?? mimeTypes[kindOf(resource)]

const described = (resource: Any) => {
  const { annotations, description, icons, name, title } = resource
  const mimeType = mimeTypeOf(resource)
  const meta = toMeta(resource)
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(icons === undefined ? {} : { icons }),
    ...(meta === undefined ? {} : { _meta: meta })
  }
}

/** The description of a resource at a fixed URI, as clients see it. */
export const definition = (resource: Any): Definition => ({
  uri: resource.uri,
  ...described(resource),
  ...(resource.size === undefined ? {} : { size: resource.size })
})

/** The description of the resources of a template, as clients see it. */
export const templateDefinition = (resource: Any): ResourceTemplate => ({ uriTemplate: resource.uri, ...described(resource) })

// The variables of a template as a struct: those without a Schema are texts.
const variablesOf = ({ parameters }: Any, template: UriTemplate.UriTemplate): Schema.Struct<Fields> =>
  Schema.Struct(
    Object.fromEntries(
      template.variables.map(({ name, optional }) => {
        const schema = parameters[name] ?? Schema.String
        return [name, optional ? Schema.optionalKey(schema) : schema]
      })
    )
  )

/** What a server makes of a resource. */
export interface ServerResource {
  /** Reads the variables of its URI; there are none for a fixed one. */
  readonly decodeVariables: (values: JsonObject) => Decoded
  /** The result of a handler that succeeded, for the URI that was asked for. Throws when it is not what the contract says. */
  readonly encodeSuccess: (value: unknown, uri: string) => ReadResourceResult
  /** The failure of a handler, or `undefined` when the contract does not declare it. */
  readonly encodeFailure: (error: unknown) => Custom | undefined
}

const isContents = Schema.is(Contents)

const encodeSuccess = (resource: Any): ServerResource["encodeSuccess"] => {
  const kind = kindOf(resource)
  const mimeType = mimeTypeOf(resource)
  const said = mimeType === undefined ? {} : { mimeType }
  const fail = (cause: unknown): never => {
    throw new Error(`resource "${resource.name}": what was read is not what its \`success\` Schema says`, { cause })
  }
  if (kind === "contents") return (value) => (isContents(value) ? { contents: value } : fail(value))
  if (kind === "bytes") {
    return (value, uri) =>
      value instanceof Uint8Array ? { contents: [{ uri, ...said, blob: Base64.encode(value) }] } : fail(value)
  }
  const { encode } = makeEncoder(resource.success)
  return (value, uri) => {
    const exit = encode(value)
    if (Exit.isFailure(exit)) return fail(exit.cause)
    const text = kind === "text" ? String(exit.value) : JSON.stringify(exit.value)
    return { contents: [{ uri, ...said, text }] }
  }
}

/** What a server makes of a resource. */
export const server = (resource: Any): ServerResource => {
  const { template } = resource
  const decoder = template === undefined ? undefined : makeDecoder(variablesOf(resource, template), { lenient: true })
  return {
    decodeVariables: (values) => {
      if (decoder === undefined) return { _tag: "Success", value: undefined }
      const exit = decoder.decode(values)
      return exit._tag === "Success" ? exit : { _tag: "Failure", text: explainExit(exit) }
    },
    encodeSuccess: encodeSuccess(resource),
    encodeFailure: failureEncoder(resource.failure)
  }
}

/** A URI that can be asked for, or what is wrong with its variables, a line for each problem. */
export type Encoded = { readonly _tag: "Success"; readonly uri: string } | { readonly _tag: "Failure"; readonly text: string }

/** What a typed client makes of a resource. */
export interface ClientResource {
  readonly encodeUri: (args: unknown) => Encoded
  readonly decodeResult: (result: ReadResourceResult) => Exit.Exit<unknown, string>
  /** The declared failure in an error of the server. */
  readonly decodeFailure: FailureDecoder
}

/** Makes URIs of variables: what a typed client asks for. */
export const encodeUri = (resource: Any): ClientResource["encodeUri"] => {
  const { template } = resource
  if (template === undefined) return () => ({ _tag: "Success", uri: resource.uri })
  const { encode, explained } = makeEncoder(variablesOf(resource, template))
  return (args) => {
    const exit = encode(args as never) // what is no record of variables is explained
    if (Exit.isFailure(exit)) return { _tag: "Failure", text: explained(args as never) } // as above
    return { _tag: "Success", uri: template.expand(toTexts(exit.value)) }
  }
}

const bytesOf = (item: ResourceContents): Uint8Array | undefined => {
  if (!("blob" in item)) return undefined
  const decoded = Base64.decode(item.blob)
  return Result.isSuccess(decoded) ? decoded.success : undefined
}

const decodeResult = (resource: Any): ClientResource["decodeResult"] => {
  const kind = kindOf(resource)
  if (kind === "contents")
    return ({ contents }) => (isContents(contents) ? Exit.succeed(contents) : Exit.fail("its contents are malformed"))
  const { decode } = makeDecoder(resource.success)
  return ({ contents }) => {
    const [item] = contents
    if (item === undefined) return Exit.fail("it has no contents")
    if (kind === "bytes") {
      const bytes = bytesOf(item)
      return bytes === undefined ? Exit.fail("it is no blob of base64") : Exit.succeed(bytes)
    }
    if (!("text" in item)) return Exit.fail("it is no text")
    let value: unknown = item.text
    if (kind === "json") {
      try {
        value = JSON.parse(item.text)
      } catch {
        return Exit.fail("its text is no JSON")
      }
    }
    const exit = decode(value)
    return Exit.isSuccess(exit)
      ? Exit.succeed(exit.value)
      : Exit.fail(`it is not what the contract says: ${Cause.pretty(exit.cause)}`)
  }
}

/** What a typed client makes of a resource. */
export const client = (resource: Any): ClientResource => ({
  encodeUri: encodeUri(resource),
  decodeResult: decodeResult(resource),
  decodeFailure: failureDecoder(resource.failure)
})
