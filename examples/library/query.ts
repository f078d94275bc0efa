/**
 * Queries of the full-text search: what SQLite says about a bad one, in words that help.
 */
import { Effect } from "effect"
import { BadQuery } from "./contract.ts"
import type { DatabaseError } from "./database.ts"

/** What SQLite calls a fault in a statement. Ours are known to be good, so it is the query that was passed to them. */
const statementError = 1

const operators = new Set(["AND", "OR", "NOT", "NEAR"])

/** The words of a query, each in quotes: always a query that can be read. */
export const quoteWords = (query: string): string | undefined => {
  const words = query.match(/[\p{L}\p{N}_]+(?:[^\s\p{L}\p{N}_"()]+[\p{L}\p{N}_]+)*/gu) ?? []
  const quoted = words.filter((word) => !operators.has(word)).map((word) => `"${word}"`)
  return quoted.length === 0 ? undefined : quoted.join(" ")
}

const badQuery = (query: string, detail: string): BadQuery => {
  const tryInstead = quoteWords(query)
  const column = /^no such column: (.*)$/.exec(detail)?.[1]
  const problem = column === undefined ? detail.replace(/^fts5: /, "") : `"${column}" is read as the name of a column`
  return new BadQuery({ query, problem, ...(tryInstead === undefined ? {} : { tryInstead }) })
}

/** Turns a refused query into `BadQuery`. Anything else that the database says is no fault of the caller's: a defect. */
export const withQuery =
  (query: string) =>
  <A, R>(effect: Effect.Effect<A, DatabaseError, R>): Effect.Effect<A, BadQuery, R> =>
    Effect.catchTag(effect, "DatabaseError", (error) =>
      error.code === statementError ? Effect.fail(badQuery(query, error.detail)) : Effect.die(error)
    )
