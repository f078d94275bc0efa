/**
 * The questions of a server that are requests of their own, in the session era: each runs in a fiber of its own and gets exactly one
 * answer, or none when the server takes it back.
 */
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Cause from "effect/Cause"
import type { Read } from "./answering.ts"
import type { Answer } from "./responder.ts"

/** As many questions may be open at once; more are refused. */
export const maxQuestions = 100

type QuestionFiber = Fiber.Fiber<Jsonrpc.JsonObject, Jsonrpc.ErrorObject>

const unanswered: Jsonrpc.ErrorObject = { code: Jsonrpc.ErrorCode.InternalError, message: "the client failed to answer" }

/** See the module. */
export class Questions {
  private readonly open = new Map<Jsonrpc.RequestId, QuestionFiber>()
  /** Also of those that were taken back and are not over yet. */
  private readonly fibers = new Set<QuestionFiber>()
  private readonly read: Read
  private readonly runFork: (answer: Answer) => QuestionFiber
  private readonly reply: (response: Jsonrpc.Response) => void
  private readonly onClosed: () => void

  /** `onClosed` is told each time a question is answered or taken back. */
  constructor(
    read: Read,
    runFork: (answer: Answer) => QuestionFiber,
    reply: (response: Jsonrpc.Response) => void,
    onClosed: () => void
  ) {
    this.read = read
    this.runFork = runFork
    this.reply = reply
    this.onClosed = onClosed
  }

  /** Whether the server waits for an answer. */
  get isOpen(): boolean {
    return this.open.size > 0
  }

  /** Takes a question. */
  take({ id, method, params }: Jsonrpc.Request): void {
    const refuse = (code: number, message: string) => this.reply(Jsonrpc.failure(id, { code, message }))
    if (this.open.has(id)) return refuse(Jsonrpc.ErrorCode.InvalidRequest, "Invalid Request: the id is in use")
    const read = this.read(method, params)
    if (Result.isFailure(read)) return this.reply(Jsonrpc.failure(id, read.failure))
    if (this.fibers.size >= maxQuestions) {
      return refuse(Jsonrpc.ErrorCode.InternalError, `the client answers at most ${maxQuestions} requests at once`)
    }
    const fiber = this.runFork(read.success)
    this.open.set(id, fiber)
    this.fibers.add(fiber)
    fiber.addObserver((exit) => {
      this.fibers.delete(fiber)
      if (this.open.get(id) !== fiber) return
      this.close(id)
      if (Exit.isSuccess(exit)) return this.reply(Jsonrpc.reply(id, JSON.stringify(exit.value)))
      this.reply(
        Jsonrpc.failure(
          id,
          Option.getOrElse(Cause.findErrorOption(exit.cause), () => unanswered)
        )
      )
    })
  }

  /** The server takes a question back; false when there is none. */
  cancel(id: Jsonrpc.RequestId): boolean {
    const fiber = this.open.get(id)
    if (fiber === undefined) return false
    this.close(id)
    fiber.interruptUnsafe()
    return true
  }

  private close(id: Jsonrpc.RequestId): void {
    this.open.delete(id)
    this.onClosed()
  }

  /** Ends all questions: nobody waits for an answer. */
  stop(): void {
    const { isOpen } = this
    this.open.clear()
    if (isOpen) this.onClosed()
    for (const fiber of this.fibers) fiber.interruptUnsafe()
  }

  /** Ends all questions and waits until they are over. */
  readonly end: Effect.Effect<void> = Effect.suspend(() => {
    this.open.clear()
    return Fiber.interruptAll(this.fibers)
  })
}
