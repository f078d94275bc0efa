/**
 * Extensions: methods and notifications beside those of the protocol, that two sides agree on by declaring the same extension.
 *
 * An extension is a contract as a group is one: its Schemas, and no code. A server serves it with `McpServer.extension`, a client
 * declares it with `extensions: [...]` and uses it through `McpClient.extension`.
 *
 * - Its requests and notifications go from the client to the server, its events from the server to the client.
 * - Both sides declare it under `capabilities.extensions`, and before 2026-07-28, where there is no such member, under
 *   `capabilities.experimental`. Its methods exist in every revision.
 * - In the request era a request of a client that did not declare the extension is refused with -32021; `required: false` serves it.
 *   Clients of the session era are served in any case: there, nothing obliges them to declare what they use.
 * - Requests run as calls of tools do: they need a place, have a deadline, a span, can be cancelled, may report progress and log, and in
 *   the session era ask; the request era has questions in the answers of its own methods alone. The middleware of the server is around
 *   them, with its hook `extension` or `all`.
 * - Notifications run side by side, in the places that calls have, too: up to 1,024 for a peer by default, others wait. Nobody is
 *   told what becomes of them: what cannot be read, takes too long or breaks is in the log, of many not each.
 *
 * Source: "Extensions" in the base protocol of 2026-07-28.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { AskingError } from "./Asking.ts"
import { type Codec, type Fields, type SchemaOf, toSchema } from "./Contract.ts"
import { type EventWriter, eventWriter, type Reader, reader } from "./ExtensionCodec.ts"
import {
  type FailureIn,
  filled,
  message,
  type Message,
  type MessageOptions,
  type Messages,
  type ParamsIn,
  request,
  type Request,
  type RequestOptions,
  type Requests,
  type SuccessIn
} from "./ExtensionMessage.ts"
import type * as Handlers from "./Handlers.ts"
import { faultOf, methodsOf } from "./internal/extensionFault.ts"
import { type JsonObject, notification } from "./Jsonrpc.ts"
import type { McpError } from "./McpError.ts"
import { RequestContext, type RequestServices } from "./RequestContext.ts"
import { declaredSettings } from "./wire/extensions.ts"

/** How an extension is described. */
export interface Options<
  S extends Codec | Fields,
  C extends Codec | Fields,
  Rq extends Requests,
  N extends Messages,
  Ev extends Messages
> {
  /** What the server says of itself when it declares the extension. Nothing by default. */
  readonly settings?: S
  /** What the client says of itself when it declares the extension. Nothing by default. */
  readonly clientSettings?: C
  /** Whether requests of the request era are for clients that declare the extension. True by default. */
  readonly required?: boolean
  /** What clients may ask for, by method. */
  readonly requests?: Rq
  /** What clients may tell, by method. */
  readonly notifications?: N
  /** What servers may tell, by method. */
  readonly events?: Ev
}

// Members that a description does not have are refused by asking for a sentence in their place: most are typing mistakes.
type Only<Specs, Spec> = {
  readonly [M in keyof Specs]: {
    readonly [K in Exclude<keyof Specs[M], keyof Spec>]: `the description of this message has no "${K & string}"`
  }
}

/** Refuses descriptions with members that there are not. */
export interface Exactly<Rq, N, Ev> {
  readonly requests?: Only<Rq, RequestOptions>
  readonly notifications?: Only<N, MessageOptions>
  readonly events?: Only<Ev, MessageOptions>
}

/** Any extension, whatever its types. */
export interface Any {
  readonly id: string
  readonly required: boolean
  readonly settings: Codec
  readonly clientSettings: Codec
  readonly requests: { readonly [method: string]: Request }
  readonly notifications: { readonly [method: string]: Message }
  readonly events: { readonly [method: string]: Message }
  /** Tells extensions with the same id apart. */
  readonly token: object
  readonly "~extension": {
    readonly id: string
    readonly settings: unknown
    readonly clientSettings: unknown
    readonly requests: unknown
    readonly notifications: unknown
    readonly events: unknown
  }
}

