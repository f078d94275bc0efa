/**
 * The requests of a client, and the connection that they are sent on, or the next one. Every request ends exactly once: with its
 * answer, an interruption, a timeout, or the end of the connection.
 */
import type { ClientConnection, ClientTransportError } from "@effect-mcp/core/ClientTransport"
import type { Deadlines } from "@effect-mcp/core/Deadlines"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import { Turnover } from "@effect-mcp/core/Turnover"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { corrected, type Keeper, type MessageOf, Pending, type Progress, type RequestOptions, type Result } from "./pending.ts"
import type { Questions } from "./questions.ts"
import type { Rounds } from "./rounds.ts"
import { Serial } from "./serial.ts"
import { errorTypeOf, type Telemetry } from "./telemetry.ts"
import { failedTransport, unsendable } from "./transportErrors.ts"
import { InvalidAnswer, McpClientError, RequestFailed, TimedOut } from "../McpClientError.ts"

/** What a connection does with what the server sends by itself. */
export interface Handlers {
  /** Told of every notification but progress, also of those that a subscription brings. Must not throw. */
  readonly onChange: (notification: Jsonrpc.Notification) => void
  /** Told of those that no subscription brings. Must not throw. */
  readonly onNotification: (notification: Jsonrpc.Notification) => void
  /** Told when the connection is over for good. Must not throw. */
  readonly onEnd: (error: McpClientError) => void
}

// A server that asks and does not read gets no more answers than that.
const maxWaitingAnswers = 1024

// Before a request is sent again on the same connection, in milliseconds; doubled each time.
const firstPause = 100

/** See the module. */
export class Connection implements Keeper {
  private readonly pending = new Turnover<number, Pending>()
  /** Whether the revision has requests of the server. True until it is agreed upon. */
  answersRequests = true
  /** Who answers them, besides `ping`; nobody before a revision is agreed upon. */
  questions: Questions | undefined
  /** Who answers what the server asks inside of its answers, in revisions where it does. */
  rounds: Rounds | undefined
  /** Whether a call of a tool may be answered with a task of the extension: it was declared. */
  takesTasks = false
  /** Who takes what a subscription brings, by the id of its request. */
  readonly listeners = new Map<number, (notification: Jsonrpc.Notification) => void>()
  /** Who is told of the progress of tasks, which goes on after the answer, by the id of the request. */
  readonly reporters = new Map<number, (progress: Progress) => void>()
  private nextId = 0
  private waitingAnswers = 0
  private transport: ClientConnection | undefined
  /** Whether server and client have agreed: requests of the program are sent. */
  private isAgreed = false
  /** Why there was no transport the last time: it was lost, and another one is sought; or it is over. */
  private lost: McpClientError | undefined
  private over: McpClientError | undefined
  /** Whether it is over for good. */
  private isClosed = false
  private readonly deadlines: Deadlines
  private readonly handlers: Handlers
  readonly telemetry: Telemetry
  readonly runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>

  constructor(
    deadlines: Deadlines,
    handlers: Handlers,
    telemetry: Telemetry,
    runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  ) {
    this.deadlines = deadlines
    this.handlers = handlers
    this.telemetry = telemetry
    this.runFork = runFork
  }

  /** Starts to use a transport's connection, to agree with the server first. */
  attach(transport: ClientConnection): void {
    this.detach()
    this.transport = transport
    this.answersRequests = true
    this.questions = this.rounds = undefined
  }

  /** Server and client have agreed: sends what waits, in the order in which it came. */
  begin(): void {
    this.isAgreed = true
    for (const pending of this.pending.values()) if (pending.stage === "waiting" && !pending.isOver) this.dispatch(pending)
  }

  /** The transport's connection has ended, or there is none, and another one is sought: requests that cannot be sent on that end. */
  lose(error: McpClientError): void {
    if (this.isClosed) return
    this.detach()
    this.lost = error
    this.over = undefined
    const ended: Array<Pending> = []
    for (const pending of this.pending.values()) {
      if (!pending.outlivesConnection) {
        ended.push(pending)
        continue
      }
      if (pending.stage === "sent") pending.lost++
      pending.stage = "waiting"
    }
    this.endAll(ended, error)
  }

