/**
 * How a client and the server get to know each other, and what else has no component: `initialize`, `server/discover`, `ping`,
 * `logging/setLevel`.
 */
import type { Outcome } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { invalidParams, InvalidParams, InvalidRequest } from "@effect-mcp/core/McpError"
import { Implementation, isLoggingLevel, loggingLevels } from "@effect-mcp/core/protocol/Common"
import { InitializeParams } from "@effect-mcp/core/protocol/Lifecycle"
import * as Revision from "@effect-mcp/core/Revision"
import { toErrorObject } from "@effect-mcp/core/wire/errors"
import type { ServerFacts } from "@effect-mcp/core/wire/Wire"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { type Kind, kinds } from "../Component.ts"
import type { Settings } from "../Settings.ts"
import type { Call } from "./call.ts"
import type { Engine } from "./engine.ts"
import type { PeerState } from "./peer.ts"

const decodeInitialize = Schema.decodeUnknownExit(InitializeParams)
const decodeImplementation = Schema.decodeUnknownExit(Implementation)

const reply = (id: Jsonrpc.RequestId, json: string): Outcome => ({ _tag: "Reply", message: Jsonrpc.reply(id, json) })

/** What the lifecycle works with. */
export interface Options {
  readonly facts: ServerFacts
  readonly settings: Settings
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

/** Opens the session of a peer. A second `initialize` is refused, a revision that is not ours is answered with the latest one. */
export const makeInitialize =
  ({ engineOf, facts, offered, settings }: Options) =>
  (peer: PeerState<Call>, request: Jsonrpc.Request): Outcome => {
    const refuse = (reason: InvalidParams | InvalidRequest): Outcome => ({
      _tag: "Reply",
      message: Jsonrpc.failure(request.id, toErrorObject(reason, Revision.latestSession))
    })
    if (peer.session !== undefined) return refuse(new InvalidRequest({ detail: "The session is initialized already" }))
    const decoded = decodeInitialize(nameAndVersion(request.params ?? {}))
    if (Exit.isFailure(decoded)) {
      const detail = "Invalid params: `initialize` needs protocolVersion, capabilities and clientInfo with name and version"
      return refuse(new InvalidParams({ detail }))
    }
    const { capabilities, clientInfo, protocolVersion } = decoded.value
    const engine = engineOf(Revision.negotiate(protocolVersion).version)
    peer.session = {
      engine,
      id: peer.sessionId,
      info: clientInfo,
      capabilities,
      offered: new Set(kinds.filter(offered)),
      subscribed: new Set(),
      logLevel: undefined,
      ready: false
    }
    return reply(request.id, engine.wire.greeting(facts, settings.cacheHint["server/discover"]))
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
  const { session } = call.peer
  if (!isLoggingLevel(level)) {
    const { reason } = invalidParams(`Invalid params: \`level\` must be one of ${loggingLevels.join(", ")}`)
    return { _tag: "Reply", message: Jsonrpc.failure(call.id, call.engine.wire.error(reason)) }
  }
  if (session !== undefined) session.logLevel = level
  return reply(call.id, call.engine.wire.empty)
}
