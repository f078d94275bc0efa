/**
 * The rounds of a request in the request era: opens the state that a client sends back, and ends a round with its questions.
 *
 * Source: "Multi Round-Trip Requests" of 2026-07-28.
 */
import { type Outcome, reply } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Internal, type InvalidParams, invalidParams, McpError } from "@effect-mcp/core/McpError"
import type { InputRequests } from "@effect-mcp/core/protocol/InputRequired"
import { StateLedger } from "@effect-mcp/core/StateLedger"
import type { StoreError } from "@effect-mcp/core/StoreError"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Settings } from "../Settings.ts"
import type { Call } from "./call.ts"
import * as RequestState from "./requestState.ts"
import { Round } from "./round.ts"
import type { Sealing } from "./sealing.ts"

/** What rounds work with. */
export interface Options {
  readonly context: Context.Context<never>
  readonly sealing: Sealing
  readonly settings: Settings
  /** The name of the server: states of others are not taken. */
  readonly server: string
  /** Logs a defect and gives back the id under which it stands in the log. */
  readonly logDefect: (what: string, cause: Cause.Cause<unknown>) => string
}

/** See the module. */
export interface Rounds {
  /** Goes on with what the request brings from earlier rounds, if it does. */
  readonly open: (call: Call) => Effect.Effect<void, McpError>
  /** The answer to a request whose round ended with questions, and what went wrong with it, for telemetry. */
  readonly end: (call: Call) => Effect.Effect<readonly [outcome: Outcome, errorType: string | undefined]>
  /** Tells the author of a handler that came to its end without asking what it had asked before. */
  readonly inspect: (round: Round) => void
}

const refused = (detail: string) => Effect.fail(invalidParams(detail))

// One text for all that may be wrong with it: it tells nothing to who tries.
const unusable = refused("Invalid or expired requestState")

const noResponses: Jsonrpc.JsonObject = {}

