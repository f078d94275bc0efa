/**
 * Values as texts, where the wire has no other: arguments of prompts and variables of URIs.
 */
import { isObject } from "../Jsonrpc.ts"

/** Texts as they are, other values as JSON; what is `undefined` is left out. */
export const toTexts = (values: unknown): { readonly [name: string]: string } =>
  Object.fromEntries(
    Object.entries(isObject(values) ? values : {}).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === "string" ? value : JSON.stringify(value)] as const]
    )
  )
