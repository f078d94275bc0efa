/** Whole conversations before the judges of `schemas.ts`. */
import { readFileSync } from "node:fs"
import { assert, it } from "vitest"
import { type Judge, official, type Side, zod } from "./schemas.ts"
import type { Entry, Json } from "./Wire.ts"

/**
 * Where a schema demands what cannot be: an answer to a message whose id cannot be read has none. The texts since 2025-03-26 say so
 * ("an error response that has no `id`"), the schemas do not; the text of 2024-11-05 says nothing, and silence would hide the mistake.
 */
const idless: ReadonlyArray<string> = ["2024-11-05", "2025-03-26", "2025-06-18"]

/** Who judges: what they are called, and the judge of a revision. */
export const judges: { readonly [name: string]: (version: string) => Judge } = {
  "the schemas of @modelcontextprotocol/core": zod,
  "the JSON Schema": (version) => official(version, "open"),
  "the JSON Schema, closed": (version) => official(version, "closed")
}

// What stands for a result when the server wants to know something first.
const isQuestion = (result: Json): boolean => result.resultType === "input_required"

const resultOf = (judge: Judge, request: string, result: Json): string => {
  const name = isQuestion(result) ? "InputRequiredResult" : request.replace(/Request$/, "Result")
  const exists = judge.problems(name, result).every((problem) => !problem.startsWith("there is no"))
  return exists ? name : "EmptyResult"
}

const specificErrors: { readonly [code: number]: string } = {
  [-32021]: "MissingRequiredClientCapabilityError",
  [-32022]: "UnsupportedProtocolVersionError"
}

const judgeOne = (judge: Judge, message: Json, requests: ReadonlyMap<unknown, string>): ReadonlyArray<string> => {
  const whole = judge.problems("JSONRPCMessage", message)
  if (whole.length > 0) return whole
  if (message.method !== undefined) {
    const name = judge.nameOf(message.method)
    if (name === undefined) return [`there is no ${message.method} in this revision`]
    const { id: _, jsonrpc: __, ...rest } = message
    return judge.problems(name, judge.isWhole ? message : rest)
  }
  if (message.error !== undefined) {
    const name = specificErrors[message.error.code]
    const specific = name === undefined ? [] : judge.problems(name, message)
    return [...judge.problems(judge.failure, message), ...specific.filter((problem) => !problem.startsWith("there is no"))]
  }
  const request = judge.nameOf(requests.get(message.id)!)
  if (request === undefined) return ["it answers nothing that this revision has"]
  return judge.problems(resultOf(judge, request, message.result), message.result)
}

/** The messages of one side, those of batches one by one. */
const messagesOf = (transcript: ReadonlyArray<Entry>, side: Side): ReadonlyArray<Json> =>
  transcript.flatMap(({ from, message }) => (from !== side ? [] : Array.isArray(message) ? message : [message]))

/** What is wrong with what one side wrote, message by message. */
export const problemsOf = (
  judge: Judge,
  transcript: ReadonlyArray<Entry>,
  side: Side,
  version: string
): ReadonlyArray<string> => {
  const requests = new Map(
    messagesOf(transcript, side === "client" ? "server" : "client").flatMap(({ id, method }) =>
      id === undefined || method === undefined ? [] : [[id, method] as const]
    )
  )
  return messagesOf(transcript, side)
    .filter((message) => !(message.error !== undefined && message.id === undefined && idless.includes(version)))
    .flatMap((message) => {
      const problems = judgeOne(judge, message, requests)
      return problems.length === 0 ? [] : [`${problems.join("; ")}: ${JSON.stringify(message)}`]
    })
}

/** A test for each judge: whether it finds nothing wrong with what one side wrote. */
export const judged = (version: string, transcript: () => ReadonlyArray<Entry>, side: Side) => {
  for (const [name, judge] of Object.entries(judges)) {
    it(`${name}`, () => assert.deepStrictEqual(problemsOf(judge(version), transcript(), side, version), []))
  }
}

/** What `fixtures/tee.ts` wrote down. */
export const transcriptOf = (file: string): ReadonlyArray<Entry> =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { from, line: text } = JSON.parse(line)
      return { from, message: JSON.parse(text) }
    })
