/**
 * The full-text index of the files.
 */
import { Context, Effect, Layer, Schema } from "effect"
import type { BadQuery, Found } from "./contract.ts"
import { Database, type DatabaseError } from "./database.ts"
import type { Listing, TextFile } from "./files.ts"
import { withQuery } from "./query.ts"

/** A file with its text. */
export interface Document extends TextFile {
  readonly text: string
}

/** The index. What is wrong with the database itself is a `DatabaseError`; what is wrong with a query is a `BadQuery`. */
export class FileIndex extends Context.Service<
  FileIndex,
  {
    readonly count: Effect.Effect<number, DatabaseError>
    /** Of these files, the ones that are not indexed as they are now. */
    readonly changed: (files: ReadonlyArray<TextFile>) => Effect.Effect<ReadonlyArray<TextFile>, DatabaseError>
    /** Indexes all of these or none, in place of what was known about them. */
    readonly put: (documents: ReadonlyArray<Document>) => Effect.Effect<void, DatabaseError>
    /** Removes what is below the folder and not among its files any more, and tells how many that were. */
    readonly removeGone: (listing: Pick<Listing, "files" | "folder">) => Effect.Effect<number, DatabaseError>
    readonly search: (query: string, limit: number) => Effect.Effect<typeof Found.Type, BadQuery>
  }
>()("library/FileIndex") {}

const Id = Schema.Struct({ id: Schema.Int })
const Known = Schema.Struct({ id: Schema.Int, path: Schema.String, bytes: Schema.Int, modified: Schema.Finite })
const HitRow = Schema.Struct({ path: Schema.String, fragment: Schema.String, text: Schema.String, score: Schema.Finite })
const Total = Schema.Struct({ total: Schema.Int })

// Rows of our own tables: that they are something else is a fault that `Database` reports.
const toId = Schema.decodeUnknownSync(Id)
const toKnown = Schema.decodeUnknownSync(Schema.Array(Known))
const toHits = Schema.decodeUnknownSync(Schema.Array(HitRow))
const toTotal = Schema.decodeUnknownSync(Total)

// SQLite marks matches with characters that no text has, so that the fragment is found in the whole text again.
const opening = "\u0002"
const closing = "\u0003"
const ellipsis = "\u0004"

const lineOf = (text: string, fragment: string): number => {
  const bare = fragment.replaceAll(ellipsis, "")
  const start = Math.max(0, text.indexOf(bare))
  const match = text.indexOf(opening, start)
  return match === -1 ? 1 : text.slice(0, match).split("\n").length
}

const toSnippet = (fragment: string): string =>
  fragment.replaceAll(opening, "«").replaceAll(closing, "»").replaceAll(ellipsis, " … ").replaceAll(/\s+/g, " ").trim()

const marks = `char(2), char(3)`

const make = Effect.gen(function* () {
  const db = yield* Database
  const known = yield* db.prepare("SELECT id, path, bytes, modified FROM files")
  const total = yield* db.prepare("SELECT count(*) AS total FROM files")
  const upsert = yield* db.prepare(
    `INSERT INTO files (path, bytes, modified) VALUES (?, ?, ?)
     ON CONFLICT (path) DO UPDATE SET bytes = excluded.bytes, modified = excluded.modified RETURNING id`
  )
  const removeFile = yield* db.prepare("DELETE FROM files WHERE id = ?")
  const removeDocument = yield* db.prepare("DELETE FROM documents WHERE rowid = ?")
  const addDocument = yield* db.prepare("INSERT INTO documents (rowid, path, text) VALUES (?, ?, ?)")
  const matches = yield* db.prepare("SELECT count(*) AS total FROM documents WHERE documents MATCH ?")
  // A word in a path says more about a file than one in its text. Snippets are made of the best files alone, not of all that match.
  const best = yield* db.prepare(
    `WITH best AS MATERIALIZED (
       SELECT rowid AS id, bm25(documents, 4.0, 1.0) AS rank FROM documents WHERE documents MATCH :query ORDER BY rank, path LIMIT :limit
     )
     SELECT path, snippet(documents, 1, ${marks}, char(4), 16) AS fragment, highlight(documents, 1, ${marks}) AS text,
       -best.rank AS score
     FROM best JOIN documents ON documents.rowid = best.id WHERE documents MATCH :query ORDER BY best.rank, path`
  )

  const isBelow = (path: string, folder: string): boolean => folder === "" || path.startsWith(`${folder}/`)

  return FileIndex.of({
    count: db.run("count files", () => toTotal(total.get()).total),

    changed: (files) =>
      db.run("find changed files", () => {
        const before = new Map(toKnown(known.all()).map((file) => [file.path, file]))
        return files.filter(({ bytes, modified, path }) => {
          const same = before.get(path)
          return same?.bytes !== bytes || same.modified !== modified
        })
      }),

    put: (documents) =>
      db.transaction("index files", () => {
        for (const { bytes, modified, path, text } of documents) {
          const { id } = toId(upsert.get(path, bytes, modified))
          removeDocument.run(id)
          addDocument.run(id, path, text)
        }
      }),

    removeGone: ({ files, folder }) =>
      db.transaction("remove gone files", () => {
        const kept = new Set(files.map(({ path }) => path))
        const gone = toKnown(known.all()).filter(({ path }) => isBelow(path, folder) && !kept.has(path))
        for (const { id } of gone) {
          removeFile.run(id)
          removeDocument.run(id)
        }
        return gone.length
      }),

    search: (query, limit) =>
      db
        .run("search", () => ({
          hits: toHits(best.all({ query, limit })).map(({ fragment, path, score, text }) => ({
            path,
            line: lineOf(text, fragment),
            snippet: toSnippet(fragment),
            score: Number(score.toPrecision(3))
          })),
          matches: toTotal(matches.get(query)).total,
          searched: toTotal(total.get()).total
        }))
        .pipe(withQuery(query))
  })
})

/** The index in the database. */
export const layer: Layer.Layer<FileIndex, DatabaseError, Database> = Layer.effect(FileIndex, make)
