/**
 * Faults on the way between a client and a server, so that programs can be tested for how they recover: messages that are lost, late,
 * doubled or changed, connections that end or cannot be made.
 *
 * Each fault is a value; {@link inject} puts them between a client and any transport. What passes goes through them in order. Counting
 * begins when the layer is built and goes on over reconnects. Delays take the time of the clock in the context, which a `TestClock` moves.
 */
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Action, Passing, Working } from "./internal/faultTypes.ts"
import { connectThrough } from "./internal/faultyConnection.ts"
import { Random } from "./internal/random.ts"

export type { Action, Passing, Working } from "./internal/faultTypes.ts"

/** Something that goes wrong. */
export interface Fault {
  readonly start: () => Working
}

/** Which messages a fault hits: those of which all of this is true. */
export interface Match {
  /** Where it goes. Both directions by default. */
  readonly to?: Passing["to"]
  readonly kind?: Passing["kind"]
  /** The method; of an answer that of its request. */
  readonly method?: string
  /** The first one is 1; counted are those that fit otherwise. Every one by default. */
  readonly nth?: number
  readonly when?: (passing: Passing) => boolean
}

const fits = ({ kind, method, to, when }: Match, passing: Passing): boolean =>
  (to === undefined || to === passing.to) &&
  (kind === undefined || kind === passing.kind) &&
  (method === undefined || method === passing.method) &&
  (when === undefined || when(passing))

const matching = (match: Match, action: (passing: Passing) => Action): Fault => ({
  start: () => {
    let count = 0
    return {
      act: (passing) => {
        if (!fits(match, passing)) return undefined
        count++
        return match.nth === undefined || match.nth === count ? action(passing) : undefined
      }
    }
  }
})

/**
 * Loses messages.
 *
 * @example
 * Faults.drop({ to: "client", kind: "answer", method: "tools/call", nth: 1 }) // the call was made, and nobody hears of it
 */
export const drop = (match: Match = {}): Fault => matching(match, () => ({ _tag: "Drop" }))

/** Holds messages back. Others overtake them. */
export const delay = (match: Match, by: Duration.Input): Fault => matching(match, () => ({ _tag: "Delay", by }))

/** Delivers messages that many times, twice by default. */
export const duplicate = (match: Match = {}, times = 2): Fault => matching(match, () => ({ _tag: "Duplicate", times }))

/**
 * Changes messages. What the function gives is sent in their place: another message, or, to the client, any text. The server can only be
 * sent messages: transports write nothing else, and what is none is a defect.
 */
export const change = (match: Match, to: (message: JsonObject) => JsonObject | string): Fault =>
  matching(match, ({ message }) => ({ _tag: "Change", to: to(message) }))

/** Ends the connection in place of a message, as a server does that is killed. A client may connect again. */
export const cut = (match: Match = {}, detail = "cut by the test"): Fault => matching(match, () => ({ _tag: "Cut", detail }))

/** The first so many connections cannot be made. */
export const unreachable = (times = 1, detail = "refused by the test"): Fault => ({
  start: () => {
    let count = 0
    return { refuse: () => (count++ < times ? detail : undefined) }
  }
})

/** How often what goes wrong: chances from 0 to 1. */
export interface Flakiness {
  /** The same seed, the same faults for the same messages in the same order. 1 by default. */
  readonly seed?: string | number
  /** 0.1 by default. */
  readonly drop?: number
  /** 0.1 by default. */
  readonly duplicate?: number
  /** 0.1 by default. */
  readonly delay?: number
  /** How late at most. 1 second by default. */
  readonly by?: Duration.Input
  /** Messages of these methods, and the answers to them, are spared: those that agree on a revision by default. */
  readonly except?: ReadonlyArray<string>
}

const negotiation = ["initialize", "notifications/initialized", "server/discover"]

/** Loses, doubles and delays messages at random. */
export const flaky = (flakiness: Flakiness = {}): Fault => ({
  start: () => {
    const { by = "1 second", delay = 0.1, drop = 0.1, duplicate = 0.1, except = negotiation, seed = 1 } = flakiness
    const random = new Random(seed)
    return {
      act: ({ method }) => {
        if (method !== undefined && except.includes(method)) return undefined
        const chance = random.next()
        if (chance < drop) return { _tag: "Drop" }
        if (chance < drop + duplicate) return { _tag: "Duplicate", times: 2 }
        if (chance >= drop + duplicate + delay) return undefined
        return { _tag: "Delay", by: random.next() * Duration.toMillis(Duration.fromInputUnsafe(by)) }
      }
    }
  }
})

/**
 * Puts faults between a client and a transport.
 *
 * @example
 * const Flaky = MemoryTransport.layer().pipe(Faults.inject(Faults.flaky({ seed: 7 })), Layer.provide(Server))
 */
export const inject =
  (...faults: ReadonlyArray<Fault>) =>
  <E, R>(transport: Layer.Layer<ClientTransport, E, R>): Layer.Layer<ClientTransport, E, R> =>
    Layer.effect(
      ClientTransport,
      Effect.map(ClientTransport, (inner) => {
        const working = faults.map(({ start }) => start())
        return ClientTransport.of({ ...inner, connect: (receive, failed) => connectThrough(inner, working, receive, failed) })
      })
    ).pipe(Layer.provide(transport))
