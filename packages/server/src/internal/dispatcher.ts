/**
 * The dispatcher: tells the eras apart, finds the method, and gives every message its outcome. It knows no transport.
 */
import type { Delivery, Dispatcher, Emit, Outcome, Peer, PeerOptions } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import {
  Internal,
  InvalidParams,
  InvalidRequest,
  MethodNotFound,
  type Reason,
  UnsupportedVersion
} from "@effect-mcp/core/McpError"
import { anonymous, type Principal } from "@effect-mcp/core/Principal"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as Revision from "@effect-mcp/core/Revision"
import { toErrorObject } from "@effect-mcp/core/wire/errors"
import { type Envelope, readEnvelope, supportedVersions } from "@effect-mcp/core/wire/RequestEra"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Turnover } from "@effect-mcp/core/Turnover"
import type { Settings } from "../Settings.ts"
import { Call } from "./call.ts"
import type { Engine } from "./engine.ts"
import type { Subscriptions } from "./listen.ts"
import type { SessionStart } from "./lifecycle.ts"
import { PeerState } from "./peer.ts"
import { type LogDefect, refuse } from "./run.ts"
import type { Sessions } from "./sessions.ts"

type ServerPeer = PeerState<Call>

// A client that sends more in one array is not one that we know.
const maxBatch = 1000

/** How long a peer or a server that goes away waits for handlers that do not end when they are interrupted. */
export const closeTimeout = Duration.seconds(5)

const accepted: Effect.Effect<Outcome> = Effect.succeed({ _tag: "Accepted" })

const failure = (id: Jsonrpc.RequestId | undefined, reason: Reason, revision: Revision.Revision): Jsonrpc.Failure =>
  Jsonrpc.failure(id, toErrorObject(reason, revision))

const answer = (id: Jsonrpc.RequestId, reason: Reason, revision: Revision.Revision): Effect.Effect<Outcome> =>
  Effect.succeed({ _tag: "Reply", message: failure(id, reason, revision) })

const reject = (id: Jsonrpc.RequestId | undefined, reason: Reason, revision: Revision.Revision): Effect.Effect<Outcome> =>
  Effect.succeed({ _tag: "Rejected", message: failure(id, reason, revision) })

const rejected = (id: Jsonrpc.RequestId | undefined, detail: string): Effect.Effect<Outcome> =>
  reject(id, new InvalidRequest({ detail }), Revision.latestSession)

const isEnvelope = (read: Envelope | InvalidParams): read is Envelope => !("_tag" in read)

// The id of a request in flight is not given to the answer of something else.
const unusedId = (peer: ServerPeer, { id }: Jsonrpc.Invalid): Jsonrpc.RequestId | undefined =>
  id !== undefined && peer.calls.has(id) ? undefined : id

/** From whom a message came, what came with it, and the way back. */
class Way {
  readonly emit: Emit
  readonly principal: Principal
  readonly header: Delivery["header"]

  constructor(emit: Emit, principal: Principal, header: Delivery["header"]) {
    this.emit = emit
    this.principal = principal
    this.header = header
  }
}

/** What the dispatcher works with. */
export interface Options {
  readonly settings: Settings
  readonly engineOf: (version: Revision.Version) => Engine<Call>
  readonly initialize: (peer: ServerPeer, request: Jsonrpc.Request) => Effect.Effect<Outcome>
  readonly sessions: Sessions
  /** Goes on with the session of a client that somebody else has greeted. */
  readonly resume: (peer: ServerPeer, start: SessionStart) => void
  /** Takes notifications that are not of the protocol. Must not throw. */
  readonly notify: (peer: ServerPeer, message: Jsonrpc.Notification, way: Way) => void
  readonly peers: Turnover<ServerPeer, ServerPeer>
  readonly subscriptions: Subscriptions
  /** The time in milliseconds, from wherever. */
  readonly now: () => number
  readonly logDefect: LogDefect
  /** Lets go of what a call holds whose fiber broke. */
  readonly letGo: (call: Call) => void
}

