/**
 * The life of one connection: it is made, its lists are read and followed, and it ends.
 */
import type { Catalogue } from "@effect-mcp/client/Catalogue"
import type { ConnectionState } from "@effect-mcp/client/ConnectionState"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as ClientError from "@effect-mcp/client/McpClientError"
import type { ClientTransportError } from "@effect-mcp/core/ClientTransport"
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { Crashed, type Failure, GaveUp } from "../ServersError.ts"
import type { Counts, ServerState, Up } from "../ServerState.ts"
import { type Member, select } from "./member.ts"

/** How connections are kept. */
export interface Keeping {
  readonly client: Omit<McpClient.Options, "onNotification" | "serverName">
  readonly onNotification: ((notification: Jsonrpc.Notification, server: string) => Effect.Effect<void>) | undefined
  readonly giveUpAfter: Duration.Duration
  /** Makes known how a server is, and what it has where that has changed. */
  readonly tell: (member: Member, state: ServerState, catalogue?: Catalogue) => Effect.Effect<void>
}

const unreachable = (error: ClientTransportError): ClientError.McpClientError =>
  new ClientError.McpClientError({ reason: new ClientError.TransportFailed({ error }) })

interface Discovered {
  readonly client: McpClient.McpClient["Service"]
  readonly catalogue: SubscriptionRef.SubscriptionRef<Catalogue>
}

/** Connects, and reads what the server has. */
const discover = Effect.fnUntraced(function* (
  { name, spec }: Member,
  { client, onNotification }: Keeping
): Effect.fn.Return<Discovered, ClientError.McpClientError, Scope.Scope> {
  // Each connection has a transport of its own, also where two servers have the same layer.
  const transport = yield* Effect.mapError(Layer.build(Layer.fresh(spec.transport)), unreachable)
  const options: McpClient.Options = {
    ...client,
    ...(spec.timeout === undefined ? {} : { timeout: spec.timeout }),
    ...(onNotification === undefined ? {} : { onNotification: (notification) => onNotification(notification, name) }),
    serverName: name
  }
  const made = yield* Effect.provideContext(McpClient.make(options), transport)
  return { client: made, catalogue: yield* made.catalogue }
})

const countsOf = ({ prompts, resources, resourceTemplates, tools }: Catalogue): Counts => ({
  tools: tools.length,
  prompts: prompts.length,
  resources: resources.length,
  resourceTemplates: resourceTemplates.length
})

/** Makes known how the server is and what it has, if something of it is new. Fails when its client has given up. */
const shower = (
  member: Member,
  { tell }: Keeping,
  { catalogue, client }: Discovered,
  latency: number
): Effect.Effect<void, ClientError.McpClientError> => {
  let all: Catalogue | undefined
  let connection: ConnectionState | undefined
  let selected = member.catalogue
  return Effect.suspend(() => {
    const allNow = SubscriptionRef.getUnsafe(catalogue)
    const connectionNow = SubscriptionRef.getUnsafe(client.state)
    if (connectionNow._tag === "Disconnected") return Effect.fail(connectionNow.error)
    if (allNow === all && connectionNow === connection) return Effect.void
    if (allNow !== all) selected = select(member.spec, allNow)
    all = allNow
    connection = connectionNow
    const { capabilities, serverInfo } = client
    const known = { client, capabilities, serverInfo, counts: countsOf(selected), latency }
    const state: Up =
      connectionNow._tag === "Connected"
        ? { _tag: "Ready", ...known }
        : { _tag: "Reconnecting", ...known, error: connectionNow.error, attempt: connectionNow.attempt }
    return tell(member, state, selected)
  })
}

/** Lasts until the client gives up, and fails with the reason. */
const connected = Effect.fnUntraced(function* (member: Member, keeping: Keeping): Effect.fn.Return<void, Failure, Scope.Scope> {
  const { giveUpAfter } = keeping
  const startedAt = yield* Clock.currentTimeMillis
  const gaveUp = () => Effect.fail(new GaveUp({ server: member.name, after: Duration.toMillis(giveUpAfter) }))
  const discovered = yield* Effect.timeoutOrElse(discover(member, keeping), { duration: giveUpAfter, orElse: gaveUp })
  const latency = (yield* Clock.currentTimeMillis) - startedAt
  const show = shower(member, keeping, discovered, latency)
  yield* show
  yield* Deferred.succeed(member.settled, undefined)
  const { catalogue, client } = discovered
  const lists = Stream.runForEach(SubscriptionRef.changes(catalogue), () => show)
  yield* Effect.forkScoped(Effect.ignore(lists))
  yield* Stream.runForEach(SubscriptionRef.changes(client.state), () => show)
})

// A defect is told with where it comes from, everything else says what it is.
const failureOf = (
  member: Member,
  cause: Cause.Cause<Failure>
): readonly [failure: Failure, told: Cause.Cause<unknown> | string] => {
  const failed = cause.reasons.find(Cause.isFailReason)
  if (failed !== undefined) return [failed.error, failed.error.message]
  const died = cause.reasons.find(Cause.isDieReason)
  const detail =
    died === undefined ? "it was interrupted" : died.defect instanceof Error ? died.defect.message : String(died.defect)
  return [new Crashed({ server: member.name, detail }), cause]
}

/** Connects to a server and keeps what is known of it up to date, until its client gives up. Never fails: that is its state. */
export const keep = (member: Member, keeping: Keeping): Effect.Effect<void> =>
  connected(member, keeping).pipe(
    // Before the scope is closed: that may take a while, and nobody should call the server meanwhile.
    Effect.catchCause((cause) => {
      const [error, told] = failureOf(member, cause)
      const settled = Effect.andThen(keeping.tell(member, { _tag: "Failed", error }), Deferred.succeed(member.settled, undefined))
      return Effect.andThen(Effect.logWarning("the server is not connected:", told), settled)
    }),
    Effect.asVoid,
    Effect.scoped,
    Effect.annotateLogs("server", member.name)
  )
