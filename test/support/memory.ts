/**
 * Plays lines to a server through the seam, as two clients at once, and checks everything that comes back.
 */
import { Dispatcher, type Emit, fork, type Outcome, type Peer } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Tool from "@effect-mcp/core/Tool"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Scope from "effect/Scope"
import { type Expected, expected, type Id, type Sent, sent } from "./oracle.ts"
import { make, toolNames } from "./server.ts"

/** One step of a play: a line of one of the two clients, or time that goes by. */
export type Step =
  | { readonly client: 0 | 1; readonly line: string }
  /** The server gets a turn. */
  | { readonly turn: true }
  /** Slow tools go on, questions are answered. */
  | { readonly release: true }

/** A whole play. */
export interface Play {
  readonly steps: ReadonlyArray<Step>
  readonly markers: readonly [string, string]
  /** How each client ends: when everything is answered, or at once. */
  readonly ends: readonly ["drained" | "closed", "drained" | "closed"]
}

/** What was promised and not kept. */
export class Broken extends Error {}

const broken = (what: string): never => {
  throw new Broken(what)
}

const isForbidden = ({ error }: Sent): boolean =>
  (error?.code === -32602 && "envelope" in { ...Object(error.data) }) ||
  (error?.code === -32600 && error.message === "The session is initialized already")

const methods = new Set([
  "initialize",
  "ping",
  "tools/list",
  "tools/call",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "prompts/list",
  "prompts/get",
  "completion/complete",
  "server/discover",
  "subscriptions/listen",
  "logging/setLevel"
])
const pushed = new Set([
  "notifications/progress",
  "notifications/message",
  "notifications/tools/list_changed",
  "notifications/resources/list_changed",
  "notifications/prompts/list_changed",
  "notifications/subscriptions/acknowledged"
])
const tools = new Set<unknown>(toolNames)

const isRecord = (u: unknown): u is Record<string, unknown> => typeof u === "object" && u !== null && !Array.isArray(u)

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))

/** So long may the server take to answer everything, in milliseconds. Far more than it needs. */
export const patience = 3000

/** A message that was handed over and has no outcome yet. */
interface Pending {
  readonly text: string
  readonly items: ReadonlyArray<Expected>
  readonly isBatch: boolean
  readonly busy: ReadonlySet<Id>
  readonly surelyBusy: ReadonlySet<Id>
  readonly cancelled: Set<Id>
  readonly mayBatch: boolean
}

/** A client that believes nothing. */
class Client {
  readonly pending = new Set<Pending>()
  readonly questions: Array<Id> = []
  readonly asked = new Set<Id>()
  peer!: Peer
  scope!: Scope.Closeable
  version: string | undefined
  wantsLogs = false
  closing = false
  closed = false
  readonly marker: string
  private readonly other: string
  private readonly server: Server

  constructor(server: Server, marker: string, other: string) {
    this.server = server
    this.marker = marker
    this.other = other
  }

  readonly emit: Emit = {
    canAsk: true,
    send: (message) => Effect.sync(() => this.took(message)),
    sendUnsafe: (message) => {
      this.took(message)
      return true
    }
  }

  open(): void {
    this.scope = Scope.makeUnsafe()
    const principal = { subject: this.marker, scopes: [], claims: {} }
    const opened = this.server.dispatcher.open({ transport: "memory", push: this.emit, principal })
    this.peer = Effect.runSyncWith(this.server.context)(Scope.provide(opened, this.scope))
  }

  send(text: string): void {
    const line = expected(text)
    const items = line._tag === "Batch" ? line.items : [line]
    const surelyBusy = new Set<Id>()
    const busy = new Set<Id>()
    for (const other of this.pending) {
      for (const item of other.items) {
        if (item._tag !== "Request") continue
        busy.add(item.id)
        if (!other.isBatch) surelyBusy.add(item.id)
      }
    }
    const isBatch = line._tag === "Batch"
    const mayBatch = this.version === "2025-03-26" && items.length <= 1000
    const pending: Pending = { text, items, isBatch, busy, surelyBusy, cancelled: new Set(), mayBatch }
    if (!isBatch || mayBatch) this.note(items, pending)
    this.pending.add(pending)
    this.server.run(this.peer, Jsonrpc.parse(text), this.emit, (outcome) =>
      this.server.guard(() => this.outcome(pending, outcome))
    )
  }

