/**
 * One row of the registry of methods: what a request or a notification is, who sends it in which revisions, and which capability
 * it needs. The facts are in `Table.ts`, the Schemas in `Requests.ts` and `Notifications.ts`.
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

/** What the table says about a request; what is left out is absent, false or empty. */
export interface RequestFacts {
  /** The revisions in which a client may send it on its own. */
  readonly client?: Versions
  /** The revisions in which a server may send it on its own. */
  readonly server?: Versions
  /** The revisions in which it is a question inside an `InputRequired` instead of a request of its own. */
  readonly embedded?: Versions
  /** All of them are needed. Empty when it is always there. */
  readonly gates?: ReadonlyArray<Gate>
  /** The member of the params that the HTTP header `Mcp-Name` repeats. Since 2026-07-28. */
  readonly mirrors?: "name" | "uri" | "taskId"
  /** Its results carry cache hints. Since 2026-07-28. */
  readonly cacheable?: boolean
  /** It may be answered with `InputRequired`. Since 2026-07-28. */
  readonly inputRequired?: boolean
  /** Its params have a `cursor`, its result a `nextCursor`. */
  readonly paginated?: boolean
  /**
   * It may be answered with a task: when the params ask for one (2025-11-25), or `tools/call` at the server's will (extension).
   */
  readonly augmentable?: boolean
}

/** What the table says about a notification. */
export interface NotificationFacts {
  readonly client?: Versions
  readonly server?: Versions
  readonly gates?: ReadonlyArray<Gate>
  /** The member of the filter of `subscriptions/listen` that asks for it. Since 2026-07-28. */
  readonly filter?: "toolsListChanged" | "promptsListChanged" | "resourcesListChanged" | "resourceSubscriptions" | "taskIds"
}

/** What every row has, whether the table says it or not. */
interface Common<M extends string> {
  readonly method: M
  readonly direction: Direction
  readonly sentBy: SentBy
  readonly gates: ReadonlyArray<Gate>
}

/** The facts of a request, all of them. The members that say nothing of a revision hold wherever the method exists. */
export interface RequestRow<M extends string = string>
  extends Common<M>, Required<Omit<RequestFacts, "client" | "server" | "gates" | "mirrors">>, Pick<RequestFacts, "mirrors"> {}

/** The facts of a notification, all of them. */
export interface NotificationRow<M extends string = string> extends Common<M>, Pick<NotificationFacts, "filter"> {}

/** A request method: its facts and its Schemas. */
export interface RequestMethod<M extends string = string, P = unknown, R = unknown> extends RequestRow<M> {
  readonly params: Schema.Codec<P, JsonObject>
  readonly result: Schema.Codec<R, JsonObject>
  /** The result with the wire names of 2025-11-25, where they differ (tasks). The type is the same. */
  readonly coreResult?: Schema.Codec<R, JsonObject>
}

/** A notification method: its facts and its Schemas. */
export interface NotificationMethod<M extends string = string, P = unknown> extends NotificationRow<M> {
  readonly params: Schema.Codec<P, JsonObject>
  /** The params with the wire names of 2025-11-25, where they differ (tasks). The type is the same. */
  readonly coreParams?: Schema.Codec<P, JsonObject>
}

const directionOf = (client: Versions, server: Versions): Direction =>
  client.length === 0 ? "server" : server.length === 0 ? "client" : "both"

const common = <const M extends string>(method: M, { client = [], gates = [], server = [] }: NotificationFacts): Common<M> => ({
  method,
  direction: directionOf(client, server),
  sentBy: { client, server },
  gates
})

/** Makes the row of a request of its facts. */
export const requestRow = <const M extends string>(
  method: M,
  { client, gates, server, ...facts }: RequestFacts
): RequestRow<M> => ({
  embedded: [],
  cacheable: false,
  inputRequired: false,
  paginated: false,
  augmentable: false,
  ...facts,
  ...common(method, { ...(client && { client }), ...(gates && { gates }), ...(server && { server }) })
})

/** Makes the row of a notification of its facts. */
export const notificationRow = <const M extends string>(method: M, facts: NotificationFacts): NotificationRow<M> => ({
  ...(facts.filter === undefined ? {} : { filter: facts.filter }),
  ...common(method, facts)
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
