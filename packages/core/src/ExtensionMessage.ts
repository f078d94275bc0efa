/**
 * The messages of an extension: how requests, notifications and events are described, and what their types are.
 */
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { type Codec, type Fields, type SchemaOf, toSchema } from "./Contract.ts"

/** How a request is described. */
export interface RequestOptions {
  /** None by default. Their JSON form is an object; `_meta` is the protocol's own. */
  readonly params?: Codec | Fields
  /** Nothing by default. Its JSON form is an object, too, without `_meta` and `resultType`. */
  readonly success?: Codec | Fields
  /** What the request may fail with; it reaches a typed client's error channel. `Never` by default. */
  readonly failure?: Codec
  /** How long a request may run before it is interrupted, in place of the server's `toolTimeout`. */
  readonly timeout?: Duration.Input
}

/** How a notification or an event is described. */
export interface MessageOptions {
  /** None by default. Their JSON form is an object; `_meta` is the protocol's own. */
  readonly params?: Codec | Fields
}

/** Requests, by method. */
export type Requests = { readonly [method: string]: RequestOptions }
/** Notifications or events, by method. */
export type Messages = { readonly [method: string]: MessageOptions }

/** A request, its Schemas filled in. */
export interface Request {
  readonly params: Codec
  readonly success: Codec
  readonly failure: Codec
  readonly timeout: Duration.Input | undefined
}

/** A notification or an event, its Schema filled in. */
export interface Message {
  readonly params: Codec
}

type SchemaIn<Spec, Member extends string, Default> = Spec extends { readonly [K in Member]: infer P extends Codec | Fields }
  ? SchemaOf<P>["Type"]
  : Default

/** What a message takes. */
export type ParamsIn<Spec> = SchemaIn<Spec, "params", {}>
/** What a request may fail with. */
export type FailureIn<Spec> = SchemaIn<Spec, "failure", never>
/** What a request returns. */
export type SuccessIn<Spec> = SchemaIn<Spec, "success", void>

/** Messages with what their descriptions leave out. */
export const filled = <Spec, A>(specs: { readonly [method: string]: Spec } | undefined, fill: (spec: Spec) => A) =>
  Object.fromEntries(Object.entries(specs ?? {}).map(([method, spec]) => [method, fill(spec)]))

/** A request with its Schemas. */
export const request = ({ failure, params, success, timeout }: RequestOptions): Request => ({
  params: toSchema(params),
  success: success === undefined ? Schema.Void : toSchema(success),
  failure: failure ?? Schema.Never,
  timeout
})

/** A notification or an event with its Schema. */
export const message = ({ params }: MessageOptions): Message => ({ params: toSchema(params) })