  /** What the message changes, before it is handed over. */
  private note(items: ReadonlyArray<Expected>, pending: Pending): void {
    for (const item of items) {
      if (item._tag === "Notification" && item.method === "notifications/cancelled") {
        const id = item.params["requestId"] as Id
        for (const other of this.pending) other.cancelled.add(id)
        pending.cancelled.add(id)
      }
      if (item._tag === "Request") {
        const meta = item.params["_meta"]
        if (item.method === "logging/setLevel" || (isRecord(meta) && meta[Key.logLevel] !== undefined)) this.wantsLogs = true
      }
    }
  }

  /** A line from the server, checked on its own. */
  private line(message: Jsonrpc.Outbound): ReadonlyArray<Sent> {
    const text = Jsonrpc.stringify(message)
    const messages = sent(text)
    if (text.includes(this.other)) broken(`a message for ${this.other} came to ${this.marker}: ${text.slice(0, 500)}`)
    if (text.includes("secret")) broken(`a defect was told: ${text.slice(0, 500)}`)
    if (this.closed) broken(`a message came after the end: ${text.slice(0, 500)}`)
    return messages
  }

  /** A message that is no answer. */
  private took(message: Jsonrpc.Request | Jsonrpc.Notification): void {
    this.server.guard(() => {
      for (const { id, method = "", params = {} } of this.line(message)) {
        if (id !== undefined) {
          if (this.asked.has(id)) broken(`two questions with the id ${JSON.stringify(id)}`)
          if (method !== "elicitation/create") broken(`an unexpected question: ${method}`)
          this.asked.add(id)
          this.questions.push(id)
          continue
        }
        if (method === "notifications/cancelled") {
          const id = params["requestId"] as Jsonrpc.RequestId
          if (!this.asked.has(id)) broken(`a question is cancelled that was not asked: ${JSON.stringify(id)}`)
          continue
        }
        if (!pushed.has(method)) broken(`an unexpected notification: ${method}`)
        if (method === "notifications/message" && !this.wantsLogs) broken("a log message that nobody asked for")
        if (method === "notifications/progress" && !this.hasToken(params["progressToken"])) {
          broken(`progress for nobody: ${JSON.stringify(params)}`)
        }
      }
    })
  }

  private hasToken(token: unknown): boolean {
    for (const { items } of this.pending) {
      for (const item of items) {
        const meta = item._tag === "Request" ? item.params["_meta"] : undefined
        if (isRecord(meta) && meta["progressToken"] === token) return true
      }
    }
    return false
  }

  /** Answers what the server has asked. */
  answerQuestions(): void {
    for (const id of this.questions.splice(0)) {
      const marked = { action: "accept", content: { marker: this.marker } }
      this.send(JSON.stringify({ jsonrpc: "2.0", id, result: marked }))
    }
  }

  private outcome(pending: Pending, outcome: Outcome): void {
    if (!this.pending.delete(pending)) broken(`a second outcome, for ${pending.text.slice(0, 500)}`)
    const answers = "message" in outcome ? this.line(outcome.message) : []
    const isArray = "message" in outcome && Array.isArray(outcome.message)
    const where = () => `${outcome._tag} ${JSON.stringify(answers).slice(0, 500)} for ${pending.text.slice(0, 500)}`
    if (!pending.isBatch) {
      if (isArray) broken(`an array: ${where()}`)
      return this.single(pending, pending.items[0]!, outcome._tag, answers[0], where)
    }
    if (!pending.mayBatch) {
      const [refusal] = answers
      if (outcome._tag !== "Rejected" || refusal?.id !== undefined || refusal?.error?.code !== -32600)
        broken(`a batch was taken: ${where()}`)
      return
    }
    this.batch(pending, outcome._tag, isArray ? answers : [], where)
  }

