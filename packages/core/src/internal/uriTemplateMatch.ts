/**
 * Reads URIs by the plan of their template, in one pass.
 */
import type { Item, Plan, Sequence } from "./uriTemplatePlan.ts"
import * as Text from "./uriTemplateText.ts"

/** What the variables stand for in a URI, by index and as it is written there. */
export type Raw = Array<string | undefined>

const readParameters = (
  text: string,
  from: number,
  to: number,
  mark: string,
  names: ReadonlyMap<string, number>,
  raw: Raw
): boolean => {
  let isKnown = true
  for (let at = from; at < to;) {
    // The first character is the mark itself, or `?`.
    const next = text.indexOf(mark, at + 1)
    const end = next < 0 || next > to ? to : next
    let equals = at + 1
    while (equals < end && text.charCodeAt(equals) !== 61) equals++
    const variable = names.get(text.slice(at + 1, equals))
    if (variable === undefined) isKnown = false
    else raw[variable] ??= text.slice(equals + 1, end)
    at = end
  }
  return isKnown
}

const upTo = (position: number, to: number): number => (position < 0 || position > to ? to : position)

/** Reads items from `from` on. Returns where they end, or -1; with `isLast` they end at `to`, otherwise perhaps after it. */
const walk = (items: ReadonlyArray<Item>, text: string, from: number, to: number, isLast: boolean, raw: Raw): number => {
  let at = from
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!
    if (item._tag === "Literal") {
      if (!text.startsWith(item.text, at)) return -1
      at += item.text.length
    } else if (item._tag === "Parameters") {
      const end = upTo(text.indexOf("/", at), to)
      if (end > at && text.charCodeAt(at) !== 59) return -1
      if (!Text.isFree(text, at, end, "?#") || !readParameters(text, at, end, ";", item.names, raw)) return -1
      at = end
    } else {
      const next = items[i + 1]
      let end = to
      if (next?._tag === "Parameters") end = upTo(text.indexOf(";", at), upTo(text.indexOf("/", at), to))
      else if (next?._tag === "Literal") {
        const isAtEnd = isLast && i === items.length - 2
        end = isAtEnd ? to - next.text.length : Text.find(text, next.text, at, to, item.barrier)
      }
      if (end <= at || !Text.isFree(text, at, end, item.barrier)) return -1
      raw[item.variable] = text.slice(at, end)
      at = end
    }
  }
  return isLast && at !== to ? -1 : at
}

/** Where the items after the wide slot begin. Outside of the part, when there are too few slashes. */
const beginOfAfter = ({ after, lead, slashes }: Sequence, text: string, to: number): number => {
  const [first] = after
  if (first?._tag !== "Literal") return to
  if (after.length === 1) return to - first.text.length
  let at = to
  for (let i = 0; i < slashes; i++) at = text.lastIndexOf("/", at - 1)
  return at - lead
}

const readSequence = (sequence: Sequence, text: string, from: number, to: number, raw: Raw): boolean => {
  const { after, before, wide } = sequence
  const at = walk(before, text, from, to, wide === undefined, raw)
  if (at < 0 || wide === undefined) return at >= 0
  const end = beginOfAfter(sequence, text, to)
  if (end <= at || !Text.isFree(text, at, end, wide.barrier)) return false
  raw[wide.variable] = text.slice(at, end)
  return walk(after, text, end, to, true, raw) >= 0
}

/**
 * Reads a normalized URI, or is `undefined` when it is none of the template. Each character is looked at a number of times that the
 * template alone decides.
 */
export const read = (plan: Plan, text: string): Raw | undefined => {
  const raw: Raw = new Array(plan.variables.length)
  let end = text.length
  if (plan.fragment !== undefined) {
    const hash = text.indexOf("#")
    if (hash < 0 || !readSequence(plan.fragment, text, hash + 1, end, raw)) return undefined
    end = hash
  }
  let pathEnd = end
  let parametersAt = end
  if (plan.query !== undefined) {
    pathEnd = text.indexOf("?")
    if (pathEnd < 0 || pathEnd >= end) return undefined
    if (plan.parameters !== undefined) {
      parametersAt = pathEnd
      for (let i = 0; i <= plan.ampersands; i++) parametersAt = upTo(text.indexOf("&", parametersAt + 1), end)
    }
    if (!readSequence(plan.query, text, pathEnd + 1, parametersAt, raw)) return undefined
  } else if (plan.parameters !== undefined) {
    pathEnd = upTo(text.indexOf(plan.parameters.begin), end)
    parametersAt = pathEnd
  }
  if (plan.parameters !== undefined) {
    if (!Text.isFree(text, parametersAt, end, "#")) return undefined
    readParameters(text, parametersAt, end, "&", plan.parameters.names, raw)
  }
  return readSequence(plan.path, text, 0, pathEnd, raw) ? raw : undefined
}

/** Why a value is refused, or `undefined`. `raw` is as it was written, `value` what it stands for. */
export const refusal = (raw: string, value: string, inPath: boolean, isUnsafe: boolean): string | undefined => {
  if (value.includes("\0")) return "it contains NUL"
  if (isUnsafe) return undefined
  if (/(?:^|[\\/])\.\.?(?:$|[\\/])/.test(value)) return "it has a segment `.` or `..`"
  if (!inPath) return undefined
  if (/^[\\/]/.test(value)) return "it begins with a slash or backslash"
  if (/^[A-Za-z]:/.test(value)) return "it begins with a drive letter"
  if (/%2F|%5C/.test(raw)) return "it has a slash or backslash inside of a segment"
  return undefined
}
