/**
 * Answers what a task of the extension asks: each question once, by the handlers of the client, as long as somebody watches the task.
 *
 * Source: SEP-2663, `inputRequests` and `tasks/update`.
 */
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { InvalidAnswer, McpClientError } from "../McpClientError.ts"
import { maxQuestions } from "./questions.ts"
import type { TaskPeer } from "./taskPeer.ts"

/** So many questions may one task ask. */
export const maxKeys = 1000

const tooMany = (limit: string) =>
  new McpClientError({ reason: new InvalidAnswer({ method: "tasks/get", detail: `the task asks more than ${limit}` }) })

/** See the module. */
export class TaskAnswers {
  /** Those that are answered, or about to be. */
  private readonly known = new Map<string, Fiber.Fiber<void, McpClientError> | undefined>()
  private readonly id: string
  private readonly peer: TaskPeer
  private readonly failed: (error: McpClientError) => void

  /** `failed` is told of a question that cannot be answered. */
  constructor(id: string, peer: TaskPeer, failed: (error: McpClientError) => void) {
    this.id = id
    this.peer = peer
    this.failed = failed
  }

  /** Answers what is new among these. */
  take(requests: unknown): void {
    if (!isObject(requests)) return
    const entries = Object.entries(requests)
    if (entries.length > maxQuestions) return this.failed(tooMany(`${maxQuestions} questions at once`))
    for (const [key, request] of entries) {
      if (this.known.has(key)) continue
      if (this.known.size >= maxKeys) return this.failed(tooMany(`${maxKeys} questions`))
      this.answer(key, request)
    }
  }

  /** Nobody watches any more: who is asked now is asked again by the next one who does. */
  stop(): void {
    for (const [key, fiber] of this.known) {
      if (fiber === undefined) continue
      this.known.delete(key)
      fiber.interruptUnsafe()
    }
  }

  private answer(key: string, request: unknown): void {
    this.known.set(key, undefined)
    const answered = Effect.flatMap(this.peer.question(key, request), (answer) => this.send(key, answer))
    const fiber = this.peer.runFork(answered)
    this.known.set(key, fiber)
    fiber.addObserver((exit) => {
      if (this.known.get(key) !== fiber) return
      this.known.set(key, undefined)
      const error = Exit.findErrorOption(exit)
      if (Option.isSome(error)) this.refused(key, error.value)
      // It was given up, not answered: the next state asks again.
      else if (Exit.isFailure(exit)) this.known.delete(key)
    })
  }

  private send(key: string, answer: JsonObject): Effect.Effect<void, McpClientError> {
    // The server ignores what it has: so it may be sent again.
    const params = { taskId: this.id, inputResponses: { [key]: answer } }
    return Effect.asVoid(this.peer.request("tasks/update", params, { retry: true }))
  }

  private refused(key: string, error: McpClientError): void {
    this.known.delete(key)
    const { _tag } = error.reason
    // The next state asks again for what did not get through.
    if (_tag !== "TimedOut" && _tag !== "RateLimited" && _tag !== "CircuitOpen") this.failed(error)
  }
}
