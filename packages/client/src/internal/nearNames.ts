/**
 * Names that may have been meant: those that a few letters tell apart, and those with something before them, as a namespace puts it there.
 */

const maxShown = 3

// Servers may call their tools what they like; what is longer is no slip.
const maxLength = 256

// The number of letters to change, as far as `limit`.
const distance = (a: string, b: string, limit: number): number => {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "")

const isPrefixed = (name: string, full: string): boolean =>
  full.endsWith(name) && /[^\p{L}\p{N}]$/u.test(full.slice(0, -name.length))

/** Of `all` those that `name` may have been meant for, the nearest first, at most three. */
export const nearNames = (name: string, all: Iterable<string>): ReadonlyArray<string> => {
  const limit = name.length < 4 ? 1 : 2
  const wanted = plain(name)
  const found: Array<readonly [name: string, distance: number]> = []
  for (const other of all) {
    if (other.length > maxLength) continue
    const away = isPrefixed(name, other) ? 0 : distance(wanted, plain(other), limit)
    if (away <= limit) found.push([other, away])
  }
  return found
    .toSorted(([, a], [, b]) => a - b)
    .slice(0, maxShown)
    .map(([other]) => other)
}
