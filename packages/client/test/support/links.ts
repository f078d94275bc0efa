/**
 * Clients over transports that a test breaks, and what becomes of their requests.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { TestClock } from "effect/testing"
import { ClientTransport, ClientTransportError, ConnectionClosed } from "@effect-mcp/core/ClientTransport"
import type { McpClient, Options } from "../../src/McpClient.ts"
import { agreeing, connect, scripted, type Script, settle } from "./server.ts"

export const done = { resultType: "complete", content: [{ type: "text", text: "done" }] }
export const everySecond = Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 5 }))
export const start = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkDetach(Effect.result(effect), { startImmediately: true })
export const reasonOf = (result: Result.Result<unknown, { readonly reason: { readonly _tag: string } }>): string =>
  Result.isFailure(result) ? result.failure.reason._tag : "Success"
export const outcome = <A, E extends { readonly reason: { readonly _tag: string } }>(fiber: Fiber.Fiber<Result.Result<A, E>>) =>
  fiber.pollUnsafe() === undefined ? Effect.succeed("waits") : Effect.map(Fiber.join(fiber), reasonOf)
export const stateOf = (client: McpClient["Service"]) => SubscriptionRef.getUnsafe(client.state)

export const answering: Script = (message, connection) => {
  if (message["id"] !== undefined && message["method"] !== undefined) connection.answer(message, done)
}

export type Connect = (typeof ClientTransport)["Service"]["connect"]

/** A client in a scope of its own, over a transport that a test breaks. */
export const over = Effect.fnUntraced(function* (
  alter: (connect: Connect) => Connect,
  options: Partial<Options> = {},
  script: Script = answering,
  version = "2025-11-25"
) {
  const server = scripted(agreeing(version, script))
  const layer = Layer.effect(
    ClientTransport,
    Effect.map(ClientTransport, (transport) => ClientTransport.of({ ...transport, connect: alter(transport.connect) }))
  ).pipe(Layer.provide(server.layer))
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const client = yield* Scope.provide(connect({ ...server, layer }, { reconnect: everySecond, ...options }), scope)
  const last = () => server.connections.at(-1)!
  const cut = Effect.andThen(
    Effect.sync(() => last().end("cut")),
    settle
  )
  const comeBack = Effect.andThen(TestClock.adjust("1 second"), settle)
  return { client, connections: server.connections, last, cut, comeBack, close: Scope.close(scope, Exit.void) }
})

export const asItIs = (connect: Connect): Connect => connect
export const down = new ClientTransportError({ reason: new ConnectionClosed({ detail: "nobody is there" }) })

export const logs = () => {
  const logged: Array<string> = []
  return { logged, layer: Logger.layer([Logger.make(({ message }) => void logged.push([message].flat().join(" ")))]) }
}
