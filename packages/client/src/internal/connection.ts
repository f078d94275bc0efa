/**
 * A connection and the requests that wait on it. Every request ends exactly once: with its answer, an interruption, a timeout, or
 * the end of the connection.
 */
import { type ClientConnection, ClientTransport, ClientTransportError, ConnectionClosed } from "@effect-mcp/core/ClientTransport"
import { type Deadlines, Timed } from "@effect-mcp/core/Deadlines"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import { Turnover } from "@effect-mcp/core/Turnover"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { Questions } from "./questions.ts"
import type { Rounds } from "./rounds.ts"
import { Serial } from "./serial.ts"
import { InvalidAnswer, InvalidArguments, McpClientError, RequestFailed, TimedOut, TransportFailed } from "../McpClientError.ts"

/** How far a request is, as the server tells. */
export interface Progress {
  readonly progress: number
  readonly total: number | undefined
  readonly message: string | undefined
}

/** How a request is made. */
export class RequestOptions {
  /** For how long the server may neither answer nor tell of progress, in milliseconds; `undefined` for ever. */
  readonly timeout: number | undefined
  /** What to do with the server's reports, one after the other; the request is answered after the last one. */
  readonly onProgress: ((progress: Progress) => Effect.Effect<void>) | undefined

  constructor(timeout: number | undefined, onProgress?: (progress: Progress) => Effect.Effect<void>) {
    this.timeout = timeout
    this.onProgress = onProgress
  }
}

/** What a connection does with what the server sends by itself. */
export interface Handlers {
  /** Must not throw. */
  readonly onNotification: (notification: Jsonrpc.Notification) => void
  /** Told when the connection is over. Must not throw. */
  readonly onEnd: (error: McpClientError) => void
}

/** Makes the message of a request; `more` is what a repetition has besides the params of the first one. */
export type MessageOf = (id: number, more: Jsonrpc.JsonObject | undefined) => Jsonrpc.Request

type Result = Effect.Effect<Jsonrpc.JsonObject, McpClientError>

class Pending extends Timed {
  isOver = false
  readonly id: number
  readonly method: string
  readonly messageOf: MessageOf
  readonly options: RequestOptions
  /** How often questions of the server were answered before. */
  readonly round: number
  private reports: Serial | undefined
  private readonly resume: (result: Result) => void
  private readonly connection: Connection

  constructor(
    connection: Connection,
    id: number,
    method: string,
    messageOf: MessageOf,
    options: RequestOptions,
    round: number,
    resume: (result: Result) => void
  ) {
    super()
    this.connection = connection
    this.id = id
    this.method = method
    this.messageOf = messageOf
    this.options = options
    this.round = round
    this.resume = resume
  }

  get timeout(): number | undefined {
    return this.options.timeout
  }

  /** Ends the request with the server's answer, after the last report was dealt with, if that does not take too long. */
  answer(result: Result): void {
    if (!this.connection.forget(this)) return
    const { reports } = this
    if (reports?.isBusy !== true) return this.resume(result)
    const patience = this.timeout === undefined ? reports.idle : Effect.timeoutOption(reports.idle, this.timeout)
    const dealtWith = Effect.ensuring(
      patience,
      Effect.sync(() => reports.stop())
    )
    this.resume(Effect.andThen(dealtWith, result))
  }

  /** Ends the request for another reason. */
  end(result: Result): void {
    if (!this.connection.forget(this)) return
    this.reports?.stop()
    this.resume(result)
  }

  /** Nobody waits for the answer any more. */
  abandon(): void {
    if (!this.connection.forget(this)) return
    this.reports?.stop()
    this.connection.cancel(this, "interrupted")
  }

  report(progress: Progress): void {
    const { onProgress } = this.options
    if (onProgress === undefined) return
    this.reports ??= this.connection.serial()
    this.reports.push(Effect.suspend(() => onProgress(progress)))
  }

  expire(): void {
    const error = new McpClientError({ reason: new TimedOut({ method: this.method, after: this.timeout ?? 0 }) })
    this.connection.cancel(this, "timeout")
    this.end(Effect.fail(error))
  }
}

const failedTransport = (error: ClientTransportError) => new McpClientError({ reason: new TransportFailed({ error }) })

// What the arguments hold cannot be written as JSON.
const unsendable = ({ method }: { readonly method: string }, error: unknown): McpClientError => {
  const detail = error instanceof Error ? error.message : String(error)
  return new McpClientError({ reason: new InvalidArguments({ target: method, detail }) })
}

// A server that asks and does not read gets no more answers than that.
const maxWaitingAnswers = 1024

