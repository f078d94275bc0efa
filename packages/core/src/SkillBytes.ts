/**
 * The bytes of files of skills, as both sides look at them.
 *
 * Source: "Integrity and Verification" of the skills extension.
 */
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"

/** The digest of bytes: `sha256:` and 64 hexadecimal digits in lower case. */
export const digest = (bytes: Uint8Array): Effect.Effect<string> =>
  Effect.map(
    // Web Crypto wants memory that nobody shares, as the bytes of files and of messages are.
    Effect.promise(() => globalThis.crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)),
    (digest) => `sha256:${Hex.encode(new Uint8Array(digest))}`
  )

// It throws on what is no UTF-8, and keeps a byte order mark: the text has to be the bytes that the digest covers.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The text of bytes, which gives the same bytes again, a byte order mark included; `undefined` when they are no UTF-8. */
export const text = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
