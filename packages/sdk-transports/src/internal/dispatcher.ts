/**
 * The dispatcher that a server of the SDK is: every message gets its outcome.
 */
import { type Dispatcher, type Outcome, type PeerOptions, withoutSessions } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Internal, InvalidRequest, Overloaded } from "@effect-mcp/core/McpError"
import type { Principal } from "@effect-mcp/core/Principal"
import * as Revision from "@effect-mcp/core/Revision"
import { toErrorObject } from "@effect-mcp/core/wire/errors"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { AuthInfo, MessageExtra, SdkTransport } from "../SdkTransport.ts"
import { delivered } from "./messages.ts"
import { ServedPeer, type Way } from "./servedPeer.ts"

/** `Options` of `SdkDispatcher` with their defaults. */
export interface Settings {
  readonly connect: (transport: SdkTransport) => unknown
  readonly context: Context.Context<never>
  readonly authInfo: ((principal: Principal) => AuthInfo | undefined) | undefined
  readonly startTimeout: Duration.Input
  readonly maxInFlight: number
}

// As in our own server: a client that sends more in one array is not one that we know.
const maxBatch = 1000

const accepted: Outcome = { _tag: "Accepted" }

const rejected = (id: Jsonrpc.RequestId | undefined, detail: string): Outcome => ({
  _tag: "Rejected",
  message: Jsonrpc.failure(id, toErrorObject(new InvalidRequest({ detail }), Revision.latestSession))
})

const busy = (id: Jsonrpc.RequestId, limit: number): Outcome => {
  const detail = `The server has ${limit} requests of this client in flight; nothing was done, try again later`
  return { _tag: "Reply", message: Jsonrpc.failure(id, toErrorObject(new Overloaded({ detail }), Revision.latest)) }
}

/** Logs what went wrong, and gives the error that the client sees instead. */
const logged =
  (context: Context.Context<never>) =>
  (what: string, cause: Cause.Cause<unknown>): Jsonrpc.ErrorObject => {
    const id = globalThis.crypto.randomUUID()
    Effect.runForkWith(context)(Effect.annotateLogs(Effect.logError(what, cause), "mcp.error.id", id))
    return toErrorObject(new Internal({ id }), Revision.latest)
  }

/** See the module. */
export const make = (settings: Settings): Dispatcher["Service"] => {
  const { authInfo, connect, context, maxInFlight, startTimeout } = settings
  const broken = logged(context)
  let lastPeer = 0

  const extraOf = (principal: Principal | undefined): MessageExtra | undefined => {
    const info = principal === undefined ? undefined : authInfo?.(principal)
    return info === undefined ? undefined : { authInfo: info }
  }

  const handleSingle = (peer: ServedPeer, message: Jsonrpc.Single, way: Way): Effect.Effect<Outcome> => {
    switch (message._tag) {
      case "Request":
        if (peer.isInFlight(message.id)) {
          return Effect.succeed(rejected(undefined, `Invalid Request: the id ${JSON.stringify(message.id)} is in flight already`))
        }
        if (peer.inFlight >= maxInFlight) return Effect.succeed(busy(message.id, maxInFlight))
        return peer.request(message, way)
      case "Invalid": {
        const { answers, error, id } = message
        // A malformed answer ends its question all the same.
        if (id === undefined && answers !== undefined) peer.deliver(delivered(Jsonrpc.failure(answers, error)), way.extra)
        const unused = id !== undefined && peer.isInFlight(id) ? undefined : id
        return Effect.succeed({ _tag: "Rejected", message: Jsonrpc.failure(unused, error) })
      }
      default:
        peer.deliver(delivered(message), way.extra)
        if (message._tag === "Notification") peer.cancelled(message)
        return Effect.succeed(accepted)
    }
  }

  const handleBatch = (peer: ServedPeer, { items }: Jsonrpc.Batch, way: Way): Effect.Effect<Outcome> => {
    const revision = peer.agreement === undefined ? undefined : Revision.fromVersion(peer.agreement.version)
    if (revision?.batches !== true) {
      return Effect.succeed(rejected(undefined, "Invalid Request: batches are part of revision 2025-03-26 only"))
    }
    if (items.length > maxBatch) {
      return Effect.succeed(rejected(undefined, `Invalid Request: a batch of more than ${maxBatch} messages`))
    }
    const each = (item: Jsonrpc.Single) => Effect.suspend(() => handleSingle(peer, item, way))
    return Effect.map(Effect.forEach(items, each, { concurrency: "unbounded" }), (all): Outcome => {
      const messages = all.flatMap((outcome) => ("message" in outcome ? outcome.message : []))
      return messages.length === 0 ? accepted : { _tag: "Reply", message: messages }
    })
  }

  const open = (options: PeerOptions) =>
    Effect.gen(function* () {
      const peer = yield* Effect.acquireRelease(
        Effect.sync(() => new ServedPeer(++lastPeer, options, context, broken)),
        (peer) => Effect.sync(() => peer.end())
      )
      peer.connect(connect)
      const late = Effect.sync(() =>
        peer.isLate(`the server did not call \`start\` within ${Duration.format(Duration.fromInputUnsafe(startTimeout))}`)
      )
      if (peer.isStarting) yield* Effect.forkScoped(Effect.delay(late, startTimeout))
      return peer
    })

  return {
    open,
    ...withoutSessions(open),
    handle: (peer, message, emit, delivery) => {
      const served = peer as ServedPeer // only this dispatcher makes peers
      const way = { emit, extra: extraOf(delivery?.principal ?? served.principal) }
      return Effect.suspend(() =>
        message._tag === "Batch" ? handleBatch(served, message, way) : handleSingle(served, message, way)
      )
    },
    abandon: (_peer, message) => {
      const requests = message._tag === "Batch" ? message.items : [message]
      const cause = Cause.die(new Error("its fiber broke"))
      const failures = requests.flatMap((request) =>
        request._tag === "Request" ? [Jsonrpc.failure(request.id, broken(`${request.method} failed`, cause))] : []
      )
      const [first] = failures
      return first === undefined ? accepted : { _tag: "Reply", message: message._tag === "Batch" ? failures : first }
    },
    drain: (peer) => (peer as ServedPeer).idle // as above
  }
}