  private single(pending: Pending, item: Expected, tag: Outcome["_tag"], answer: Sent | undefined, where: () => string): void {
    switch (item._tag) {
      case "Notification":
      case "Answer":
        if (tag !== "Accepted") broken(`what needs no answer got one: ${where()}`)
        return
      case "Refused":
        if (tag !== "Rejected" || answer?.error?.code !== item.code) broken(`expected a refusal with ${item.code}: ${where()}`)
        return this.refusedId(pending, item, answer, where)
      case "Request":
        if (tag === "NoReply") {
          if (!pending.cancelled.has(item.id) && !this.closing) broken(`not answered: ${where()}`)
          return
        }
        // A message that nobody may send is answered all the same: one that says nothing readable of its client, or a second greeting.
        const isRefusal = tag === "Rejected" && answer?.id === item.id && isForbidden(answer)
        if (tag === "Rejected" && !isRefusal) {
          if (answer?.id !== undefined || answer?.error?.code !== -32600) broken(`refused in a wrong way: ${where()}`)
          if (!pending.busy.has(item.id)) broken(`refused although its id was free: ${where()}`)
          return
        }
        if ((tag !== "Reply" && !isRefusal) || answer?.id !== item.id)
          return broken(`expected an answer to ${JSON.stringify(item.id)}: ${where()}`)
        if (pending.surelyBusy.has(item.id)) broken(`answered although its id was in flight: ${where()}`)
        if (pending.cancelled.has(item.id)) broken(`answered although it was cancelled: ${where()}`)
        return this.answered(item, answer, where)
    }
  }

  /** A message that cannot be read is answered with its id, unless that would look like the answer to another one. */
  private refusedId(pending: Pending, item: Expected & { _tag: "Refused" }, answer: Sent | undefined, where: () => string): void {
    if (answer?.id === item.id) {
      if (item.id !== undefined && pending.surelyBusy.has(item.id))
        broken(`a refusal with the id of a request in flight: ${where()}`)
    } else if (answer?.id !== undefined || !pending.busy.has(item.id!)) broken(`a refusal with a wrong id: ${where()}`)
  }

  private batch(pending: Pending, tag: Outcome["_tag"], answers: ReadonlyArray<Sent>, where: () => string): void {
    const count = new Map<Id | undefined, number>()
    for (const { id } of answers) count.set(id, (count.get(id) ?? 0) + 1)
    const wanted = new Map<Id, { requests: number; refusals: number }>()
    let nameless = 0
    let spare = 0
    for (const item of pending.items) {
      if (item._tag === "Refused" && item.id === undefined) nameless++
      if (item._tag !== "Request" && (item._tag !== "Refused" || item.id === undefined)) continue
      const entry = wanted.get(item.id!) ?? { requests: 0, refusals: 0 }
      if (item._tag === "Request") entry.requests++
      else entry.refusals++
      wanted.set(item.id!, entry)
    }
    for (const [id, { refusals, requests }] of wanted) {
      const got = count.get(id) ?? 0
      const excused = this.closing || pending.cancelled.has(id)
      const contested = requests + refusals > 1 || pending.busy.has(id)
      if (got > requests + refusals) broken(`too many answers to ${JSON.stringify(id)}: ${where()}`)
      if (got === 0 && !excused && !pending.busy.has(id)) broken(`no answer to ${JSON.stringify(id)}: ${where()}`)
      if (contested || excused) spare += requests + refusals - got
      else if (got !== requests + refusals) broken(`not every ${JSON.stringify(id)} was answered: ${where()}`)
    }
    const unnamed = count.get(undefined) ?? 0
    if (unnamed < nameless || unnamed > nameless + spare)
      broken(`${unnamed} answers without an id instead of ${nameless}: ${where()}`)
    for (const { id } of answers) if (id !== undefined && !wanted.has(id)) broken(`an answer to nobody: ${where()}`)
    if (tag === "NoReply" || (tag === "Reply" && answers.length === 0)) broken(`a batch without an end: ${where()}`)
  }

