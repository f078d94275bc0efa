/**
 * Answers of the request era that stand in for the result proper: the server wants something first. Its questions are answered, and
 * the request is repeated with the answers and with the server's state, which nobody looks into.
 *
 * Source: basic/patterns/mrtr of 2026-07-28.
 */
import { type ErrorObject, ErrorCode, isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import { requestRows } from "@effect-mcp/core/protocol/Table"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { InvalidAnswer, McpClientError, TooManyRounds, Unanswered } from "../McpClientError.ts"
import type { Read } from "./answering.ts"
import { maxQuestions } from "./questions.ts"
import type { Answer } from "./responder.ts"
import { shownType } from "./resultType.ts"

const mayAsk: ReadonlySet<string> = new Set(requestRows.filter(({ inputRequired }) => inputRequired).map(({ method }) => method))

// A server that only wants the request again is given some time.
const pause = Effect.sleep("250 millis")

const invalid = (method: string, detail: string) => new McpClientError({ reason: new InvalidAnswer({ method, detail }) })

/** One question of a round. */
interface Question {
  readonly key: string
  readonly method: string
  readonly answer: Answer
}

/** What the server wants. */
interface Wanted {
  readonly questions: ReadonlyArray<Question>
  /** Whether the next round has answers, even if there are none. */
  readonly hasQuestions: boolean
  readonly state: string | undefined
}

/** See the module. */
export class Rounds {
  private readonly read: Read
  private readonly maxRounds: number

  /** At most `maxRounds` times a request is repeated. */
  constructor(read: Read, maxRounds: number) {
    this.read = read
    this.maxRounds = maxRounds
  }

  /** What the next round has in its params besides those of the first one. `round` counts those that were answered before. */
  next(method: string, result: JsonObject, round: number): Effect.Effect<JsonObject, McpClientError> {
    const wanted = this.wanted(method, result, round)
    if (wanted instanceof McpClientError) return Effect.fail(wanted)
    const { hasQuestions, questions, state } = wanted
    const again = (answers: ReadonlyArray<readonly [key: string, answer: JsonObject]>): JsonObject => ({
      ...(hasQuestions ? { inputResponses: Object.fromEntries(answers) } : {}),
      ...(state === undefined ? {} : { requestState: state })
    })
    if (questions.length === 0) return Effect.as(pause, again([]))
    const asked = Effect.forEach(
      questions,
      (question) =>
        Effect.mapBoth(question.answer, {
          onSuccess: (answer) => [question.key, answer] as const,
          onFailure: (error) => unanswered(method, question.key, question.method, error)
        }),
      { concurrency: "unbounded" }
    )
    return Effect.map(asked, again)
  }

  // Everything is looked at before anybody is asked: nobody should answer in vain.
  private wanted(method: string, result: JsonObject, round: number): Wanted | McpClientError {
    const { inputRequests, requestState, resultType } = result
    if (resultType !== "input_required") return invalid(method, `its result type is not known: ${shownType(resultType)}`)
    if (!mayAsk.has(method)) return invalid(method, "it asks for input, which only tools, prompts and resources may do")
    if (inputRequests === undefined && requestState === undefined) return invalid(method, "it asks for input, but not for which")
    if (requestState !== undefined && typeof requestState !== "string") return invalid(method, "its `requestState` is no string")
    if (inputRequests !== undefined && !isObject(inputRequests)) return invalid(method, "its `inputRequests` is no object")
    const entries = Object.entries(inputRequests ?? {})
    if (entries.length > maxQuestions) return invalid(method, `it asks more than ${maxQuestions} questions at once`)
    if (!(round < this.maxRounds)) return new McpClientError({ reason: new TooManyRounds({ method, rounds: round }) })
    const questions: Array<Question> = []
    for (const [key, request] of entries) {
      const question = this.question(method, key, request)
      if (question instanceof McpClientError) return question
      questions.push(question)
    }
    return { questions, hasQuestions: inputRequests !== undefined, state: requestState }
  }

  /** The answer to one question that does not come with a round, but with a task. */
  answer(method: string, key: string, request: unknown): Effect.Effect<JsonObject, McpClientError> {
    const question = this.question(method, key, request)
    if (question instanceof McpClientError) return Effect.fail(question)
    return Effect.mapError(question.answer, (error) => unanswered(method, key, question.method, error))
  }

  private question(method: string, key: string, request: unknown): Question | McpClientError {
    const asked = isObject(request) ? request["method"] : undefined
    const params = isObject(request) ? (request["params"] ?? undefined) : undefined // `null` is read as absent
    if (typeof asked !== "string" || (params !== undefined && !isObject(params))) {
      const error = {
        code: ErrorCode.InvalidRequest,
        message: "Invalid Request: expected a method, and params that are an object"
      }
      return unanswered(method, key, typeof asked === "string" ? asked : "no method", error)
    }
    const read = this.read(asked, params)
    if (Result.isFailure(read)) return unanswered(method, key, asked, read.failure)
    return { key, method: asked, answer: read.success }
  }
}

const unanswered = (method: string, key: string, question: string, { code, message }: ErrorObject) =>
  new McpClientError({ reason: new Unanswered({ method, key, question, code, detail: message }) })
