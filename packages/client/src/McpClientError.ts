/**
 * What may go wrong for a client: one error, and a reason that says what happened and where.
 */
import { ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as Schema from "effect/Schema"
import { Difference } from "./Difference.ts"
import { adviceOf } from "./internal/advice.ts"

/** The server could not be reached, or the connection ended. */
export class TransportFailed extends Schema.TaggedError<TransportFailed>()("TransportFailed", {
  error: ClientTransportError
}) {
  override get message() {
    return this.error.message
  }
}

/** Server and client could not agree on a revision. */
export class NegotiationFailed extends Schema.TaggedError<NegotiationFailed>()("NegotiationFailed", {
  /** What was tried and what came back, in order. */
  tried: Schema.Array(Schema.String),
  /** Of a server that runs and does not answer: the last 32 KiB that it wrote to stderr, where there is such a thing. */
  stderr: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    const tried = `could not agree on a protocol revision; tried ${this.tried.join("; then ")}`
    if (this.stderr === undefined) return tried
    const words = this.stderr.trimEnd()
    return `${tried}; the server runs, and has written ${words === "" ? "nothing to stderr" : `to stderr:\n${words}`}`
  }
}

/** The server answered with an error. */
export class RequestFailed extends Schema.TaggedError<RequestFailed>()("RequestFailed", {
  method: Schema.String,
  /** A JSON-RPC error code. */
  code: Schema.Int,
  detail: Schema.String,
  data: Schema.optionalKey(Schema.Unknown)
}) {
  override get message() {
    return `the server refused ${this.method} (${this.code}): ${this.detail}${adviceOf(this.data)}`
  }
}

/** The server did not answer in time, nor did it tell of progress; or it took too long in all. The request was cancelled. */
export class TimedOut extends Schema.TaggedError<TimedOut>()("TimedOut", {
  method: Schema.String,
  /** In milliseconds. */
  after: Schema.Finite,
  /** Which limit it was: `total` for `totalTimeout`, absent for `timeout`. */
  limit: Schema.optionalKey(Schema.Literal("total"))
}) {
  override get message() {
    return this.limit === "total"
      ? `${this.method} was cancelled: no answer after ${this.after} ms, however much progress there was`
      : `${this.method} was cancelled: no answer and no progress for ${this.after} ms`
  }
}

/** The server sent something that is not what the protocol, or the contract, says. */
export class InvalidAnswer extends Schema.TaggedError<InvalidAnswer>()("InvalidAnswer", {
  method: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `the answer to ${this.method} cannot be used: ${this.detail}`
  }
}

/** The arguments are not what the contract says, or no JSON; nothing was sent. */
export class InvalidArguments extends Schema.TaggedError<InvalidArguments>()("InvalidArguments", {
  /** Whose arguments: `tool "add"`, `resource "book"`, or a method. */
  target: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `the arguments of ${this.target} cannot be sent: ${this.detail}`
  }
}

/** The tool failed with an error that its contract does not declare. */
export class ToolFailed extends Schema.TaggedError<ToolFailed>()("ToolFailed", {
  tool: Schema.String,
  /** What the tool says, for people and models. */
  detail: Schema.String
}) {
  override get message() {
    return `tool "${this.tool}" failed: ${this.detail}`
  }
}

/**
 * The server asked something first, inside of its answer, and got no answer: the client did not declare such questions, the question
 * is none, or its handler refused or failed. Only in the request era; in the other one the server is told, and goes on.
 */
export class Unanswered extends Schema.TaggedError<Unanswered>()("Unanswered", {
  method: Schema.String,
  /** The server's name for the question. */
  key: Schema.String,
  /** The method of the question, such as `elicitation/create`. */
  question: Schema.String,
  /**
   * The JSON-RPC error code for what went wrong: -32601 not declared, -32602 and -32600 malformed, -1 rejected by the user, -32603 a
   * handler that failed, or the one that it chose.
   */
  code: Schema.Int,
  detail: Schema.String
}) {
  override get message() {
    return `${this.method} was given up: its question "${this.key}" (${this.question}) has no answer (${this.code}): ${this.detail}`
  }
}

/** The server asked again and again. Only in the request era. */
export class TooManyRounds extends Schema.TaggedError<TooManyRounds>()("TooManyRounds", {
  method: Schema.String,
  /** How often its questions were answered. */
  rounds: Schema.Int
}) {
  override get message() {
    return `${this.method} was given up: the server still asked for input after ${this.rounds} rounds`
  }
}

/** The client has made as many requests as its `RateLimit` allows; nothing was sent. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  method: Schema.String,
  limit: Schema.Int,
  /** In milliseconds. */
  retryAfter: Schema.Finite
}) {
  override get message() {
    return `${this.method} was not sent: the limit of ${this.limit} requests is reached; try again in ${Math.ceil(this.retryAfter)} ms`
  }
}