  /** The answer belongs to its request. */
  private answered({ id, method, params }: Expected & { _tag: "Request" }, { error, result }: Sent, where: () => string): void {
    if (result === undefined) {
      if (error?.code === -32700) broken(`a request was answered as if it were no JSON: ${where()}`)
      return
    }
    if (!methods.has(method)) broken(`a method that does not exist has answered: ${where()}`)
    if (method === "initialize") this.version = String(result["protocolVersion"])
    if (method === "resources/read") {
      const [item] = Array.isArray(result["contents"]) ? result["contents"] : []
      if (!isRecord(item) || item["uri"] !== params["uri"]) broken(`the contents of something else: ${where()}`)
    }
    if (method === "completion/complete") {
      const { values } = isRecord(result["completion"]) ? result["completion"] : {}
      const argument = params["argument"]
      const isRight =
        Array.isArray(values) && values.every((value) => isRecord(argument) && value === `${String(argument["value"])}!`)
      if (!isRight) broken(`suggestions for something else: ${where()}`)
    }
    if (method === "prompts/get") {
      const [message] = Array.isArray(result["messages"]) ? result["messages"] : []
      const said = isRecord(message) && isRecord(message["content"]) ? String(message["content"]["text"]) : ""
      const args = params["arguments"]
      if (!isRecord(args) || !said.startsWith(String(args["text"]))) broken(`the messages of something else: ${where()}`)
    }
    if (method !== "tools/call") return
    const { name } = params
    if (!tools.has(name)) broken(`a tool that does not exist has answered: ${where()}`)
    const content = result["content"]
    const text = Array.isArray(content) && isRecord(content[0]) ? content[0]["text"] : undefined
    const args = params["arguments"]
    if (result["isError"] === true) {
      if (name === "log" && String(text).startsWith("Internal error")) broken(`a log message failed its call: ${where()}`)
      return
    }
    if (name === "text" || name === "slow" || name === "later") {
      if (!isRecord(args) || text !== args["text"]) broken(`the answer to something else: ${where()}`)
    }
    if (name === "who") {
      const who = JSON.parse(String(text)) as Record<string, unknown>
      if (who["id"] !== id || who["subject"] !== this.marker) broken(`somebody else was served: ${where()}`)
    }
  }

  /** Everything that is still running ends. */
  async end(how: "drained" | "closed"): Promise<void> {
    if (how === "drained") {
      await this.server.settle(this, Effect.asVoid(this.server.dispatcher.drain(this.peer)))
      const { inFlight } = this.peer
      if (inFlight !== 0) broken(`${inFlight} calls are in flight after everything was answered`)
    }
    this.closing = true
    await this.server.settle(this, Scope.close(this.scope, Exit.void))
    this.closed = true
    if (this.peer.inFlight !== 0) broken(`${this.peer.inFlight} calls are in flight after the end`)
  }
}

const Late = Tool.make("late-comer")

/** A server and what has to be known of it. */
export class Server {
  readonly run
  readonly dispatcher: Dispatcher["Service"]
  readonly context: Context.Context<McpServer.McpServer | Dispatcher>
  private fault: unknown
  private readonly gates: Set<() => void>
  private readonly census: { fibers: number; handlers: number }
  private readonly scope: Scope.Closeable
  private readonly baseline: number
  private readonly gone: Array<WeakRef<Peer>> = []
  private plays = 0

  private constructor(
    context: Context.Context<McpServer.McpServer | Dispatcher>,
    scope: Scope.Closeable,
    gates: Set<() => void>,
    census: { fibers: number; handlers: number }
  ) {
    this.context = context
    this.scope = scope
    this.gates = gates
    this.census = census
    this.dispatcher = Context.get(context, Dispatcher)
    this.run = fork(this.dispatcher, context)
    this.baseline = census.fibers
  }

  static async make(): Promise<Server> {
    const gates = new Set<() => void>()
    const census = { fibers: 0, handlers: 0 }
    const gate = Effect.callback<void>((resume) => {
      const go = () => resume(Effect.void)
      gates.add(go)
      return Effect.sync(() => gates.delete(go))
    })
    const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
    // So few places that calls wait for them, and are refused.
    const settings = { concurrency: 5, concurrencyPerPeer: 3, waiting: 3 }
    const count = { started: () => census.handlers++, ended: () => census.handlers-- }
    const layer = make({ gate, turn, patience: "5 seconds", ...count }, settings)
    const scope = Scope.makeUnsafe()
    const metrics: Metric.FiberRuntimeMetricsService = {
      recordFiberStart: () => census.fibers++,
      recordFiberEnd: () => census.fibers--
    }
    const services = Context.make(Metric.FiberRuntimeMetrics, metrics).pipe(Context.add(Logger.CurrentLoggers, new Set()))
    const built = await Effect.runPromiseWith(services)(
      Effect.flatMap(Effect.context<never>(), (outer) =>
        Effect.map(Layer.buildWithScope(layer, scope), (inner) => Context.merge(outer, inner))
      )
    )
    await turnsUntil(() => census.fibers === 0, patience)
    return new Server(built, scope, gates, census)
  }

