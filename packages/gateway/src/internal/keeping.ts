/**
 * The life of one connection: it is made, its lists are read and followed, and it ends.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import * as ClientError from "@effect-mcp/client/McpClientError"
import { ClientTransportError } from "@effect-mcp/core/ClientTransport"
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Crashed, type Failure, GaveUp } from "../ServersError.ts"
import type { ServerState } from "../ServerState.ts"
import { end, Outdated, refresh, subscribe } from "./following.ts"
import { changedBy, read } from "./listing.ts"
import { countsOf, kinds, type Listing, type Member } from "./member.ts"

/** How connections are kept. */
export interface Keeping {
  readonly client: Omit<McpClient.Options, "onNotification" | "serverName">
  readonly onNotification: ((notification: Jsonrpc.Notification, server: string) => Effect.Effect<void>) | undefined
  readonly giveUpAfter: Duration.Duration
  readonly debounce: Duration.Duration
  /** Makes known how a server is, and what it has where that has changed. */
  readonly tell: (member: Member, state: ServerState, listing?: Listing) => Effect.Effect<void>
}

const unreachable = (error: ClientTransportError): McpClientError =>
  new ClientError.McpClientError({ reason: new ClientError.TransportFailed({ error }) })

/** Connects; what the server then tells of changed lists is kept in `outdated`. */
const connect = Effect.fnUntraced(function* (
  { name, spec }: Member,
  { client, onNotification }: Keeping,
  outdated: Outdated
): Effect.fn.Return<McpClient.McpClient["Service"], McpClientError, Scope.Scope> {
  // Each connection has a transport of its own, also where two servers have the same layer.
  const transport = yield* Effect.mapError(Layer.build(Layer.fresh(spec.transport)), unreachable)
  const options: McpClient.Options = {
    ...client,
    ...(spec.timeout === undefined ? {} : { timeout: spec.timeout }),
    serverName: name,
    onNotification: (notification) => {
      outdated.add(changedBy(notification.method))
      return onNotification === undefined ? Effect.void : onNotification(notification, name)
    }
  }
  return yield* Effect.provideContext(McpClient.make(options), transport)
})

const discover = Effect.fnUntraced(function* (
  member: Member,
  keeping: Keeping,
  outdated: Outdated
): Effect.fn.Return<{ readonly client: McpClient.McpClient["Service"]; readonly listing: Listing }, McpClientError, Scope.Scope> {
  const client = yield* connect(member, keeping, outdated)
  yield* subscribe(client, outdated)
  outdated.take()
  const listing = yield* read(client, member.spec, kinds)
  return { client, listing: { tools: [], prompts: [], resources: [], resourceTemplates: [], ...listing } }
})

const connected = Effect.fnUntraced(function* (member: Member, keeping: Keeping): Effect.fn.Return<never, Failure, Scope.Scope> {
  const { debounce, giveUpAfter, tell } = keeping
  const startedAt = yield* Clock.currentTimeMillis
  const outdated = new Outdated()
  const gaveUp = Effect.suspend(() => Effect.fail(new GaveUp({ server: member.name, after: Duration.toMillis(giveUpAfter) })))
  const { client, listing } = yield* Effect.timeoutOrElse(discover(member, keeping, outdated), {
    duration: giveUpAfter,
    orElse: () => gaveUp
  })
  const latency = (yield* Clock.currentTimeMillis) - startedAt
  const { capabilities, serverInfo } = client
  const ready = (has: Listing) =>
    tell(member, { _tag: "Ready", client, capabilities, serverInfo, counts: countsOf(has), latency }, has)
  yield* ready(listing)
  yield* Deferred.succeed(member.settled, undefined)
  const update = (part: Partial<Listing>) => Effect.suspend(() => ready({ ...member.listing, ...part }))
  yield* Effect.forkScoped(refresh(client, member.spec, outdated, debounce, update))
  return yield* end(client)
})

const failureOf = (member: Member, cause: Cause.Cause<Failure>): Failure => {
  const failed = cause.reasons.find(Cause.isFailReason)
  if (failed !== undefined) return failed.error
  const died = cause.reasons.find(Cause.isDieReason)
  const detail =
    died === undefined ? "it was interrupted" : died.defect instanceof Error ? died.defect.message : String(died.defect)
  return new Crashed({ server: member.name, detail })
}

/** Connects to a server and keeps what is known of it up to date, until the connection ends. Never fails: that is its state. */
export const keep = (member: Member, keeping: Keeping): Effect.Effect<void> =>
  Effect.scoped(connected(member, keeping)).pipe(
    Effect.catchCause((cause) =>
      Effect.andThen(
        Effect.logWarning("the server is not connected", cause),
        keeping.tell(member, { _tag: "Failed", error: failureOf(member, cause) })
      )
    ),
    Effect.ensuring(Effect.suspend(() => Deferred.succeed(member.settled, undefined))),
    Effect.annotateLogs("server", member.name)
  )