  /** No other connection is sought: ends all requests. */
  fail(error: McpClientError): void {
    this.detach()
    this.over = error
    this.endAll([...this.pending.values()], error)
    this.handlers.onEnd(error)
  }

  /** The client is closed: ends all requests, and none is made any more. */
  close(error: McpClientError): void {
    this.isClosed = true
    this.fail(error)
  }

  /** Why it is over, once it is. */
  get failure(): McpClientError | undefined {
    return this.over
  }

  /** Something that runs the program's reactions in order. */
  serial(): Serial {
    return new Serial(this.runFork)
  }

  /**
   * Sends a request and waits for its result, as soon as there is a connection. Interrupting it cancels it on the server. Questions of
   * the server are answered.
   */
  request(method: string, messageOf: MessageOf, options: RequestOptions): Result {
    return this.ask(method, messageOf, options, 0, undefined, undefined)
  }

  /** Sends a notification that keeps the connection, also before server and client have agreed. */
  notify(method: string, params?: Jsonrpc.JsonObject): Effect.Effect<void, McpClientError> {
    return this.tell(Jsonrpc.notification(method, params), true)
  }

  /** Sends a notification that is written already. Fails where requests would wait: nobody would know that it does. */
  tell(message: Jsonrpc.Notification, isEarly = false): Effect.Effect<void, McpClientError> {
    return Effect.suspend(() => {
      const isThere = isEarly ? this.transport !== undefined : this.isAgreed
      const gone = this.over ?? (isThere ? undefined : this.lost)
      if (gone !== undefined) return Effect.fail(gone)
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
        const isTask = type === "task" && this.takesTasks && pending.method === "tools/call"
        if (type === undefined || type === "complete" || isTask || this.rounds === undefined) {
          const failed = pending.method === "tools/call" && message.result["isError"] === true
          return pending.answer(Effect.succeed(message.result), failed ? "tool_error" : undefined)
        }
        return pending.answer(this.goOn(this.rounds, pending, message.result), undefined)
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
        const failed = Effect.fail(new McpClientError({ reason }))
        const { relearn } = pending.options
        const mayCorrect = code === Jsonrpc.ErrorCode.HeaderMismatch && relearn !== undefined
        return pending.answer(mayCorrect ? this.correct(pending, relearn, failed) : failed, errorTypeOf(code))
      }
      case "Notification":
        return this.notified(message)
      case "Request":
        return this.answer(message)
      case "Invalid": {
        const { answers, bare, error, id } = message
        if (bare !== undefined) return this.answer(bare)
        // A question that cannot be read is answered with what is wrong with it, or the server would wait for ever.
        if (answers === undefined && id !== undefined && this.answersRequests) return this.reply(Jsonrpc.failure(id, error))
        // An answer that cannot be read still ends its request.
        const pending = this.pendingOf(answers)
        if (pending === undefined) return
        const reason = new InvalidAnswer({ method: pending.method, detail: error.message })
        return pending.end(Effect.fail(new McpClientError({ reason })), "invalid_answer")
      }
      case "Batch":
        for (const item of message.items) this.receive(item)
    }
  }

  /**
   * No answer will come to a request, and the connection goes on. What the server has not heard, or may do twice, is sent again in a
   * moment, or on the next connection if this one ends meanwhile.
   */
  readonly failed = (id: Jsonrpc.RequestId, error: ClientTransportError, isUnheard: boolean): void => {
    const pending = this.pendingOf(id)
    if (pending === undefined) return
    const failure = failedTransport(error)
    if (isUnheard) pending.stage = "queued"
    if (!pending.outlivesConnection || !pending.mayRepeat || !failure.isRetryable) {
      return pending.end(Effect.fail(failure), "connection_lost")
    }
    const pause = firstPause * 2 ** pending.lost++
    pending.stage = "waiting"
    const again = Effect.sync(() => {
      if (this.isAgreed && pending.stage === "waiting" && !pending.isOver) this.dispatch(pending)
    })
    pending.writing = this.runFork(Effect.andThen(Effect.sleep(pause), again))
  }

  /** Takes a request out; false when it had ended already. */
  forget(pending: Pending, errorType: string | undefined): boolean {
    if (!this.pending.delete(pending.id)) return false
    pending.isOver = true
    if (pending.stage !== "sent") pending.writing?.interruptUnsafe()
    this.deadlines.remove(pending)
    this.telemetry.record(pending.subject, this.deadlines.now() - pending.startedAt, errorType)
    return true
  }

