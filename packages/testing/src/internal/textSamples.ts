/**
 * Texts for JSON Schemas: with formats, patterns and lengths.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Random } from "./random.ts"

const formats: { readonly [format: string]: string } = {
  date: "2026-01-31",
  "date-time": "2026-01-31T12:00:00Z",
  time: "12:00:00Z",
  duration: "PT1H",
  email: "ada@example.com",
  "idn-email": "ada@example.com",
  hostname: "example.com",
  "idn-hostname": "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  uri: "https://example.com/",
  "uri-reference": "/path",
  iri: "https://example.com/",
  "iri-reference": "/path",
  "uri-template": "https://example.com/{id}",
  uuid: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
  "json-pointer": "/a",
  "relative-json-pointer": "0",
  regex: "^a$"
}

const words = ["a", "two words", "Zoë 🎈", "0", "UPPER", "<b>&amp;</b>", "line\nbreak", '"quoted"', "../up", "' OR 1=1 --"]

// Longer texts than that are not made, whatever the Schema wants.
const maxLength = 10_000

const integer = (u: unknown): number | undefined => (Number.isSafeInteger(u) ? (u as number) : undefined)

const fitted = (text: string, { maxLength: most, minLength: least }: JsonObject): string => {
  const points = Array.from(text)
  while (points.length < Math.min(maxLength, integer(least) ?? 0)) points.push("x")
  return points.slice(0, Math.min(maxLength, integer(most) ?? maxLength)).join("")
}

// A text for a pattern takes a time that grows with the square of its length.
const maxPatterned = 2000

// So long a text has to be, or longer: what groups repeat multiplies, everything else adds up.
const leastLength = (pattern: string): number => {
  let sum = 0
  let times = 1
  for (const [, before, least] of pattern.matchAll(/(.)\{(\d+)/gsu)) {
    if (before === ")") times *= Math.max(1, Number(least))
    else sum += Number(least)
  }
  return times * Math.max(1, sum)
}

// Effect makes texts for the patterns that it understands. Sampling is a plain computation: nothing in it waits.
const patterned = (pattern: string, schema: JsonObject, random: Random): string | undefined => {
  try {
    const least = integer(schema["minLength"])
    const most = integer(schema["maxLength"])
    let text: Schema.Codec<string> = Schema.String.check(Schema.isPattern(new RegExp(pattern, "u")))
    if (least !== undefined) text = text.check(Schema.isMinLength(least))
    if (most !== undefined) text = text.check(Schema.isMaxLength(most))
    const options = { count: 1, size: 8, maxDiscards: 200, seed: random.integer(0, 1_000_000) }
    return Effect.runSync(Arbitrary.sampleEffect(Arbitrary.schema(text), options))[0]
  } catch {
    return undefined // it is an odd pattern, or none
  }
}

/** A text; its name, fitted to its lengths, where nothing else is said. */
export const sampleText = (schema: JsonObject, name: string, random: Random, isRandom: boolean): string => {
  const { format, pattern } = schema
  if (typeof pattern === "string" && leastLength(pattern) <= maxPatterned) {
    const made = patterned(pattern, schema, random)
    if (made !== undefined) return made
  }
  const known = typeof format === "string" && Object.hasOwn(formats, format) ? formats[format] : undefined
  return known ?? fitted(isRandom ? random.pick(words)! : name, schema) // there are words
}
