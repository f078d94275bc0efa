/**
 * Bytes, without what only Node has.
 */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The text; `undefined` when it is not UTF-8. A Buffer takes anything for UTF-8, and five times as long. */
export const decodeUtf8 = (bytes: Uint8Array | ArrayBuffer): string | undefined => {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

const encoder = new TextEncoder()

/** A text between two others, in UTF-8. Those are short, and `after` is ASCII. Put together once: as a text, it would be once more. */
export const framed = (before: string, text: string, after: string): Uint8Array<ArrayBuffer> => {
  const size = before.length + text.length + after.length
  const bytes = new Uint8Array(size)
  const head = encoder.encodeInto(before, bytes).written
  const body = encoder.encodeInto(text, bytes.subarray(before.length))
  // They took no more room than they have characters: they are ASCII, as most JSON is.
  const isAscii = head === before.length && body.read === text.length && body.written === text.length
  if (!isAscii) return encoder.encode(before + text + after)
  encoder.encodeInto(after, bytes.subarray(size - after.length))
  return bytes
}

/** All chunks as one; `size` is the sum of theirs. */
export const joined = <A extends Uint8Array>(chunks: ReadonlyArray<A>, size: number): A | Uint8Array<ArrayBuffer> => {
  const [first] = chunks
  if (chunks.length === 1 && first !== undefined) return first
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