  /**
   * Tells the server that nobody waits for the answer any more. What negotiates or asks for a task is never cancelled, nor what it never
   * heard of.
   */
  cancel({ id, method, options, stage }: Pending, reason: string): void {
    if (stage !== "sent" || options.isTask || method === "initialize" || method === "server/discover") return
    this.post(Jsonrpc.notification("notifications/cancelled", { requestId: id, reason }))
  }

  /** Nobody can tell for which call a server asks: while its questions are open, it need not answer anything. */
  postpone(pending: Pending): boolean {
    if (this.questions?.isOpen !== true) return false
    const { totalTimeout } = pending.options
    if (totalTimeout !== undefined) this.deadlines.add(pending, pending.since, totalTimeout)
    return true
  }

  /** Starts all timeouts anew: a question of the server is over. */
  restart(): void {
    const now = this.deadlines.now()
    for (const pending of this.pending.values()) {
      const patience = pending.patience(now)
      if (patience !== undefined) this.deadlines.add(pending, now, patience)
    }
  }

  private pendingOf(id: Jsonrpc.RequestId | undefined): Pending | undefined {
    return typeof id === "number" ? this.pending.get(id) : undefined
  }

  /** Sends an answer. While the way is full at most 1,024 wait, others are dropped: the server does not read. */
  reply(response: Jsonrpc.Response): void {
    // The connection may end, and be gone, while it is written to.
    const { transport } = this
    if (transport === undefined || transport.sendUnsafe(response)) return
    if (this.waitingAnswers >= maxWaitingAnswers) return
    this.waitingAnswers++
    const done = Effect.sync(() => this.waitingAnswers--)
    this.runFork(Effect.ensuring(Effect.ignoreCause(transport.send(response)), done))
  }

  // Who waits for one of them goes on at once, and may have another connection before the next one is ended.
  private endAll(ended: ReadonlyArray<Pending>, error: McpClientError): void {
    const result = Effect.fail(error)
    for (const pending of ended) pending.end(result, "connection_lost")
  }

  private detach(): void {
    this.transport = undefined
    this.isAgreed = false
    this.questions?.stop()
  }

  private ask(
    method: string,
    messageOf: MessageOf,
    options: RequestOptions,
    round: number,
    since: number | undefined,
    more: Jsonrpc.JsonObject | undefined
  ): Result {
    return Effect.callback<Jsonrpc.JsonObject, McpClientError>((resume) => {
      const gone = this.over ?? (options.isEarly && this.transport === undefined ? this.lost : undefined)
      if (gone !== undefined) return resume(Effect.fail(gone))
      const now = this.deadlines.now()
      const subject = options.subject ?? this.telemetry.subject(method, undefined)
      const id = ++this.nextId
      const pending = new Pending(this, id, method, messageOf, more, options, subject, round, since ?? now, now, resume)
      this.pending.set(id, pending)
      const patience = pending.patience(now)
      if (patience !== undefined) this.deadlines.add(pending, now, patience)
      if (this.isAgreed || options.isEarly) this.dispatch(pending)
      // In memory the answer is there already.
      return pending.isOver ? undefined : Effect.sync(() => pending.abandon())
    })
  }

  private dispatch(pending: Pending): void {
    const { transport } = this
    // It may have ended over another one: this one waits on.
    if (transport === undefined) return
    pending.stage = "sent"
    try {
      const message = pending.messageOf(pending.id, pending.more)
      // Almost always there is room and the message is on its way.
      if (transport.sendUnsafe(message)) return
      // When the connection ended over it, the request waits for the next one, or has ended.
      if (this.transport === transport) this.dispatchLater(pending, message, transport)
    } catch (error) {
      pending.end(Effect.fail(unsendable(pending, error)), "invalid_arguments")
    }
  }