/** The requests of an extension as they were described, by method. */
export type RequestsOf<E extends Any> = E["~extension"]["requests"]
/** The notifications of an extension as they were described, by method. */
export type NotificationsOf<E extends Any> = E["~extension"]["notifications"]
/** The events of an extension as they were described, by method. */
export type EventsOf<E extends Any> = E["~extension"]["events"]
/** What a server says of itself when it declares the extension. */
export type Settings<E extends Any> = E["~extension"]["settings"]
/** What a client says of itself when it declares the extension. */
export type ClientSettings<E extends Any> = E["~extension"]["clientSettings"]

/** What a request takes. */
export type Params<E extends Any, M extends keyof RequestsOf<E>> = ParamsIn<RequestsOf<E>[M]>
/** What a request returns. */
export type Success<E extends Any, M extends keyof RequestsOf<E>> = SuccessIn<RequestsOf<E>[M]>
/** What a request may fail with. */
export type Failure<E extends Any, M extends keyof RequestsOf<E>> = FailureIn<RequestsOf<E>[M]>
/** What a notification takes. */
export type NotificationParams<E extends Any, M extends keyof NotificationsOf<E>> = ParamsIn<NotificationsOf<E>[M]>
/** What an event takes. */
export type EventParams<E extends Any, M extends keyof EventsOf<E>> = ParamsIn<EventsOf<E>[M]>

/** An event as a client sees it. */
export type Event<E extends Any> = {
  readonly [M in keyof EventsOf<E>]: { readonly method: M; readonly params: EventParams<E, M> }
}[keyof EventsOf<E>]

/** An argument that may be left out when it needs no member. */
export type Optional<A> = {} extends A ? [value?: A] : [value: A]

/** The id under which the handlers of an extension are provided. */
export type HandlersId<Id extends string> = `extension/${Id}`

/** What a server that serves the extension requires. */
export type Requirements<E extends Any> = [keyof RequestsOf<E> | keyof NotificationsOf<E>] extends [never]
  ? never
  : Handlers.Handlers<HandlersId<E["~extension"]["id"]>>

type RequestHandlers<Rq> = {
  readonly [M in keyof Rq]: (
    params: ParamsIn<Rq[M]>
  ) => Handlers.Returned<SuccessIn<Rq[M]>, FailureIn<Rq[M]> | McpError | AskingError>
}
type NotificationHandlers<N> = { readonly [M in keyof N]: (params: ParamsIn<N[M]>) => Handlers.Returned<unknown, never> }

/** One handler for each request and each notification. Kinds that the extension does not have are left out. */
export type HandlersOf<Rq, N> = ([keyof Rq] extends [never] ? {} : { readonly requests: RequestHandlers<Rq> }) &
  ([keyof N] extends [never] ? {} : { readonly notifications: NotificationHandlers<N> })

type MethodsOf<Rq, N, Kind> = Kind extends "requests" ? keyof Rq : Kind extends "notifications" ? keyof N : never

// Handlers of methods that do not exist are refused by asking for a sentence in their place.
type NoneElse<Rq, N, H> = {
  readonly [Kind in keyof H]: {
    readonly [
      K in Exclude<keyof H[Kind], MethodsOf<Rq, N, Kind>>
    ]: `the extension has no "${K & string}" among its ${Kind & string}`
  }
}

type ServicesOf<H> = {
  [Kind in keyof H]: {
    [K in keyof H[Kind]]: H[Kind][K] extends (...args: never) => infer Returned ? Effect.Services<Returned> : never
  }[keyof H[Kind]]
}[keyof H]

