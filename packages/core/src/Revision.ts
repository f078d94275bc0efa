/**
 * The revisions of MCP: one record each, that answers named questions. Code asks `revision.batches`, never for a date.
 *
 * Source: the changelogs and schemas of the revisions, https://modelcontextprotocol.io/specification/versioning
 */
import { ErrorCode } from "./Jsonrpc.ts"
import type { CapabilityPath } from "./protocol/Capabilities.ts"
import { gatesOf, type NotificationRow, type RequestRow, type Sender } from "./protocol/Method.ts"
import { notificationRows, requestRows } from "./protocol/Table.ts"
import { type Era, requestVersions, sessionVersions, type Version, type Versions, versions } from "./protocol/Version.ts"

export { type Era, type RequestVersion, type SessionVersion, type Version, versions } from "./protocol/Version.ts"
export type { Sender } from "./protocol/Method.ts"

/** A capability that a message needs, and the side that declares it. */
export interface Needed {
  readonly side: Sender
  readonly path: CapabilityPath
}

/** What one revision says. */
export interface Revision extends Facts {
  readonly version: Version
  readonly era: Era
  /** Whether the request exists and `sender` may send it on its own. Capabilities are not looked at. */
  readonly hasRequest: (method: string, sender: Sender) => boolean
  /** Whether the request exists as a question inside an `InputRequired`. */
  readonly embeds: (method: string) => boolean
  /** Whether the notification exists and `sender` may send it. */
  readonly hasNotification: (method: string, sender: Sender) => boolean
  /** The capabilities that a request, question or notification of `sender` needs; empty for one that does not exist. */
  readonly needs: (method: string, sender: Sender) => ReadonlyArray<Needed>
  /** Whether a side may declare the capability, by its first name such as `tasks`. */
  readonly hasCapability: (side: Sender, name: string) => boolean
}

/** The facts in which revisions differ. */
export interface Facts {
  // --- the conversation
  /** A conversation has state, set up by `initialize`. Over HTTP, since 2025-03-26, it may have an id. */
  readonly sessions: boolean
  /** `initialize` and `notifications/initialized` open a conversation. */
  readonly initialize: boolean
  readonly ping: boolean
  /** `server/discover` tells about the server. */
  readonly discover: boolean
  /** Several messages may come as one JSON array. */
  readonly batches: boolean
  /** `_meta` of each request carries version, capabilities and identity of the client. */
  readonly requestMetadata: boolean
  /** Each result says of which type it is, and `_meta` who the server is. */
  readonly resultType: boolean
  /** Results of six methods say how long they may be kept. */
  readonly cacheHints: boolean
  /** Servers send requests on their own. Otherwise they ask inside an answer. */
  readonly standaloneServerRequests: boolean
  /** How lists announce changes: to everybody, or on `subscriptions/listen`. */
  readonly listSubscriptions: "unsolicited" | "listen"
  /** Who says which log messages are wanted: the session with `logging/setLevel`, or each request in `_meta`. */
  readonly logging: "session" | "request"
  /** Whether an interrupted HTTP request cancels: the client closes the stream instead of sending a notification. */
  readonly closingCancels: boolean

  // --- HTTP
  /** `sse`: a stream and an endpoint for posts. `streamable`: one endpoint. */
  readonly http: "sse" | "streamable"
  /** Where the header `MCP-Protocol-Version` is required. */
  readonly versionHeader: "never" | "after-initialize" | "always"
  /** The headers `Mcp-Method`, `Mcp-Name` and `Mcp-Param-*` repeat parts of the body. */
  readonly routingHeaders: boolean
  /** Broken streams go on with `Last-Event-ID`. */
  readonly resumable: boolean
  /** A server may close a stream after a first event with an id and no data, and let the client come back. */
  readonly polling: boolean

