/**
 * Resources: data that a host or a model may read, at a fixed URI or at all URIs of a template.
 *
 * Source: "Resources" in the server features of every revision; RFC 6570 for templates.
 */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as CacheHint from "./CacheHint.ts"
import { ChangeBus, resourceUpdated } from "./ChangeBus.ts"
import type { Codec, Fields, Metadata } from "./Contract.ts"
import * as Handlers from "./Handlers.ts"
import * as Name from "./Name.ts"
import type { AskingError } from "./Asking.ts"
import type { McpError } from "./McpError.ts"
import type { Annotations } from "./protocol/Common.ts"
import { ResourceContents } from "./protocol/Content.ts"
import type { RequestServices } from "./RequestContext.ts"
import type { StoreError } from "./StoreError.ts"
import * as UriTemplate from "./UriTemplate.ts"

const TypeId = "~effect-mcp/core/Resource"

/** Any resource, whatever its types. */
export interface Any extends Metadata {
  readonly [TypeId]: typeof TypeId
  readonly _tag: "Resource"
  readonly name: string
  /** The URI, or the template. */
  readonly uri: string
  /** What `uri` is when it is a template. */
  readonly template: UriTemplate.UriTemplate | undefined
  /** Whether values of variables may leave their place, see {@link TemplateOptions}. */
  readonly unsafe: boolean
  readonly parameters: Fields
  readonly success: Codec
  readonly failure: Codec
  readonly mimeType: string | undefined
  /** In bytes, before any encoding. */
  readonly size: number | undefined
  readonly annotations: Annotations | undefined
  readonly cache: CacheHint.Options | undefined
}

/** A resource named `Name` whose reader takes `Args`, returns `S` and may fail with `F`. */
export interface Resource<Name extends string, Args, S extends Codec, F extends Codec> extends Any {
  readonly name: Name
  readonly success: S
  readonly failure: F
  readonly "~args": Args
  /** The id of the group of one that it is. */
  readonly id: Handlers.ResourceId<Name>
  readonly "~group": {
    readonly id: Handlers.ResourceId<Name>
    readonly contracts: Resource<Name, Args, S, F>
    readonly middleware: never
  }
  /**
   * Implements the resource: a function from the variables of its URI to an Effect, or an Effect that makes one. Its second argument
   * is the URI that was asked for. It may fail with an `McpError`, too: `McpError.resourceNotFound(uri)` for what does not exist.
   */
  readonly toLayer: <R = never, EX = never, RX = never>(
    handler:
      | ((args: Args, uri: string) => Effect.Effect<S["Type"], F["Type"] | McpError | AskingError, R>)
      | Effect.Effect<(args: Args, uri: string) => Effect.Effect<S["Type"], F["Type"] | McpError | AskingError, R>, EX, RX>
  ) => Layer.Layer<Handlers.Handlers<Handlers.ResourceId<Name>>, EX, Exclude<RX, Scope.Scope> | Exclude<R, RequestServices>>
}

/** What a resource's handler takes: the variables of its template. */
export type Args<T> = T extends { readonly "~args": infer A } ? A : never
/** What a resource returns. */
export type Success<T extends Any> = T["success"]["Type"]
/** What a resource may fail with. */
export type Failure<T extends Any> = T["failure"]["Type"]

/** The Schema of a resource that has several parts, or says itself of which types they are. */
export const Contents = Schema.Array(ResourceContents).annotate({ identifier: "ResourceContents" })

/** How a resource is described. */
export interface Options<S extends Codec, F extends Codec> extends Metadata {
  /** A text by default. `Schema.Uint8Array` is binary, {@link Contents} are several parts, anything else is sent as JSON. */
  readonly success?: S
  /** What reading may fail with. `Never` by default. */
  readonly failure?: F
  /** `text/plain` for texts, `application/octet-stream` for bytes, `application/json` for anything else by default. */
  readonly mimeType?: string
  /** In bytes, before any encoding. */
  readonly size?: number
  readonly annotations?: Annotations
  /** How long clients may keep its contents, and with whom they may share them: before what the server says of `resources/read`. */
  readonly cache?: CacheHint.Options
}

