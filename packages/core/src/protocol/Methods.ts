/**
 * The registry of every request method and notification of MCP, in all revisions.
 *
 * What exists in one revision is asked of its record in `Revision.ts`. Lookups by a name from the wire are safe for names such as
 * `__proto__` and `constructor`.
 *
 * Source: the tables of methods in the specification, `ClientRequest`, `ServerRequest` and the notification unions.
 */
import type { InputRequired } from "./InputRequired.ts"
import type { NotificationMethod, RequestMethod } from "./Method.ts"
import { type NotificationParams, notifications } from "./Notifications.ts"
import {
  type ClientRequests,
  clientRequests,
  type ServerRequests,
  serverRequests,
  type TaskRequests,
  taskRequests
} from "./Requests.ts"
import type { CreateTaskResult } from "./Tasks.ts"

export { notifications } from "./Notifications.ts"

/** The types of every request: `params` and `result`, by method. */
export interface Requests extends ClientRequests, ServerRequests, TaskRequests {}

/** The types of every notification: `params`, by method. */
export type Notifications = {
  readonly [M in keyof NotificationParams]: { readonly params: NotificationParams[M] }
}

/** The name of a request method. */
export type RequestName = keyof Requests

/** The name of a notification. */
export type NotificationName = keyof Notifications

/** The methods whose results carry cache hints. Since 2026-07-28. */
export type CacheableName =
  | "server/discover"
  | "tools/list"
  | "resources/list"
  | "resources/templates/list"
  | "resources/read"
  | "prompts/list"

/** The methods that may be answered with {@link InputRequired}. Since 2026-07-28. */
export type InputRequiredName = "tools/call" | "prompts/get" | "resources/read"

/** The methods that may be answered with a task, see `augmentable`. */
export type AugmentableName = "tools/call" | "sampling/createMessage" | "elicitation/create"

/** The params of a request or a notification, for example `ParamsOf<"tools/call">`. Never absent: without members, `{}`. */
export type ParamsOf<M extends RequestName | NotificationName> = M extends RequestName
  ? Requests[M]["params"]
  : M extends NotificationName
    ? Notifications[M]["params"]
    : never

/** The result proper of a request, for example `ResultOf<"tools/call">`. */
export type ResultOf<M extends RequestName> = Requests[M]["result"]

/** Whatever a request can be answered with: its result proper, or what may stand in for it. */
export type AnswerOf<M extends RequestName> =
  | ResultOf<M>
  | (M extends InputRequiredName ? InputRequired : never)
  | (M extends AugmentableName ? CreateTaskResult : never)

/** The rows of all requests. */
export const requests: {
  readonly [M in RequestName]: RequestMethod<M, Requests[M]["params"], Requests[M]["result"]>
} = { ...clientRequests, ...serverRequests, ...taskRequests }

/** Any row of a request. */
export type AnyRequest = (typeof requests)[RequestName]

/** Any row of a notification. */
export type AnyNotification = (typeof notifications)[NotificationName]

const requestTable: ReadonlyMap<string, RequestMethod> = new Map(Object.entries(requests))
const notificationTable: ReadonlyMap<string, NotificationMethod> = new Map(Object.entries(notifications))

/** The row of a request method, by a name that somebody sent. Undefined when there is none in any revision. */
export const requestMethod = (name: string): RequestMethod | undefined => requestTable.get(name)

/** The row of a notification, by a name that somebody sent. Undefined when there is none in any revision. */
export const notificationMethod = (name: string): NotificationMethod | undefined => notificationTable.get(name)

/** True for the name of a request method of any revision. */
export const isRequestName = (name: string): name is RequestName => requestTable.has(name)

/** True for the name of a notification of any revision. */
export const isNotificationName = (name: string): name is NotificationName => notificationTable.has(name)
