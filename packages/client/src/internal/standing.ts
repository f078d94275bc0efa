/**
 * A client while it runs: its connection, what it knows of the server, and who hears of what the server tells.
 */
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as Deadlines from "@effect-mcp/core/Deadlines"
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { LoggingLevel } from "@effect-mcp/core/protocol/Common"
import type { Tool } from "@effect-mcp/core/protocol/Tools"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { McpClientError } from "../McpClientError.ts"
import { make as makeStore, ResponseCache } from "../ResponseCache.ts"
import * as ServerLog from "../ServerLog.ts"
import { Cache } from "./cache.ts"
import type { CatalogueKeeper } from "./catalogue.ts"
import { Connection } from "./connection.ts"
import { Listeners } from "./listeners.ts"
import { kinds, type Listed } from "./lists.ts"
import { Mirroring } from "./mirroring.ts"
import type { Agreement } from "./negotiate.ts"
import { Repeatable } from "./repeatable.ts"
import { Serial } from "./serial.ts"
import type { Options } from "./service.ts"
import { TaskBook } from "./taskBook.ts"
import { Telemetry } from "./telemetry.ts"

/** See the module. */
export interface Standing {
  readonly connection: Connection
  readonly cache: Cache
  readonly repeatable: Repeatable
  /** Where the transport has headers. */
  readonly mirroring: Mirroring | undefined
  /** The list of tools, without those that must not be used. */
  readonly tools: Listed<Tool>
  readonly listeners: Listeners
  readonly book: TaskBook
  catalogue: CatalogueKeeper | undefined
  agreement: Agreement | undefined
  logLevel: LoggingLevel | undefined
  /** Resources whose changes the server was asked to tell, in the session era. */
  readonly subscribed: Set<string>
}

/** A connection that gives the server's notifications to the program, in order. */
export const makeStanding = Effect.fnUntraced(function* ({
  logLevel,
  onLog = ServerLog.log,
  onNotification,
  serverName
}: Options): Effect.fn.Return<Standing, never, ClientTransport | Scope.Scope> {
  const { endpoint, headers: hasHeaders = false } = yield* ClientTransport
  const context = yield* Effect.context<never>()
  const runFork = Effect.runForkWith(context)
  const told = new Serial(runFork)
  yield* Effect.addFinalizer(() => Effect.sync(() => told.stop()))
  const listeners = new Listeners()
  const book = new TaskBook()
  const cache = new Cache({ own: makeStore(), shared: yield* ResponseCache, endpoint })
  const handlers = {
    onChange: (notification: Jsonrpc.Notification) => {
      cache.notified(notification)
      standing.catalogue?.notified(notification)
      book.notified(notification)
    },
    onNotification: (notification: Jsonrpc.Notification) => {
      listeners.tell(notification)
      if (onNotification !== undefined) told.push(Effect.suspend(() => onNotification(notification)))
      const { method, params } = notification
      if (method !== "notifications/message" || onLog === false) return
      const message = ServerLog.read(params ?? {}, serverName ?? standing.agreement?.serverInfo?.name)
      told.push(Effect.suspend(() => onLog(message)))
    },
    onEnd: (error: McpClientError) => {
      listeners.end(error)
      book.end(error)
    }
  }
  const isMirroring = () => standing.agreement?.wire.revision.routingHeaders === true
  const mirroring = hasHeaders ? new Mirroring(isMirroring) : undefined
  const standing: Standing = {
    connection: new Connection(yield* Deadlines.make, handlers, new Telemetry(context), runFork),
    cache,
    repeatable: new Repeatable(),
    mirroring,
    tools: mirroring === undefined ? kinds.tools : { ...kinds.tools, admit: mirroring.admit },
    listeners,
    book,
    catalogue: undefined,
    agreement: undefined,
    logLevel,
    subscribed: new Set()
  }
  return standing
})