/** See the module. */
export class Connection {
  private readonly pending = new Turnover<number, Pending>()
  /** Whether the revision has requests of the server. True until it is agreed upon. */
  answersRequests = true
  /** Who answers them, besides `ping`; nobody before a revision is agreed upon. */
  questions: Questions | undefined
  /** Who answers what the server asks inside of its answers, in revisions where it does. */
  rounds: Rounds | undefined
  /** Who takes what a subscription brings, by the id of its request. */
  readonly listeners = new Map<number, (notification: Jsonrpc.Notification) => void>()
  private nextId = 0
  private waitingAnswers = 0
  private transport: ClientConnection | undefined
  private over: ClientTransportError | undefined
  private readonly deadlines: Deadlines
  private readonly handlers: Handlers
  private readonly runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>

  constructor(deadlines: Deadlines, handlers: Handlers, runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>) {
    this.deadlines = deadlines
    this.handlers = handlers
    this.runFork = runFork
  }

  /** Starts to use a transport's connection. */
  attach(transport: ClientConnection): void {
    this.transport = transport
    this.over = undefined
  }

  /** Ends all requests: the connection is over. */
  fail(error: ClientTransportError): void {
    this.transport = undefined
    this.over = error
    const failure = failedTransport(error)
    const result = Effect.fail(failure)
    for (const pending of this.pending.values()) pending.end(result)
    this.questions?.stop()
    this.handlers.onEnd(failure)
  }

  /** Why the connection is over, once it is. */
  get failure(): McpClientError | undefined {
    return this.over === undefined ? undefined : failedTransport(this.over)
  }

  /** Something that runs the program's reactions in order. */
  serial(): Serial {
    return new Serial(this.runFork)
  }

  /** Sends a request and waits for its result. Interrupting it cancels it on the server. Questions of the server are answered. */
  request(method: string, messageOf: MessageOf, options: RequestOptions, round = 0, more?: Jsonrpc.JsonObject): Result {
    return Effect.callback<Jsonrpc.JsonObject, McpClientError>((resume) => {
      if (this.over !== undefined) return resume(Effect.fail(failedTransport(this.over)))
      const id = ++this.nextId
      const pending = new Pending(this, id, method, messageOf, options, round, resume)
      this.pending.set(id, pending)
      if (options.timeout !== undefined) this.deadlines.add(pending, this.deadlines.now(), options.timeout)
      try {
        this.post(messageOf(id, more), pending)
      } catch (error) {
        pending.end(Effect.fail(unsendable(pending, error)))
      }
      // In memory the answer is there already.
      return pending.isOver ? undefined : Effect.sync(() => pending.abandon())
    })
  }

  /** Sends a notification. */
  notify(method: string, params?: Jsonrpc.JsonObject): Effect.Effect<void, McpClientError> {
    return this.tell(Jsonrpc.notification(method, params))
  }

  /** Sends a notification that is written already. */
  tell(message: Jsonrpc.Notification): Effect.Effect<void, McpClientError> {
    return Effect.suspend(() => {
      if (this.over !== undefined) return Effect.fail(failedTransport(this.over))
      const sent = this.transport?.send(message) ?? Effect.void
      return Effect.catchDefect(Effect.mapError(sent, failedTransport), (error) => Effect.fail(unsendable(message, error)))
    })
  }

  /** Takes what the server sends. */
  readonly receive = (message: Jsonrpc.Inbound): void => {
    switch (message._tag) {
      case "Success": {
        const pending = this.pendingOf(message.id)
        if (pending === undefined) return
        const type = message.result["resultType"]
        if (type === undefined || type === "complete" || this.rounds === undefined) {
          return pending.answer(Effect.succeed(message.result))
        }
        return pending.answer(this.goOn(this.rounds, pending, message.result))
      }
      case "Failure": {
        const pending = this.pendingOf(message.id)
        if (pending === undefined) return
        const { code, data, message: detail } = message.error
        const reason = new RequestFailed({
          method: pending.method,
          code,
          detail,
          ...(data === undefined ? {} : { data })
        })
        return pending.answer(Effect.fail(new McpClientError({ reason })))
      }
      case "Notification":
        return this.notified(message)
      case "Request":
        return this.answer(message)
      case "Invalid": {
        const { answers, error, id } = message
        // A question that cannot be read is answered with what is wrong with it, or the server would wait for ever.
        if (answers === undefined && id !== undefined && this.answersRequests) return this.reply(Jsonrpc.failure(id, error))
        // An answer that cannot be read still ends its request.
        const pending = this.pendingOf(answers)
        if (pending === undefined) return
        const reason = new InvalidAnswer({ method: pending.method, detail: error.message })
        return pending.end(Effect.fail(new McpClientError({ reason })))
      }
      case "Batch":
        for (const item of message.items) this.receive(item)
    }
  }

  /** Takes a request out; false when it had ended already. */
  forget(pending: Pending): boolean {
    if (!this.pending.delete(pending.id)) return false
    pending.isOver = true
    this.deadlines.remove(pending)
    return true
  }

