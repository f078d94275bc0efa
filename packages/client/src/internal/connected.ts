/**
 * A client that is connected, and stays so.
 */
import type { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as Deadlines from "@effect-mcp/core/Deadlines"
import type { ClientCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import { type Implementation, implementationOf } from "@effect-mcp/core/protocol/Common"
import { tasksExtension } from "@effect-mcp/core/protocol/Table"
import * as Revision from "@effect-mcp/core/Revision"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Around } from "../Guard.ts"
import type { McpClientError } from "../McpClientError.ts"
import { capabilitiesOf } from "./answering.ts"
import * as extensions from "./extensions.ts"
import { guarding } from "./guarding.ts"
import { find } from "./handlers.ts"
import { opener } from "./link.ts"
import type { Agreement } from "./negotiate.ts"
import { defaultRhythm } from "./pace.ts"
import { supervise, type Supervised } from "./recovery.ts"
import type { Options } from "./service.ts"
import type { Standing } from "./standing.ts"
import { Subscribing } from "./subscribing.ts"

/** See the module. */
export interface Connected {
  readonly info: Implementation
  readonly capabilities: (revision: Revision.Revision) => ClientCapabilities
  /** What was agreed on the latest connection. */
  readonly agreement: () => Agreement
  readonly around: Around | undefined
  readonly recovery: Supervised
  readonly subscribing: Subscribing
}

/** Connects, and stays so as long as the scope is open. */
export const connected = Effect.fnUntraced(function* (
  standing: Standing,
  options: Options
): Effect.fn.Return<Connected, McpClientError, ClientTransport | Scope.Scope> {
  const { book, cache, connection, mirroring, subscribed } = standing
  const handlers = yield* find
  const declaredExtensions = extensions.capabilitiesOf(options.extensions)
  const takesTasks = options.tasks !== undefined && options.tasks !== false
  const capabilities = (revision: Revision.Revision): ClientCapabilities => ({
    ...capabilitiesOf(handlers, revision),
    ...declaredExtensions,
    ...(takesTasks && revision.tasks === "extension"
      ? { extensions: { ...declaredExtensions.extensions, [tasksExtension]: {} } }
      : {})
  })
  const info = implementationOf(options)
  const rhythm = options.reconnect === false ? undefined : (options.reconnect ?? defaultRhythm)
  const open = yield* opener(connection, {
    info,
    capabilities,
    handlers,
    server: options.serverName,
    versions: options.versions ?? Revision.versions,
    negotiationTimeout: Deadlines.toMillis(options.negotiationTimeout ?? "10 seconds"),
    maxRounds: options.maxRounds ?? 10,
    logLevel: () => standing.logLevel,
    subscribed,
    onLost: (error) => connection.lose(error)
  })
  // Made first, so that they are there as long as there are requests.
  const around = yield* guarding(options.guards)
  const agreement = (): Agreement => standing.agreement ?? recovery.first.agreement
  const subscribing = new Subscribing(connection, agreement, rhythm)
  const recovery: Supervised = yield* supervise(open, rhythm, {
    opened: (link) => {
      standing.agreement = link.agreement
      // It may be another server, and this client somebody else.
      cache.clear()
      book.forgetTools()
      mirroring?.forget()
      subscribing.opened(link.agreement)
      connection.begin()
      standing.catalogue?.markAll()
    },
    lost: (error) => connection.lose(error),
    over: (error) => connection.fail(error),
    closed: (error) => connection.close(error)
  })
  return { agreement, around, capabilities, info, recovery, subscribing }
})
