/**
 * The characters of URIs: what is percent-encoded, what is not, and the one spelling in which texts are compared.
 *
 * Source: RFC 3986 section 2, RFC 6570 sections 1.5 and 3.2.1.
 */

const malformed = /%(?![0-9A-Fa-f]{2})/

// What is neither reserved nor unreserved nor a percent.
const foreign = /[^\x21-\x7e]+|["<>\\^`{|}]+/g

const encodeAll = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`

/** Encodes all but unreserved characters. Lone surrogates become U+FFFD, because they have no UTF-8. */
export const encode = (text: string): string => encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, encodeAll)

/** Encodes all but unreserved and reserved characters and what is encoded already. */
export const encodeReserved = (text: string): string =>
  text
    .toWellFormed()
    .replace(/%(?![0-9A-Fa-f]{2})/g, "%25")
    .replace(foreign, encodeURIComponent)

/** Decodes, or is `undefined` for what is no UTF-8. */
export const decode = (text: string): string | undefined => {
  if (!text.includes("%")) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/**
 * The spelling in which URIs are compared: what no URI may have is encoded, and the digits of what is encoded are upper case.
 * `undefined` for texts with a percent that encodes nothing, or with lone surrogates.
 */
export const normal = (text: string): string | undefined => {
  if (/^[!#$&-;=?-[\]_a-z~]*$/.test(text)) return text
  if (malformed.test(text) || !text.isWellFormed()) return undefined
  return text.replace(foreign, encodeURIComponent).replace(/%[0-9A-Fa-f]{2}/g, (encoded) => encoded.toUpperCase())
}

/**
 * Where `wanted` begins for the first time, or -1 when it does not or when a character of `barrier` comes before it. What is
 * percent-encoded is one character: `2` is not found in `%20`. `wanted` begins with no percent.
 */
export const find = (text: string, wanted: string, from: number, to: number, barrier: string): number => {
  const first = wanted.charCodeAt(0)
  const last = to - wanted.length
  for (let i = from; i <= last; i++) {
    const code = text.charCodeAt(i)
    if (code === first && text.startsWith(wanted, i)) return i
    if (code === 37) i += 2
    else if (isOneOf(code, barrier)) return -1
  }
  return -1
}

/** Whether none of the characters of `barrier` is there. */
export const isFree = (text: string, from: number, to: number, barrier: string): boolean => {
  for (let i = from; i < to; i++) if (isOneOf(text.charCodeAt(i), barrier)) return false
  return true
}

const isOneOf = (code: number, characters: string): boolean => {
  for (let i = 0; i < characters.length; i++) if (characters.charCodeAt(i) === code) return true
  return false
}

/**
 * Encodes a character of an encoded text where `next`, which is to follow, would begin too early. Only unreserved characters can be
 * in the way, and encoded they are still the same URI (RFC 3986 section 6.2.2.2).
 */
export const keepApart = (encoded: string, next: string): string => {
  const first = next.charAt(0)
  const whole = encoded + next
  if (find(whole, next, 0, whole.length, "") >= encoded.length) return encoded
  return encoded.replace(/%[0-9A-F]{2}|[^%]/g, (char) => (char === first ? encodeAll(char) : char))
}