  private dispatchLater(pending: Pending, message: Jsonrpc.Request, transport: ClientConnection): void {
    // Until it is written the server knows nothing of it.
    pending.stage = "queued"
    const failed = (cause: Cause.Cause<ClientTransportError>) =>
      Effect.sync(() => {
        // Lost with the connection, it waits for the next one.
        if (pending.isOver || this.transport !== transport) return
        const reason = cause.reasons.find(Cause.isFailReason)
        if (reason !== undefined) return pending.end(Effect.fail(failedTransport(reason.error)), "connection_lost")
        pending.end(Effect.fail(unsendable(pending, Cause.squash(cause))), "invalid_arguments")
      })
    const sent = () => {
      // It may have failed at once, and wait again.
      if (this.transport === transport && pending.stage === "queued") pending.stage = "sent"
    }
    const written = Effect.map(transport.send(message, sent), sent)
    // Of a connection that has just ended, this may be told before the end.
    const ended = Effect.catchCause(written, (cause) => Effect.andThen(Effect.yieldNow, failed(cause)))
    pending.writing = this.runFork(ended)
  }

  private post(message: Jsonrpc.Notification): void {
    const { transport } = this
    if (transport === undefined || transport.sendUnsafe(message)) return
    this.runFork(Effect.ignoreCause(transport.send(message)))
  }

  // It goes on in the fiber that waits for the result: interrupting that ends it, and only the time for all of it watches it.
  private goOn(rounds: Rounds, pending: Pending, result: Jsonrpc.JsonObject): Result {
    const { messageOf, method, options, round, since } = pending
    const next = this.inTime(pending, () => rounds.next(method, result, round))
    return Effect.flatMap(next, (more) => this.ask(method, messageOf, options, round + 1, since, more))
  }

  // As above. A server that refuses a request for its headers has done nothing.
  private correct(pending: Pending, relearn: Effect.Effect<boolean>, failed: Result): Result {
    const { messageOf, method, more, options, round, since } = pending
    return Effect.flatMap(
      this.inTime(pending, () => relearn),
      (hasLearned) => (hasLearned ? this.ask(method, messageOf, corrected(options), round, since, more) : failed)
    )
  }

  // What a request waits for between two messages.
  private inTime<A>(
    { method, options: { totalTimeout }, since }: Pending,
    make: () => Effect.Effect<A, McpClientError>
  ): Effect.Effect<A, McpClientError> {
    return Effect.suspend(() => {
      if (totalTimeout === undefined) return make()
      const late = () =>
        Effect.fail(new McpClientError({ reason: new TimedOut({ method, after: totalTimeout, limit: "total" }) }))
      const left = Math.max(0, since + totalTimeout - this.deadlines.now())
      return Effect.timeoutOrElse(make(), { duration: left, orElse: late })
    })
  }

  private notified(message: Jsonrpc.Notification): void {
    const { method, params } = message
    if (method === "notifications/progress") return this.progressed(params)
    if (method === "notifications/cancelled" && this.cancelled(params?.["requestId"])) return
    this.handlers.onChange(message)
    if (this.listeners.size > 0) {
      const meta = params?.["_meta"]
      const id = Jsonrpc.isObject(meta) ? meta[Key.subscriptionId] : undefined
      const listener = typeof id === "number" ? this.listeners.get(id) : undefined
      if (listener !== undefined) {
        // It lives on this connection: that the earlier ones were lost has nothing to do with it.
        const pending = this.pendingOf(id as number)
        if (pending !== undefined) pending.lost = 0
        return listener(message)
      }
    }
    this.handlers.onNotification(message)
  }

  // A server takes its own questions back, and ends subscriptions.
  private cancelled(id: unknown): boolean {
    if (!Jsonrpc.isRequestId(id)) return false
    if (this.questions?.cancel(id) === true) return true
    if (typeof id !== "number" || !this.listeners.has(id)) return false
    this.pending.get(id)?.answer(Effect.succeed({}), undefined)
    return true
  }

  private progressed(params: Jsonrpc.JsonObject | undefined): void {
    const token = params?.["progressToken"]
    const progress = params?.["progress"]
    if (typeof token !== "number" || typeof progress !== "number") return
    const { message, total } = params ?? {}
    const report: Progress = {
      progress,
      total: typeof total === "number" ? total : undefined,
      message: typeof message === "string" ? message : undefined
    }
    this.reporters.get(token)?.(report)
    const pending = this.pending.get(token)
    if (pending === undefined) return
    const now = this.deadlines.now()
    const patience = pending.patience(now)
    if (patience !== undefined) this.deadlines.add(pending, now, patience)
    pending.report(report)
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
