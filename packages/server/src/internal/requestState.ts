/**
 * What travels in `requestState`: the answers and recorded results of the rounds so far, as JSON.
 *
 * Source: "Multi Round-Trip Requests" of 2026-07-28.
 */
import { problems } from "@effect-mcp/core/Form"
import type { Question } from "@effect-mcp/core/Asking"
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { Principal } from "@effect-mcp/core/Principal"
import type { Points } from "./digest.ts"

/** A question of an earlier round. */
export interface Asked {
  readonly method: Question["method"]
  /** Tells it from other questions with the same key. */
  readonly digest: string
  /** The form that the client was shown, until it is answered. */
  readonly form?: JsonObject | undefined
  readonly answer?: JsonObject
}

/** The state after a round. */
export interface RequestState {
  /** Names this state, for servers that take each one once. */
  readonly id: string
  /** In milliseconds since 1970. */
  readonly expiresAt: number
  /** How many rounds there were. */
  readonly round: number
  /** Where digests are taken. */
  readonly points: Points
  readonly asked: ReadonlyArray<readonly [key: string, asked: Asked]>
  readonly recorded: ReadonlyArray<readonly [key: string, json: unknown]>
}

/** The JSON of a state. */
export const write = (state: RequestState): string => JSON.stringify(state)

/** The state of its JSON, which only {@link write} has written: nobody else can seal it. */
export const read = (json: string): RequestState => JSON.parse(json) as RequestState

const ofRounds = new Set(["_meta", "inputResponses", "requestState"])

// The same value gives the same text, in whatever order a client or a proxy writes it; and no two values give the same. Numbers that
// are too great for JavaScript are read as infinite, which JSON has no word for.
const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return { array: value.map(canonical) }
  if (typeof value === "number" && !Number.isFinite(value)) return { number: String(value) }
  if (!isObject(value)) return value
  const keys = Object.keys(value).toSorted()
  return keys.map((key) => [key, canonical(value[key])])
}

/** Whether a request goes on with earlier rounds. */
export const isContinued = ({ params }: { readonly params: JsonObject | undefined }): boolean =>
  params !== undefined && (params["requestState"] !== undefined || params["inputResponses"] !== undefined)

/** What a request is told by: the state of one cannot be used for another. Throws when the params are nested too deeply. */
export const bindingOf = (server: string, method: string, params: JsonObject, { issuer, subject }: Principal): string => {
  const own = Object.fromEntries(Object.entries(params).filter(([key]) => !ofRounds.has(key)))
  return JSON.stringify([server, method, issuer ?? null, subject ?? null, canonical(own)])
}

const isText = (u: unknown): boolean => typeof u === "string"

/** What is wrong with an answer, by the method of its question; `undefined` when nothing is. */
export const problemOf = ({ form, method }: Pick<Asked, "form" | "method">, answer: unknown): string | undefined => {
  if (!isObject(answer)) return "must be an object"
  switch (method) {
    case "elicitation/create": {
      const { action, content } = answer
      if (action === "decline" || action === "cancel") return undefined
      if (action !== "accept") return '`action` must be "accept", "decline" or "cancel"'
      if (form === undefined) return undefined
      // Where no field is needed, there may be no content.
      const found = problems(form, content ?? {})
      return found === undefined ? undefined : `\`content\` is not what was asked for:\n${found}`
    }
    case "sampling/createMessage": {
      const { content, model, role } = answer
      const isMessage = isText(model) && isText(role) && (isObject(content) || Array.isArray(content))
      return isMessage ? undefined : "must have `role`, `content` and `model`"
    }
    case "roots/list":
      return Array.isArray(answer["roots"]) ? undefined : "must have a list of `roots`"
  }
}
