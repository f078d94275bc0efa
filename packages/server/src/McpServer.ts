/**
 * Servers. A server is a layer that knows no transport: it owns the registry of its components and provides the dispatcher that
 * transports require.
 */
import * as ChangeBus from "@effect-mcp/core/ChangeBus"
import { Dispatcher } from "@effect-mcp/core/Dispatcher"
import type * as Extension from "@effect-mcp/core/Extension"
import type * as McpGroup from "@effect-mcp/core/McpGroup"
import type * as Middleware from "@effect-mcp/core/Middleware"
import type { Implementation as ServerInfo } from "@effect-mcp/core/protocol/Common"
import type { StoreError } from "@effect-mcp/core/StoreError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { DuplicateName } from "./DuplicateName.ts"
import * as assemble from "./internal/assemble.ts"
import { assembleExtension } from "./internal/assembleExtension.ts"
import * as build from "./internal/build.ts"
import * as Part from "./Part.ts"
import * as Provider from "./Provider.ts"
import type { Options as SettingsOptions } from "./Settings.ts"
import * as Transform from "./Transform.ts"
import * as Namespace from "./transforms/Namespace.ts"

/** Who the server is, and its limits and policies where the defaults do not fit. */
export interface Options extends ServerInfo, SettingsOptions {
  /** How to use the server, written for models. */
  readonly instructions?: string
}

/**
 * A running server. `provider` offers its components to other servers. `add` serves a group at run time: what is added lives as
 * long as the scope in which it is added, and clients are told when it comes and goes. Closing the scope waits up to 10 seconds for
 * the calls that are running, so that what their handlers use is released after them. `add` fails with `DuplicateName` where the
 * server's `onDuplicate` says so; handlers that are missing or Schemas that cannot be shown are defects.
 */
export class McpServer extends Context.Service<
  McpServer,
  {
    readonly info: ServerInfo
    readonly provider: Provider.Provider
    /** Says that a resource has new contents: clients that subscribed to it are told, those of other processes by the `ChangeBus`. */
    readonly resourceUpdated: (uri: string) => Effect.Effect<void, StoreError>
    /**
     * Tells all clients that declared an extension of one of its events: those of the session era unasked, later ones on a subscription
     * whose filter has the id of the extension, as `events` of our client opens it. Who does not read is not told; clients of other
     * processes are not, either. An event that is not as the contract says, or of an extension that is not served, is a defect.
     */
    readonly send: <E extends Extension.Any, const M extends keyof Extension.EventsOf<E> & string>(
      extension: E,
      method: M,
      ...params: Extension.Optional<Extension.EventParams<E, M>>
    ) => Effect.Effect<void>
    readonly add: <G extends McpGroup.Any, E, R>(
      group: G,
      handlers: Layer.Layer<McpGroup.Requirements<G>, E, R>
    ) => Effect.Effect<void, E | DuplicateName, R | Scope.Scope>
  }
>()("@effect-mcp/server/McpServer") {}

/** What a server of these parts requires. */
export type Requirements<Parts extends ReadonlyArray<Part.Any>> = Part.Requirements<Parts[number]>

// How long a component that is removed waits for its calls.
const removalTimeout = "10 seconds"

const partOf = (part: Part.Any, options: assemble.Options): Part.Part<unknown, unknown> =>
  Part.isPart(part)
    ? part
    : Part.make(({ context }) =>
        Effect.sync(() => ({ providers: [Provider.fixed(assemble.components(part, context, options).offer)], middlewares: [] }))
      )

const make = (options: Options, parts: ReadonlyArray<Part.Any>, memo: Layer.MemoMap, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    assemble.refuseIcons(`server "${options.name}"`, options.icons)
    const base = yield* build.base(options)
    const opened: Array<Part.Opened> = []
    for (const part of parts) {
      const prepared = partOf(part, base.assembling)
      // A use of a middleware is opened like any other part, so that the order of parts is the order of middleware.
      opened.push(yield* prepared.open({ memo, scope, context, prepare: base.assembling.prepare, warn: base.assembling.warn }))
    }
    const middlewares = opened.flatMap((part) => part.middlewares)
    const served = opened.flatMap((part) => part.extensions ?? [])
    const { announce, broadcast, dispatcher, registry } = yield* build.engine(base, middlewares, served)
    const forget = registry.add(opened.flatMap((part) => part.providers))
    yield* Effect.addFinalizer(() => Effect.sync(forget))
    registry.settle() // Faults in names and Schemas show now, not with the first request.
    yield* announce

    const server = McpServer.of({
      info: base.facts.info,
      provider: build.withMiddlewares(registry, middlewares),
      resourceUpdated: (uri) => base.bus.publish(ChangeBus.resourceUpdated(uri)),
      send: (extension, method, ...params) => Effect.sync(() => broadcast(extension, method, params[0])),
      add: <G extends McpGroup.Any, E, R>(group: G, handlers: Layer.Layer<McpGroup.Requirements<G>, E, R>) =>
        Effect.gen(function* () {
          const built = yield* Effect.updateContext(Layer.build(handlers), (context: Context.Context<R | Scope.Scope>) =>
            base.outsideOfCalls(context)
          )
          const { idle, offer } = assemble.components(group, built as Context.Context<never>, base.assembling) // read by key
          yield* Effect.acquireRelease(
            Effect.try({
              try: () => registry.add([Provider.fixed(offer)]),
              catch: (error) => {
                if (error instanceof DuplicateName) return error
                throw error
              }
            }),
            // Calls that are running end before what they use is released; those that do not in time are on their own.
            (remove) => Effect.andThen(Effect.sync(remove), Effect.timeoutOption(idle, removalTimeout))
          )
        })
    })
    return Context.add(Context.make(McpServer, server), Dispatcher, dispatcher)
  })

