/**
 * Digests that tell questions apart without keeping them. A question may hold texts of somebody who gains from being taken for another
 * one: the digest is the text as a polynomial, at points that are drawn for each request and that nobody outside of the server knows. Two
 * texts of n characters that were chosen without knowing them have the same digest with a probability of (n / 2^26)^3 at most.
 */

// The greatest prime below 2^26: products stay exact.
const prime = 67_108_859

/** Where the digests of one request are taken. Who knows them can make texts with the same digest. */
export type Points = readonly [number, number, number]

/** Points that nobody knows. */
export const draw = (): Points => {
  const [one = 0, two = 0, three = 0] = globalThis.crypto.getRandomValues(new Uint32Array(3))
  return [one % prime, two % prime, three % prime]
}

/** The digest of a text, which begins with another character than U+0000. */
export const digest = (text: string, [one, two, three]: Points): string => {
  let first = 0
  let second = 0
  let third = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    first = (first * one + code) % prime
    second = (second * two + code) % prime
    third = (third * three + code) % prime
  }
  return `${first}.${second}.${third}`
}
