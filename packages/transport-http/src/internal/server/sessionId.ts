/**
 * Names of sessions: 144 bits from a secure source, as 24 characters that may stand in a header and in a URL.
 *
 * Source: "Session Management" in the transports page of 2025-03-26 to 2025-11-25.
 */
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

const codes = Uint8Array.from(alphabet, (char) => char.charCodeAt(0))

/** A new name. Made in one piece: a UUID is put together from many, which V8 keeps for as long as the name. */
export const makeSessionId = (): string => {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(24))
  for (let i = 0; i < bytes.length; i++) bytes[i] = codes[bytes[i]! & 63]!
  return String.fromCharCode(...bytes)
}