  /** Tells the server that nobody waits for the answer any more. What negotiates is never cancelled. */
  cancel({ id, method }: Pending, reason: string): void {
    if (method === "initialize" || method === "server/discover") return
    this.post(Jsonrpc.notification("notifications/cancelled", { requestId: id, reason }))
  }

  private pendingOf(id: Jsonrpc.RequestId | undefined): Pending | undefined {
    return typeof id === "number" ? this.pending.get(id) : undefined
  }

  /** Sends an answer. While the way is full at most 1,024 wait, others are dropped: the server does not read. */
  reply(response: Jsonrpc.Response): void {
    if (this.transport === undefined || this.transport.sendUnsafe(response)) return
    if (this.waitingAnswers >= maxWaitingAnswers) return
    this.waitingAnswers++
    const done = Effect.sync(() => this.waitingAnswers--)
    this.runFork(Effect.ensuring(Effect.ignoreCause(this.transport.send(response)), done))
  }

  private post(message: Jsonrpc.Outbound, pending?: Pending): void {
    if (this.transport === undefined) return
    // Almost always there is room and the message is on its way.
    if (this.transport.sendUnsafe(message)) return
    const failed = (cause: Cause.Cause<ClientTransportError>) =>
      Effect.sync(() => {
        const reason = cause.reasons.find(Cause.isFailReason)
        if (pending === undefined) return
        pending.end(Effect.fail(reason === undefined ? unsendable(pending, Cause.squash(cause)) : failedTransport(reason.error)))
      })
    this.runFork(Effect.catchCause(this.transport.send(message), failed))
  }

  // It goes on in the fiber that waits for the result: interrupting that ends it, and no deadline watches it.
  private goOn(rounds: Rounds, { messageOf, method, options, round }: Pending, result: Jsonrpc.JsonObject): Result {
    const next = Effect.suspend(() => rounds.next(method, result, round))
    return Effect.flatMap(next, (more) => this.request(method, messageOf, options, round + 1, more))
  }

  private notified(message: Jsonrpc.Notification): void {
    const { method, params } = message
    if (method === "notifications/progress") return this.progressed(params)
    if (method === "notifications/cancelled" && this.cancelled(params?.["requestId"])) return
    if (this.listeners.size > 0) {
      const meta = params?.["_meta"]
      const id = Jsonrpc.isObject(meta) ? meta[Key.subscriptionId] : undefined
      const listener = typeof id === "number" ? this.listeners.get(id) : undefined
      if (listener !== undefined) return listener(message)
    }
    this.handlers.onNotification(message)
  }

  // A server takes its own questions back, and ends subscriptions.
  private cancelled(id: unknown): boolean {
    if (!Jsonrpc.isRequestId(id)) return false
    if (this.questions?.cancel(id) === true) return true
    if (typeof id !== "number" || !this.listeners.has(id)) return false
    this.pending.get(id)?.answer(Effect.succeed({}))
    return true
  }

  private progressed(params: Jsonrpc.JsonObject | undefined): void {
    const token = params?.["progressToken"]
    const pending = typeof token === "number" ? this.pending.get(token) : undefined
    const progress = params?.["progress"]
    if (pending === undefined || typeof progress !== "number") return
    if (pending.timeout !== undefined) this.deadlines.add(pending, this.deadlines.now(), pending.timeout)
    const { message, total } = params ?? {}
    pending.report({
      progress,
      total: typeof total === "number" ? total : undefined,
      message: typeof message === "string" ? message : undefined
    })
  }

  private answer(request: Jsonrpc.Request): void {
    // In the request era servers ask inside of their answers, and clients must not write answers.
    if (!this.answersRequests) return
    const { id, method } = request
    if (method === "ping") return this.reply(Jsonrpc.reply(id, "{}"))
    if (this.questions !== undefined) return this.questions.take(request)
    this.reply(Jsonrpc.failure(id, { code: Jsonrpc.ErrorCode.MethodNotFound, message: `Method not found: ${method}` }))
  }
}

const closed = new ClientTransportError({ reason: new ConnectionClosed({ detail: "the client was closed" }) })

/** Connects, for as long as the scope is open. */
export const connect = Effect.fnUntraced(function* (
  connection: Connection
): Effect.fn.Return<void, McpClientError, ClientTransport | Scope.Scope> {
  const transport = yield* ClientTransport
  const opened = yield* Effect.mapError(transport.connect(connection.receive), failedTransport)
  connection.attach(opened)
  // Requests of fibers that are not of this scope end, too.
  yield* Effect.addFinalizer(() => Effect.sync(() => connection.fail(closed)))
  yield* Effect.forkScoped(Effect.map(opened.closed, (error) => connection.fail(error)))
})
