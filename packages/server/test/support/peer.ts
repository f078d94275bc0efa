/**
 * A raw peer: it speaks to a server in lines of JSON text, as a pipe would, and keeps every line that the server writes, in order.
 */
import { type Delivery, Dispatcher, type Emit, fork, type Outcome, type Peer } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { Principal } from "@effect-mcp/core/Principal"
import * as Revision from "@effect-mcp/core/Revision"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { McpServer } from "../../src/McpServer.ts"

/** A message as it was read back from a line. */
export type Json = { readonly [key: string]: any }

export interface PeerOptions {
  readonly transport?: string
  readonly principal?: Principal
  readonly canAsk?: boolean
  readonly sessionId?: string
  readonly kept?: boolean
  readonly assumed?: Revision.SessionVersion
}

/** Lets everything run that does not wait for the clock or for a message. */
export const settle: Effect.Effect<void> = Effect.promise(async () => {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve))
})

/** Who the raw client says it is. */
export const clientInfo = { name: "raw", version: "0.0.1" }

/** The keys of the envelope of 2026-07-28. */
export const key = (name: string): string => `io.modelcontextprotocol/${name}`

/** The envelope of a request of 2026-07-28. */
export const envelope = (meta: Json = {}, version = "2026-07-28"): Json => ({
  [key("protocolVersion")]: version,
  [key("clientCapabilities")]: {},
  [key("clientInfo")]: clientInfo,
  ...meta
})

/** How a line reached the client: as an answer, on the way of a request, or on the way of the conversation. */
export type Way = "answer" | "request" | "push"

export class RawPeer {
  /** Every line that the server wrote. */
  readonly lines: Array<string> = []
  /** The way of each line. */
  readonly ways: Array<Way> = []
  /** What became of each message that was sent, in the order in which it became known. */
  readonly outcomes: Array<Outcome["_tag"]> = []
  /** The revision that `request` speaks. */
  version: Revision.Version = "2025-11-25"
  /** The headers that come with what is sent, by their lower-case names, as over HTTP. */
  headers: { readonly [name: string]: string } | undefined
  private readonly parsed: Array<Json> = []
  private nextId = 1000
  private full = false
  private readonly parked: Array<() => void> = []
  private readonly waiting = new Set<() => void>()
  private readonly run: ReturnType<typeof fork>
  private readonly emit: Emit
  private peer!: Peer // set by `open`, before anybody has the object

  private constructor(dispatcher: Dispatcher["Service"], context: Context.Context<never>, canAsk: boolean) {
    this.run = fork(dispatcher, context)
    this.emit = this.way("request", canAsk)
  }

  /** Opens a conversation with a dispatcher, until the scope closes. */
  static readonly open = Effect.fnUntraced(function* (dispatcher: Dispatcher["Service"], options: PeerOptions = {}) {
    const canAsk = options.canAsk ?? true
    const self = new RawPeer(dispatcher, yield* Effect.context<never>(), canAsk)
    self.peer = yield* dispatcher.open({
      transport: options.transport ?? "memory",
      push: self.way("push", canAsk),
      ...(options.principal === undefined ? {} : { principal: options.principal }),
      ...(options.sessionId === undefined ? {} : { sessionId: options.sessionId }),
      ...(options.kept === undefined ? {} : { kept: options.kept }),
      ...(options.assumed === undefined ? {} : { assumed: options.assumed })
    })
    return self
  })

  /** Whether the ways back are full: then what does not wait is dropped, and what waits is written when there is room again. */
  set isFull(isFull: boolean) {
    this.full = isFull
    if (!isFull) for (const go of this.parked.splice(0)) go()
  }

  /** How many calls run or wait, as the dispatcher tells. */
  get inFlight(): number {
    return this.peer.inFlight
  }

  /** The peer as a transport holds it. */
  get handle(): Peer {
    return this.peer
  }

  /** All messages so far, parsed. */
  get messages(): ReadonlyArray<Json> {
    while (this.parsed.length < this.lines.length) this.parsed.push(JSON.parse(this.lines[this.parsed.length]!) as Json)
    return [...this.parsed]
  }

  /** The messages with a method: notifications and questions. */
  get notifications(): ReadonlyArray<Json> {
    return this.messages.filter((message) => "method" in message)
  }

  /** Forgets what was written so far. */
  clear(): void {
    this.lines.length = 0
    this.parsed.length = 0
    this.ways.length = 0
    this.outcomes.length = 0
  }

  /** Sends a line. What needs no waiting is answered when this returns. */
  line(text: string): void {
    this.run(
      this.peer,
      Jsonrpc.parse(text),
      this.emit,
      (outcome) => {
        this.outcomes.push(outcome._tag)
        if ("message" in outcome) this.write(outcome.message, "answer")
        else this.wake()
      },
      this.delivery
    )
  }

  /** Sends a message. */
  send(message: unknown): void {
    this.line(JSON.stringify(message))
  }

  /** Sends a notification. */
  notify(method: string, params?: Json): void {
    this.send({ jsonrpc: "2.0", method, params })
  }

  /** Sends a request, with the envelope where the revision has one, and does not wait. Gives its id. */
  start(method: string, params?: Json, id: Jsonrpc.RequestId = this.nextId++): Jsonrpc.RequestId {
    const isRequestEra = Revision.byVersion[this.version].era === "request"
    const full = isRequestEra ? { ...params, _meta: envelope(params?.["_meta"]) } : params
    this.send({ jsonrpc: "2.0", id, method, params: full })
    return id
  }

