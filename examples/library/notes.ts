/**
 * Notes, and how they are found again.
 */
import { Context, DateTime, Effect, Layer, Schema } from "effect"
import { type BadQuery, Note, NoteNotFound } from "./contract.ts"
import { Database, type DatabaseError } from "./database.ts"
import { withQuery } from "./query.ts"

/** The notes. */
export class Notes extends Context.Service<
  Notes,
  {
    readonly count: Effect.Effect<number, DatabaseError>
    readonly add: (note: {
      readonly title: string
      readonly text: string
      readonly tags: ReadonlyArray<string>
    }) => Effect.Effect<Note, DatabaseError>
    /** At most 50. */
    readonly find: (by: { readonly query?: string; readonly tag?: string }) => Effect.Effect<ReadonlyArray<Note>, BadQuery>
    readonly remove: (id: number) => Effect.Effect<void, NoteNotFound | DatabaseError>
  }
>()("library/Notes") {}

// The row has the tags as JSON. That a row of our own table is something else is a fault that `Database` reports.
const Row = Schema.Struct({ ...Note.fields, tags: Schema.fromJsonString(Note.fields.tags) })
const toRows = Schema.decodeUnknownSync(Schema.Array(Row))
const toNotes = (rows: unknown): ReadonlyArray<Note> => toRows(rows).map((row) => new Note(row))
const toTotal = Schema.decodeUnknownSync(Schema.Struct({ total: Schema.Int }))

const make = Effect.gen(function* () {
  const db = yield* Database
  const total = yield* db.prepare("SELECT count(*) AS total FROM notes")
  const insert = yield* db.prepare("INSERT INTO notes (title, text, tags, created) VALUES (?, ?, ?, ?)")
  const insertText = yield* db.prepare("INSERT INTO note_texts (rowid, title, text, tags) VALUES (?, ?, ?, ?)")
  const remove = yield* db.prepare("DELETE FROM notes WHERE id = ?")
  const removeText = yield* db.prepare("DELETE FROM note_texts WHERE rowid = ?")
  const withTag = "(:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(notes.tags) WHERE value = :tag))"
  const newest = yield* db.prepare(`SELECT * FROM notes WHERE ${withTag} ORDER BY id DESC LIMIT 50`)
  const best = yield* db.prepare(
    `SELECT notes.* FROM note_texts JOIN notes ON notes.id = note_texts.rowid
     WHERE note_texts MATCH :query AND ${withTag} ORDER BY bm25(note_texts, 4.0, 1.0, 2.0), id DESC LIMIT 50`
  )

  return Notes.of({
    count: db.run("count notes", () => toTotal(total.get()).total),

    add: Effect.fn("Notes.add")(function* ({ tags, text, title }) {
      const created = yield* DateTime.now
      return yield* db.transaction("add note", () => {
        const { lastInsertRowid } = insert.run(title, text, JSON.stringify(tags), DateTime.formatIso(created))
        insertText.run(lastInsertRowid, title, text, tags.join(" "))
        return new Note({ id: Number(lastInsertRowid), title, text, tags, created })
      })
    }),

    find: ({ query, tag = null }) =>
      query === undefined
        ? Effect.orDie(db.run("find notes", () => toNotes(newest.all({ tag }))))
        : db.run("find notes", () => toNotes(best.all({ query, tag }))).pipe(withQuery(query)),

    remove: Effect.fn("Notes.remove")(function* (id) {
      const removed = yield* db.transaction("remove note", () => {
        removeText.run(id)
        return remove.run(id).changes
      })
      if (removed === 0) return yield* new NoteNotFound({ id })
    })
  })
})

/** The notes in the database. */
export const layer: Layer.Layer<Notes, DatabaseError, Database> = Layer.effect(Notes, make)
