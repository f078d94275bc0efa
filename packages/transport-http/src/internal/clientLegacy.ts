/**
 * HTTP+SSE of 2024-11-05: one stream for all messages of the server, and an address for those of the client, which the stream tells.
 *
 * Source: "HTTP with SSE" under "Transports" of 2024-11-05.
 */
import type { ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { lost, unreachable } from "./clientErrors.ts"
import type { Settings } from "./clientSettings.ts"
import { readOnce } from "./clientStream.ts"

/** What is done with what the stream brings. None of these may throw. */
export interface LegacyListener {
  readonly onAddress: (address: URL) => void
  readonly onMessage: (data: string) => void
  readonly onEnd: (error: ClientTransportError) => void
}

// For the address of the messages.
const patience = "10 seconds"

/** Opens the stream, for as long as the scope is open, and gives the address for messages. */
export const open = Effect.fnUntraced(function* (
  settings: Settings,
  listener: LegacyListener
): Effect.fn.Return<URL, ClientTransportError, Scope.Scope> {
  const address = Deferred.makeUnsafe<URL, ClientTransportError>()
  const told = (data: string) => {
    const url = URL.parse(data.trim(), settings.url.href)
    // Whatever is sent there has the headers of this server.
    if (url === null || url.origin !== settings.url.origin) {
      const detail = `${settings.shown} names an address for messages that is of another origin: it is refused`
      return void Deferred.doneUnsafe(address, Effect.fail(unreachable(detail)))
    }
    url.username = url.password = url.hash = ""
    if (Deferred.isDoneUnsafe(address)) return
    // Told first: who waits goes on at once.
    listener.onAddress(url)
    Deferred.doneUnsafe(address, Effect.succeed(url))
  }
  const wanted = {
    url: settings.url,
    headers: () => ["accept", "text/event-stream", ...settings.headers],
    lastEventId: undefined,
    retry: undefined,
    onEvent: (type: string, data: string) => {
      if (type === "endpoint") told(data)
      else if (type === "message") listener.onMessage(data)
    },
    onOpen: () => {},
    isDone: () => false
  }
  const ended = Effect.map(readOnce(settings, wanted), ({ error }) => {
    Deferred.doneUnsafe(address, Effect.fail(error))
    listener.onEnd(error)
  })
  yield* Effect.forkScoped(ended, { startImmediately: true })
  const late = () => Effect.fail(lost(`${settings.shown} named no address for messages within ${patience}`))
  return yield* Effect.timeoutOrElse(Deferred.await(address), { duration: patience, orElse: late })
})
