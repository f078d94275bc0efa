/**
 * Seals texts that travel through the client and come back: encrypted and authenticated with the keys of the key ring, each bound to
 * what it belongs to. What was sealed for one thing cannot be opened for another.
 *
 * Source: XChaCha20-Poly1305 as in draft-irtf-cfrg-xchacha-03, HKDF as in RFC 5869.
 */
import { type Key, KeyRing, layerProcess } from "@effect-mcp/core/KeyRing"
import type { StoreError } from "@effect-mcp/core/StoreError"
import * as Context from "effect/Context"
import * as Aead from "effect/crypto/Aead"
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Kdf from "effect/crypto/Kdf"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"

/** See the module. */
export interface Sealing {
  /** Seals a text; whoever opens it has to name the same binding. */
  readonly seal: (text: string, binding: string) => Effect.Effect<string, StoreError>
  /** The text again; `undefined` for everything that was not sealed so: nothing says why. */
  readonly open: (sealed: string, binding: string) => Effect.Effect<string | undefined, StoreError>
}

const algorithm = Aead.xchacha20Poly1305
const version = "1"
const purpose = new TextEncoder().encode("@effect-mcp/server/requestState")
const noSalt = new Uint8Array(32)
// A ring has a few keys; what is derived from retired ones need not be kept.
const maxDerived = 16

const encoder = new TextEncoder()
const decoder = new TextDecoder()

interface Parts {
  readonly keyId: string
  readonly bytes: Uint8Array
}

const parse = (sealed: string): Parts | undefined => {
  const [tag, keyId, body, ...rest] = sealed.split(".", 4)
  if (tag !== version || keyId === undefined || body === undefined || rest.length > 0) return undefined
  const bytes = Result.getOrUndefined(Base64Url.decode(body))
  return bytes === undefined || bytes.length <= algorithm.nonceLength ? undefined : { keyId, bytes }
}

/**
 * Sealing with the `KeyRing` of a context; without one, with a key that lives as long as the scope. The same goes for the `Aead` and
 * the `Kdf`. Nothing is made before it is used.
 */
export const make = (context: Context.Context<never>): Effect.Effect<Sealing, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const crypto = Layer.merge(Aead.layerWebCrypto, Kdf.layerWebCrypto).pipe(Layer.provide(SecureRandom.layerWebCrypto))
    const ring = context.mapUnsafe.has(KeyRing.key) ? Layer.empty : layerProcess
    const services = yield* Effect.cached(
      Effect.map(
        Layer.buildWithScope(Layer.merge(crypto, ring), scope),
        // The context has a ring where the layer has none.
        (own) => Context.merge(own, context) as Context.Context<Aead.Aead | Kdf.Kdf | KeyRing>
      )
    )
    const derived = new Map<string, Aead.Key>()

    const derive = Effect.fnUntraced(function* ({ id, key }: Key, kdf: Kdf.Kdf["Service"]) {
      const known = derived.get(id)
      if (known !== undefined) return known
      const options = { salt: noSalt, info: purpose, length: algorithm.keyLength }
      const bytes = yield* kdf.derive(Kdf.hkdfSha256, Redacted.value(key), options)
      const made = yield* Aead.key(algorithm, bytes)
      if (derived.size >= maxDerived) derived.clear()
      derived.set(id, made)
      return made
    })

    const open = Effect.fnUntraced(function* (sealed: string, binding: string) {
      const parts = parse(sealed)
      if (parts === undefined) return undefined
      const all = yield* services
      const key = yield* Context.get(all, KeyRing).find(parts.keyId)
      if (key === undefined) return undefined
      const cipher = yield* derive(key, Context.get(all, Kdf.Kdf))
      const options = { nonce: parts.bytes.subarray(0, algorithm.nonceLength), aad: encoder.encode(binding) }
      const text = Context.get(all, Aead.Aead).decrypt(cipher, parts.bytes.subarray(algorithm.nonceLength), options)
      return decoder.decode(yield* text)
    })

    const seal = Effect.fnUntraced(function* (text: string, binding: string) {
      const all = yield* services
      const key = yield* Context.get(all, KeyRing).current
      const cipher = yield* derive(key, Context.get(all, Kdf.Kdf))
      const nonce = SecureRandom.randomBytesUnsafe(algorithm.nonceLength)
      const encrypted = yield* Context.get(all, Aead.Aead).encrypt(cipher, encoder.encode(text), {
        nonce,
        aad: encoder.encode(binding)
      })
      const bytes = new Uint8Array(nonce.length + encrypted.length)
      bytes.set(nonce)
      bytes.set(encrypted, nonce.length)
      return `${version}.${key.id}.${Base64Url.encode(bytes)}`
    })

    const isTampered = ({ reason }: CryptoError.CryptoError) => reason._tag === "DecryptionFailed"
    return {
      seal: (text, binding) => Effect.catchTag(seal(text, binding), "CryptoError", Effect.die),
      open: (sealed, binding) =>
        Effect.catchTag(open(sealed, binding), "CryptoError", (error) =>
          isTampered(error) ? Effect.succeed(undefined) : Effect.die(error)
        )
    }
  })