/** The dispatcher of one server. */
export const make = ({
  engineOf,
  initialize,
  letGo,
  logDefect,
  notify,
  now,
  peers,
  resume,
  sessions,
  settings,
  subscriptions
}: Options): Dispatcher["Service"] => {
  let lastPeer = 0
  // In the request era a conversation is one request, and most clients say the same of themselves every time.
  let lastEnvelope: Envelope | undefined

  const serve = (call: Call): Effect.Effect<Outcome> => {
    const method = call.engine.methods.get(call.method)
    if (method === undefined) return Effect.succeed(refuse(call, new MethodNotFound({ method: call.method })))
    try {
      return method(call)
    } catch (error) {
      // A provider or a transform that throws has broken this request, and no other.
      return Effect.succeed(refuse(call, new Internal({ id: logDefect(call.method, Cause.die(error)) })))
    }
  }

  const requestEra = (peer: ServerPeer, request: Jsonrpc.Request, meta: Jsonrpc.JsonObject, way: Way) => {
    const envelope = readEnvelope(meta, peer.envelope ?? lastEnvelope)
    if (!isEnvelope(envelope)) return reject(request.id, envelope, Revision.latest)
    peer.envelope = lastEnvelope = envelope
    const revision = Revision.fromVersion(envelope.version)
    if (revision === undefined || revision.era !== "request") {
      const reason = new UnsupportedVersion({ requested: envelope.version, supported: supportedVersions })
      return answer(request.id, reason, Revision.latest)
    }
    return serve(new Call(request, peer, engineOf(revision.version), envelope, way))
  }

  const beforeSession = (peer: ServerPeer, request: Jsonrpc.Request): Effect.Effect<Outcome> => {
    if (request.method === "initialize") return initialize(peer, request)
    // Before `initialize` a client may send nothing but a ping.
    if (request.method === "ping") return Effect.succeed({ _tag: "Reply", message: Jsonrpc.reply(request.id, "{}") })
    const detail = Revision.latest.hasRequest(request.method, "client")
      ? `Invalid _meta: missing ${Key.protocolVersion}, ${Key.clientCapabilities}; or send \`initialize\` first`
      : "The session is not initialized: send `initialize` first"
    return request.method === "server/discover"
      ? answer(
          request.id,
          new InvalidParams({ detail, data: { envelope: { missing: [Key.protocolVersion, Key.clientCapabilities] } } }),
          Revision.latest
        )
      : answer(request.id, new InvalidRequest({ detail }), Revision.latestSession)
  }

  const handleRequest = (peer: ServerPeer, request: Jsonrpc.Request, way: Way): Effect.Effect<Outcome> => {
    if (peer.calls.has(request.id)) {
      return rejected(undefined, `Invalid Request: the id ${JSON.stringify(request.id)} is in flight already`)
    }
    const meta = request.params?.["_meta"]
    const said = Jsonrpc.isObject(meta) ? meta : undefined
    if (peer.isRequestEra || said?.[Key.protocolVersion] !== undefined) return requestEra(peer, request, said ?? {}, way)
    const { session } = peer
    if (session === undefined || request.method === "initialize") return beforeSession(peer, request)
    return serve(new Call(request, peer, session.engine, peer, way))
  }

  const handleNotification = (peer: ServerPeer, message: Jsonrpc.Notification, way: Way): Effect.Effect<Outcome> => {
    const { method, params } = message
    if (method === "notifications/cancelled") {
      const id = params?.["requestId"]
      if (Jsonrpc.isRequestId(id)) peer.calls.get(id)?.end("cancelled")
    } else if (method === "notifications/initialized" && peer.session !== undefined) {
      peer.ready = true
    } else {
      notify(peer, message, way)
    }
    return accepted
  }

  const handleSingle = (peer: ServerPeer, message: Jsonrpc.Single, way: Way): Effect.Effect<Outcome> => {
    switch (message._tag) {
      case "Request":
        return handleRequest(peer, message, way)
      case "Notification":
        return handleNotification(peer, message, way)
      case "Success":
      case "Failure":
        peer.answer(message)
        return accepted
      case "Invalid":
        // A malformed answer ends its question all the same. What has an id of its own was meant to be a request.
        if (message.id === undefined && message.answers !== undefined) {
          peer.answer(Jsonrpc.failure(message.answers, { code: 0, message: message.error.message }))
        }
        return Effect.succeed({ _tag: "Rejected", message: Jsonrpc.failure(unusedId(peer, message), message.error) })
    }
  }

  const handleBatch = (peer: ServerPeer, { items }: Jsonrpc.Batch, way: Way): Effect.Effect<Outcome> => {
    if (peer.session?.engine.revision.batches !== true) {
      return rejected(undefined, "Invalid Request: batches are part of revision 2025-03-26 only")
    }
    if (items.length > maxBatch) return rejected(undefined, `Invalid Request: a batch of more than ${maxBatch} messages`)
    const outcomes = Effect.forEach(items, (item) => Effect.suspend(() => handleSingle(peer, item, way)), {
      concurrency: "unbounded"
    })
    return Effect.map(outcomes, (all): Outcome => {
      const messages = all.flatMap((outcome) => ("message" in outcome ? outcome.message : []))
      return messages.length === 0 ? { _tag: "Accepted" } : { _tag: "Reply", message: messages }
    })
  }

  const enter = (options: PeerOptions): ServerPeer => {
    const peer = new PeerState<Call>(++lastPeer, options, settings)
    if (options.assumed !== undefined) resume(peer, { version: options.assumed })
    peers.set(peer, peer)
    return peer
  }

  const leave = (peer: ServerPeer): Effect.Effect<void> => {
    peers.delete(peer)
    peer.endAll("closed")
    peer.forgetQuestions()
    if (peer.inFlight === 0) return Effect.void
    return Effect.asVoid(Effect.timeoutOption(peer.idle, closeTimeout))
  }

  const abandon = (peer: ServerPeer, { id, method }: Jsonrpc.Request): Jsonrpc.Failure => {
    const call = peer.calls.get(id)
    if (call !== undefined) letGo(call)
    const error = logDefect(method, Cause.die(new Error("its fiber broke: a handler returned something that is no Effect")))
    return failure(id, new Internal({ id: error }), Revision.latest)
  }

  const open = (options: PeerOptions): Effect.Effect<Peer, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.sync(() => enter(options)),
      (peer) => Effect.suspend(() => leave(peer))
    )

  return {
    open,
    enter: (options) => Effect.succeed(enter(options)),
    leave: (peer) => leave(peer as ServerPeer), // only this dispatcher makes peers
    resume: (id, options) =>
      Effect.map(sessions.find(id, options.principal ?? anonymous), (data) => {
        if (data === undefined) return undefined
        const peer = enter({ ...options, sessionId: id, kept: true })
        resume(peer, data)
        peer.renewedAt = now()
        peer.continueQuestions()
        return peer
      }),
    renew: (peer) => sessions.renew(peer as ServerPeer), // as above
    forget: ({ agreement }) => (agreement?.sessionId === undefined ? Effect.void : sessions.forget(agreement.sessionId)),
    handle: (peer, message, emit, delivery) => {
      const state = peer as ServerPeer // only this dispatcher makes peers
      const way = new Way(emit, delivery?.principal ?? state.principal, delivery?.header)
      return message._tag === "Batch" ? handleBatch(state, message, way) : handleSingle(state, message, way)
    },
    abandon: (peer, message) => {
      const state = peer as ServerPeer // as above
      const requests = message._tag === "Batch" ? message.items : [message]
      const messages = requests.flatMap((request) => (request._tag === "Request" ? [abandon(state, request)] : []))
      const [first] = messages
      if (first === undefined) return { _tag: "Accepted" }
      return { _tag: "Reply", message: message._tag === "Batch" ? messages : first }
    },
    drain: (peer) =>
      Effect.suspend(() => {
        const state = peer as ServerPeer // as above
        subscriptions.end(state.calls.values())
        return state.idle
      })
  }
}
