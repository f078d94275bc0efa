/**
 * The keys that seal what travels through the client and comes back, such as `requestState`. One key seals; all of them open, so
 * that keys can be rotated while sealed states are under way.
 *
 * Nothing is sealed here: a key is secret bytes, of which whoever seals derives what a cipher needs.
 *
 * Source: "Multi Round-Trip Requests" of 2026-07-28, which leaves the protection of the state to the server.
 */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { StoreError } from "./StoreError.ts"

/** The least that a key may have, in bytes. */
export const minBytes = 32

/** A secret, and the public name by which what it sealed finds it again. */
export interface Key {
  /** 11 characters of base64url, always the same for the same secret. Tells nothing of it. */
  readonly id: string
  /** At least {@link minBytes} bytes. */
  readonly key: Redacted.Redacted<Uint8Array>
}

/** The keys cannot be used. Neither the message nor the error holds any part of a secret. */
export class KeyRingError extends Schema.TaggedError<KeyRingError>()("KeyRingError", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

/** The keys of one server and its replicas. Both operations are effects, so that a layer may fetch and rotate keys as it runs. */
export class KeyRing extends Context.Service<
  KeyRing,
  {
    /** The key to seal with. */
    readonly current: Effect.Effect<Key, StoreError>
    /** The key with this id; `undefined` when there is none, or it was retired. The id may come from anybody. */
    readonly find: (id: string) => Effect.Effect<Key | undefined, StoreError>
  }
>()("@effect-mcp/core/KeyRing") {}

// The label keeps the name of a key apart from whatever else is ever derived of it.
const idLabel = new TextEncoder().encode("@effect-mcp/core/KeyRing/id\0")

const makeKey = Effect.fnUntraced(function* (bytes: Uint8Array<ArrayBuffer>): Effect.fn.Return<Key> {
  const labelled = new Uint8Array(idLabel.length + bytes.length)
  labelled.set(idLabel)
  labelled.set(bytes, idLabel.length)
  const digest = yield* Effect.promise(() => globalThis.crypto.subtle.digest("SHA-256", labelled))
  return {
    id: Base64Url.encode(new Uint8Array(digest, 0, 8)),
    key: Redacted.make<Uint8Array>(bytes, { label: "KeyRing" })
  }
})

const makeRing = (current: Key, others: ReadonlyArray<Key>): KeyRing["Service"] => {
  const byId = new Map([...others, current].map((key) => [key.id, key]))
  return { current: Effect.succeed(current), find: (id) => Effect.sync(() => byId.get(id)) }
}

/**
 * One random key that lives as long as this process, or rather as long as the layer: after a restart, and in other processes,
 * nothing can be opened that was sealed here. Says so in the log, at debug level. Never fails.
 */
export const layerProcess: Layer.Layer<KeyRing> = Layer.effect(
  KeyRing,
  Effect.gen(function* () {
    const key = yield* makeKey(globalThis.crypto.getRandomValues(new Uint8Array(minBytes)))
    yield* Effect.logDebug(
      "requests that wait for an answer are sealed with a key that lives as long as this process: " +
        "give several processes, or one that restarts, common keys with KeyRing.layer or KeyRing.layerConfig"
    )
    return makeRing(key, [])
  })
)

// Standard and URL alphabet, with padding or without. The decoder's own message repeats the input: it must not get out.
const decode = (secret: string): Uint8Array | undefined => {
  const text = secret.trim().replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")
  return Result.getOrUndefined(Base64Url.decode(text))
}

const fromSecrets = Effect.fnUntraced(function* (
  secrets: ReadonlyArray<Redacted.Redacted>
): Effect.fn.Return<KeyRing["Service"], KeyRingError> {
  const keys: Array<Key> = []
  for (const [index, secret] of secrets.entries()) {
    const which = `key ${index + 1} of ${secrets.length}`
    const bytes = decode(Redacted.value(secret))
    if (bytes === undefined) return yield* new KeyRingError({ detail: `${which} is not base64` })
    if (bytes.length < minBytes) {
      const detail = `${which} has ${bytes.length} bytes, but at least ${minBytes} are needed: make one with \`openssl rand -base64 32\``
      return yield* new KeyRingError({ detail })
    }
    keys.push(yield* makeKey(new Uint8Array(bytes)))
  }
  const [current, ...others] = keys
  if (current === undefined) return yield* new KeyRingError({ detail: "a key ring needs at least one key" })
  return makeRing(current, others)
})

/**
 * The keys that are given, each in base64 of at least 32 bytes. The first one seals, all of them open.
 *
 * To rotate, put the new key first and take the old one out when nothing that it sealed can be under way any more. While
 * processes are replaced one by one, add the new key at the end everywhere first, and move it to the front then.
 *
 * Fails with {@link KeyRingError} when there is no key, or one is no base64 or too short.
 */
export const layer = (secrets: ReadonlyArray<Redacted.Redacted>): Layer.Layer<KeyRing, KeyRingError> =>
  Layer.effect(KeyRing, fromSecrets(secrets))

/**
 * The keys that are configured, separated by commas; otherwise as {@link layer}.
 *
 * Fails with `ConfigError` too, when the setting is missing.
 *
 * @example
 * KeyRing.layerConfig(Config.Redacted("MCP_KEYS"))
 */
export const layerConfig = (config: Config.Config<Redacted.Redacted>): Layer.Layer<KeyRing, KeyRingError | Config.ConfigError> =>
  Layer.effect(
    KeyRing,
    Effect.flatMap(config, (list) => {
      const parts = Redacted.value(list).split(",")
      return fromSecrets(parts.filter((part) => part.trim() !== "").map((part) => Redacted.make(part)))
    })
  )