  /** Sends a request and waits for its answer. */
  request(method: string, params?: Json, id?: Jsonrpc.RequestId): Effect.Effect<Json> {
    return Effect.suspend(() => {
      const from = this.lines.length
      const sent = this.start(method, params, id)
      return this.until(() => this.answerNow(sent, from))
    })
  }

  /** Calls a tool and waits for the answer. */
  call(name: string, args?: Json, meta?: Json): Effect.Effect<Json> {
    return this.request("tools/call", {
      name,
      ...(args === undefined ? {} : { arguments: args }),
      ...(meta === undefined ? {} : { _meta: meta })
    })
  }

  /** Starts to call a tool. Gives the id of the request. */
  startCall(name: string, args?: Json, meta?: Json): Jsonrpc.RequestId {
    return this.start("tools/call", {
      name,
      ...(args === undefined ? {} : { arguments: args }),
      ...(meta === undefined ? {} : { _meta: meta })
    })
  }

  /** Waits for the answer to a request. */
  answer(id: Jsonrpc.RequestId): Effect.Effect<Json> {
    return this.until(() => this.answerNow(id))
  }

  /** The answer to a request, when it is there, after that many lines. */
  answerNow(id: Jsonrpc.RequestId, from = 0): Json | undefined {
    return this.messages.slice(from).find((message) => message["id"] === id && !("method" in message))
  }

  /** Waits until the server has written what is looked for. */
  until<A>(find: (peer: RawPeer) => A | undefined): Effect.Effect<A> {
    return Effect.callback<A>((resume) => {
      const look = () => {
        const found = find(this)
        if (found === undefined) return
        this.waiting.delete(look)
        resume(Effect.succeed(found))
      }
      this.waiting.add(look)
      look()
      return Effect.sync(() => this.waiting.delete(look))
    })
  }

  /** Speaks a revision from now on: opens the session where it has one, and forgets what was written for that. */
  speak(version: Revision.Version, capabilities: Json = {}): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.version = version
      if (Revision.byVersion[version].era === "request") return Effect.void
      return Effect.map(this.request("initialize", { protocolVersion: version, capabilities, clientInfo }), () => {
        this.notify("notifications/initialized")
        this.clear()
      })
    })
  }

  private get delivery(): Delivery | undefined {
    const { headers } = this
    return headers === undefined ? undefined : { header: (name) => (Object.hasOwn(headers, name) ? headers[name] : undefined) }
  }

  private way(name: Way, canAsk: boolean): Emit {
    return {
      canAsk,
      send: (message) =>
        Effect.callback<void>((resume) => {
          const go = () => {
            this.write(message, name)
            resume(Effect.void)
          }
          if (!this.full) return go()
          this.parked.push(go)
          return Effect.sync(() => this.parked.splice(this.parked.indexOf(go), 1))
        }),
      sendUnsafe: (message) => {
        if (!this.full) this.write(message, name)
        return !this.full
      }
    }
  }

  private write(message: Jsonrpc.Outbound, way: Way): void {
    this.lines.push(Jsonrpc.stringify(message))
    this.ways.push(way)
    this.wake()
  }

  private wake(): void {
    for (const look of this.waiting) look()
  }
}

/** A server that was built for a test. */
export interface Served {
  readonly server: McpServer["Service"]
  readonly dispatcher: Dispatcher["Service"]
  /** Another peer, until the scope closes. */
  readonly open: (options?: PeerOptions) => Effect.Effect<RawPeer, never, Scope.Scope>
  /** A peer that speaks a revision, until the scope closes. */
  readonly speak: (version?: Revision.Version, options?: PeerOptions) => Effect.Effect<RawPeer, never, Scope.Scope>
  /** Closes the scope of the server. */
  readonly close: Effect.Effect<void>
}

/** Builds a server for the time of the test. */
export const serve = <E>(layer: Layer.Layer<McpServer | Dispatcher, E>): Effect.Effect<Served, E, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const built = yield* Layer.buildWithScope(Layer.fresh(layer), scope)
    yield* settle
    return servedBy(built, Scope.close(scope, Exit.void))
  })

/** Builds two servers as one program would: what they share is built once. */
export const serveTogether = <E1, E2>(
  one: Layer.Layer<McpServer | Dispatcher, E1>,
  other: Layer.Layer<McpServer | Dispatcher, E2>
): Effect.Effect<readonly [Served, Served], E1 | E2, Scope.Scope> =>
  Effect.gen(function* () {
    const memo = yield* Layer.makeMemoMap
    const scope = yield* Effect.scope
    const first = yield* Layer.buildWithMemoMap(one, memo, scope)
    const second = yield* Layer.buildWithMemoMap(other, memo, scope)
    yield* settle
    return [servedBy(first), servedBy(second)] as const
  })

/** Peers of a server that was built already. */
export const servedBy = (context: Context.Context<McpServer | Dispatcher>, close: Effect.Effect<void> = Effect.void): Served => {
  const dispatcher = Context.get(context, Dispatcher)
  const open = (options?: PeerOptions) => RawPeer.open(dispatcher, options)
  return {
    server: Context.get(context, McpServer),
    dispatcher,
    open,
    speak: (version = "2025-11-25", options) => Effect.tap(open(options), (peer) => peer.speak(version)),
    close
  }
}
