/**
 * How one request asks. In a session the question is a request to the client, and the handler waits. In the request era the question
 * ends the round: what was answered and recorded is kept, and the client's next request goes on from there. In a task the handler waits
 * again, and the answer comes with `tasks/update`.
 */
import { AskingFailed, type Asking, type Question, Unsupported } from "@effect-mcp/core/Asking"
import { Recording } from "@effect-mcp/core/Recording"
import type { Emit } from "@effect-mcp/core/Dispatcher"
import { type JsonObject, notification } from "@effect-mcp/core/Jsonrpc"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { digest as digestAt, draw, type Points } from "./digest.ts"
import { type Client, missingFor } from "./missing.ts"
import { problemOf, type RequestState } from "./requestState.ts"

/** As many questions as one request may ask. */
export const maxQuestions = 100

// A handler that asks the same thing again and again gets the same answer again and again.
const maxRepeats = 1000

/** The request that asks. */
export interface Asker extends Client {
  readonly method: string
  /** Whether it may be answered with questions. */
  readonly asks: boolean
  readonly emit: Emit
  /** False once it was answered. */
  readonly isOpen: boolean
  readonly peer: {
    readonly push: Emit
    /** `key` is the question's. */
    readonly ask: (emit: Emit, method: string, params: JsonObject, key: string) => Effect.Effect<JsonObject, AskingFailed>
  }
  /** Its time stands still until it goes on. */
  readonly pause: () => void
  readonly resume: () => Effect.Effect<void>
  /** Ends it with the questions that are open, unless it has ended. */
  readonly endRound: () => void
}

type Answer = Effect.Effect<JsonObject, Unsupported | AskingFailed>

class Put {
  readonly method: Question["method"]
  readonly digest: string
  form: JsonObject | undefined
  answer: JsonObject | undefined
  /** How often it was asked in this round. */
  times = 0
  /** By what the client knows a page to which it sent the user, where it knows it by something. */
  elicitationId: string | undefined
  /** In this round, and not answered yet: what to ask. */
  question: Question | undefined
  /** Done when a question in a session is over, however. */
  over: Deferred.Deferred<void> | undefined

  constructor(method: Question["method"], digest: string) {
    this.method = method
    this.digest = digest
    this.form = undefined
    this.answer = undefined
    this.elicitationId = undefined
    this.question = undefined
    this.over = undefined
  }
}

// Questions for a visit to a page have none.
const formOf = ({ method, params }: Question): JsonObject | undefined =>
  method === "elicitation/create" ? (params["requestedSchema"] as JsonObject | undefined) : undefined // by their Schema

const answered = "the request is answered already"

const fault = (text: string): Effect.Effect<never> => Effect.die(new Error(text))

/** See the module. */
export class Round implements Asking {
  mode: Asking["mode"]
  readonly recording: Recording
  /** Which one it is, from 1. */
  readonly number: number
  /** Where digests are taken, in all rounds. */
  readonly points: Points
  private call: Asker
  private readonly detail: string
  private readonly answerTimeout: number | undefined
  private readonly questions = new Map<string, Put>()
  /** Answers that came before the questions. */
  private readonly ahead: JsonObject | undefined
  private isOver = false
  /** How many questions there were, those that failed included. */
  private count: number
  /** How many of them the client has to answer now. */
  private waiting = 0
  /** Who waits for the next round, and how to tell that there is none. */
  private readonly waiters = new Map<Fiber.Fiber<unknown, unknown>, () => void>()

  constructor(call: Asker, answerTimeout: number | undefined, before?: RequestState, ahead?: JsonObject) {
    this.call = call
    this.answerTimeout = answerTimeout
    this.ahead = ahead
    const isLive = call.revision.standaloneServerRequests
    this.mode = isLive ? (call.emit.canAsk ? "live" : "unavailable") : call.asks ? "replay" : "unavailable"
    this.detail = isLive ? "there is no way back to the client" : `${call.method} cannot ask`
    this.number = (before?.round ?? 0) + 1
    this.points = before?.points ?? draw()
    this.recording = new Recording(before?.recorded)
    for (const [key, asked] of before?.asked ?? []) {
      if (asked.answer === undefined) continue
      const put = new Put(asked.method, asked.digest)
      put.answer = asked.answer
      this.questions.set(key, put)
    }
    this.count = this.questions.size
  }

  // From the start, so that no interruption comes between what is noted of a question and what takes the note back: only waiting for
  // the answer can be interrupted.
  readonly ask = (question: Question): Answer => Effect.uninterruptible(Effect.suspend(() => this.begin(question)))

  readonly once: Asking["once"] = (key, effect) => this.recording.once(key, effect)

  readonly completed: Asking["completed"] = (key) =>
    Effect.suspend(() => {
      const elicitationId = this.questions.get(key)?.elicitationId
      if (elicitationId === undefined) return Effect.void
      const { emit, isOpen, peer } = this.call
      return (isOpen ? emit : peer.push).send(notification("notifications/elicitation/complete", { elicitationId }))
    })

  /** From here on questions wait for their answers, which come in another way: there will be no next round. None may be open. */
  goOn(asker: Asker): void {
    this.call = asker
    this.mode = "live"
  }

