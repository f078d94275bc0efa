/**
 * One row of the registry of methods: what a request or a notification is, who sends it in which revisions, and which capability
 * it needs. The rows are in `Requests.ts` and `Notifications.ts`.
 */
import type * as Schema from "effect/Schema"
import type { CapabilityPath } from "./Capabilities.ts"
import type { JsonObject } from "./Common.ts"
import type { Version, Versions } from "./Version.ts"

/** Who sends a message. */
export type Sender = "client" | "server"

/** Who sends messages of a method, in any of the revisions. */
export type Direction = Sender | "both"

/** The revisions in which a client, or a server, may send the message on its own. */
export interface SentBy {
  readonly client: Versions
  readonly server: Versions
}

/**
 * A capability without which the message does not exist: a request is answered with -32601 (-32021 when it is the client that
 * lacks it, since 2026-07-28), a notification is not sent.
 */
export interface Gate {
  /** Who declares it; for methods that both sides send, relative to the message. */
  readonly side: Sender | "sender" | "receiver"
  /** For example `["resources", "subscribe"]`. */
  readonly path: CapabilityPath
  /** The revisions in which it is needed; absent for all. */
  readonly versions?: Versions
}

/** The facts about a request method. The members that say nothing of a revision hold wherever the method exists. */
export interface RequestMethod<M extends string = string, P = unknown, R = unknown> {
  readonly method: M
  readonly direction: Direction
  readonly sentBy: SentBy
  /** The revisions in which it is a question inside an `InputRequired` instead of a request of its own. */
  readonly embedded: Versions
  /** All of them are needed. Empty when it is always there. */
  readonly gates: ReadonlyArray<Gate>
  readonly params: Schema.Codec<P, JsonObject>
  readonly result: Schema.Codec<R, JsonObject>
  /** The result with the wire names of 2025-11-25, where they differ (tasks). The type is the same. */
  readonly coreResult?: Schema.Codec<R, JsonObject>
  /** The member of the params that the HTTP header `Mcp-Name` repeats. Since 2026-07-28. */
  readonly mirrors?: "name" | "uri" | "taskId"
  /** Its results carry cache hints. Since 2026-07-28. */
  readonly cacheable: boolean
  /** It may be answered with `InputRequired`. Since 2026-07-28. */
  readonly inputRequired: boolean
  /** Its params have a `cursor`, its result a `nextCursor`. */
  readonly paginated: boolean
  /**
   * It may be answered with a task: when the params ask for one (2025-11-25), or `tools/call` at the server's will (extension).
   */
  readonly augmentable: boolean
}

/** The facts about a notification method. */
export interface NotificationMethod<M extends string = string, P = unknown> {
  readonly method: M
  readonly direction: Direction
  readonly sentBy: SentBy
  /** All of them are needed. Empty when it is always there. */
  readonly gates: ReadonlyArray<Gate>
  readonly params: Schema.Codec<P, JsonObject>
  /** The params with the wire names of 2025-11-25, where they differ (tasks). The type is the same. */
  readonly coreParams?: Schema.Codec<P, JsonObject>
  /** The member of the filter of `subscriptions/listen` that asks for it. Since 2026-07-28. */
  readonly filter?: "toolsListChanged" | "promptsListChanged" | "resourcesListChanged" | "resourceSubscriptions" | "taskIds"
}

type Defaults = "direction" | "sentBy" | "embedded" | "gates" | "cacheable" | "inputRequired" | "paginated" | "augmentable"

/** What a row of a request has to say; the rest is absent, false or empty. */
export interface RequestOptions<M extends string, P, R>
  extends
    Omit<RequestMethod<M, P, R>, Defaults>,
    Partial<Pick<RequestMethod<M, P, R>, Exclude<Defaults, "direction" | "sentBy">>> {
  readonly client?: Versions
  readonly server?: Versions
}

/** What a row of a notification has to say. */
export interface NotificationOptions<M extends string, P> extends Omit<
  NotificationMethod<M, P>,
  "direction" | "sentBy" | "gates"
> {
  readonly client?: Versions
  readonly server?: Versions
  readonly gates?: ReadonlyArray<Gate>
}

const directionOf = (client: Versions, server: Versions): Direction =>
  client.length === 0 ? "server" : server.length === 0 ? "client" : "both"

/** Makes a row of a request. */
export const request = <const M extends string, P, R>({
  client = [],
  server = [],
  ...row
}: RequestOptions<M, P, R>): RequestMethod<M, P, R> => ({
  embedded: [],
  gates: [],
  cacheable: false,
  inputRequired: false,
  paginated: false,
  augmentable: false,
  ...row,
  direction: directionOf(client, server),
  sentBy: { client, server }
})

/** Makes a row of a notification. */
export const notification = <const M extends string, P>({
  client = [],
  server = [],
  ...row
}: NotificationOptions<M, P>): NotificationMethod<M, P> => ({
  gates: [],
  ...row,
  direction: directionOf(client, server),
  sentBy: { client, server }
})

/** The capabilities that a message needs in one revision, with the side that declares them. */
export const gatesOf = (
  row: { readonly gates: ReadonlyArray<Gate> },
  version: Version,
  sender: Sender
): ReadonlyArray<{ readonly side: Sender; readonly path: CapabilityPath }> =>
  row.gates
    .filter(({ versions }) => versions === undefined || versions.includes(version))
    .map(({ path, side }) => ({ path, side: sideOf(side, sender) }))

const sideOf = (side: Gate["side"], sender: Sender): Sender => {
  if (side === "sender") return sender
  if (side === "receiver") return sender === "client" ? "server" : "client"
  return side
}
