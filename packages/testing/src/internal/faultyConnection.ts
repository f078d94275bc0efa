/**
 * A connection through which faults work on every message.
 */
import {
  type ClientConnection,
  type ClientTransport,
  ClientTransportError,
  ConnectionClosed,
  type Failed
} from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Scope from "effect/Scope"
import type { Passing, Working } from "./faultTypes.ts"
import type * as Duration from "effect/Duration"

const closed = (detail: string) => new ClientTransportError({ reason: new ConnectionClosed({ detail }) })

/** A message that is going to be delivered. */
interface Delivery {
  /** As it came, unless a fault has changed it. */
  readonly changed: Jsonrpc.JsonObject | string | undefined
  readonly delays: ReadonlyArray<Duration.Input>
}

type Plan = ReadonlyArray<Delivery> | { readonly cut: string }

const untouched: ReadonlyArray<Delivery> = [{ changed: undefined, delays: [] }]

const planned = (faults: ReadonlyArray<Working>, passing: Passing): Plan => {
  let plan = untouched
  for (const { act } of faults) {
    const action = act?.(passing)
    switch (action?._tag) {
      case "Cut":
        return { cut: action.detail }
      case "Drop":
        return []
      case "Delay":
        plan = plan.map((delivery) => ({ ...delivery, delays: [...delivery.delays, action.by] }))
        break
      case "Duplicate":
        plan = plan.flatMap((delivery) => Array.from({ length: action.times }, () => delivery))
        break
      case "Change":
        plan = plan.map((delivery) => ({ ...delivery, changed: action.to }))
        break
      case undefined:
    }
  }
  return plan
}

// A transport writes what it is given as an answer that is JSON already.
const outbound = (message: Jsonrpc.Inbound): Jsonrpc.Outbound | undefined => {
  if (message._tag === "Success") return Jsonrpc.reply(message.id, JSON.stringify(message.result))
  return message._tag === "Invalid" || message._tag === "Batch" ? undefined : message
}

const textOf = (changed: Jsonrpc.JsonObject | string): string => (typeof changed === "string" ? changed : JSON.stringify(changed))

const toServer = (changed: Jsonrpc.JsonObject | string): Jsonrpc.Outbound => {
  const message = outbound(Jsonrpc.parse(textOf(changed)))
  if (message === undefined) throw new Error(`Faults.change: a client cannot send ${textOf(changed)}, which is no message`)
  return message
}

// Answers do not say which method they are for: the requests of both sides are remembered until they are answered.
const maxOpen = 10_000

class Methods {
  private readonly open = new Map<string, string>()

  passing(to: Passing["to"], message: Jsonrpc.Single): Passing {
    const outgoing = outbound(message)
    const json = outgoing === undefined ? {} : (JSON.parse(Jsonrpc.stringify(outgoing)) as Jsonrpc.JsonObject) // a message is an object
    const of = (kind: Passing["kind"], method: string | undefined): Passing => ({ to, kind, method, message: json })
    switch (message._tag) {
      case "Request":
        if (this.open.size < maxOpen) this.open.set(`${to} ${typeof message.id} ${message.id}`, message.method)
        return of("request", message.method)
      case "Notification":
        return of("notification", message.method)
      case "Invalid":
        return of("invalid", undefined)
      default: {
        const asked = `${to === "server" ? "client" : "server"} ${typeof message.id} ${message.id}`
        const method = this.open.get(asked)
        this.open.delete(asked)
        return of("answer", method)
      }
    }
  }
}

type Transport = ClientTransport["Service"]

/** Connects through the faults. */
export const connectThrough = Effect.fnUntraced(function* (
  transport: Transport,
  faults: ReadonlyArray<Working>,
  receive: (message: Jsonrpc.Inbound) => void,
  failed: Failed | undefined
): Effect.fn.Return<ClientConnection, ClientTransportError, Scope.Scope> {
  for (const { refuse } of faults) {
    const detail = refuse?.()
    if (detail !== undefined) return yield* closed(detail)
  }
  const run = yield* FiberSet.makeRuntime<never>()
  const own = yield* Scope.fork(yield* Scope.Scope)
  const ended = Deferred.makeUnsafe<ClientTransportError>()
  const methods = new Methods()
  let over: ClientTransportError | undefined

  const end = (error: ClientTransportError): void => {
    over ??= error
    Deferred.doneUnsafe(ended, Exit.succeed(error))
  }
  const pass = (passing: Passing, deliver: (changed: Delivery["changed"]) => void): void => {
    if (over !== undefined) return
    const plan = planned(faults, passing)
    if ("cut" in plan) {
      end(closed(plan.cut))
      run(Scope.close(own, Exit.void))
      return
    }
    for (const { changed, delays } of plan) {
      const now = () => {
        if (over === undefined) deliver(changed)
      }
      if (delays.length === 0) now()
      else
        run(
          Effect.andThen(
            Effect.forEach(delays, (delay) => Effect.sleep(delay), { discard: true }),
            Effect.sync(now)
          )
        )
    }
  }
  const fromServer = (message: Jsonrpc.Inbound): void => {
    for (const item of message._tag === "Batch" ? message.items : [message]) {
      pass(methods.passing("client", item), (changed) => receive(changed === undefined ? item : Jsonrpc.parse(textOf(changed))))
    }
  }
  const inner = yield* Scope.provide(transport.connect(fromServer, failed), own)
  yield* Effect.forkScoped(Effect.map(inner.closed, end))
  const write = (message: Jsonrpc.Outbound): void => {
    // There may be no room: then it is written when there is.
    if (!inner.sendUnsafe(message)) run(Effect.ignore(inner.send(message)))
  }
  const sendUnsafe = (message: Jsonrpc.Outbound): boolean => {
    if (over !== undefined) return false
    const parsed = Jsonrpc.parse(Jsonrpc.stringify(message))
    if (parsed._tag === "Batch") write(message)
    else pass(methods.passing("server", parsed), (changed) => write(changed === undefined ? message : toServer(changed)))
    return true
  }
  return {
    sendUnsafe,
    send: (message) => Effect.suspend(() => (sendUnsafe(message) ? Effect.void : Effect.fail(over ?? closed("it is over")))),
    closed: Deferred.await(ended),
    ...(inner.lastWords === undefined ? {} : { lastWords: inner.lastWords })
  }
})
