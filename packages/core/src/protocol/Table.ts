/**
 * The facts about all methods, apart from their Schemas: who sends them, in which revisions, and what they need. `Revision.ts` is
 * made from this table alone, so a program that asks for revisions does not load what it never decodes.
 */
import type { CapabilityPath } from "./Capabilities.ts"
import {
  type Gate,
  type NotificationFacts,
  notificationRow,
  type NotificationRow,
  type RequestFacts,
  requestRow,
  type RequestRow
} from "./Method.ts"
import { requestVersions, sessionVersions, span, type Versions, versions } from "./Version.ts"

/** The extension that has tasks since 2026-07-28. */
export const tasksExtension = "io.modelcontextprotocol/tasks"

const ofServer = (...path: Gate["path"]): ReadonlyArray<Gate> => [{ side: "server", path }]

const ofClient = (...path: Gate["path"]): ReadonlyArray<Gate> => [{ side: "client", path }]

const core: Versions = ["2025-11-25"]
const coreAndExtension: Versions = [...requestVersions, ...core]

/** In 2025-11-25 whoever runs tasks declares so; the extension is declared by both sides. */
const ofTasks = (...path: Gate["path"]): ReadonlyArray<Gate> => [
  { side: "receiver", path, versions: core },
  { side: "server", path: ["extensions", tasksExtension], versions: requestVersions },
  { side: "client", path: ["extensions", tasksExtension], versions: requestVersions }
]

const server = (...path: CapabilityPath): Gate => ({ side: "server", path })

/** The facts about all requests. */
export const requestFacts = {
  initialize: { client: sessionVersions },
  ping: { client: sessionVersions, server: sessionVersions },
  "server/discover": { client: requestVersions, cacheable: true },
  "tools/list": { client: versions, gates: ofServer("tools"), cacheable: true, paginated: true },
  "tools/call": { client: versions, gates: ofServer("tools"), mirrors: "name", inputRequired: true, augmentable: true },
  "resources/list": { client: versions, gates: ofServer("resources"), cacheable: true, paginated: true },
  "resources/templates/list": { client: versions, gates: ofServer("resources"), cacheable: true, paginated: true },
  "resources/read": { client: versions, gates: ofServer("resources"), mirrors: "uri", cacheable: true, inputRequired: true },
  "resources/subscribe": { client: sessionVersions, gates: ofServer("resources", "subscribe") },
  "resources/unsubscribe": { client: sessionVersions, gates: ofServer("resources", "subscribe") },
  "prompts/list": { client: versions, gates: ofServer("prompts"), cacheable: true, paginated: true },
  "prompts/get": { client: versions, gates: ofServer("prompts"), mirrors: "name", inputRequired: true },
  "completion/complete": { client: versions, gates: [{ side: "server", path: ["completions"], versions: span("2025-03-26") }] },
  "logging/setLevel": { client: sessionVersions, gates: ofServer("logging") },
  "subscriptions/listen": { client: requestVersions },
  "roots/list": { server: sessionVersions, embedded: requestVersions, gates: ofClient("roots") },
  "sampling/createMessage": {
    server: sessionVersions,
    embedded: requestVersions,
    gates: ofClient("sampling"),
    augmentable: true
  },
  "elicitation/create": {
    server: span("2025-06-18", "2025-11-25"),
    embedded: requestVersions,
    gates: ofClient("elicitation"),
    augmentable: true
  },
  "tasks/get": { client: coreAndExtension, server: core, gates: ofTasks("tasks"), mirrors: "taskId" },
  "tasks/result": { client: core, server: core, gates: ofTasks("tasks") },
  "tasks/list": { client: core, server: core, gates: ofTasks("tasks", "list"), paginated: true },
  "tasks/cancel": { client: coreAndExtension, server: core, gates: ofTasks("tasks", "cancel"), mirrors: "taskId" },
  "tasks/update": { client: requestVersions, gates: ofTasks("tasks"), mirrors: "taskId" }
} as const satisfies { readonly [method: string]: RequestFacts }

/** The facts about all notifications. */
export const notificationFacts = {
  "notifications/initialized": { client: sessionVersions },
  "notifications/cancelled": { client: versions, server: versions },
  "notifications/progress": { client: sessionVersions, server: versions },
  "notifications/message": { server: versions, gates: [server("logging")] },
  "notifications/tools/list_changed": { server: versions, gates: [server("tools", "listChanged")], filter: "toolsListChanged" },
  "notifications/prompts/list_changed": {
    server: versions,
    gates: [server("prompts", "listChanged")],
    filter: "promptsListChanged"
  },
  "notifications/resources/list_changed": {
    server: versions,
    gates: [server("resources", "listChanged")],
    filter: "resourcesListChanged"
  },
  "notifications/resources/updated": {
    server: versions,
    gates: [server("resources", "subscribe")],
    filter: "resourceSubscriptions"
  },
  "notifications/roots/list_changed": { client: sessionVersions, gates: [{ side: "client", path: ["roots", "listChanged"] }] },
  "notifications/elicitation/complete": { server: ["2025-11-25"], gates: [{ side: "client", path: ["elicitation", "url"] }] },
  "notifications/tasks/status": { client: ["2025-11-25"], server: ["2025-11-25"], gates: [{ side: "sender", path: ["tasks"] }] },
  "notifications/subscriptions/acknowledged": { server: requestVersions },
  "notifications/tasks": {
    server: requestVersions,
    gates: [server("extensions", tasksExtension), { side: "client", path: ["extensions", tasksExtension] }],
    filter: "taskIds"
  }
} as const satisfies { readonly [method: string]: NotificationFacts }

const rows = <F, Row>(table: { readonly [method: string]: F }, make: (method: string, facts: F) => Row): ReadonlyArray<Row> =>
  Object.entries(table).map(([method, facts]) => make(method, facts))

/** The rows of all requests, without their Schemas. */
export const requestRows: ReadonlyArray<RequestRow> = rows<RequestFacts, RequestRow>(requestFacts, requestRow)

/** The rows of all notifications, without their Schemas. */
export const notificationRows: ReadonlyArray<NotificationRow> = rows<NotificationFacts, NotificationRow>(
  notificationFacts,
  notificationRow
)