/** Too many requests failed, and the client's `CircuitBreaking` gives the server time; nothing was sent. */
export class CircuitOpen extends Schema.TaggedError<CircuitOpen>()("CircuitOpen", {
  method: Schema.String,
  /** In milliseconds; absent while one request is under way to see whether the server is well again. */
  retryAfter: Schema.optionalKey(Schema.Finite)
}) {
  override get message() {
    const until = this.retryAfter === undefined ? "one request is trying now" : `try again in ${Math.ceil(this.retryAfter)} ms`
    return `${this.method} was not sent: too many requests to this server have failed; ${until}`
  }
}

/** The call cannot be a task, or the task cannot be handled so; nothing was sent. */
export class TaskUnavailable extends Schema.TaggedError<TaskUnavailable>()("TaskUnavailable", {
  /** What was wanted: a method, or `tool "render" as a task`. */
  target: Schema.String,
  /** What is missing. */
  missing: Schema.String
}) {
  override get message() {
    return `${this.target} is not available: ${this.missing}`
  }
}

/** The task was cancelled: it has no result. */
export class TaskCancelled extends Schema.TaggedError<TaskCancelled>()("TaskCancelled", {
  taskId: Schema.String,
  /** What the server says about it. */
  detail: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    return `task "${this.taskId}" was cancelled${this.detail === undefined ? "" : `: ${this.detail}`}`
  }
}

/** The server kept the task only for some time, and it was not over by then: there will be no result to rely on. */
export class TaskExpired extends Schema.TaggedError<TaskExpired>()("TaskExpired", {
  taskId: Schema.String,
  /** For how long the server keeps it, in milliseconds. */
  ttlMs: Schema.Finite
}) {
  override get message() {
    return `task "${this.taskId}" was not over after the ${this.ttlMs} ms for which the server keeps it; start it with a longer \`ttl\``
  }
}

// What is read in a terminal; all of them are in `differences`.
const maxShown = 20

/** The server does not offer what the contract says. See `McpClient.check`. */
export class ContractMismatch extends Schema.TaggedError<ContractMismatch>()("ContractMismatch", {
  /** The name that the server gives itself. */
  server: Schema.optionalKey(Schema.String),
  differences: Schema.Array(Difference)
}) {
  override get message() {
    const { differences, server } = this
    const lines = differences.slice(0, maxShown).map(({ message }) => `\n- ${message}`)
    const more = differences.length > maxShown ? `\n- and ${differences.length - maxShown} more` : ""
    const name = server === undefined ? "the server" : `the server ${JSON.stringify(server)}`
    return `${name} does not offer what the contract says:${lines.join("")}${more}`
  }
}

/** Why a client failed. */
export const Reason = Schema.Union([
  TransportFailed,
  NegotiationFailed,
  RequestFailed,
  TimedOut,
  InvalidAnswer,
  InvalidArguments,
  ToolFailed,
  Unanswered,
  TooManyRounds,
  RateLimited,
  CircuitOpen,
  TaskUnavailable,
  TaskCancelled,
  TaskExpired,
  ContractMismatch
])
/** Why a client failed. */
export type Reason = typeof Reason.Type

// What passes by itself; in `isRetryable`.
const passing: ReadonlySet<Reason["_tag"]> = new Set(["TimedOut", "RateLimited", "CircuitOpen"])
// Why there is no connection, where the next one fails in the same way.
const hopeless: ReadonlySet<ClientTransportError["reason"]["_tag"]> = new Set(["SpawnFailed", "MessageTooLong", "Unsupported"])
// Statuses of HTTP below 500 that pass: time-outs, too early, too many.
const passingStatus: ReadonlySet<number> = new Set([408, 425, 429])

const isHopeless = ({ reason }: ClientTransportError): boolean =>
  reason._tag === "Refused" ? reason.status < 500 && !passingStatus.has(reason.status) : hopeless.has(reason._tag)

/**
 * The error of everything that a client does. Handle a single reason with `Effect.catchReason("McpClientError", "TimedOut", ...)`.
 */
export class McpClientError extends Schema.TaggedError<McpClientError>()("McpClientError", { reason: Reason }) {
  override get message() {
    return this.reason.message
  }

  /**
   * Whether the same may go well later: there was no connection, no answer in time, or an internal error (-32603 or HTTP status 5xx,
   * as of a server that is full), or a guard kept it back. Not for what fails each time, such as a program that cannot be started, or arguments that are refused.
   * It does not say that doing it again does no harm: a server may have done what it did not answer.
   *
   * @example
   * McpClient.make(options).pipe(Effect.retry({ while: (error) => error.isRetryable, times: 5, schedule: Schedule.exponential("1 second") }))
   */
  get isRetryable(): boolean {
    const { reason } = this
    switch (reason._tag) {
      case "TransportFailed":
        return !isHopeless(reason.error)
      case "RequestFailed":
        return reason.code === -32603
      default:
        return passing.has(reason._tag)
    }
  }
}
