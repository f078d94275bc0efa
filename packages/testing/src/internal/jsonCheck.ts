/**
 * Checks values against JSON Schemas, and makes values that pass.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import * as JsonSchemaValidator from "@effect-mcp/core/JsonSchemaValidator"
import { type Mode, Sampler } from "./jsonSamples.ts"
import { Random } from "./random.ts"

/** Says what is wrong with a value; or why no value can be checked. */
export type Checker =
  | { readonly _tag: "Usable"; readonly problemsOf: JsonSchemaValidator.Validate }
  | { readonly _tag: "Unusable"; readonly why: string }

/** A check of values. `where` names the Schema. */
export const checker = (schema: JsonObject, where: string): Checker => {
  try {
    return { _tag: "Usable", problemsOf: JsonSchemaValidator.make(schema, where) }
  } catch (error) {
    return { _tag: "Unusable", why: error instanceof Error ? error.message : String(error) }
  }
}

/** Values that a Schema accepts. */
export interface Candidates {
  readonly values: ReadonlyArray<unknown>
  /** Why there are fewer than wanted: what was wrong with the last one, or with the Schema. */
  readonly problem: string | undefined
}

const tries = 25
// In milliseconds, of the clock on the wall: what takes its time computes, and lets nobody interrupt it.
const defaultPatience = 2000

const modeOf = (variant: number, attempt: number): Mode => {
  if (attempt > 0) return "any"
  return variant === 0 ? "least" : variant === 1 ? "most" : "any"
}

/**
 * Up to so many different values: the first has nothing that is optional, the second all of it, the others some. Schemas that cannot be
 * checked get values all the same. After `patience` nothing more is tried.
 */
export const candidates = (
  schema: JsonObject,
  where: string,
  variants: number,
  seed: string,
  patience = defaultPatience
): Candidates => {
  const check = checker(schema, where)
  const random = new Random(seed)
  const found = new Map<string, unknown>()
  let problem = check._tag === "Unusable" ? check.why : undefined
  const end = performance.now() + patience
  for (let variant = 0; variant < variants; variant++) {
    for (let attempt = 0; attempt < tries && (variant + attempt === 0 || performance.now() < end); attempt++) {
      const value = new Sampler(schema, random, modeOf(variant, attempt)).value()
      const wrong = check._tag === "Usable" ? check.problemsOf(value) : undefined
      if (wrong === undefined) {
        const json = JSON.stringify(value)
        if (!found.has(json)) {
          found.set(json, value)
          break
        }
      } else problem = wrong
    }
  }
  return { values: [...found.values()], problem: found.size === 0 || check._tag === "Unusable" ? problem : undefined }
}
