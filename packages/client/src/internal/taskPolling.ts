/**
 * How often a server is asked how a task is.
 */

const shortest = 100
const longest = 300_000
const first = 1000
const growth = 1.5
const longestUnasked = 10_000

/** So many questions in a row may find no answer, the next one is the last. */
export const maxMisses = 3

/**
 * The pause before the next question, in milliseconds: what the server asks for, within bounds; where it does not, longer with each
 * answer that was `unchanged`. It doubles with each of the `misses` in a row.
 */
export const pauseOf = (asked: number | undefined, unchanged: number, misses: number): number => {
  const pause = asked === undefined ? Math.min(first * growth ** unchanged, longestUnasked) : Math.max(asked, shortest)
  return Math.min(pause * 2 ** misses, longest)
}
