/**
 * Numbers that look random and are the same for the same seed. Not for secrets.
 */

// xmur3 by bryc, public domain: spreads a text over 32 bits.
const hash = (text: string): number => {
  let h = 1779033703 ^ text.length
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 3432918353)
    h = (h << 13) | (h >>> 19)
  }
  h = Math.imul(h ^ (h >>> 16), 2246822507)
  h = Math.imul(h ^ (h >>> 13), 3266489909)
  return (h ^ (h >>> 16)) >>> 0
}

/** See the module. */
export class Random {
  private state: number

  constructor(seed: string | number) {
    this.state = hash(String(seed))
  }

  /** A number from 0 up to, and without, 1. The algorithm is mulberry32 by Tommy Ettinger, public domain. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  /** An integer from `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  /** True with this chance. */
  chance(chance: number): boolean {
    return this.next() < chance
  }

  /** One of them; `undefined` of none. */
  pick<A>(values: ReadonlyArray<A>): A | undefined {
    return values[this.integer(0, values.length - 1)]
  }
}
