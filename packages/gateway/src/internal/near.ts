/**
 * Names that somebody may have meant.
 */

// Longer names are told apart by their beginnings.
const maxLength = 128
const maxNear = 3

const pairs = (name: string): ReadonlyMap<string, number> => {
  const text = ` ${name.slice(0, maxLength).toLowerCase()} `
  const counts = new Map<string, number>()
  for (let i = 0; i + 2 <= text.length; i++) {
    const pair = text.slice(i, i + 2)
    counts.set(pair, (counts.get(pair) ?? 0) + 1)
  }
  return counts
}

const total = (counts: ReadonlyMap<string, number>): number => {
  let sum = 0
  for (const count of counts.values()) sum += count
  return sum
}

/** How much two names have in common, from 0 to 1: the pairs of neighbouring characters that are in both (Sørensen and Dice). */
const likeness = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number => {
  let common = 0
  for (const [pair, count] of a) common += Math.min(count, b.get(pair) ?? 0)
  return (2 * common) / (total(a) + total(b))
}

/** What something is called, and what it is known by besides. */
export type Known = readonly [name: string, ...others: ReadonlyArray<string>]

/**
 * The names that are most like the one that was asked for, the nearest first; up to three.
 */
export const near = (asked: string, names: Iterable<Known>): ReadonlyArray<string> => {
  const wanted = pairs(asked)
  const scored: Array<readonly [name: string, score: number]> = []
  for (const known of names) {
    const score = Math.max(...known.map((name) => likeness(wanted, pairs(name))))
    if (score >= 0.5) scored.push([known[0], score])
  }
  return scored
    .toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, maxNear)
    .map(([name]) => name)
}
