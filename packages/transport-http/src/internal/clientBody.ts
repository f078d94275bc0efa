/**
 * Puts a body together from its pieces.
 */
import { joined } from "./bytes.ts"

// So many are put together into one.
const maxPieces = 1024

const concat = (pieces: ReadonlyArray<Uint8Array>): Uint8Array =>
  joined(
    pieces,
    pieces.reduce((size, piece) => size + piece.length, 0)
  )

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
    return joined(this.pieces, this.length)
  }

  /** Forgets them. */
  clear(): void {
    this.pieces = []
    this.joined = this.length = 0
  }
}
