/**
 * How a store fails. The memory layers of `core` never do; a layer that talks to Redis, SQL or a file reports with this error
 * whatever goes wrong there.
 */
import * as Schema from "effect/Schema"

/** A store could not do what it was asked to do. Clients are told no more than that something broke. */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  /** The service, for example `SessionStore`. */
  store: Schema.String,
  /** The operation, for example `put`. */
  operation: Schema.String,
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return `${this.store}.${this.operation} failed: ${this.detail}`
  }
}

/**
 * Makes a {@link StoreError} of whatever a driver failed with.
 *
 * @example
 * redis.get(key).pipe(Effect.mapError(StoreError.fromCause("SessionStore", "get")))
 */
export const fromCause =
  (store: string, operation: string) =>
  (cause: unknown): StoreError =>
    new StoreError({ store, operation, detail: cause instanceof Error ? cause.message : String(cause), cause })
