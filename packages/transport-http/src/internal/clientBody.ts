/**
 * Puts a body together from its pieces.
 */

/** See the module. */
export class Body {
  private pieces: Array<Uint8Array> = []
  private length = 0
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  /** Takes a piece. False when it is too long. */
  push(bytes: Uint8Array): boolean {
    this.length += bytes.length
    if (this.length > this.limit) return false
    this.pieces.push(bytes)
    return true
  }

  /** All bytes. */
  all(): Uint8Array {
    const [only] = this.pieces
    if (only !== undefined && this.pieces.length === 1) return only
    const all = new Uint8Array(this.length)
    let at = 0
    for (const piece of this.pieces) {
      all.set(piece, at)
      at += piece.length
    }
    return all
  }
}
