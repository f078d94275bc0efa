/**
 * The wire codec of the request era, since 2026-07-28: what a session knows in the other era travels in `_meta` of each request.
 */
import type { CacheHint } from "../CacheHint.ts"
import {
  type Headers,
  idJson,
  isObject,
  type JsonObject,
  notification,
  type Request,
  request,
  type RequestId
} from "../Jsonrpc.ts"
import { InvalidParams, type Reason } from "../McpError.ts"
import type { ClientCapabilities } from "../protocol/Capabilities.ts"
import { type Implementation, isLoggingLevel, type LoggingLevel, loggingLevels } from "../protocol/Common.ts"
import { Key } from "../protocol/RequestMeta.ts"
import type { CallToolResult } from "../protocol/Tools.ts"
import { type Revision, requestEra } from "../Revision.ts"
import { toErrorObject } from "./errors.ts"
import * as project from "./project.ts"
import type { ClientFacts, ClientWire, ServerWire } from "./Wire.ts"

/** The envelope of a request, read. */
export interface Envelope extends ClientFacts {
  /** Any string: whether it is served is another question. */
  readonly version: string
}

class ReadEnvelope implements Envelope {
  readonly version: string
  readonly capabilities: ClientCapabilities
  readonly info: Implementation | undefined
  readonly logLevel: LoggingLevel | undefined
  constructor(
    version: string,
    capabilities: ClientCapabilities,
    info: Implementation | undefined,
    logLevel: LoggingLevel | undefined
  ) {
    this.version = version
    this.capabilities = capabilities
    this.info = info
    this.logLevel = logLevel
  }
}

const isImplementation = (u: unknown): u is Implementation =>
  isObject(u) && typeof u["name"] === "string" && typeof u["version"] === "string"

const isCapabilities = (u: unknown): u is ClientCapabilities => {
  if (!isObject(u)) return false
  for (const key in u) if (!isObject(u[key])) return false
  return true
}

const missing = (meta: JsonObject): ReadonlyArray<string> =>
  [Key.protocolVersion, Key.clientCapabilities].filter((key) => meta[key] === undefined)

const malformed = (key: string, problem: string) =>
  new InvalidParams({ detail: `Invalid _meta: ${key} ${problem}`, data: { envelope: { key, problem } } })

// What is nested deeper is read anew: comparing it would take the stack of whoever sends it.
const maxDepth = 16

/** Whether two JSON values are the same, as far as they are nested at most 16 levels. */
export const isSame = (a: unknown, b: unknown, depth = 0): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (depth === maxDepth || Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [a as JsonObject, b as JsonObject] // members of arrays are looked at as those of objects
  let more = 0
  for (const key in left) {
    if (!isSame(left[key], right[key], depth + 1)) return false
    more++
  }
  for (const _ in right) more--
  return more === 0
}

/**
 * Reads the envelope of a request by hand: it comes with every request. Fails with the answer that the client gets, which names
 * what is missing or wrong. Clients say the same every time: `last` is given back when it is what this request says, too, and `meta`
 * then holds its values, so that there is one copy of them.
 */
export const readEnvelope = (meta: JsonObject, last?: Envelope): Envelope | InvalidParams => {
  const version = meta[Key.protocolVersion]
  const capabilities = meta[Key.clientCapabilities]
  const info = meta[Key.clientInfo]
  const logLevel = meta[Key.logLevel]
  if (
    last !== undefined &&
    version === last.version &&
    logLevel === last.logLevel &&
    isSame(info, last.info) &&
    isSame(capabilities, last.capabilities)
  ) {
    const shared = meta as { [key: string]: unknown } // other objects, the same values
    shared[Key.clientCapabilities] = last.capabilities
    if (info !== undefined) shared[Key.clientInfo] = last.info
    return last
  }
  if (version === undefined || capabilities === undefined) {
    const keys = missing(meta)
    return new InvalidParams({ detail: `Invalid _meta: missing ${keys.join(", ")}`, data: { envelope: { missing: keys } } })
  }
  if (typeof version !== "string") return malformed(Key.protocolVersion, "must be a string")
  if (!isCapabilities(capabilities)) return malformed(Key.clientCapabilities, "must be an object of objects")
  if (info !== undefined && !isImplementation(info)) return malformed(Key.clientInfo, "must have a name and a version")
  if (logLevel !== undefined && !isLoggingLevel(logLevel))
    return malformed(Key.logLevel, `must be one of ${loggingLevels.join(", ")}`)
  return new ReadEnvelope(version, capabilities, info, logLevel)
}

/** The versions that `server/discover` and errors name. */
export const supportedVersions: ReadonlyArray<string> = requestEra.map((revision) => revision.version)

const stamped = (result: JsonObject, serverInfo: JsonObject, resultType = "complete"): string =>
  JSON.stringify({
    ...result,
    resultType,
    _meta: { ...(result["_meta"] as JsonObject | undefined), [Key.serverInfo]: serverInfo } // `_meta` is an object or missing
  })

const cacheable = (hint: CacheHint) => ({ ttlMs: hint.ttlMs, cacheScope: hint.scope })

