/**
 * The server of a play: a transport that says what the scripts say, and believes nothing that the client sends.
 */
import {
  type ClientConnection,
  type ClientTransport,
  ClientTransportError,
  ConnectionClosed
} from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { JsonRecord } from "./json.ts"
import type { Script } from "./mutateServer.ts"
import { type Sent, sent } from "./oracle.ts"
import type { Random } from "./random.ts"
import { idName, keyOf, withIds } from "./tape.ts"
import { broken, type World } from "./world.ts"

const gone = new ClientTransportError({ reason: new ConnectionClosed({ detail: "the server is gone" }) })

// A server that asks again whenever it is answered has to stop some time.
const maxAnswers = 30

/** One connection, and what is on its way to the client. */
interface Line {
  readonly receive: (message: Jsonrpc.Inbound) => void
  readonly waiting: Array<Array<string | undefined>>
  readonly ended: Deferred.Deferred<ClientTransportError>
  isOpen: boolean
}

/** See the module. */
export class Stage {
  /** Whether the client may answer: not once the request era was agreed upon. */
  mayAnswer = true
  private readonly scripts = new Map<string, Array<Script>>()
  private readonly counts = new Map<string, number>()
  private readonly ids = new Map<string, number>()
  private readonly used = new Set<unknown>()
  private readonly asked = new Map<unknown, number>()
  private readonly answered = new Map<unknown, number>()
  private readonly takenBack = new Set<unknown>()
  /** Those that had no answer when they were taken back. */
  private readonly revoked = new Set<unknown>()
  private readonly lines: Array<Line> = []
  private readonly random: Random
  private readonly world: World
  /** Whether the server answers before the client has finished sending. */
  private readonly isPrompt: boolean
  private readonly isNarrow: boolean
  private isHurt = false
  private isClosed = false

  constructor(scripts: ReadonlyArray<Script>, random: Random, world: World) {
    for (const script of scripts) {
      const same = this.scripts.get(script.key)
      if (same === undefined) this.scripts.set(script.key, [script])
      else same.push(script)
    }
    this.random = random
    this.world = world
    this.isPrompt = random.chance(0.3)
    this.isNarrow = random.chance(0.2)
  }

  readonly transport: ClientTransport["Service"] = {
    kind: "memory",
    connect: (receive) =>
      Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => {
            const line: Line = { receive, waiting: [], ended: Deferred.makeUnsafe(), isOpen: true }
            this.lines.push(line)
            return line
          }),
          (line) => Effect.sync(() => this.end(line))
        ),
        (line) => this.connection(line)
      )
  }

  private end(line: Line): void {
    line.isOpen = false
    line.waiting.length = 0
    Deferred.doneUnsafe(line.ended, Exit.succeed(gone))
  }

  private connection(line: Line): ClientConnection {
    const take = (message: Jsonrpc.Outbound): boolean => {
      if (this.isClosed) this.world.fault(`something was sent after the end: ${Jsonrpc.stringify(message).slice(0, 500)}`)
      if (line.isOpen) this.take(line, Jsonrpc.stringify(message))
      return line.isOpen
    }
    return {
      closed: Deferred.await(line.ended),
      sendUnsafe: (message) => !(this.isNarrow && this.random.chance(0.3)) && take(message),
      send: (message) =>
        Effect.andThen(
          Effect.yieldNow,
          Effect.suspend(() => (take(message) ? Effect.void : Effect.fail(gone)))
        )
    }
  }

  /** A message of the client. */
  private take(line: Line, text: string): void {
    this.world.guard(() => {
      for (const message of sent(text)) this.check(message, text)
    })
    const message = JSON.parse(text) as JsonRecord // `sent` has looked at it
    if (message["id"] === undefined) return
    const key = keyOf(message)
    const index = this.counts.get(key) ?? 0
    this.counts.set(key, index + 1)
    if (message["method"] !== undefined) this.ids.set(idName(key, index), Number(message["id"]))
    if (index > maxAnswers) return
    const scripts = this.scripts.get(key)
    const script = scripts?.[Math.min(index, scripts.length - 1)]
    if (script === undefined || script.lines.length === 0) return
    line.waiting.push([...script.lines])
    if (this.isPrompt) while (this.deliver());
  }

  private check({ error, id, method, result }: Sent, text: string): void {
    const where = text.slice(0, 500)
    if (method !== undefined) {
      if (id === undefined) return
      if (typeof id !== "number" || this.used.has(id)) broken(`an id that is not a new number: ${where}`)
      this.used.add(id)
      return
    }
    if (!this.mayAnswer) broken(`an answer in the request era: ${where}`)
    if (id === undefined || (error === undefined && result === undefined)) broken(`an answer without an id: ${where}`)
    const count = (this.answered.get(id) ?? 0) + 1
    this.answered.set(id, count)
    if (this.revoked.has(id)) broken(`an answer to a question that was taken back: ${where}`)
    if (count > (this.asked.get(id) ?? 0)) broken(`an answer that nobody asked for: ${where}`)
  }

  /** Says the next line; false when there is none. */
  deliver(): boolean {
    for (const line of this.lines) {
      const at = line.waiting.length === 0 ? undefined : this.random.below(line.waiting.length)
      if (at === undefined) continue
      const lines = line.waiting[at]!
      const text = lines.shift()
      if (lines.length === 0) line.waiting.splice(at, 1)
      if (text === undefined) {
        this.isHurt = true
        this.end(line)
      } else this.say(line, withIds(text, this.ids))
      return true
    }
    return false
  }

  private say(line: Line, text: string): void {
    const message = Jsonrpc.parse(text)
    this.note(message)
    try {
      line.receive(message)
    } catch (error) {
      this.world.fault(`\`receive\` threw ${error instanceof Error ? error.stack : String(error)} for ${text.slice(0, 500)}`)
    }
  }

  /** What the client has to answer. */
  private note(message: Jsonrpc.Inbound): void {
    if (message._tag === "Batch") for (const item of message.items) this.note(item)
    else if (
      message._tag === "Request" ||
      (message._tag === "Invalid" && message.answers === undefined && message.id !== undefined)
    )
      this.ask(message.id)
    else if (message._tag === "Notification" && message.method === "notifications/cancelled")
      this.takeBack(message.params?.["requestId"])
  }

  private ask(id: unknown): void {
    this.asked.set(id, (this.asked.get(id) ?? 0) + 1)
    this.revoked.delete(id)
  }

  private takeBack(id: unknown): void {
    this.takenBack.add(id)
    // Where the way is narrow the answer may be on it.
    if (!this.isNarrow && (this.asked.get(id) ?? 0) > (this.answered.get(id) ?? 0)) this.revoked.add(id)
  }

  /** Every question has had its answer, unless it was taken back or nobody could hear it. */
  checkAnswers(): void {
    if (!this.mayAnswer || this.isHurt) return
    for (const [id, count] of this.asked) {
      const answers = this.answered.get(id) ?? 0
      if (answers < count && !this.takenBack.has(id)) broken(`${count - answers} questions ${JSON.stringify(id)} have no answer`)
    }
  }

  /** The client has closed everything. */
  checkClosed(): void {
    this.isClosed = true
    if (this.lines.some(({ isOpen }) => isOpen)) broken("a connection was not closed")
  }
}