/** See {@link Rounds}. */
export const make = ({ context, logDefect, sealing, server, settings }: Options): Rounds => {
  const ledger = Context.getOrUndefined(context, StateLedger)
  const { answerTimeout } = settings

  const bindingOf = (call: Call): string | undefined => {
    try {
      return RequestState.bindingOf(server, call.method, call.params ?? noResponses, call.principal)
    } catch {
      return undefined // nested deeper than the stack
    }
  }

  const broken = (call: Call, cause: Cause.Cause<unknown>): McpError =>
    new McpError({ reason: new Internal({ id: logDefect(`the questions of ${call.method}`, cause) }) })

  const opened = Effect.fnUntraced(function* (
    call: Call,
    sealed: string
  ): Effect.fn.Return<RequestState.RequestState | undefined, StoreError> {
    const binding = bindingOf(call)
    if (binding === undefined || sealed.length > settings.stateSize) return undefined
    const json = yield* sealing.open(sealed, binding)
    if (json === undefined) return undefined
    const read = RequestState.read(json)
    return read.expiresAt > (yield* Clock.currentTimeMillis) ? read : undefined
  })

  /** The state with the answers that came; or what is wrong with one of them. */
  const answered = (before: RequestState.RequestState, given: Jsonrpc.JsonObject): RequestState.RequestState | InvalidParams => {
    const asked: Array<RequestState.RequestState["asked"][number]> = []
    for (const [key, question] of before.asked) {
      if (question.answer !== undefined || !Object.hasOwn(given, key)) {
        asked.push([key, question])
        continue
      }
      const answer = given[key]
      const problem = RequestState.problemOf(question, answer)
      if (problem !== undefined)
        return invalidParams(`Invalid params: \`inputResponses.${key}\`: ${problem}`).reason as InvalidParams
      const { form: _, ...rest } = question
      asked.push([key, { ...rest, answer: answer as Jsonrpc.JsonObject }]) // its problems would have said otherwise
    }
    return { ...before, asked }
  }

  const open = Effect.fnUntraced(function* (call: Call): Effect.fn.Return<void, McpError | StoreError> {
    const { inputResponses: given = noResponses, requestState: state } = call.params ?? noResponses
    if (!Jsonrpc.isObject(given)) return yield* refused("Invalid params: `inputResponses` must be an object")
    if (state === undefined) {
      // Nothing was asked yet: what the client answers by itself counts for the questions that come, where it fits.
      call.asking = new Round(call, answerTimeout, undefined, given)
      return
    }
    if (typeof state !== "string") return yield* refused("Invalid params: `requestState` must be a string")
    const before = yield* opened(call, state)
    if (before === undefined) return yield* unusable
    const next = answered(before, given)
    if ("detail" in next) return yield* new McpError({ reason: next })
    // A state whose answers do not fit is not used up by that.
    if (ledger !== undefined && !(yield* ledger.use(before.id, before.expiresAt))) return yield* unusable
    call.asking = new Round(call, answerTimeout, next)
  })

  const sealed = Effect.fnUntraced(function* (
    call: Call,
    { number, points, recording }: Round,
    asked: RequestState.RequestState["asked"]
  ): Effect.fn.Return<string, StoreError> {
    const next: RequestState.RequestState = {
      id: globalThis.crypto.randomUUID(),
      expiresAt: answerTimeout === undefined ? Number.MAX_SAFE_INTEGER : (yield* Clock.currentTimeMillis) + answerTimeout,
      round: number,
      points,
      asked,
      recorded: [...recording.values]
    }
    const binding = bindingOf(call)
    if (binding === undefined) return yield* Effect.die(new Error("the arguments are nested too deeply to ask about them"))
    const text = yield* sealing.seal(RequestState.write(next), binding)
    if (text.length <= settings.stateSize) return text
    return yield* Effect.die(
      new Error(
        `the answers and recorded results of this request take ${text.length} characters, more than the ${settings.stateSize} of the ` +
          "server's stateSize: record less with Replay.once, or raise it"
      )
    )
  })

  const tooMany = (round: Round): Effect.Effect<never> => {
    const unasked = round.unasked.length === 0 ? "" : `; answered, but asked no more: ${round.unasked.join(", ")}`
    return Effect.die(
      new Error(
        `the handler still asks after ${round.number} rounds, the server's maxRounds${unasked}. Its questions must have the same keys ` +
          "whenever it runs again"
      )
    )
  }

  const ended = Effect.fnUntraced(function* (call: Call, round: Round): Effect.fn.Return<Outcome, StoreError> {
    if (round.number >= settings.maxRounds) return yield* tooMany(round)
    // What is asked from now on is neither in the state nor among its questions.
    const questions = round.open.map(({ key, method, params }) => [key, { method, params }] as const)
    const requestState = yield* sealed(call, round, round.asked)
    // A question is made of the params of its method.
    const inputRequests = Object.fromEntries(questions) as unknown as InputRequests
    const result = { inputRequests, requestState }
    return reply(Jsonrpc.reply(call.id, call.engine.wire.inputRequired(result)))
  })

  const log = Effect.runForkWith(context)

  return {
    inspect: ({ unasked }) => {
      if (unasked.length === 0) return
      const keys = unasked.map((key) => `"${key}"`).join(", ")
      log(
        Effect.logError(
          `a handler ended without asking what it had asked in an earlier round: ${keys}. Its questions must not depend on what changes ` +
            "between rounds; record that with Replay.once"
        )
      )
    },
    open: (call) => Effect.catchTag(open(call), "StoreError", (error) => Effect.fail(broken(call, Cause.fail(error)))),
    end: (call) =>
      Effect.suspend(() => {
        const round = call.asking
        round.stop()
        const closed = Effect.andThen(round.recording.close, ended(call, round))
        // The fiber of the call is interrupted; what a store lets be interrupted would not even begin there.
        const fiber = Effect.forkDetach(closed, { startImmediately: true })
        return Effect.matchCause(Effect.flatMap(fiber, Fiber.join), {
          onSuccess: (outcome) => [outcome, undefined] as const,
          onFailure: (cause) => {
            const error = call.engine.wire.error(broken(call, cause).reason)
            return [reply(Jsonrpc.failure(call.id, error)), "defect"] as const
          }
        })
      })
  }
}
