/**
 * The notifications of both sides.
 *
 * Source: `ClientNotification` and `ServerNotification` in the schema of every revision, SEP-2663.
 */
import { ElicitationCompleteParams } from "./Elicitation.ts"
import { LogMessageParams } from "./Logging.ts"
import { type NotificationMethod, notificationRow } from "./Method.ts"
import { EmptyNotificationParams } from "./Params.ts"
import { CancelledParams, ProgressParams } from "./Progress.ts"
import { ResourceUpdatedParams } from "./Resources.ts"
import { AcknowledgedParams } from "./Subscriptions.ts"
import { notificationFacts } from "./Table.ts"
import { CoreDetailedTask, DetailedTask } from "./Tasks.ts"

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

const notification = <const M extends keyof typeof notificationFacts, P>(
  method: M,
  schemas: Pick<NotificationMethod<string, P>, "params" | "coreParams">
): NotificationMethod<M, P> => ({ ...notificationRow(method, notificationFacts[method]), ...schemas })

/** The rows of all notifications. */
export const notifications: {
  readonly [M in keyof NotificationParams]: NotificationMethod<M, NotificationParams[M]>
} = {
  "notifications/initialized": notification("notifications/initialized", { params: EmptyNotificationParams }),
  "notifications/cancelled": notification("notifications/cancelled", { params: CancelledParams }),
  "notifications/progress": notification("notifications/progress", { params: ProgressParams }),
  "notifications/message": notification("notifications/message", { params: LogMessageParams }),
  "notifications/tools/list_changed": notification("notifications/tools/list_changed", { params: EmptyNotificationParams }),
  "notifications/prompts/list_changed": notification("notifications/prompts/list_changed", { params: EmptyNotificationParams }),
  "notifications/resources/list_changed": notification("notifications/resources/list_changed", {
    params: EmptyNotificationParams
  }),
  "notifications/resources/updated": notification("notifications/resources/updated", { params: ResourceUpdatedParams }),
  "notifications/roots/list_changed": notification("notifications/roots/list_changed", { params: EmptyNotificationParams }),
  "notifications/elicitation/complete": notification("notifications/elicitation/complete", { params: ElicitationCompleteParams }),
  "notifications/tasks/status": notification("notifications/tasks/status", {
    params: DetailedTask,
    coreParams: CoreDetailedTask
  }),
  "notifications/subscriptions/acknowledged": notification("notifications/subscriptions/acknowledged", {
    params: AcknowledgedParams
  }),
  "notifications/tasks": notification("notifications/tasks", { params: DetailedTask })
}