/** An extension with this id. `S` and `C` are the settings of the two sides; `Rq`, `N` and `Ev` its messages by method. */
export interface Extension<Id extends string, S, C, Rq, N, Ev> extends Any {
  new (_: never): {}
  readonly id: Id
  readonly "~extension": {
    readonly id: Id
    readonly settings: S
    readonly clientSettings: C
    readonly requests: Rq
    readonly notifications: N
    readonly events: Ev
  }
  /** The handlers themselves, typed by the extension: for handlers that an Effect makes. */
  readonly of: <const H extends HandlersOf<Rq, N>>(handlers: H & NoneElse<Rq, N, H>) => H
  /**
   * Implements the extension: one handler for each request and each notification, or an Effect that makes them. The services that
   * handlers use become requirements of the layer, apart from those that every request brings along. Handlers of requests may fail
   * with what the contract declares, with an `McpError`, or because a question got no answer. Those of notifications have a
   * `RequestContext`, too, whose `id` is one of the server's own making.
   */
  readonly toLayer: <const H extends HandlersOf<Rq, N>, EX = never, RX = never>(
    handlers: (H & NoneElse<Rq, N, H>) | Effect.Effect<H & NoneElse<Rq, N, H>, EX, RX>
  ) => Layer.Layer<Handlers.Handlers<HandlersId<Id>>, EX, Exclude<RX, Scope.Scope> | Exclude<ServicesOf<H>, RequestServices>>
  /**
   * Tells the client of the request that is being served of an event; waits while the way to it is full. Does nothing when the client
   * did not declare the extension, or when the request is answered already. What is not as the contract says is a defect. To tell all
   * clients, use `send` of the server.
   */
  readonly send: <const M extends keyof Ev & string>(
    method: M,
    ...params: Optional<ParamsIn<Ev[M]>>
  ) => Effect.Effect<void, never, RequestContext>
  /**
   * What the client of the request that is being served says of itself; `undefined` when it did not declare the extension, or says
   * something else than the contract.
   */
  readonly settingsOfClient: Effect.Effect<C | undefined, never, RequestContext>
}

/** What stands behind the key of an extension's handlers. */
export interface Implementation {
  readonly token: object
  readonly requests: ReadonlyMap<string, Handlers.Handler>
  readonly notifications: ReadonlyMap<string, Handlers.Handler>
  /** What was there when the layer was built. */
  readonly context: Context.Context<never>
}

/** The key under which the handlers of an extension are provided. */
export const key = <Id extends string>(id: Id): Context.Service<Handlers.Handlers<HandlersId<Id>>, Implementation> =>
  Context.Service<Handlers.Handlers<HandlersId<Id>>, Implementation>(`@effect-mcp/core/Extension/${id}`)

type Kinds = { readonly [kind in "requests" | "notifications"]?: { readonly [method: string]: Handlers.Handler } }

const toMap = (extension: Any, kind: "requests" | "notifications", handlers: Kinds): Implementation["requests"] =>
  new Map(
    Object.keys(extension[kind]).map((method) => {
      const handler = handlers[kind]?.[method]
      if (handler === undefined) throw new Error(`extension "${extension.id}": ${kind}, "${method}" has no handler`)
      return [method, handler] as const
    })
  )

const toLayer = (extension: Any, handlers: unknown) =>
  Layer.effect(
    key(extension.id),
    Effect.gen(function* () {
      // What is given is checked by the signature of `toLayer`; here its types are gone.
      const built = Effect.isEffect(handlers) ? yield* handlers as Effect.Effect<Kinds> : (handlers as Kinds)
      const context = yield* Effect.context<never>()
      return {
        token: extension.token,
        requests: toMap(extension, "requests", built),
        notifications: toMap(extension, "notifications", built),
        context
      }
    })
  )

const send = (extension: Any, write: EventWriter, method: string, params: unknown): Effect.Effect<void, never, RequestContext> =>
  Effect.flatMap(RequestContext, (request) => {
    const message = notification(method, write(method, params))
    if (!request.isOpen || declaredIn(request, extension.id) === undefined) return Effect.void
    return request.emit.send(message)
  })

