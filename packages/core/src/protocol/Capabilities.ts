/**
 * What clients and servers declare that they can do. The values are open objects: presence alone enables a feature.
 *
 * Source: "Capability negotiation" of basic/lifecycle, `ClientCapabilities` and `ServerCapabilities` of every revision.
 */
import * as Schema from "effect/Schema"
import { guards, JsonObject, open } from "./Common.ts"

/** A capability whose lists may announce that they changed. */
export interface ListChangedCapability extends JsonObject {
  readonly listChanged?: boolean
}
export const ListChangedCapability = open<ListChangedCapability>({
  expected: "a capability object",
  members: { listChanged: guards.boolean }
})

/** The capability to offer resources. `subscribe` for changes of single resources. */
export interface ResourcesCapability extends JsonObject {
  readonly subscribe?: boolean
  readonly listChanged?: boolean
}
export const ResourcesCapability = open<ResourcesCapability>({
  expected: "a capability object",
  members: { subscribe: guards.boolean, listChanged: guards.boolean }
})

/** The capability to run a model. The members are known since 2025-11-25. */
export interface SamplingCapability extends JsonObject {
  /** `includeContext` other than `none` is understood. */
  readonly context?: JsonObject
  /** `tools` and `toolChoice` are understood. */
  readonly tools?: JsonObject
}
export const SamplingCapability = open<SamplingCapability>({
  expected: "a capability object",
  members: { context: guards.object, tools: guards.object }
})

/** The capability to ask the user. The members are known since 2025-11-25; an empty object means forms. */
export interface ElicitationCapability extends JsonObject {
  readonly form?: JsonObject
  readonly url?: JsonObject
}
export const ElicitationCapability = open<ElicitationCapability>({
  expected: "a capability object",
  members: { form: guards.object, url: guards.object }
})

/** The capability to run requests as tasks, 2025-11-25 only. `requests` names them, e.g. `requests.tools.call`. */
export interface TasksCapability extends JsonObject {
  readonly list?: JsonObject
  readonly cancel?: JsonObject
  readonly requests?: JsonObject
}
export const TasksCapability = open<TasksCapability>({
  expected: "a capability object",
  members: { list: guards.object, cancel: guards.object, requests: guards.record }
})

/** Settings by name: experimental capabilities, or extensions by their identifiers. */
export interface NamedSettings {
  readonly [name: string]: JsonObject
}
export const NamedSettings: Schema.Codec<NamedSettings> = Schema.Record(Schema.String, JsonObject)

/** What a client can do. Sent once by `initialize`, with every request since 2026-07-28. */
export interface ClientCapabilities extends Schema.Schema.Type<typeof clientCapabilities> {}
const clientCapabilities = Schema.Struct({
  experimental: Schema.optionalKey(NamedSettings),
  /** `listChanged` until 2025-11-25; deprecated since 2026-07-28. */
  roots: Schema.optionalKey(ListChangedCapability),
  /** Deprecated since 2026-07-28. */
  sampling: Schema.optionalKey(SamplingCapability),
  /** Since 2025-06-18. */
  elicitation: Schema.optionalKey(ElicitationCapability),
  /** 2025-11-25 only. */
  tasks: Schema.optionalKey(TasksCapability),
  /** Since 2026-07-28. */
  extensions: Schema.optionalKey(NamedSettings)
})
export const ClientCapabilities: Schema.Codec<ClientCapabilities> = clientCapabilities

/** What a server can do. */
export interface ServerCapabilities extends Schema.Schema.Type<typeof serverCapabilities> {}
const serverCapabilities = Schema.Struct({
  experimental: Schema.optionalKey(NamedSettings),
  /** Deprecated since 2026-07-28. */
  logging: Schema.optionalKey(JsonObject),
  /** Since 2025-03-26; in 2024-11-05 completion needs no capability. */
  completions: Schema.optionalKey(JsonObject),
  prompts: Schema.optionalKey(ListChangedCapability),
  resources: Schema.optionalKey(ResourcesCapability),
  tools: Schema.optionalKey(ListChangedCapability),
  /** 2025-11-25 only. */
  tasks: Schema.optionalKey(TasksCapability),
  /** Since 2026-07-28. */
  extensions: Schema.optionalKey(NamedSettings)
})
export const ServerCapabilities: Schema.Codec<ServerCapabilities> = serverCapabilities

/** The `data` of -32021: the capabilities that the request would have needed, only the missing parts. Since 2026-07-28. */
export interface MissingCapabilityData extends Schema.Schema.Type<typeof missingCapabilityData> {}
const missingCapabilityData = Schema.Struct({ requiredCapabilities: ClientCapabilities })
export const MissingCapabilityData: Schema.Codec<MissingCapabilityData> = missingCapabilityData

/** A path into capabilities, e.g. `["resources", "subscribe"]`. */
export type CapabilityPath = readonly [string, ...ReadonlyArray<string>]

/** Whether a capability is declared: every step is an own member, the last one an object or `true`. */
export const declares = (capabilities: ClientCapabilities | ServerCapabilities, path: CapabilityPath): boolean => {
  let at: unknown = capabilities
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return false
    at = (at as JsonObject)[step] // an own member of an object
  }
  return at === true || (typeof at === "object" && at !== null)
}

/** Whether the client shows forms: it declares `elicitation.form`, or `elicitation` without any mode. */
export const elicitsForms = ({ elicitation }: ClientCapabilities): boolean =>
  elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined)

/** Whether the client opens URLs for the user. */
export const elicitsUrls = ({ elicitation }: ClientCapabilities): boolean => elicitation?.url !== undefined
