/** Who sits at a client, and its model: sees what servers ask, and answers as the test says. */
import { Inbox } from "./Inbox.ts"
import type { Json } from "./Wire.ts"

/** A question of a server. */
export interface Question {
  readonly method: string
  readonly params: Json
}

/** What the user does with a question; `signal` says that the server takes it back. */
type Answering = (question: Question, signal: AbortSignal) => Json

/** See the module. */
export class User {
  /** What was asked since the last {@link answering}. */
  asked: Array<Question> = []
  /** The visits of pages that the server called complete. */
  readonly completed = new Inbox<string>()
  private answers: Answering = () => {
    throw new Error("nobody told the user what to answer")
  }

  /** What to answer from here on. */
  answering(answers: Answering): void {
    this.asked = []
    this.answers = answers
  }

  /** Thinks until the question is taken back. */
  thinking(): { readonly asked: Promise<void>; readonly takenBack: Promise<void> } {
    const asked = Promise.withResolvers<void>()
    const takenBack = Promise.withResolvers<void>()
    this.answering((_, signal) => {
      const { promise, reject } = Promise.withResolvers<never>()
      signal.addEventListener("abort", () => {
        takenBack.resolve()
        reject(signal.reason)
      })
      asked.resolve()
      return promise
    })
    return { asked: asked.promise, takenBack: takenBack.promise }
  }

  /** Answers a question. */
  async take(method: string, params: Json, signal: AbortSignal): Promise<Json> {
    const question = { method, params: params ?? {} }
    this.asked.push(question)
    return this.answers(question, signal)
  }
}

/** The user fills in a form, or agrees to visit a page. */
export const accept = (content?: Json): Json => ({ action: "accept", ...(content === undefined ? {} : { content }) })

/** The model says something. */
export const says = (content: Json, stopReason = "endTurn"): Json => ({
  role: "assistant",
  content: typeof content === "string" ? { type: "text", text: content } : content,
  model: "small",
  stopReason
})

/** The user does not want the model to be asked. */
export const rejected: Json = { isRejected: true }