  // --- descriptions and content
  /** `title` beside `name`. */
  readonly titles: boolean
  /** `_meta` on descriptions and content, not only on params and results. */
  readonly metaOnTypes: boolean
  readonly icons: boolean
  /** `description` and `websiteUrl` of an implementation. */
  readonly implementationDetails: boolean
  readonly toolAnnotations: boolean
  /** `execution` of a tool. */
  readonly toolExecution: boolean
  /** `outputSchema` and `structuredContent`: not at all, objects only, or any JSON value. */
  readonly structuredContent: "none" | "object" | "any"
  readonly audio: boolean
  readonly resourceLinks: boolean
  readonly annotationsLastModified: boolean
  readonly progressMessage: boolean

  // --- features
  /** `completion/complete` needs the capability `completions`. */
  readonly completionsCapability: boolean
  /** `context` of a completion. */
  readonly completionContext: boolean
  readonly elicitation: "none" | "form" | "form+url"
  /** URL elicitations are named by an `elicitationId`, and -32042 can ask for them. */
  readonly elicitationIds: boolean
  /** Choices of a form: `enum` with `enumNames`, or also titled and multiple ones. */
  readonly elicitationChoices: "none" | "enum" | "titled"
  /** Which fields of a form may have a `default`. */
  readonly elicitationDefaults: "none" | "boolean" | "all"
  /** Tools in sampling, and messages with several blocks. */
  readonly samplingTools: boolean
  /** The client may announce that its roots have changed. */
  readonly rootsListChanged: boolean
  readonly tasks: "none" | "core" | "extension"
  /** Capabilities may have `extensions`. */
  readonly extensionsCapability: boolean

  // --- errors
  /** What a call with bad arguments gets: a result with `isError`, or the error -32602. */
  readonly argumentErrors: "result" | "protocol"
  /** The code for a resource that does not exist. */
  readonly resourceNotFoundCode: number
}

const v20241105: Facts = {
  sessions: true,
  initialize: true,
  ping: true,
  discover: false,
  batches: false,
  requestMetadata: false,
  resultType: false,
  cacheHints: false,
  standaloneServerRequests: true,
  listSubscriptions: "unsolicited",
  logging: "session",
  closingCancels: false,
  http: "sse",
  versionHeader: "never",
  routingHeaders: false,
  resumable: false,
  polling: false,
  titles: false,
  metaOnTypes: false,
  icons: false,
  implementationDetails: false,
  toolAnnotations: false,
  toolExecution: false,
  structuredContent: "none",
  audio: false,
  resourceLinks: false,
  annotationsLastModified: false,
  progressMessage: false,
  completionsCapability: false,
  completionContext: false,
  elicitation: "none",
  elicitationIds: false,
  elicitationChoices: "none",
  elicitationDefaults: "none",
  samplingTools: false,
  rootsListChanged: true,
  tasks: "none",
  extensionsCapability: false,
  argumentErrors: "protocol",
  resourceNotFoundCode: ErrorCode.ResourceNotFound
}

const v20250326: Facts = {
  ...v20241105,
  batches: true,
  http: "streamable",
  resumable: true,
  toolAnnotations: true,
  audio: true,
  progressMessage: true,
  completionsCapability: true
}

const v20250618: Facts = {
  ...v20250326,
  batches: false,
  versionHeader: "after-initialize",
  titles: true,
  metaOnTypes: true,
  structuredContent: "object",
  resourceLinks: true,
  annotationsLastModified: true,
  completionContext: true,
  elicitation: "form",
  elicitationChoices: "enum",
  elicitationDefaults: "boolean"
}

const v20251125: Facts = {
  ...v20250618,
  polling: true,
  icons: true,
  implementationDetails: true,
  toolExecution: true,
  elicitation: "form+url",
  elicitationIds: true,
  elicitationChoices: "titled",
  elicitationDefaults: "all",
  samplingTools: true,
  tasks: "core",
  argumentErrors: "result"
}

const v20260728: Facts = {
  ...v20251125,
  sessions: false,
  initialize: false,
  ping: false,
  discover: true,
  requestMetadata: true,
  resultType: true,
  cacheHints: true,
  standaloneServerRequests: false,
  listSubscriptions: "listen",
  logging: "request",
  closingCancels: true,
  versionHeader: "always",
  routingHeaders: true,
  resumable: false,
  polling: false,
  toolExecution: false,
  structuredContent: "any",
  elicitationIds: false,
  rootsListChanged: false,
  tasks: "extension",
  extensionsCapability: true,
  resourceNotFoundCode: ErrorCode.InvalidParams
}

