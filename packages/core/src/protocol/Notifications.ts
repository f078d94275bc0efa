/**
 * The notifications of both sides.
 *
 * Source: `ClientNotification` and `ServerNotification` in the schema of every revision, SEP-2663.
 */
import type { CapabilityPath } from "./Capabilities.ts"
import { ElicitationCompleteParams } from "./Elicitation.ts"
import { LogMessageParams } from "./Logging.ts"
import { type Gate, notification, type NotificationMethod } from "./Method.ts"
import { EmptyNotificationParams } from "./Params.ts"
import { CancelledParams, ProgressParams } from "./Progress.ts"
import { ResourceUpdatedParams } from "./Resources.ts"
import { AcknowledgedParams } from "./Subscriptions.ts"
import { CoreDetailedTask, DetailedTask, extension } from "./Tasks.ts"
import { requestVersions, sessionVersions, versions } from "./Version.ts"

/** The params of the notifications, by method. */
export interface NotificationParams {
  /** The client is ready. Session era. */
  readonly "notifications/initialized": EmptyNotificationParams
  /**
   * The sender no longer wants an answer. Both ways. In the request era clients send it on stdio only (over HTTP they close the
   * stream), servers only to end a `subscriptions/listen`.
   */
  readonly "notifications/cancelled": CancelledParams
  /** How far a request is. Both ways in the session era, from servers since. */
  readonly "notifications/progress": ProgressParams
  /** A log message of the server. Since 2026-07-28 only for requests that ask for it. */
  readonly "notifications/message": LogMessageParams
  /** The tools have changed. */
  readonly "notifications/tools/list_changed": EmptyNotificationParams
  /** The prompts have changed. */
  readonly "notifications/prompts/list_changed": EmptyNotificationParams
  /** The resources or their templates have changed. */
  readonly "notifications/resources/list_changed": EmptyNotificationParams
  /** A subscribed resource has changed. */
  readonly "notifications/resources/updated": ResourceUpdatedParams
  /** The roots have changed. Session era. */
  readonly "notifications/roots/list_changed": EmptyNotificationParams
  /** The user has done what a URL was for. 2025-11-25 only. */
  readonly "notifications/elicitation/complete": ElicitationCompleteParams
  /** A task has changed. 2025-11-25 only, both ways. */
  readonly "notifications/tasks/status": DetailedTask
  /** What a subscription will bring; its first message. Since 2026-07-28. */
  readonly "notifications/subscriptions/acknowledged": AcknowledgedParams
  /** A task has changed. Extension only. */
  readonly "notifications/tasks": DetailedTask
}

const server = (...path: CapabilityPath): Gate => ({ side: "server", path })

/** The rows of all notifications. */
export const notifications: {
  readonly [M in keyof NotificationParams]: NotificationMethod<M, NotificationParams[M]>
} = {
  "notifications/initialized": notification({
    method: "notifications/initialized",
    client: sessionVersions,
    params: EmptyNotificationParams
  }),
  "notifications/cancelled": notification({
    method: "notifications/cancelled",
    client: versions,
    server: versions,
    params: CancelledParams
  }),
  "notifications/progress": notification({
    method: "notifications/progress",
    client: sessionVersions,
    server: versions,
    params: ProgressParams
  }),
  "notifications/message": notification({
    method: "notifications/message",
    server: versions,
    gates: [server("logging")],
    params: LogMessageParams
  }),
  "notifications/tools/list_changed": notification({
    method: "notifications/tools/list_changed",
    server: versions,
    gates: [server("tools", "listChanged")],
    params: EmptyNotificationParams,
    filter: "toolsListChanged"
  }),
  "notifications/prompts/list_changed": notification({
    method: "notifications/prompts/list_changed",
    server: versions,
    gates: [server("prompts", "listChanged")],
    params: EmptyNotificationParams,
    filter: "promptsListChanged"
  }),
  "notifications/resources/list_changed": notification({
    method: "notifications/resources/list_changed",
    server: versions,
    gates: [server("resources", "listChanged")],
    params: EmptyNotificationParams,
    filter: "resourcesListChanged"
  }),
  "notifications/resources/updated": notification({
    method: "notifications/resources/updated",
    server: versions,
    gates: [server("resources", "subscribe")],
    params: ResourceUpdatedParams,
    filter: "resourceSubscriptions"
  }),
  "notifications/roots/list_changed": notification({
    method: "notifications/roots/list_changed",
    client: sessionVersions,
    gates: [{ side: "client", path: ["roots", "listChanged"] }],
    params: EmptyNotificationParams
  }),
  "notifications/elicitation/complete": notification({
    method: "notifications/elicitation/complete",
    server: ["2025-11-25"],
    gates: [{ side: "client", path: ["elicitation", "url"] }],
    params: ElicitationCompleteParams
  }),
  "notifications/tasks/status": notification({
    method: "notifications/tasks/status",
    client: ["2025-11-25"],
    server: ["2025-11-25"],
    gates: [{ side: "sender", path: ["tasks"] }],
    params: DetailedTask,
    coreParams: CoreDetailedTask
  }),
  "notifications/subscriptions/acknowledged": notification({
    method: "notifications/subscriptions/acknowledged",
    server: requestVersions,
    params: AcknowledgedParams
  }),
  "notifications/tasks": notification({
    method: "notifications/tasks",
    server: requestVersions,
    gates: [server("extensions", extension), { side: "client", path: ["extensions", extension] }],
    params: DetailedTask,
    filter: "taskIds"
  })
}