  /** Ends who waits for the next round: there everything starts again. */
  stop(): void {
    this.isOver = true
    for (const fiber of this.waiters.keys()) fiber.interruptUnsafe()
  }

  /** The request was answered, so there will be no next round. */
  close(): void {
    for (const tell of this.waiters.values()) tell()
  }

  /** The questions that this round ends with. */
  get open(): ReadonlyArray<Question> {
    return [...this.questions.values()].flatMap(({ question }) => question ?? [])
  }

  /** The questions that were answered in an earlier round and not asked in this one. */
  get unasked(): ReadonlyArray<string> {
    return [...this.questions].flatMap(([key, { times }]) => (times === 0 ? [key] : []))
  }

  /** What the next round starts with. */
  get asked(): RequestState["asked"] {
    return [...this.questions].map(([key, { answer, digest, form, method }]) => [
      key,
      {
        method,
        digest,
        ...(form === undefined ? {} : { form }),
        ...(answer === undefined ? {} : { answer })
      }
    ])
  }

  private begin(question: Question): Answer {
    const { key, method, params } = question
    const digest = digestAt(`${method} ${JSON.stringify(params)}`, this.points)
    const known = this.questions.get(key)
    if (known !== undefined) return this.again(question, known, digest)
    const unsupported = this.unsupported(question)
    if (unsupported !== undefined) return Effect.fail(unsupported)
    if (this.count++ >= maxQuestions) return fault(`a request asks no more than ${maxQuestions} questions`)
    const put = new Put(method, digest)
    put.times = 1
    this.questions.set(key, put)
    return this.mode === "live" ? this.put(question, put) : (this.answeredAhead(question, put) ?? this.endWith(question, put))
  }

  // One that does not fit is as good as none: the question is put, and says what would. What every object has by itself fits no question.
  private answeredAhead(question: Question, put: Put): Answer | undefined {
    const answer = this.ahead?.[question.key]
    if (problemOf({ method: question.method, form: formOf(question) }, answer) !== undefined) return undefined
    put.answer = answer as JsonObject // its problems would have said otherwise
    return Effect.succeed(put.answer)
  }

  private again(question: Question, known: Put, digest: string): Answer {
    const { key } = question
    if (known.digest !== digest) {
      return fault(
        `"${key}" is the key of two different questions: each question needs a key of its own, and must be the same whenever the handler ` +
          "runs again; record what it depends on with Replay.once"
      )
    }
    if (++known.times > maxRepeats) {
      return fault(
        `"${key}" was asked more than ${maxRepeats} times: the same key gives the same answer; use another to ask again`
      )
    }
    if (known.answer !== undefined) return Effect.succeed(known.answer)
    if (known.over === undefined) return this.wait(known.method)
    return Effect.andThen(Effect.interruptible(Deferred.await(known.over)), this.ask(question))
  }

  private unsupported({ method, params }: Question): Unsupported | undefined {
    if (this.mode === "unavailable") return new Unsupported({ method, detail: this.detail })
    if (!this.call.isOpen) return new Unsupported({ method, detail: answered })
    const missing = missingFor(this.call, method, params)
    return missing === undefined ? undefined : new Unsupported({ method, ...missing })
  }

  // The time of the call stands still while the client has a question to answer.
  private put({ key, method, params }: Question, put: Put): Answer {
    const over = (put.over = Deferred.makeUnsafe<void>())
    if (this.waiting++ === 0) this.call.pause()
    const { answerTimeout } = this
    const { emit, peer, revision } = this.call
    if (params["mode"] === "url" && revision.elicitationIds) put.elicitationId = globalThis.crypto.randomUUID()
    const sent = put.elicitationId === undefined ? params : { ...params, elicitationId: put.elicitationId }
    const asked = peer.ask(emit, method, sent, key)
    const timed =
      answerTimeout === undefined
        ? asked
        : Effect.timeoutOrElse(asked, {
            duration: answerTimeout,
            orElse: () =>
              Effect.fail(
                new AskingFailed({
                  method,
                  code: 0,
                  detail: `no answer within ${Duration.format(Duration.millis(answerTimeout))}`
                })
              )
          })
    return Effect.onExit(Effect.interruptible(timed), (exit) =>
      Effect.suspend(() => {
        if (Exit.isSuccess(exit)) put.answer = exit.value
        else this.questions.delete(key)
        const goOn = --this.waiting === 0 ? this.call.resume() : Effect.void
        return Effect.ensuring(
          goOn,
          Effect.sync(() => Deferred.doneUnsafe(over, Exit.void))
        )
      })
    )
  }

  private wait(method: Question["method"]): Answer {
    if (this.isOver) return Effect.interrupt
    return Effect.withFiber((fiber) =>
      Effect.interruptible(
        Effect.callback((resume) => {
          this.waiters.set(fiber, () => resume(Effect.fail(new Unsupported({ method, detail: answered }))))
          return Effect.sync(() => this.waiters.delete(fiber))
        })
      )
    )
  }

  private endWith(question: Question, put: Put): Answer {
    put.question = question
    put.form = formOf(question)
    return Effect.withFiber((fiber) => {
      // What else is asked in this turn goes out with it.
      fiber.currentDispatcher.scheduleTask(() => this.call.endRound(), 0)
      return this.wait(question.method)
    })
  }
}
