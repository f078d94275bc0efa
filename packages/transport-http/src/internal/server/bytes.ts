/**
 * Bytes, without what only Node has.
 */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The text; `undefined` when it is not UTF-8. */
export const decodeUtf8 = (bytes: Uint8Array | ArrayBuffer): string | undefined => {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
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
