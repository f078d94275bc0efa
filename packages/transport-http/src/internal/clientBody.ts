/**
 * Puts a body together from its pieces.
 */

// So many are put together into one.
const maxPieces = 1024

const concat = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  let length = 0
  for (const piece of pieces) length += piece.length
  const all = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

/** See the module. */
export class Body {
  private pieces: Array<Uint8Array> = []
  /** How many pieces, at the beginning, are put together already. */
  private joined = 0
  length = 0
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  /** Takes a piece. False when it is too long. */
  push(bytes: Uint8Array): boolean {
    this.length += bytes.length
    if (this.length > this.limit) return false
    // A piece of one byte costs a hundred.
    if (this.pieces.push(bytes) - this.joined >= maxPieces) this.pieces.push(concat(this.pieces.splice(this.joined++)))
    return true
  }

  /** All bytes. */
  all(): Uint8Array {
    const [only] = this.pieces
    return only !== undefined && this.pieces.length === 1 ? only : concat(this.pieces)
  }

  /** Forgets them. */
  clear(): void {
    this.pieces = []
    this.joined = this.length = 0
  }
}
