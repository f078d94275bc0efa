/**
 * What servers say in rich sessions, recorded from our own, and who plays it to a client.
 *
 * What a server says is kept by what it was said to: a client that asks in another order, or with other ids, gets the same answers.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import type * as RootsHandler from "@effect-mcp/client/RootsHandler"
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { isRecord, type Json, type JsonRecord, toText } from "./json.ts"
import { handlers, type Kit, operations, options } from "./richClient.ts"
import { Server } from "./richServer.ts"
import { revisions, type Version } from "./transcripts.ts"

/** What was said to one message of the client. */
export interface Cue {
  /** What the message was, see {@link keyOf}. */
  readonly key: string
  readonly lines: ReadonlyArray<{ readonly value: Json; readonly text: string }>
}

/** A recorded server. */
export interface Tape {
  readonly version: Version
  readonly cues: ReadonlyArray<Cue>
}

const idMark = "\u0000id:"

/** In the place of an id of the client: that of the message with this number of this key. */
const idOf = (key: string, index: number): string => `${idMark}${index} ${key}`

/** Puts ids in their places. */
export const withIds = (text: string, ids: ReadonlyMap<string, number>): string =>
  text.includes("\\u0000id:")
    ? text.replaceAll(/"\\u0000id:((?:[^"\\]|\\.)*)"/g, (_, name: string) => String(ids.get(name) ?? 987_654))
    : text

/** The name under which {@link withIds} looks for an id. */
export const idName = (key: string, index: number): string => JSON.stringify(`${index} ${key}`).slice(1, -1)

/** What tells a message of a client from others: its method and whom it is for; of an answer, what it answers. */
export const keyOf = ({ id, method, params }: JsonRecord): string => {
  if (method === undefined) return `answer ${JSON.stringify(id)}`
  const { argument, cursor, name, uri } = isRecord(params) ? params : {}
  return `${String(method)} ${JSON.stringify([name, uri, cursor, isRecord(argument) ? argument["name"] : undefined])}`
}

/** A message as JSON. */
const jsonOf = (message: Jsonrpc.Single): JsonRecord => {
  const { _tag, ...members } = message
  return JSON.parse(JSON.stringify({ jsonrpc: "2.0", ...members })) as JsonRecord // JSON it was
}

/** Takes down what goes over a transport. */
class Recorder {
  readonly cues: Array<{ key: string; lines: Array<Json> }> = []
  private readonly names = new Map<number, string>()
  private readonly counts = new Map<string, number>()
  private readonly isSession: boolean

  constructor(isSession: boolean) {
    this.isSession = isSession
  }

  sent(message: JsonRecord): void {
    // Nothing is said to what the client only tells; what comes after it belongs to what came before it.
    if (message["id"] === undefined) return
    const key = keyOf(message)
    const index = this.counts.get(key) ?? 0
    this.counts.set(key, index + 1)
    if (typeof message["method"] === "string" && typeof message["id"] === "number")
      this.names.set(message["id"], idOf(key, index))
    this.cues.push({ key, lines: [] })
  }

  received(message: JsonRecord): void {
    this.replaceIds(message)
    const params = isRecord(message["params"]) ? message["params"] : {}
    const result = isRecord(message["result"]) ? message["result"] : {}
    // What is random would make each recording another one.
    if (params["elicitationId"] !== undefined) params["elicitationId"] = "a page"
    if (result["requestState"] !== undefined) result["requestState"] = "sealed"
    this.cues.at(-1)!.lines.push(message)
  }

  private replaceIds(message: JsonRecord): void {
    const replace = (holder: Json | undefined, key: string): void => {
      if (!isRecord(holder) || typeof holder[key] !== "number") return
      const name = this.names.get(holder[key])
      if (name !== undefined) holder[key] = name
    }
    const params = isRecord(message["params"]) ? message["params"] : {}
    if (message["method"] === undefined) replace(message, "id")
    if (message["method"] === "notifications/progress") replace(params, "progressToken")
    // In a session the server takes back questions of its own.
    if (message["method"] === "notifications/cancelled" && !this.isSession) replace(params, "requestId")
    replace(params["_meta"], Key.subscriptionId)
    replace(isRecord(message["result"]) ? message["result"]["_meta"] : undefined, Key.subscriptionId)
  }
}

const recording = (recorder: Recorder) =>
  Layer.effect(
    ClientTransport,
    Effect.map(ClientTransport, (inner) =>
      ClientTransport.of({
        kind: "memory",
        connect: (receive) =>
          Effect.map(
            inner.connect((message) => {
              if (message._tag !== "Batch") recorder.received(jsonOf(message))
              receive(message)
            }),
            (connection) => {
              const note = (message: Jsonrpc.Outbound) => recorder.sent(JSON.parse(Jsonrpc.stringify(message)) as JsonRecord) // JSON it was
              return {
                ...connection,
                send: (message) => Effect.suspend(() => (note(message), connection.send(message))),
                sendUnsafe: (message) => (note(message), connection.sendUnsafe(message))
              }
            }
          )
      })
    )
  ).pipe(Layer.provide(MemoryTransport.layer()), Layer.provide(Server))

/** Records a rich session in a revision. */
const record = Effect.fnUntraced(function* (version: Version) {
  const recorder = new Recorder(version !== "2026-07-28")
  const kit: Kit = {
    roots: yield* SubscriptionRef.make<RootsHandler.Roots>([{ uri: "file:///a" }]),
    counted: (effect) => effect
  }
  yield* Effect.gen(function* () {
    const client = yield* McpClient.make({ ...options, versions: [version] })
    for (const { run } of operations) yield* Effect.ignore(run(client, kit))
  }).pipe(Effect.scoped, Effect.provide(Layer.merge(Layer.fresh(recording(recorder)), handlers(kit))))
  const cues = recorder.cues.map(({ key, lines }) => ({ key, lines: lines.map((value) => ({ value, text: toText(value) })) }))
  return { version, cues: cues.filter(({ lines }) => lines.length > 0) } satisfies Tape
})

/** Records all revisions. */
export const recordAll: Effect.Effect<ReadonlyArray<Tape>> = Effect.forEach(revisions, record, { concurrency: "unbounded" }).pipe(
  Effect.provide(Logger.layer([])),
  Effect.orDie
)
