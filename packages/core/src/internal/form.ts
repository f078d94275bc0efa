/**
 * Forms made from Schemas: what the wire shows of them, and what an answer means.
 */
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { type Codec, type Fields, type SchemaOf, toSchema } from "../Contract.ts"
import { filled, problems } from "../Form.ts"
import { isObject, type JsonObject } from "../Jsonrpc.ts"
import type { FormSchema } from "../protocol/Elicitation.ts"
import type { Revision } from "../Revision.ts"
import { UnrepresentableSchema } from "../UnrepresentableSchema.ts"
import { toFormSchema } from "./formFields.ts"
import { type Outcome, projectForm } from "./formProjection.ts"
import { toolJsonSchema } from "./jsonSchema.ts"
import { explainExit, makeDecoder } from "./toolArguments.ts"
import { decodingAst, lastEncoding, representationId } from "./wireCodec.ts"

export type { Outcome } from "./formProjection.ts"

/** What a form asks for: an object for fields, the value itself for a scalar, nothing for a confirmation. */
export type Answer<S extends Codec | Fields | undefined> = S extends Codec | Fields ? SchemaOf<S>["Type"] : void

/** A form that asks for an `A`. */
export interface Form<A> {
  /** What it asks for, with all that any revision can say. */
  readonly schema: FormSchema
  /** What it asks for in the words of a revision; fails when the revision has no words for it. */
  readonly requestedSchema: (revision: Revision) => Outcome<JsonObject>
  /**
   * What the content of an answer means. Fields that were left out have their defaults; no content is content without fields. A failure
   * says everything that is wrong, a line for each problem with path, what was expected and what was received.
   */
  readonly decode: (content: unknown) => Outcome<A>
}

/** The name of the field that asks for a scalar. */
const wrapped = "value"

/**
 * Makes a form from the fields of a struct, a Schema whose wire form is an object, a scalar (shown as one field `value`), or nothing
 * (a confirmation: the answer has no content).
 *
 * A field with a default may be left out. Constraints that a form cannot say (patterns, multiples, filters over several fields) are
 * only checked when the answer is decoded. Lengths are shown as they were written: Effect counts an emoji twice and the wire once, so an
 * answer with emojis may be too long for the Schema alone.
 *
 * Throws {@link UnrepresentableSchema} for what a form cannot ask for, and for secrets. `where` names the form in it.
 */
export const make = <S extends Codec | Fields | undefined = undefined>(schema?: S, where = "form"): Form<Answer<S>> => {
  const codec: Codec = schema === undefined ? Schema.Void : toSchema(schema)
  const isWrapped = !isFields(codec)
  const struct: Codec = isWrapped ? wrap(codec, where) : codec
  const form = toFormSchema(toolJsonSchema(struct, where, "parameters"), where)
  checkFields(struct, form, where)
  const decoder = makeDecoder(struct, { excessKeys: "error" })
  return {
    schema: form,
    requestedSchema: (revision) => projectForm(form, revision),
    decode(content) {
      const given = content ?? {}
      const input = isObject(given) ? filled(form, given) : given
      const exit = decoder.decode(input)
      if (Exit.isFailure(exit)) return { _tag: "Failure", text: explainExit(exit, "content", { value: input }) }
      // A Schema may accept more than its form says: "NaN", or any text where the format is an annotation.
      const text = problems(form, input)
      if (text !== undefined) return { _tag: "Failure", text }
      const value: unknown = isWrapped ? (exit.value as JsonObject)[wrapped] : exit.value // it is the struct made by `wrap`
      return { _tag: "Success", value: value as Answer<S> } // `toSchema` and `wrap` have kept the type
    }
  }
}

const isEmpty = ({ ast }: Codec): boolean => ast.encoding === undefined && (SchemaAST.isVoid(ast) || SchemaAST.isUndefined(ast))

const isFields = (schema: Codec): boolean => isEmpty(schema) || lastEncoding(schema.ast)._tag === "Objects"

const wrap = (schema: Codec, where: string): Codec => {
  if (!SchemaAST.isOptional(schema.ast)) return Schema.Struct({ [wrapped]: schema })
  const detail = "a value that is asked for by itself cannot be an optional key: write Schema.UndefinedOr(...)"
  throw new UnrepresentableSchema({ where, path: "", detail })
}

// What the JSON Schema of a struct does not tell: which fields are secret, and whether a default is one for the Schema, too.
const checkFields = (struct: Codec, form: FormSchema, where: string): void => {
  const wire = lastEncoding(decodingAst(struct))
  for (const { name, type } of wire._tag === "Objects" ? wire.propertySignatures : []) {
    const path = String(name)
    const refuse = (detail: string): never => {
      throw new UnrepresentableSchema({ where, path, detail })
    }
    if (isRedacted(type)) refuse("it is redacted, but a form never asks for secrets: send the user to a page that does")
    const value = Object.hasOwn(form.properties, path) ? form.properties[path]?.default : undefined
    if (value === undefined) continue
    const exit = makeDecoder(Schema.make<Codec>(type)).decode(value)
    if (Exit.isFailure(exit)) refuse(`its default is not what the Schema accepts: ${explainExit(exit, "it", { value })}`)
  }
}

const isRedacted = (ast: SchemaAST.AST): boolean =>
  (SchemaAST.isDeclaration(ast) && representationId(ast.annotations) === "effect/schema/Redacted") ||
  (SchemaAST.isUnion(ast) && ast.types.some(isRedacted)) ||
  (ast.encoding ?? []).some(({ to }) => isRedacted(to))