const build = (options: Omit<Any, "token" | "~extension">): unknown => {
  let read: Reader | undefined
  class Described {
    static readonly id = options.id
    static readonly required = options.required
    static readonly settings = options.settings
    static readonly clientSettings = options.clientSettings
    static readonly requests = options.requests
    static readonly notifications = options.notifications
    static readonly events = options.events
    static readonly token = {}
    static of(handlers: unknown) {
      return handlers
    }
    static toLayer(handlers: unknown) {
      return toLayer(extension, handlers)
    }
    static readonly settingsOfClient = Effect.map(RequestContext, (request) => {
      const settings = declaredIn(request, options.id)
      read ??= reader(options.clientSettings)
      const decoded = settings === undefined ? undefined : read(settings)
      return decoded?._tag === "Success" ? decoded.value : undefined
    })
    static send(method: string, params: unknown) {
      return send(extension, write, method, params)
    }
  }
  const extension = Described as unknown as Any // the phantom exists only as a type
  const write = eventWriter(extension)
  const fault = faultOf(extension)
  if (fault !== undefined) throw new Error(`extension "${options.id}": ${fault}`)
  return extension
}

/**
 * Describes an extension. `id` has the form `prefix/name`, the prefix being a domain of yours, backwards. Throws when the id has another
 * form, when a method is one of the protocol or there twice, or when params, results or settings are no objects in JSON.
 *
 * @example
 * class Clipboard extends Extension.make("com.example/clipboard", {
 *   requests: { "clipboard/paste": { success: { text: Schema.String } } },
 *   notifications: { "clipboard/copied": { params: { text: Schema.String } } },
 *   events: { "notifications/clipboard/changed": { params: { length: Schema.Int } } }
 * }) {}
 */
export const make = <
  const Id extends `${string}/${string}`,
  S extends Codec | Fields = {},
  C extends Codec | Fields = {},
  Rq extends Requests = {},
  N extends Messages = {},
  Ev extends Messages = {}
>(
  id: Id,
  options: Options<S, C, Rq, N, Ev> & Exactly<NoInfer<Rq>, NoInfer<N>, NoInfer<Ev>> = {}
): Extension<Id, SchemaOf<S>["Type"], SchemaOf<C>["Type"], Rq, N, Ev> =>
  build({
    id,
    required: options.required ?? true,
    settings: toSchema(options.settings),
    clientSettings: toSchema(options.clientSettings),
    requests: filled(options.requests, request),
    notifications: filled(options.notifications, message),
    events: filled(options.events, message)
  }) as Extension<Id, SchemaOf<S>["Type"], SchemaOf<C>["Type"], Rq, N, Ev> // `build` forgets the types

/**
 * What several extensions have in common and must not, or `undefined`: an id, or a method. Servers and clients refuse it when they are
 * built.
 */
export const collision = (extensions: ReadonlyArray<Any>): string | undefined => {
  const owners = new Map<string, string>()
  const ids = new Set<string>()
  for (const extension of extensions) {
    if (ids.has(extension.id)) return `the extension "${extension.id}" is there twice`
    ids.add(extension.id)
    for (const method of methodsOf(extension)) {
      const owner = owners.get(method)
      if (owner !== undefined) return `extension "${extension.id}": "${method}" is a method of "${owner}" already`
      owners.set(method, extension.id)
    }
  }
  return undefined
}

const declaredIn = ({ clientCapabilities, revision }: RequestContext["Service"], id: string): JsonObject | undefined =>
  declaredSettings(clientCapabilities, id, revision)

/**
 * Whether the client of the request that is being served declared an extension: one of your own, or any other by its id. In the request
 * era each request says so for itself.
 *
 * @example
 * const shows = yield* Extension.isDeclared("io.modelcontextprotocol/ui")
 */
export const isDeclared = (extension: string | { readonly id: string }): Effect.Effect<boolean, never, RequestContext> =>
  Effect.map(
    RequestContext,
    (request) => declaredIn(request, typeof extension === "string" ? extension : extension.id) !== undefined
  )

/** What a side says of itself when it declares an extension; see {@link declare}. */
export interface Declaration {
  readonly extension: Any
  readonly clientSettings: unknown
}

/**
 * An extension with what a client says of itself when it declares it, for the `extensions` of a client.
 *
 * @example
 * McpClient.layer({ name: "host", version: "1", extensions: [Extension.declare(Clipboard, { formats: ["text"] })] })
 */
export const declare = <E extends Any>(extension: E, ...settings: Optional<ClientSettings<E>>): Declaration => ({
  extension,
  clientSettings: settings[0] ?? {}
})