/**
 * Makes a server of groups, single contracts and other parts. The layer requires their handlers and middleware. Building it dies, with
 * the place named, when a name is served twice or invalid, when a Schema cannot be shown as JSON Schema, when an icon is none that
 * clients show, or when a handler is missing: those are faults of the program.
 *
 * @example
 * const Server = McpServer.layer({ name: "weather", version: "1.0.0" }, Weather, McpServer.mount("math", MathServer)).pipe(
 *   Layer.provide([WeatherLive, DatabaseLive])
 * )
 */
export const layer = <const Parts extends ReadonlyArray<Part.Any>>(
  options: Options,
  ...parts: Parts
): Layer.Layer<McpServer | Dispatcher, Part.Failure<Parts[number]>, Requirements<Parts>> =>
  // What the parts need is found in the context by key; the signature says what that is.
  Layer.fromBuildMemo((memo, scope) =>
    Effect.provideService(make(options, parts, memo, scope), Scope.Scope, scope)
  ) as Layer.Layer<McpServer | Dispatcher, Part.Failure<Parts[number]>, Requirements<Parts>>

// A fault that is there from the start stops the server; one that comes later leaves out the component that has it.
const seenThrough = (
  provider: Provider.Provider,
  transform: Transform.Transform,
  warn: (message: string) => void
): Provider.Provider => {
  const { prompts, resources, tools } = Transform.mappings(transform)
  if (tools !== undefined) for (const component of provider.list("tools")) tools(component)
  if (resources !== undefined) for (const component of provider.list("resources")) resources(component)
  if (prompts !== undefined) for (const component of provider.list("prompts")) prompts(component)
  return Transform.apply(provider, transform, (kind, error) => warn(`a ${kind} is not served: ${String(error)}`))
}

/**
 * A part that serves the components of another server under a namespace: its tool `add` becomes `math_add`. The other server stays
 * what it is; it is built once, even when it is served by itself as well. Without a namespace the names stay as they are.
 */
export const mount = <E, R>(namespace: string | undefined, server: Layer.Layer<McpServer | Dispatcher, E, R>): Part.Part<E, R> =>
  Part.make(({ context, memo, scope, warn }) =>
    Effect.map(
      // What the layer requires is in the server's context.
      Effect.provideContext(Layer.buildWithMemoMap(server as Layer.Layer<McpServer | Dispatcher, E>, memo, scope), context),
      (built) => {
        const { provider } = Context.get(built, McpServer)
        if (namespace === undefined) return { providers: [provider], middlewares: [] }
        return { providers: [seenThrough(provider, Namespace.make(namespace), warn)], middlewares: [] }
      }
    )
  )

/** A part that puts a middleware around every call, read and list of the server. The first one is the outermost. */
export const use = <M extends Middleware.Any>(middleware: M): Part.Part<never, Middleware.Identifier<M>> =>
  Part.make(({ context, prepare }) =>
    Effect.sync(() => ({ providers: [], middlewares: [assemble.middlewareOf(middleware, context, prepare)] }))
  )

/**
 * A part that serves an extension, and declares it with these settings. The layer of the server requires its handlers; building it dies
 * when two extensions have a method in common. Extensions of a mounted server stay with that.
 *
 * @example
 * const Server = McpServer.layer(info, Notes, McpServer.extension(Clipboard)).pipe(Layer.provide([NotesLive, ClipboardLive]))
 */
export const extension = <E extends Extension.Any>(
  contract: E,
  ...settings: Extension.Optional<Extension.Settings<E>>
): Part.Part<never, Extension.Requirements<E>> =>
  Part.make(({ context, prepare }) =>
    Effect.sync(() => ({
      providers: [],
      middlewares: [],
      extensions: [assembleExtension(contract, settings[0] ?? {}, context, prepare)]
    }))
  )

/** A part that serves what a provider offers, seen through transforms, the first one innermost. */
export const provide = (
  provider: Provider.Provider,
  ...transforms: ReadonlyArray<Transform.Transform>
): Part.Part<never, never> =>
  Part.make(({ warn }) =>
    Effect.sync(() => ({
      providers: [transforms.reduce((inner, transform) => seenThrough(inner, transform, warn), provider)],
      middlewares: []
    }))
  )
