/**
 * Finds tools by words: which ones of many a model should be shown.
 *
 * The score is BM25 (k1 = 1.2, b = 0.75) over the words of a tool: those of its names count three times, those of its title twice, those
 * of its description once. Words are runs of letters and digits, and the parts of `camelCase`; case does not matter. A word of the query
 * that begins a longer word of a tool, or is begun by one, both of three characters at least, counts for half: `file` finds `files`. The
 * order is the same in every run: by score, then by name.
 */
import type { OfferedTool } from "./Offered.ts"

/** A tool that was found. */
export interface Found extends OfferedTool {
  /** How well it fits; `Infinity` where the query is its name. Scores of different queries cannot be compared. */
  readonly score: number
}

/** What of a description is read, in characters: 4,096. */
export const maxText = 4096
/** How many words of a query count: 64. */
export const maxWords = 64

/** The words of a text, in lower case. */
export const words = (text: string): ReadonlyArray<string> =>
  text
    .slice(0, maxText)
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []

interface Entry {
  readonly tool: OfferedTool
  /** How much each word counts in it. */
  readonly weights: ReadonlyMap<string, number>
  readonly length: number
}

/** Tools, ready to be searched. */
export interface Index {
  readonly entries: ReadonlyArray<Entry>
  /** In how many tools each word is. */
  readonly frequencies: ReadonlyMap<string, number>
  readonly averageLength: number
}

const entryOf = (tool: OfferedTool): Entry => {
  const { description = "", title = tool.tool.annotations?.title ?? "" } = tool.tool
  const weights = new Map<string, number>()
  let length = 0
  const add = (text: string, weight: number) => {
    for (const word of words(text)) {
      weights.set(word, (weights.get(word) ?? 0) + weight)
      length += weight
    }
  }
  // The offered name has the words of the original one, and those of its server.
  add(tool.name, 3)
  add(title, 2)
  add(description, 1)
  return { tool, weights, length }
}

/** Reads tools once, for many queries. */
export const index = (tools: ReadonlyArray<OfferedTool>): Index => {
  const entries = tools.map(entryOf)
  const frequencies = new Map<string, number>()
  let total = 0
  for (const { length, weights } of entries) {
    total += length
    for (const word of weights.keys()) frequencies.set(word, (frequencies.get(word) ?? 0) + 1)
  }
  return { entries, frequencies, averageLength: total / Math.max(1, entries.length) }
}

const begins = (word: string, other: string): boolean =>
  word.length >= 3 && other.length >= 3 && (other.startsWith(word) || word.startsWith(other))

/** The words of the tools that a word of a query stands for, and for how much. */
const meant = (word: string, { frequencies }: Index): ReadonlyArray<readonly [word: string, share: number]> =>
  [...frequencies.keys()]
    .filter((known) => known === word || begins(word, known))
    .map((known) => [known, known === word ? 1 : 0.5] as const)

const scorer = (query: string, index: Index): ((entry: Entry) => number) => {
  const asked = [...new Set(words(query))].slice(0, maxWords).map((word) => meant(word, index))
  const rarity = (word: string): number => {
    const count = index.frequencies.get(word) ?? 0
    return Math.log(1 + (index.entries.length - count + 0.5) / (count + 0.5))
  }
  return ({ length, weights }) => {
    const spread = 1.2 * (0.25 + (0.75 * length) / index.averageLength)
    let score = 0
    for (const known of asked) {
      let best = 0
      for (const [word, share] of known) {
        const weight = weights.get(word)
        if (weight !== undefined) best = Math.max(best, (share * rarity(word) * weight * 2.2) / (weight + spread))
      }
      score += best
    }
    return score
  }
}

const byScore = (a: Found, b: Found): number => b.score - a.score || (a.name < b.name ? -1 : 1)

/**
 * The tools that fit a query, the best first: the one that is offered under that very name; those that their servers call so; then those
 * that have its words.
 */
export const search = (index: Index, query: string, limit: number): ReadonlyArray<Found> => {
  const tools = index.entries.map(({ tool }) => tool)
  const named = tools.filter(({ name }) => name === query)
  const original = tools.filter(({ name, originalName }) => originalName === query && name !== query)
  const exact = [...named, ...original].map((tool): Found => ({ ...tool, score: Infinity }))
  const score = scorer(query, index)
  const ranked = index.entries
    .filter(({ tool }) => tool.name !== query && tool.originalName !== query)
    .map((entry): Found => ({ ...entry.tool, score: score(entry) }))
    .filter((found) => found.score > 0)
    .toSorted(byScore)
  return [...exact, ...ranked].slice(0, limit)
}
