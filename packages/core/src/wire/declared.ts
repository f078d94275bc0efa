/**
 * Failures that a contract declares, where a result has no place for them: they travel as an error of the application's own, in `data`
 * of which a typed client finds them again.
 */
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import * as SchemaAST from "effect/SchemaAST"
import type { Codec } from "../Contract.ts"
import { makeDecoder, makeEncoder } from "../internal/toolArguments.ts"
import { isObject } from "../Jsonrpc.ts"
import { Custom } from "../McpError.ts"
import { structuredKey } from "./project.ts"

/** The code of declared failures of resources and prompts. JSON-RPC leaves it to applications. */
export const declaredCode = 1

/** What a failure says of itself. */
export const messageOf = (error: unknown): string | undefined =>
  Predicate.hasProperty(error, "message") && typeof error.message === "string" && error.message !== "" ? error.message : undefined

/** Writes the failures of a Schema; gives `undefined` for what it does not declare. */
export const failureEncoder = (failure: Codec): ((error: unknown) => Custom | undefined) => {
  if (SchemaAST.isNever(failure.ast)) return () => undefined
  const { encode } = makeEncoder(failure)
  return (error) => {
    const exit = encode(error)
    if (Exit.isFailure(exit)) return undefined
    const detail = messageOf(error) ?? (typeof exit.value === "string" ? exit.value : JSON.stringify(exit.value))
    return new Custom({ code: declaredCode, detail, data: { [structuredKey]: exit.value } })
  }
}

/** A failure that a contract declares, read again. */
export interface Declared {
  readonly failure: unknown
}

/** Reads the failures of a Schema from the `data` of an error; gives `undefined` for other errors. */
export type FailureDecoder = (code: number, data: unknown) => Declared | undefined

/** See {@link FailureDecoder}. */
export const failureDecoder = (failure: Codec): FailureDecoder => {
  if (SchemaAST.isNever(failure.ast)) return () => undefined
  const { decode } = makeDecoder(failure)
  return (code, data) => {
    if (code !== declaredCode || !isObject(data) || data[structuredKey] === undefined) return undefined
    const exit = decode(data[structuredKey])
    return Exit.isSuccess(exit) ? { failure: exit.value } : undefined
  }
}
