/**
 * How a client and the server get to know each other, and what else has no component: `initialize`, `server/discover`, `ping`,
 * `logging/setLevel`.
 */
import type { Outcome } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Internal, invalidParams, InvalidParams, InvalidRequest } from "@effect-mcp/core/McpError"
import type { ClientCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import { Implementation, isLoggingLevel, loggingLevels } from "@effect-mcp/core/protocol/Common"
import { InitializeParams } from "@effect-mcp/core/protocol/Lifecycle"
import * as Revision from "@effect-mcp/core/Revision"
import { toErrorObject } from "@effect-mcp/core/wire/errors"
import { isSame } from "@effect-mcp/core/wire/RequestEra"
import type { ServerFacts } from "@effect-mcp/core/wire/Wire"
import type { SessionVersion } from "@effect-mcp/core/protocol/Version"
import type { SessionData } from "@effect-mcp/core/SessionStore"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { type Kind, kinds } from "../Component.ts"
import type { Settings } from "../Settings.ts"
import type { Call } from "./call.ts"
import type { Engine } from "./engine.ts"
import type { PeerState, Session } from "./peer.ts"
import type { LogDefect } from "./run.ts"
import type { Sessions } from "./sessions.ts"

const decodeInitialize = Schema.decodeUnknownExit(InitializeParams)
const decodeImplementation = Schema.decodeUnknownExit(Implementation)

const reply = (id: Jsonrpc.RequestId, json: string): Outcome => ({ _tag: "Reply", message: Jsonrpc.reply(id, json) })

/** What a session starts from: what a store remembers of one, or what is assumed of a client that nobody knows. */
export type SessionStart = Pick<SessionData, "version"> & Partial<SessionData>

/** What the lifecycle works with. */
export interface Options {
  readonly facts: ServerFacts
  readonly settings: Settings
  readonly sessions: Sessions
  readonly logDefect: LogDefect
  /** Whether components of a kind are served. */
  readonly offered: (kind: Kind) => boolean
  readonly engineOf: (version: Revision.Version) => Engine<Call>
}

// What a client says of itself beyond its name is for display: there are clients that get it wrong, and that is no reason to refuse them.
const nameAndVersion = (params: Jsonrpc.JsonObject): Jsonrpc.JsonObject => {
  const { clientInfo } = params
  if (!Jsonrpc.isObject(clientInfo) || Exit.isSuccess(decodeImplementation(clientInfo))) return params
  return { ...params, clientInfo: { name: clientInfo["name"], version: clientInfo["version"] } }
}

/** The kinds that there are now, as one set for all who come while they stay the same. */
const makeOffers = (offered: (kind: Kind) => boolean) => {
  let last: ReadonlySet<Kind> = new Set()
  return (): ReadonlySet<Kind> => {
    const now = kinds.filter(offered)
    if (now.length !== last.size || now.some((kind) => !last.has(kind))) last = new Set(now)
    return last
  }
}

const none: ClientCapabilities = {}

/** What is agreed with a client: one object for all that are alike. */
export const makeAgreed = ({ engineOf, offered }: Options) => {
  const offers = makeOffers(offered)
  let last: Session<Call> | undefined
  return ({ clientCapabilities = none, clientInfo, version }: SessionStart): Session<Call> => {
    const next = { engine: engineOf(version), info: clientInfo, capabilities: clientCapabilities, offered: offers() }
    const isLast =
      last !== undefined &&
      last.engine === next.engine &&
      last.offered === next.offered &&
      isSame(last.info, next.info) &&
      isSame(last.capabilities, next.capabilities)
    if (!isLast) last = next
    return last ?? next
  }
}

/** Goes on with a session that began elsewhere, so its client has said that it is ready. */
export const makeResume =
  (agreed: (start: SessionStart) => Session<Call>) =>
  (peer: PeerState<Call>, start: SessionStart): void => {
    peer.session = agreed(start)
    peer.ready = true
    peer.logLevel = start.logLevel
    if (start.subscriptions !== undefined && start.subscriptions.length > 0) peer.subscribed = new Set(start.subscriptions)
  }

/** Opens the session of a peer. A second `initialize` is refused, a revision that is not ours is answered with the latest one. */
export const makeInitialize =
  ({ facts, logDefect, sessions, settings }: Options, agreed: (start: SessionStart) => Session<Call>) =>
  (peer: PeerState<Call>, request: Jsonrpc.Request): Effect.Effect<Outcome> => {
    const failed = (reason: InvalidParams | InvalidRequest | Internal) => ({
      _tag: "Reply" as const,
      message: Jsonrpc.failure(request.id, toErrorObject(reason, Revision.latestSession))
    })
    if (peer.session !== undefined) {
      const { message } = failed(new InvalidRequest({ detail: "The session is initialized already" }))
      return Effect.succeed({ _tag: "Rejected", message })
    }
    const decoded = decodeInitialize(nameAndVersion(request.params ?? {}))
    if (Exit.isFailure(decoded)) {
      const detail = "Invalid params: `initialize` needs protocolVersion, capabilities and clientInfo with name and version"
      return Effect.succeed(failed(new InvalidParams({ detail })))
    }
    const { clientInfo, protocolVersion } = decoded.value
    // As they were sent, members included that nobody knows yet.
    const capabilities = request.params?.["capabilities"] as ClientCapabilities // by their Schema
    const version = Revision.negotiate(protocolVersion).version as SessionVersion // it gives no other
    const session = agreed({ version, clientInfo, clientCapabilities: capabilities })
    peer.session = session
    const greeting = reply(request.id, session.engine.wire.greeting(facts, settings.cacheHint["server/discover"]))
    if (!peer.kept) return Effect.succeed(greeting)
    return Effect.matchCause(sessions.begin(peer, session), {
      onSuccess: () => greeting,
      onFailure: (cause) => {
        peer.session = undefined
        return failed(new Internal({ id: logDefect("initialize", cause) }))
      }
    })
  }

/** Serves `server/discover`. */
export const makeDiscover =
  ({ facts, settings }: Options) =>
  (call: Call): Outcome =>
    reply(call.id, call.engine.wire.greeting(facts, settings.cacheHint["server/discover"]))

/** Serves `ping`. */
export const ping = (call: Call): Outcome => reply(call.id, call.engine.wire.empty)

/** Serves `logging/setLevel`: from then on, the session gets messages of that level and above. */
export const setLevel = (call: Call): Outcome => {
  const level = call.params?.["level"]
  if (!isLoggingLevel(level)) {
    const { reason } = invalidParams(`Invalid params: \`level\` must be one of ${loggingLevels.join(", ")}`)
    return { _tag: "Reply", message: Jsonrpc.failure(call.id, call.engine.wire.error(reason)) }
  }
  call.peer.logLevel = level
  return reply(call.id, call.engine.wire.empty)
}
