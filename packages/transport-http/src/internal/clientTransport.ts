/**
 * Makes the transport, over whoever speaks HTTP.
 */
import { ClientTransport, ClientTransportError, type Failed, Unsupported } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { HttpCredentials } from "../HttpCredentials.ts"
import { Connection } from "./clientConnection.ts"
import type { Http, HttpLimits } from "./clientHttp.ts"
import { open as openStream } from "./clientLegacy.ts"
import { type Options, type Settings, settingsOf } from "./clientSettings.ts"

const openLegacy = (settings: Settings, connection: Connection, scope: Scope.Scope): Effect.Effect<URL, ClientTransportError> =>
  Scope.provide(
    openStream(settings, {
      onAddress: (address) => connection.useLegacy(address),
      onMessage: (data) => connection.take(Jsonrpc.parse(data)),
      // Before there is an address it is not the end of anything.
      onEnd: (error) => {
        if (connection.isLegacy) connection.end(error)
      }
    }),
    scope
  )

const connect = Effect.fnUntraced(function* (
  settings: Settings,
  receive: (message: Jsonrpc.Inbound) => void,
  failed: Failed | undefined
): Effect.fn.Return<Connection, ClientTransportError, Scope.Scope> {
  const scope = yield* Scope.Scope
  const run = yield* FiberSet.makeRuntime<never>()
  const { mode } = settings
  const connection = new Connection({
    settings,
    receive,
    failed,
    run,
    ...(mode === "auto" ? { openLegacy: (self: Connection) => openLegacy(settings, self, scope) } : {})
  })
  yield* Effect.addFinalizer(() => connection.leave)
  if (mode === "sse") yield* openLegacy(settings, connection, scope)
  return connection
})

/** The transport. */
export const transport = (
  options: Options,
  make: (limits: HttpLimits) => Http
): Layer.Layer<ClientTransport, ClientTransportError> =>
  Layer.effect(
    ClientTransport,
    Effect.gen(function* () {
      const context = yield* Effect.context<never>()
      const settings = settingsOf(options, make, yield* HttpCredentials, context)
      if (typeof settings === "string") {
        const reason = new Unsupported({ server: "a server over HTTP", detail: settings })
        return yield* new ClientTransportError({ reason })
      }
      // A client may outlive the layer of its transport, as with `Effect.provide` around `McpClient.make`.
      let users = 0
      const use = Effect.acquireRelease(
        Effect.sync(() => void users++),
        () => Effect.suspend(() => (--users === 0 ? settings.http.close : Effect.void))
      )
      yield* use
      return ClientTransport.of({
        kind: "http",
        headers: true,
        // It may be shown, and a query may hold secrets.
        ...(settings.isSecret || settings.url.search !== "" ? {} : { endpoint: settings.url.href }),
        connect: (receive, failed) => Effect.andThen(use, connect(settings, receive, failed))
      })
    })
  )
