/**
 * Prompts: messages that a user picks and fills in.
 *
 * Source: "Prompts" in the server features of every revision.
 */
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type Codec, type Fields, type Metadata, type SchemaOf, toSchema } from "./Contract.ts"
import * as Handlers from "./Handlers.ts"
import * as Name from "./Name.ts"
import type { AskingError } from "./Asking.ts"
import type { McpError } from "./McpError.ts"
import type { PromptMessage } from "./protocol/Prompts.ts"
import type { RequestServices } from "./RequestContext.ts"

const TypeId = "~effect-mcp/core/Prompt"

/** What a prompt's handler returns: one message of the user as a text, one message, or several. */
export type Messages = string | PromptMessage | ReadonlyArray<PromptMessage>

/** Any prompt, whatever its types. */
export interface Any extends Metadata {
  readonly [TypeId]: typeof TypeId
  readonly _tag: "Prompt"
  readonly name: string
  readonly parameters: Codec
  readonly failure: Codec
}

/** A prompt named `Name` that takes `P` and may fail with `F`. */
export interface Prompt<Name extends string, P extends Codec, F extends Codec> extends Any {
  readonly name: Name
  readonly parameters: P
  readonly failure: F
  /** The id of the group of one that it is. */
  readonly id: Handlers.PromptId<Name>
  readonly "~group": {
    readonly id: Handlers.PromptId<Name>
    readonly contracts: Prompt<Name, P, F>
    readonly middleware: never
  }
  /**
   * Implements the prompt: a function from its arguments to an Effect of {@link Messages}, or an Effect that makes one. It may fail with
   * an `McpError`, too.
   */
  readonly toLayer: <R = never, EX = never, RX = never>(
    handler:
      | ((args: P["Type"]) => Effect.Effect<Messages, F["Type"] | McpError | AskingError, R>)
      | Effect.Effect<(args: P["Type"]) => Effect.Effect<Messages, F["Type"] | McpError | AskingError, R>, EX, RX>
  ) => Layer.Layer<Handlers.Handlers<Handlers.PromptId<Name>>, EX, Exclude<RX, Scope.Scope> | Exclude<R, RequestServices>>
}

/** What a prompt takes. */
export type Args<T extends Any> = T["parameters"]["Type"]
/** What a prompt may fail with. */
export type Failure<T extends Any> = T["failure"]["Type"]

/** How a prompt is described. */
export interface Options<P extends Codec | Fields, F extends Codec> extends Metadata {
  /** The arguments: the fields of a struct, or a struct. None by default. The wire carries texts; other types are read as JSON. */
  readonly parameters?: P
  /** What the prompt may fail with. `Never` by default. */
  readonly failure?: F
}

const Proto = {
  [TypeId]: TypeId,
  _tag: "Prompt",
  toLayer(this: Any, handler: unknown) {
    return Handlers.layerOne(Handlers.promptId(this.name), this, handler)
  }
} as const

/** Describes a prompt. Throws when the name is not valid. */
export const make = <const Name extends string, P extends Codec | Fields = {}, F extends Codec = Schema.Never>(
  name: Name.Valid<Name>,
  options: Options<P, F> = {}
): Prompt<Name, SchemaOf<P>, F> => {
  const fault = Name.fault(name)
  if (fault !== undefined) throw new Error(`Prompt name: ${fault}`)
  return Object.assign(Object.create(Proto), options, {
    name,
    id: Handlers.promptId(name),
    parameters: toSchema(options.parameters),
    failure: options.failure ?? Schema.Never
  })
}

/** True for prompts. */
export const isPrompt = (u: unknown): u is Any => Predicate.hasProperty(u, TypeId)
