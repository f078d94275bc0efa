/**
 * The transport within a process: a client speaks to a server without a pipe or a port. Messages go through the real encoding, as
 * text, so what works here works on every transport. For tests, and for programs that host their own servers.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ClientTransport, ClientTransportError, ConnectionClosed } from "./ClientTransport.ts"
import { Dispatcher, type Emit, fork, type Outcome } from "./Dispatcher.ts"
import * as Jsonrpc from "./Jsonrpc.ts"
import type { Principal } from "./Principal.ts"

/** How the server sees the client. */
export interface Options {
  /** Who is at the other end. Anonymous by default. */
  readonly principal?: Principal
  /** Whether the server can ask the client. True by default. */
  readonly canAsk?: boolean
}

const closed = new ClientTransportError({ reason: new ConnectionClosed({ detail: "the connection was closed" }) })

/**
 * A client transport that reaches the server in the context. Each `connect` opens a peer of its own; closing its scope ends what is
 * still running for it. Delivery is synchronous and in order; there is no queue that could fill up. Make one for each client: a
 * layer value that is used twice is built once, and both clients would reach the same server.
 */
export const layer = (options: Options = {}): Layer.Layer<ClientTransport, never, Dispatcher> =>
  Layer.effect(
    ClientTransport,
    Effect.gen(function* () {
      const dispatcher = yield* Dispatcher
      const context = yield* Effect.context<never>()
      const run = fork(dispatcher, context)
      return ClientTransport.of({
        kind: "memory",
        connect: Effect.fnUntraced(function* (receive) {
          const ended = Deferred.makeUnsafe<ClientTransportError>()
          let isOpen = true
          const toClient = (message: Jsonrpc.Outbound): boolean => {
            if (isOpen) receive(Jsonrpc.parse(Jsonrpc.stringify(message)))
            return isOpen
          }
          const emit: Emit = {
            canAsk: options.canAsk ?? true,
            send: (message) => Effect.sync(() => void toClient(message)),
            sendUnsafe: toClient
          }
          const peer = yield* dispatcher.open({
            transport: "memory",
            push: emit,
            ...(options.principal === undefined ? {} : { principal: options.principal })
          })
          yield* Effect.addFinalizer(() =>
            Effect.sync(() => {
              isOpen = false
              Deferred.doneUnsafe(ended, Effect.succeed(closed))
            })
          )
          const onOutcome = (outcome: Outcome): void => {
            if ("message" in outcome) toClient(outcome.message)
          }
          const sendUnsafe = (message: Jsonrpc.Outbound): boolean => {
            if (isOpen) run(peer, Jsonrpc.parse(Jsonrpc.stringify(message)), emit, onOutcome)
            return isOpen
          }
          return {
            send: (message) => Effect.suspend(() => (sendUnsafe(message) ? Effect.void : Effect.fail(closed))),
            sendUnsafe,
            closed: Deferred.await(ended)
          }
        })
      })
    })
  )