const capabilities = (facts: Facts): BySender<ReadonlySet<string>> => {
  const both = [
    "experimental",
    ...(facts.tasks === "core" ? ["tasks"] : []),
    ...(facts.extensionsCapability ? ["extensions"] : [])
  ]
  return {
    client: new Set([...both, "roots", "sampling", ...(facts.elicitation === "none" ? [] : ["elicitation"])]),
    server: new Set([
      ...both,
      "logging",
      "prompts",
      "resources",
      "tools",
      ...(facts.completionsCapability ? ["completions"] : [])
    ])
  }
}

type BySender<A> = { readonly [S in Sender]: A }

const bySender = <A>(of: (sender: Sender) => A): BySender<A> => ({ client: of("client"), server: of("server") })

type Table = ReadonlyMap<string, ReadonlyArray<Needed>>

/** The messages that a side may send, with what they need. */
const sendable = (version: Version, rows: ReadonlyArray<RequestRow | NotificationRow>): BySender<Table> =>
  bySender((sender) => {
    const sent = rows.filter(({ sentBy }) => sentBy[sender].includes(version))
    return new Map(sent.map((row) => [row.method, gatesOf(row, version, sender)]))
  })

const make = (version: Version, facts: Facts): Revision => {
  const requestsOf = sendable(version, requestRows)
  const notificationsOf = sendable(version, notificationRows)
  const questions = requestRows.filter(({ embedded }) => embedded.includes(version))
  const embedded: Table = new Map(questions.map((row) => [row.method, gatesOf(row, version, "server")]))
  const declared = capabilities(facts)
  return {
    ...facts,
    version,
    era: (requestVersions as Versions).includes(version) ? "request" : "session",
    hasRequest: (method, sender) => requestsOf[sender].has(method),
    embeds: (method) => embedded.has(method),
    hasNotification: (method, sender) => notificationsOf[sender].has(method),
    needs: (method, sender) =>
      requestsOf[sender].get(method) ??
      notificationsOf[sender].get(method) ??
      (sender === "server" ? embedded.get(method) : undefined) ??
      [],
    hasCapability: (side, name) => declared[side].has(name)
  }
}

/** The records, by version. */
export const byVersion: { readonly [V in Version]: Revision } = {
  "2026-07-28": make("2026-07-28", v20260728),
  "2025-11-25": make("2025-11-25", v20251125),
  "2025-06-18": make("2025-06-18", v20250618),
  "2025-03-26": make("2025-03-26", v20250326),
  "2024-11-05": make("2024-11-05", v20241105)
}

/** Every revision, newest first. */
export const all: ReadonlyArray<Revision> = versions.map((version) => byVersion[version])

/** The revisions of the session era, newest first. */
export const sessionEra: ReadonlyArray<Revision> = sessionVersions.map((version) => byVersion[version])

/** The revisions of the request era, newest first. */
export const requestEra: ReadonlyArray<Revision> = requestVersions.map((version) => byVersion[version])

/** The newest revision. */
export const latest: Revision = byVersion[versions[0]]

/** The newest revision of the session era, the one to offer with `initialize`. */
export const latestSession: Revision = byVersion[sessionVersions[0]]

const table: ReadonlyMap<string, Revision> = new Map(all.map((revision) => [revision.version, revision]))

/** The revision of a version that somebody sent. Undefined when it is none of ours. */
export const fromVersion = (version: string): Revision | undefined => table.get(version)

/**
 * What a server answers to the version that `initialize` asks for: the same one, when it is of the session era, otherwise the
 * newest of that era. A request-era revision is never agreed upon by `initialize`.
 */
export const negotiate = (requested: string): Revision => {
  const revision = fromVersion(requested)
  return revision?.era === "session" ? revision : latestSession
}
