/**
 * Tools: functions that a model may call.
 *
 * A tool is a contract and a group of one: serve it alone with {@link Tool.toLayer}, or put it into an `McpGroup`.
 *
 * Source: "Tools" in the server features of every revision.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { AskingError } from "./Asking.ts"
import { type Codec, type Fields, type Metadata, type SchemaOf, toSchema } from "./Contract.ts"
import * as Handlers from "./Handlers.ts"
import type { JsonObject } from "./Jsonrpc.ts"
import * as Name from "./Name.ts"
import { ContentBlock } from "./protocol/Content.ts"
import type { ToolAnnotations } from "./protocol/Tools.ts"
import type { RequestServices } from "./RequestContext.ts"
import * as Task from "./Task.ts"
import type * as ToolStep from "./ToolStep.ts"

export { header } from "./MirroredHeaders.ts"
export { progress, result, type Returned, type Step } from "./ToolStep.ts"

const TypeId = "~effect-mcp/core/Tool"

/** What a result looks like to a model: a text, a block, or several blocks. */
export type Rendered = string | ContentBlock | ReadonlyArray<ContentBlock>

/** JSON Schemas that were not made from Effect Schemas, and what checks values against them. */
export interface Raw {
  readonly inputSchema: JsonObject
  readonly outputSchema: JsonObject | undefined
  /** Prepares a check that says what is wrong with a value. Throws `UnrepresentableSchema` for a schema that cannot be used. */
  readonly compile: (schema: JsonObject, where: string) => (value: unknown) => string | undefined
}

/** Any tool, whatever its types. */
export interface Any extends Metadata {
  readonly [TypeId]: typeof TypeId
  readonly _tag: "Tool"
  readonly name: string
  readonly parameters: Codec
  readonly success: Codec
  readonly failure: Codec
  readonly annotations: ToolAnnotations | undefined
  readonly timeout: Duration.Input | undefined
  readonly structured: boolean | undefined
  /** How its calls become tasks; `undefined` when they do not. */
  readonly task: Task.Options | undefined
  /** The JSON Schemas of a tool that is described by them, see `JsonSchemaTool.ts`. */
  readonly raw: Raw | undefined
  /** Erased: it is called with what the handler returned. */
  readonly render: ((success: never) => Rendered) | undefined
}

/** A tool named `Name` that takes `P`, returns `S` and may fail with `F`. */
export interface Tool<Name extends string, P extends Codec, S extends Codec, F extends Codec> extends Any {
  readonly name: Name
  readonly parameters: P
  readonly success: S
  readonly failure: F
  /** The id of the group of one that it is. */
  readonly id: Handlers.ToolId<Name>
  readonly "~group": {
    readonly id: Handlers.ToolId<Name>
    readonly contracts: Tool<Name, P, S, F>
    readonly middleware: never
  }
  /**
   * Implements the tool: a function from its arguments to an Effect, or an Effect that makes one. In place of an Effect it may return a
   * Stream of progress and the result, see {@link Returned}. The services that it uses become requirements of the layer, apart from
   * those that every request brings along.
   */
  readonly toLayer: <Result extends ToolStep.Returned<S["Type"], F["Type"] | AskingError>, EX = never, RX = never>(
    handler: ((args: P["Type"]) => Result) | Effect.Effect<(args: P["Type"]) => Result, EX, RX>
  ) => Layer.Layer<
    Handlers.Handlers<Handlers.ToolId<Name>>,
    EX,
    Exclude<RX, Scope.Scope> | Exclude<ToolStep.Services<Result>, RequestServices>
  >
}

/** What a tool takes. */
export type Args<T extends Any> = T["parameters"]["Type"]
/** What a tool returns. */
export type Success<T extends Any> = T["success"]["Type"]
/** What a tool may fail with. */
export type Failure<T extends Any> = T["failure"]["Type"]

