/**
 * What handlers remember from call to call: of a session, or of a principal. A value has a name and a Schema; it is JSON in the store, so
 * any process that shares the store goes on with it.
 *
 * - Of a session: as long as the session lives. Clients of 2026-07-28, and servers without sessions, have none: there it is the typed
 *   failure `NoSession`, and state is better named by an argument, or kept for the principal.
 * - Of a principal: whoever is authenticated has it in all sessions and in every revision. Anonymous callers have none.
 *
 * @example
 * const Cart = SessionState.make("cart", { schema: Schema.Array(Schema.String), ttl: "1 hour" })
 *
 * const add = ({ item }) => Cart.update((cart) => [...Option.getOrElse(cart, () => []), item])
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isObject } from "./Jsonrpc.ts"
import { RequestContext } from "./RequestContext.ts"
import type { Shelf, State } from "./StateStore.ts"
import { StoreError } from "./StoreError.ts"

/** How much one session, or one principal, may have in all: 65,536 characters of JSON. */
export const maxSize = 65_536

/** The request belongs to no session. */
export class NoSession extends Schema.TaggedError<NoSession>()("NoSession", { name: Schema.String }) {
  override get message() {
    return `the state "${this.name}" is one of a session, and this request belongs to none: keep it for the principal, or name it by an argument`
  }
}

/** Nobody is authenticated. */
export class NoPrincipal extends Schema.TaggedError<NoPrincipal>()("NoPrincipal", { name: Schema.String }) {
  override get message() {
    return `the state "${this.name}" is one of a principal, and this request is anonymous: authenticate it, or keep the state for the session`
  }
}

/** There would be too much. Nothing was changed. */
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", { name: Schema.String, size: Schema.Int }) {
  override get message() {
    return `with the state "${this.name}" there would be ${this.size} characters of JSON, and ${maxSize} are allowed: keep an id, and the rest elsewhere`
  }
}

/** Why a state could not be read or changed. */
export class SessionStateError extends Schema.TaggedError<SessionStateError>()("SessionStateError", {
  reason: Schema.Union([NoSession, NoPrincipal, TooLarge, StoreError])
}) {
  override get message() {
    return this.reason.message
  }
}

/** A state that handlers use. */
export interface SessionState<A> {
  readonly name: string
  /** What is kept. None when nothing is, when its time is over, or when it does not fit the Schema any more. */
  readonly get: Effect.Effect<Option.Option<A>, SessionStateError, RequestContext>
  /** Keeps a value, with its whole time to live. */
  readonly set: (value: A) => Effect.Effect<void, SessionStateError, RequestContext>
  /** Changes what is kept without losing what other calls change meanwhile. `change` must be pure; it may run more than once. */
  readonly update: (change: (value: Option.Option<A>) => A) => Effect.Effect<A, SessionStateError, RequestContext>
  readonly remove: Effect.Effect<void, SessionStateError, RequestContext>
}

/** How a state is kept. */
export interface Options<A> {
  /** Must be readable and writable without services and without waiting. */
  readonly schema: Schema.Codec<A, unknown>
  /** How long it is kept after it was changed last. As long as the session, or as the store keeps it, by default. */
  readonly ttl?: Duration.Input
}

const failed = (reason: SessionStateError["reason"]) => new SessionStateError({ reason })

const makeOn = <A>(
  name: string,
  options: Options<A>,
  shelfOf: (request: RequestContext["Service"]) => Shelf,
  absent: () => SessionStateError
): SessionState<A> => {
  const json = Schema.toCodecJson(options.schema)
  const decode = Schema.decodeUnknownExit(json)
  const encode = Schema.encodeSync(json)
  const ttl = options.ttl === undefined ? Infinity : Duration.toMillis(Duration.fromInputUnsafe(options.ttl))

  const read = (state: State, now: number): Option.Option<A> => {
    const entry = Object.hasOwn(state, name) ? state[name] : undefined
    if (!isObject(entry)) return Option.none()
    const { expiresAt, value } = entry
    if (typeof expiresAt === "number" && expiresAt <= now) return Option.none()
    const decoded = decode(value)
    return Exit.isSuccess(decoded) ? Option.some(decoded.value) : Option.none()
  }

  const write = (state: State, value: A, now: number): State => {
    const entry = { value: encode(value), ...(ttl === Infinity ? {} : { expiresAt: now + ttl }) }
    const next = { ...state, [name]: entry }
    const size = JSON.stringify(next).length
    if (size > maxSize) throw failed(new TooLarge({ name, size }))
    return next
  }

  const use = <B>(run: (shelf: Shelf, now: number) => Effect.Effect<B | undefined, StoreError | SessionStateError>) =>
    RequestContext.use((request) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.flatMap(
          Effect.mapError(run(shelfOf(request), now), (error) => (error._tag === "StoreError" ? failed(error) : error)),
          (result) => (result === undefined ? Effect.fail(absent()) : Effect.succeed(result))
        )
      )
    )

  // What a pure function found too large comes out of the store as a defect: it is a failure all the same.
  const change = <B>(on: (state: State, now: number) => readonly [State, B]) =>
    use((shelf, now) => {
      let result: B | undefined
      return Effect.suspend(() =>
        shelf.modify((state) => {
          const [next, value] = on(state, now)
          result = value
          return next
        })
      ).pipe(
        Effect.map((state) => (state === undefined ? undefined : { result: result as B })), // it was changed
        Effect.catchDefect((defect) => (defect instanceof SessionStateError ? Effect.fail(defect) : Effect.die(defect)))
      )
    })

  const update: SessionState<A>["update"] = (by) =>
    Effect.map(
      change((state, now) => {
        const value = by(read(state, now))
        return [write(state, value, now), value]
      }),
      ({ result }) => result
    )

  return {
    name,
    get: use((shelf, now) => Effect.map(shelf.read, (state) => (state === undefined ? undefined : read(state, now)))),
    set: (value) => Effect.asVoid(change((state, now) => [write(state, value, now), undefined])),
    update,
    remove: Effect.asVoid(
      change((state) => {
        const { [name]: _, ...rest } = state
        return [rest, undefined]
      })
    )
  }
}

/** A state of the session. Its name must be unique among those of a server. */
export const make = <A>(name: string, options: Options<A>): SessionState<A> =>
  makeOn(
    name,
    options,
    ({ state }) => state.session,
    () => failed(new NoSession({ name }))
  )

/** A state of the principal. Its name must be unique among those of a server. */
export const perPrincipal = <A>(name: string, options: Options<A>): SessionState<A> =>
  makeOn(
    name,
    options,
    ({ state }) => state.principal,
    () => failed(new NoPrincipal({ name }))
  )
