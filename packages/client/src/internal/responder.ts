/**
 * What a client answers questions of one kind with, and what all kinds have in common: the question is read, a handler of the program
 * is asked, and what it says is checked before the server gets it.
 */
import { type ErrorObject, ErrorCode, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import { McpError } from "@effect-mcp/core/McpError"
import type { Revision } from "@effect-mcp/core/Revision"
import { toErrorObject } from "@effect-mcp/core/wire/errors"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type * as Scope from "effect/Scope"
import type { Asker } from "../Asker.ts"
import { Rejected } from "../Rejected.ts"

/** The answer while it is made: plain JSON, or the error that the server gets in its place. */
export type Answer = Effect.Effect<JsonObject, ErrorObject>

/** Answers the questions of one kind. */
export interface Responder {
  /** What the client declares; nothing where the revision has no such questions, or none that this one answers. */
  readonly capability: (revision: Revision) => JsonObject | undefined
  /** Reads a question. Nobody is asked before the answer is run. */
  readonly read: (params: JsonObject, asker: Asker) => Result.Result<Answer, ErrorObject>
}

/** What the server is told of a handler that broke; the log knows more. */
const broken: ErrorObject = { code: ErrorCode.InternalError, message: "the client failed to answer" }

/** The handler answered with something that the server must not get: a fault of the program. */
export class Misfit extends Schema.TaggedError<Misfit>()("Misfit", {
  /** What the server is told. */
  told: Schema.String,
  /** What the log is told: what is wrong and where, without what the answer says. */
  detail: Schema.String
}) {}

/** A question that is not answered. */
export const refuse = (code: number, message: string): Result.Result<never, ErrorObject> => Result.fail({ code, message })

/** A question that cannot be read. */
export const refuseParams = (detail: string) => refuse(ErrorCode.InvalidParams, `Invalid params: ${detail}`)

const format = SchemaIssue.makeFormatterStandardSchemaV1()
const maxDetail = 300

/** What is wrong with a value first, and where, without the value. */
export const describe = (issue: SchemaIssue.Issue): string => {
  const [first] = format(issue).issues
  const path = (first?.path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join(".")
  const text = `${path === "" ? "" : `${path}: `}${first?.message.replaceAll(/\s+/g, " ") ?? "it cannot be read"}`
  return text.length > maxDetail ? `${text.slice(0, maxDetail)}...` : text
}

/** Reads params by their Schema. */
export const reader = <A>(schema: Schema.Codec<A, JsonObject>) => {
  const decode = Schema.decodeUnknownResult(schema)
  return (params: JsonObject): Result.Result<A, ErrorObject> => {
    const decoded = decode(params)
    return Result.isSuccess(decoded) ? Result.succeed(decoded.success) : refuseParams(describe(decoded.failure.issue))
  }
}

// What is no Effect would end the fiber, with everything around it.
const start = <A, E, R>(run: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    const effect = run()
    return Effect.isEffect(effect) ? effect : Effect.die(new Error("the handler returned something that is no Effect"))
  })

/** Gives a handler what its layer captured, and each run a scope of its own. */
export const captured =
  <R>(context: Context.Context<R>) =>
  <A, E>(run: () => Effect.Effect<A, E, R | Scope.Scope>): Effect.Effect<A, E> =>
    Effect.provideContext(Effect.scoped(start(run)), context as Context.Context<Exclude<R, Scope.Scope>>) // the same values

// What a handler gives may hold anything where the protocol allows any JSON.
const toJson = (value: JsonObject): JsonObject | Misfit => {
  try {
    return JSON.parse(JSON.stringify(value)) as JsonObject // an object goes in
  } catch {
    return new Misfit({ told: broken.message, detail: "it is no JSON" })
  }
}

const failed = (method: string, { revision }: Asker, cause: Cause.Cause<unknown>): Effect.Effect<never, ErrorObject> => {
  const error = cause.reasons.find(Cause.isFailReason)?.error
  if (error instanceof McpError) return Effect.fail(toErrorObject(error.reason, revision))
  if (error instanceof Rejected) return Effect.fail({ code: Rejected.code, message: error.detail })
  if (error instanceof Misfit) {
    const { detail, told } = error
    const log = Effect.logError(`the handler of ${method} gave an answer that does not fit: ${detail}`)
    return Effect.andThen(log, Effect.fail({ code: ErrorCode.InternalError, message: told }))
  }
  return Effect.andThen(Effect.logError(`the handler of ${method} failed`, cause), Effect.fail(broken))
}

/** Asks a handler and checks what it says. Whatever happens, there is an answer or an error. */
export const answer = <A>(
  method: string,
  asker: Asker,
  asked: Effect.Effect<A, unknown>,
  finish: (value: A) => JsonObject | Misfit
): Answer => {
  const finished = Effect.flatMap(asked, (value) => {
    const checked = finish(value)
    const json = checked instanceof Misfit ? checked : toJson(checked)
    return json instanceof Misfit ? Effect.fail<unknown>(json) : Effect.succeed(json)
  })
  return Effect.catchCause(finished, (cause) => failed(method, asker, cause))
}