/** The options of a template. */
export interface TemplateOptions<T extends string, P extends Fields, S extends Codec, F extends Codec> extends Options<S, F> {
  /** Schemas that read a variable from its text. Variables without one are strings. */
  readonly parameters?: P & {
    readonly [K in Exclude<keyof P, UriTemplate.Variables<T>>]: `the template has no variable "${K & string}"`
  }
  /**
   * Lets values through that could leave the place they are meant for: segments `.` and `..`, absolute paths, encoded slashes. False by
   * default; then such URIs are refused before the handler runs. NUL is always refused.
   */
  readonly unsafe?: boolean
}

const Proto = {
  [TypeId]: TypeId,
  _tag: "Resource",
  toLayer(this: Any, handler: unknown) {
    return Handlers.layerOne(Handlers.resourceId(this.name), this, handler)
  }
} as const

const build = (
  name: string,
  uri: string,
  template: UriTemplate.UriTemplate | undefined,
  options: Options<Codec, Codec> & { readonly unsafe?: boolean },
  parameters: Fields
): unknown => {
  const fault = Name.fault(name)
  if (fault !== undefined) throw new Error(`Resource name: ${fault}`)
  if (!/^[a-z][a-z0-9+.-]*:/i.test(uri)) throw new Error(`Resource "${name}": "${uri}" has no scheme, such as "file://"`)
  const cacheFault = CacheHint.fault(options.cache ?? {})
  if (cacheFault !== undefined) throw new Error(`Resource "${name}": cache: ${cacheFault}`)
  return Object.assign(Object.create(Proto), options, {
    name,
    id: Handlers.resourceId(name),
    uri,
    template,
    unsafe: options.unsafe ?? false,
    parameters,
    success: options.success ?? Schema.String,
    failure: options.failure ?? Schema.Never,
    mimeType: options.mimeType,
    size: options.size,
    annotations: options.annotations,
    cache: options.cache
  })
}

/** Describes a resource at a fixed URI. Throws when the name or `cache` is not valid, or the URI has no scheme. */
export const make = <const Name extends string, S extends Codec = Schema.String, F extends Codec = Schema.Never>(
  name: Name.Valid<Name>,
  uri: string,
  options: Options<S, F> = {}
): Resource<Name, void, S, F> => build(name, uri, undefined, options, {}) as Resource<Name, void, S, F> // erased by `build`

/**
 * Describes the resources at all URIs of a template. Its variables are the arguments of the handler; those of the query are optional.
 * Throws when the name, `cache` or the template is not valid; a template says where.
 *
 * @example
 * const Daily = Resource.template("daily", "weather://{city}/daily{?days}", { parameters: { days: Schema.NumberFromString } })
 */
export const template = <
  const Name extends string,
  const T extends string,
  S extends Codec = Schema.String,
  F extends Codec = Schema.Never,
  P extends Fields = {}
>(
  name: Name.Valid<Name>,
  uriTemplate: T,
  options: TemplateOptions<T, P, S, F> = {}
): Resource<Name, UriTemplate.Values<T, P>, S, F> => {
  const parsed = UriTemplate.parse(uriTemplate, options.unsafe === true ? { unsafe: true } : {})
  // The types are erased by `build`.
  return build(name, uriTemplate, parsed, options, options.parameters ?? {}) as Resource<Name, UriTemplate.Values<T, P>, S, F>
}

/**
 * Says that a resource has new contents: clients that subscribed to it are told. Wherever the program knows, in handlers and outside of
 * them: what carries the news is the {@link ChangeBus}, which the server must be given, too. Fails when the bus cannot carry it.
 *
 * @example
 * const save = (text: string) => Effect.andThen(write(text), Resource.updated("notes://today"))
 * const Server = McpServer.layer(info, Notes).pipe(Layer.provide(NotesLive), Layer.provide(ChangeBus.layerMemory))
 */
export const updated = (uri: string): Effect.Effect<void, StoreError, ChangeBus> =>
  Effect.flatMap(ChangeBus, (bus) => bus.publish(resourceUpdated(uri)))

/** True for resources. */
export const isResource = (u: unknown): u is Any => Predicate.hasProperty(u, TypeId)