/** How a tool is described. */
export interface Options<P extends Codec | Fields, S extends Codec, F extends Codec> extends Metadata {
  /** The arguments: the fields of a struct, or a Schema whose JSON form is an object. None by default. */
  readonly parameters?: P
  /**
   * The result. `outputSchema` and `structuredContent` follow from it, unless it is a text (then it is the text block), `Void` (no
   * content) or {@link Contents} (the blocks are the result). `Void` by default.
   */
  readonly success?: S
  /** What the tool may fail with; it reaches a typed client's error channel. `Never` by default. */
  readonly failure?: F
  /** Hints for hosts; never trusted. */
  readonly annotations?: ToolAnnotations
  /** How long a call may run before it is interrupted, in place of the server's `toolTimeout`, and of its `tasks.timeout` for a task. */
  readonly timeout?: Duration.Input
  /** Whether calls may be tasks, for clients that take them, see `Task.ts`. They are not by default. */
  readonly task?: Task.Support | Task.Options
  /** The text that a model reads in place of the JSON of the result. */
  readonly render?: (success: S["Type"]) => Rendered
  /**
   * False: `success` is sent as the text of its JSON alone, without `outputSchema` and `structuredContent`. Does not go together with
   * `render`, whose text a typed client could not read.
   */
  readonly structured?: boolean
}

/** Blocks of content as the result of a tool: texts, images, audio, links to resources and embedded resources. */
export const Contents = Schema.Array(ContentBlock).annotate({ identifier: "Contents" })

const Proto = {
  [TypeId]: TypeId,
  _tag: "Tool",
  toLayer(this: Any, handler: unknown) {
    return Handlers.layerOne(Handlers.toolId(this.name), this, handler)
  }
} as const

const build = (name: string, fields: Omit<Any, "name" | "_tag" | typeof TypeId>): unknown => {
  const fault = Name.fault(name)
  if (fault !== undefined) throw new Error(`Tool name: ${fault}`)
  return Object.assign(Object.create(Proto), fields, { name, id: Handlers.toolId(name) })
}

const metadataOf = (options: Metadata): Metadata => ({
  ...(options.title === undefined ? {} : { title: options.title }),
  ...(options.description === undefined ? {} : { description: options.description }),
  ...(options.icons === undefined ? {} : { icons: options.icons }),
  ...(options.tags === undefined ? {} : { tags: options.tags }),
  ...(options.version === undefined ? {} : { version: options.version }),
  ...(options.meta === undefined ? {} : { meta: options.meta })
})

/**
 * Describes a tool. Throws when the name is not valid, which the compiler also says; a Schema that JSON Schema cannot express is
 * refused when a server or a client is made from the tool.
 *
 * @example
 * const Add = Tool.make("add", {
 *   description: "Adds two numbers",
 *   parameters: { a: Schema.Finite, b: Schema.Finite },
 *   success: Schema.Finite
 * })
 */
export const make = <
  const Name extends string,
  P extends Codec | Fields = {},
  S extends Codec = Schema.Void,
  F extends Codec = Schema.Never
>(
  name: Name.Valid<Name>,
  options: Options<P, S, F> = {}
): Tool<Name, SchemaOf<P>, S, F> => {
  if (options.structured === false && options.render !== undefined) {
    throw new Error(`Tool "${name}": \`structured: false\` and \`render\` do not go together`)
  }
  if (options.render !== undefined && options.success?.ast === Contents.ast) {
    throw new Error(`Tool "${name}": \`render\` has nothing to do where \`success\` is \`Tool.Contents\``)
  }
  return build(name, {
    ...metadataOf(options),
    parameters: toSchema(options.parameters),
    success: options.success ?? Schema.Void,
    failure: options.failure ?? Schema.Never,
    annotations: options.annotations,
    timeout: options.timeout,
    structured: options.structured,
    task: options.task === undefined ? undefined : Task.options(options.task),
    raw: undefined,
    render: options.render
  }) as Tool<Name, SchemaOf<P>, S, F> // `build` erases what the signature promises
}

/** True for tools. */
export const isTool = (u: unknown): u is Any => Predicate.hasProperty(u, TypeId)