/** The server's half, for one revision. `info` is stamped on every result. */
export const server = (revision: Revision, info: Implementation): ServerWire => {
  const serverInfo = project.implementation(info, revision)
  const tail = `"resultType":"complete","_meta":${JSON.stringify({ [Key.serverInfo]: serverInfo })}}`
  // Almost no result has a `_meta` of its own: then the stamp is the same text every time.
  const stamp = (result: JsonObject): string => {
    if (result["_meta"] !== undefined) return stamped(result, serverInfo)
    const json = JSON.stringify(result)
    return json === "{}" ? `{${tail}` : `${json.slice(0, -1)},${tail}`
  }
  return {
    revision,
    empty: `{${tail}`,
    toolResult: (result, wraps) => stamp(project.toolResult(result, revision, wraps)),
    toolList: (tools, nextCursor, hint) =>
      stamp({ tools: tools.map((tool) => project.tool(tool, revision)), nextCursor, ...cacheable(hint) }),
    resourceList: (resources, nextCursor, hint) =>
      stamp({ resources: resources.map((resource) => project.resource(resource, revision)), nextCursor, ...cacheable(hint) }),
    templateList: (templates, nextCursor, hint) =>
      stamp({
        resourceTemplates: templates.map((template) => project.resource(template, revision)),
        nextCursor,
        ...cacheable(hint)
      }),
    readResult: (result, hint) => stamp({ ...project.readResult(result, revision), ...cacheable(hint) }),
    completeResult: (result) => stamp({ ...result }),
    promptList: (prompts, nextCursor, hint) =>
      stamp({ prompts: prompts.map((prompt) => project.prompt(prompt, revision)), nextCursor, ...cacheable(hint) }),
    promptResult: (result) => stamp(project.promptResult(result, revision)),
    inputRequired: (result) => stamped({ ...result }, serverInfo, "input_required"),
    taskCreated: (task) => stamped({ ...task }, serverInfo, "task"),
    extensionResult: stamp,
    greeting: ({ capabilities, instructions }, hint) =>
      stamp({ supportedVersions, capabilities, instructions, ...cacheable(hint) }),
    subscriptionEnd: (id) => stamp({ _meta: { [Key.subscriptionId]: id } }),
    error: (reason: Reason) => toErrorObject(reason, revision)
  }
}

class NeutralResult implements CallToolResult {
  readonly content: CallToolResult["content"]
  declare structuredContent?: unknown
  declare isError?: boolean
  declare _meta?: JsonObject
  constructor(content: CallToolResult["content"]) {
    this.content = content
  }
}

const withoutServerInfo = (meta: unknown): JsonObject | undefined => {
  if (!isObject(meta)) return undefined
  const { [Key.serverInfo]: _, ...rest } = meta
  return Object.keys(rest).length === 0 ? undefined : rest
}

const bareResult = (result: JsonObject): JsonObject => {
  const { _meta, cacheScope: _scope, resultType: _type, ttlMs: _ttl, ...rest } = result
  const meta = withoutServerInfo(_meta)
  return meta === undefined ? rest : { ...rest, _meta: meta }
}

// Without what every result of the era has: the same call gives the same result in both eras. What is there is checked where it is
// used: servers are not trusted.
const neutralResult = (result: JsonObject): CallToolResult => {
  const { _meta, content, isError, structuredContent } = result as { readonly [K in keyof CallToolResult]: never }
  const meta = withoutServerInfo(_meta)
  const neutral = new NeutralResult(content)
  if (structuredContent !== undefined) neutral.structuredContent = structuredContent
  if (isError !== undefined) neutral.isError = isError
  if (meta !== undefined) neutral._meta = meta
  return neutral
}

// The envelope is the same text for all requests of a client, and longer than most of them: it is written once.
class EnvelopedRequest implements Request {
  readonly _tag = "Request"
  readonly id: RequestId
  readonly method: string
  readonly paramsJson: string
  private readonly bare: JsonObject | undefined
  private readonly envelope: JsonObject
  declare readonly headers?: Headers

  constructor(
    id: RequestId,
    method: string,
    bare: JsonObject | undefined,
    envelope: JsonObject,
    paramsJson: string,
    headers: Headers | undefined
  ) {
    this.id = id
    this.method = method
    this.bare = bare
    this.envelope = envelope
    this.paramsJson = paramsJson
    if (headers !== undefined) this.headers = headers
  }

  get params(): JsonObject {
    return { ...this.bare, _meta: { progressToken: this.id, ...this.envelope } }
  }
}

/** The client's half, for one revision: it puts the envelope on every request. */
export const client = (revision: Revision, facts: ClientFacts): ClientWire => {
  const envelope: JsonObject = {
    [Key.protocolVersion]: revision.version,
    [Key.clientCapabilities]: facts.capabilities,
    ...(facts.info === undefined ? {} : { [Key.clientInfo]: facts.info }),
    ...(facts.logLevel === undefined ? {} : { [Key.logLevel]: facts.logLevel })
  }
  const envelopeJson = JSON.stringify(envelope).slice(1)
  return {
    revision,
    request: (id, method, params, meta, headers) => {
      const json = params === undefined ? "{}" : JSON.stringify(params)
      if (meta !== undefined || params?.["_meta"] !== undefined || !json.startsWith("{")) {
        return request(id, method, { ...params, _meta: { ...meta, progressToken: id, ...envelope } }, headers)
      }
      const start = json === "{}" ? "{" : `${json.slice(0, -1)},`
      const paramsJson = `${start}"_meta":{"progressToken":${idJson(id)},${envelopeJson}}`
      return new EnvelopedRequest(id, method, params, envelope, paramsJson, headers)
    },
    notification: (method, params) => notification(method, { ...params, _meta: envelope }),
    result: bareResult,
    toolResult: neutralResult
  }
}
