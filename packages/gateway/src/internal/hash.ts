/**
 * A hash of texts that is the same in every run and on every machine. It tells names apart; it keeps no secrets.
 */

// FNV-1a over UTF-16 code units, with the finalizer of MurmurHash3 so that similar texts differ in all digits.
const mix = (text: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Eight hexadecimal digits for these texts in this order. */
export const hash = (...texts: ReadonlyArray<string>): string => mix(JSON.stringify(texts)).toString(16).padStart(8, "0")
