/**
 * How a client and a server agree on a revision. A client that knows both eras asks with `server/discover` first; what a server of
 * the session era answers to that, if it answers, is an error, and then `initialize` follows.
 *
 * Source: "Versioning" in the base protocol of 2026-07-28, "Lifecycle" of the earlier revisions.
 */
import type { Implementation, LoggingLevel } from "@effect-mcp/core/protocol/Common"
import type { ClientCapabilities, ServerCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import { isObject, ErrorCode, type JsonObject, request } from "@effect-mcp/core/Jsonrpc"
import * as Revision from "@effect-mcp/core/Revision"
import { placed } from "@effect-mcp/core/wire/extensions"
import * as project from "@effect-mcp/core/wire/project"
import * as RequestEra from "@effect-mcp/core/wire/RequestEra"
import * as SessionEra from "@effect-mcp/core/wire/SessionEra"
import type { ClientWire } from "@effect-mcp/core/wire/Wire"
import * as Effect from "effect/Effect"
import { InvalidAnswer, McpClientError, NegotiationFailed, TimedOut } from "../McpClientError.ts"
import type { Connection } from "./connection.ts"
import { early } from "./pending.ts"

/** What was agreed. */
export interface Agreement {
  readonly wire: ClientWire
  readonly serverInfo: Implementation | undefined
  readonly capabilities: ServerCapabilities
  readonly instructions: string | undefined
}

/** What the client brings. */
export interface Offer {
  readonly info: Implementation
  readonly capabilities: (revision: Revision.Revision) => ClientCapabilities
  readonly logLevel: LoggingLevel | undefined
  /** In the order of preference. */
  readonly versions: ReadonlyArray<Revision.Version>
  /** What was agreed with the server the last time. */
  readonly known: Revision.Version | undefined
  /** For how long to wait for an answer, in milliseconds; `undefined` for ever. */
  readonly timeout: number | undefined
  /** Opens another connection, when the server ended the first one over a question that it did not know. */
  readonly reconnect: Effect.Effect<void, McpClientError>
  /** What the server says beside the protocol, where there is such a thing. */
  readonly lastWords: Effect.Effect<string | undefined>
  /** What was agreed, before the server is told so: it may ask at once. */
  readonly agreed: (agreement: Agreement) => void
}

const capabilitiesOf = (result: JsonObject): ServerCapabilities =>
  // Open objects: what matters of them is checked where it is used.
  isObject(result["capabilities"]) ? (result["capabilities"] as ServerCapabilities) : {}

const infoOf = (u: unknown): Implementation | undefined =>
  isObject(u) && typeof u["name"] === "string" ? (u as unknown as Implementation) : undefined // its name is all that is relied on

const instructionsOf = ({ instructions }: JsonObject): string | undefined =>
  typeof instructions === "string" ? instructions : undefined

const strings = (u: unknown): ReadonlyArray<string> => (Array.isArray(u) ? u.filter((item) => typeof item === "string") : [])

const describe = (error: McpClientError): string =>
  error.reason._tag === "RequestFailed" ? `${error.reason.code} ${error.reason.detail}` : error.message

// Only these answers to `server/discover` come from a server that knows the request era.
const knowsRequestEra = ({ reason }: McpClientError): boolean =>
  reason._tag === "RequestFailed" &&
  (reason.code === ErrorCode.UnsupportedProtocolVersion ||
    reason.code === ErrorCode.MissingClientCapability ||
    reason.code === ErrorCode.HeaderMismatch)

const eraOf = (version: string | undefined) => (version === undefined ? undefined : Revision.fromVersion(version)?.era)

const supportedBy = ({ reason }: McpClientError): ReadonlyArray<string> =>
  reason._tag === "RequestFailed" && isObject(reason.data) ? strings(reason.data["supported"]) : []

// The statuses of HTTP with which a server of the session era answers what it does not know.
const isUnknowing: ReadonlySet<number> = new Set([400, 404, 405, 406, 410, 415, 422])

// Whether the server ended the connection over a question. Over HTTP each question has a way of its own.
const endedTheConnection = ({ reason }: McpClientError): boolean =>
  reason._tag === "TransportFailed" && reason.error.reason._tag !== "Refused"

// It says nothing about what the server speaks: nobody was reached, the way broke, or who asks must show who they are.
const isNoEvidence = ({ reason }: McpClientError): boolean => {
  if (reason._tag !== "TransportFailed") return false
  const why = reason.error.reason
  switch (why._tag) {
    case "Refused":
      return !isUnknowing.has(why.status)
    case "AnswerLost":
    case "ConnectFailed":
      return true
    default:
      return false
  }
}

// A process that ends over both questions in the same way does not run at all; what it said last is what matters.
const exitOf = ({ reason }: McpClientError): string | undefined =>
  reason._tag === "TransportFailed" && reason.error.reason._tag === "ProcessExited"
    ? String(reason.error.reason.signal ?? reason.error.reason.exitCode)
    : undefined

const discover = (connection: Connection, wire: ClientWire, timeout: number | undefined) =>
  connection.request("server/discover", (id) => wire.request(id, "server/discover"), early(timeout))

const failed = (tried: ReadonlyArray<string>) => new McpClientError({ reason: new NegotiationFailed({ tried }) })

// Of a server that does not answer, what it writes to stderr is all that there is to know.
const failedAfter = Effect.fnUntraced(function* (
  tried: ReadonlyArray<string>,
  { lastWords }: Offer,
  { reason }: McpClientError
): Effect.fn.Return<never, McpClientError> {
  const stderr = reason._tag === "TimedOut" ? yield* lastWords : undefined
  return yield* new McpClientError({ reason: new NegotiationFailed(stderr === undefined ? { tried } : { tried, stderr }) })
})

const requestEra = Effect.fnUntraced(function* (
  connection: Connection,
  { agreed, capabilities, info, logLevel, timeout }: Offer,
  version: Revision.Version
): Effect.fn.Return<Agreement, McpClientError> {
  const revision = Revision.fromVersion(version) ?? Revision.latest
  const wire = RequestEra.client(revision, { info, capabilities: capabilities(revision), logLevel })
  // One corrective retry, even for the same version: there are servers that refuse the first request of a client.
  const result = yield* Effect.catchIf(
    discover(connection, wire, timeout),
    (error) => knowsRequestEra(error) && supportedBy(error).includes(version),
    () => discover(connection, wire, timeout)
  )
  const supported = strings(result["supportedVersions"])
  if (!supported.includes(version)) {
    const detail = `it supports ${supported.join(", ") || "no version that it names"}, not ${version}`
    // A server that names versions, and none of the session era, would not know `initialize`.
    const isOver = supported.length > 0 && !supported.some((name) => eraOf(name) === "session")
    if (isOver) return yield* failed([`server/discover with ${version}: ${detail}`])
    return yield* new McpClientError({ reason: new InvalidAnswer({ method: "server/discover", detail }) })
  }
  const meta = result["_meta"]
  const agreement = {
    wire,
    serverInfo: infoOf(isObject(meta) ? meta[Key.serverInfo] : undefined) ?? infoOf(result["serverInfo"]),
    capabilities: capabilitiesOf(result),
    instructions: instructionsOf(result)
  }
  agreed(agreement)
  return agreement
})

// Over HTTP each message has a response of its own, and that may never come.
const initialized = (connection: Connection, after: number | undefined): Effect.Effect<void, McpClientError> => {
  const method = "notifications/initialized"
  const told = connection.notify(method)
  if (after === undefined) return told
  const orElse = () => Effect.fail(new McpClientError({ reason: new TimedOut({ method, after }) }))
  return Effect.timeoutOrElse(told, { duration: after, orElse })
}

const sessionEra = Effect.fnUntraced(function* (
  connection: Connection,
  { agreed, capabilities, info, timeout, versions }: Offer,
  version: Revision.Version
): Effect.fn.Return<Agreement, McpClientError> {
  const offered = Revision.fromVersion(version) ?? Revision.latestSession
  const clientInfo = project.implementation(info, offered)
  const params = { protocolVersion: version, capabilities: placed(capabilities(offered), offered), clientInfo }
  const result = yield* connection.request("initialize", (id) => request(id, "initialize", params), early(timeout))
  const answered = String(result["protocolVersion"])
  const revision = Revision.fromVersion(answered)
  if (revision === undefined || revision.era !== "session" || !versions.includes(revision.version)) {
    const detail = `it wants to speak ${answered}, which this client does not`
    return yield* new McpClientError({ reason: new InvalidAnswer({ method: "initialize", detail }) })
  }
  const agreement = {
    wire: SessionEra.client(revision),
    serverInfo: infoOf(result["serverInfo"]),
    capabilities: capabilitiesOf(result),
    instructions: instructionsOf(result)
  }
  agreed(agreement)
  yield* initialized(connection, timeout)
  return agreement
})

/** Agrees with the server on a revision. */
export const negotiate = Effect.fnUntraced(function* (
  connection: Connection,
  offer: Offer
): Effect.fn.Return<Agreement, McpClientError> {
  const modern = offer.versions.find((version) => eraOf(version) === "request")
  const legacy = offer.versions.find((version) => eraOf(version) === "session")
  const tried: Array<string> = []
  let exit: string | undefined
  const note = (what: string, error: McpClientError) => {
    exit = exitOf(error)
    tried.push(`${what}: ${describe(error)}`)
    return endedTheConnection(error) ? offer.reconnect : Effect.void
  }
  if (modern !== undefined && legacy !== undefined && eraOf(offer.known) === "session") {
    const remembered = yield* Effect.result(sessionEra(connection, offer, legacy))
    if (remembered._tag === "Success") return remembered.success
    if (isNoEvidence(remembered.failure)) return yield* remembered.failure
    yield* note(`initialize with ${legacy}, which held before`, remembered.failure)
  }
  if (modern !== undefined) {
    const probed = yield* Effect.result(requestEra(connection, offer, modern))
    if (probed._tag === "Success") return probed.success
    if (probed.failure.reason._tag === "NegotiationFailed" || isNoEvidence(probed.failure)) return yield* probed.failure
    const namesLegacy = supportedBy(probed.failure).some((version) => eraOf(version) === "session")
    const isModern = knowsRequestEra(probed.failure) && !namesLegacy
    // It is not that they disagree.
    if (legacy === undefined && endedTheConnection(probed.failure)) return yield* probed.failure
    const goOn = note(`server/discover with ${modern}`, probed.failure)
    if (legacy === undefined || isModern) return yield* failedAfter(tried, offer, probed.failure)
    yield* goOn
  }
  if (legacy === undefined) return yield* failed(["no version: the list of versions is empty"])
  return yield* Effect.catch(sessionEra(connection, offer, legacy), (error) => {
    if (isNoEvidence(error)) return Effect.fail(error)
    const isAllThereIs = tried.length === 0 || (exit !== undefined && exit === exitOf(error))
    if (error.reason._tag === "TransportFailed" && isAllThereIs) return Effect.fail(error)
    const outcome = tried.at(-1)?.endsWith(describe(error)) === true ? "the same" : describe(error)
    return failedAfter([...tried, `initialize with ${legacy}: ${outcome}`], offer, error)
  })
})
