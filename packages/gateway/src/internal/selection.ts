/**
 * Which tools of a server are offered, and as what.
 */
import type { Selection } from "../ServerSpec.ts"

/** Whether a name fits a pattern, in which `*` stands for any text. The time is linear in the length of both. */
export const matches = (pattern: string, name: string): boolean => {
  const [first = "", ...rest] = pattern.split("*")
  const last = rest.pop()
  if (last === undefined) return name === first
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false
  const end = name.length - last.length
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found === -1 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

/** Whether a tool of that name is offered. */
export const offers = ({ exclude = [], include }: Selection, name: string): boolean =>
  (include === undefined || include.some((pattern) => matches(pattern, name))) &&
  !exclude.some((pattern) => matches(pattern, name))

/** What a tool is called, before prefixes; `marked` when that is, or may become, the new name of another one. */
export interface Named {
  readonly as: string | undefined
  readonly marked: boolean
}

/** Says what tools are called. What nobody renamed gives way to what was renamed, whether that is there or not. */
export const naming = ({ rename = {} }: Selection): ((name: string) => Named) => {
  const renamed = new Map(Object.entries(rename))
  const targets = Map.groupBy(renamed, ([, target]) => target)
  return (name) => {
    const as = renamed.get(name)
    const others = (targets.get(as ?? name) ?? []).filter(([from]) => from !== name)
    return { as, marked: others.length > 0 }
  }
}