  /** What fails inside of callbacks of the server must not be swallowed there. */
  guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.fault ??= error
    }
  }

  private rethrow(): void {
    if (this.fault !== undefined) throw this.fault
  }

  release(): void {
    for (const go of this.gates) {
      this.gates.delete(go)
      go()
    }
  }

  /** Runs to the end while slow tools go on, and waits until the client has all its answers. */
  async settle(client: Client, effect: Effect.Effect<void>): Promise<void> {
    const fiber = Effect.runForkWith(this.context)(effect)
    let done = false
    fiber.addObserver((exit) => {
      done = true
      if (Exit.isFailure(exit)) this.fault ??= exit.cause
    })
    const settled = () => {
      this.rethrow()
      return done && client.pending.size === 0
    }
    const each = () => {
      if (client.closing) return
      this.release()
      client.answerQuestions()
    }
    if (await turnsUntil(settled, patience, each)) return
    const left = [...client.pending].map(({ text }) => text.slice(0, 300))
    const state = `${done ? "" : "not "}drained, in flight: ${client.peer.inFlight}`
    fiber.interruptUnsafe()
    broken(`it hangs (${state}); without an outcome: ${left.join("\n  ")}`)
  }

  /** Plays; throws what is wrong. */
  async play({ ends, markers, steps }: Play): Promise<void> {
    this.fault = undefined
    const clients = [new Client(this, markers[0], markers[1]), new Client(this, markers[1], markers[0])] as const
    for (const client of clients) client.open()
    for (const step of steps) {
      if ("line" in step) clients[step.client].send(step.line)
      else if ("turn" in step) await turn()
      else {
        this.release()
        for (const client of clients) client.answerQuestions()
      }
      this.rethrow()
    }
    for (const [index, client] of clients.entries()) await client.end(ends[index]!)
    // The sweeper of deadlines may be waiting; nobody else.
    const alone = () => this.census.handlers === 0 && this.census.fibers <= this.baseline + 1
    if (!(await turnsUntil(alone, patience))) {
      broken(`left over: ${this.census.fibers - this.baseline} fibers, ${this.census.handlers} handlers`)
    }
    this.rethrow()
    this.cleanPrototypes()
    if (++this.plays % 64 === 0) for (const { peer } of clients) this.gone.push(new WeakRef(peer))
  }

  private cleanPrototypes(): void {
    for (const prototype of [Object.prototype, Array.prototype, Function.prototype]) {
      const keys = Object.keys(prototype)
      if (keys.length > 0) broken(`a prototype was polluted: ${keys.join(", ")}`)
    }
  }

  /** Nothing of the peers is left: nobody is told of changes any more, and their memory is free. */
  async end(collect: () => void): Promise<void> {
    const { add } = Context.get(this.context, McpServer.McpServer)
    await Effect.runPromiseWith(this.context)(
      Effect.scoped(
        Effect.andThen(
          add(
            Late,
            Late.toLayer(() => Effect.void)
          ),
          Effect.promise(turn)
        )
      )
    )
    this.rethrow()
    const leaked = () => this.gone.filter((peer) => peer.deref() !== undefined).length
    const collected = await turnsUntil(() => {
      collect()
      return leaked() <= 1 // the stack may still hold the last one
    }, patience)
    if (!collected) broken(`${leaked()} of ${this.gone.length} peers are still in memory`)
    await Effect.runPromise(Scope.close(this.scope, Exit.void))
    if (!(await turnsUntil(() => this.census.fibers === 0, patience))) broken(`${this.census.fibers} fibers outlive the server`)
  }
}

/** Gives the event loop turns until something holds; false when it never does. */
const turnsUntil = async (holds: () => boolean, within: number, each: () => void = () => {}): Promise<boolean> => {
  const deadline = performance.now() + within
  while (!holds()) {
    if (performance.now() > deadline) return false
    each()
    await turn()
  }
  return true
}
