/**
 * The embedded database: SQLite with full-text search, which Node brings along.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { Config, Context, Effect, Layer, Schema } from "effect"

/** SQLite refused to do something. */
export class DatabaseError extends Schema.TaggedError<DatabaseError>()("DatabaseError", {
  /** What was tried. */
  operation: Schema.String,
  detail: Schema.String,
  /** SQLite's result code; 1 is a fault in the statement, or in a query of the full-text search. */
  code: Schema.optionalKey(Schema.Int)
}) {
  override get message() {
    return `${this.operation}: ${this.detail}`
  }
}

// In Node before 24.12 the module says that it is experimental, on a stderr that hosts show to their users as errors.
const loadSqlite = (): typeof import("node:sqlite") => {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule("node:sqlite")
  } finally {
    process.emitWarning = emitWarning
  }
}

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL, modified REAL NOT NULL
  );
  CREATE VIRTUAL TABLE IF NOT EXISTS documents USING fts5(path, text, tokenize = 'porter unicode61 remove_diacritics 2');
  CREATE TABLE IF NOT EXISTS notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, text TEXT NOT NULL, tags TEXT NOT NULL, created TEXT NOT NULL
  );
  CREATE VIRTUAL TABLE IF NOT EXISTS note_texts USING fts5(title, text, tags, tokenize = 'porter unicode61 remove_diacritics 2');
`

const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : undefined

const attempt = <A>(operation: string, work: () => A): Effect.Effect<A, DatabaseError> =>
  Effect.try({
    try: work,
    catch: (error) => {
      const code = codeOf(error)
      const detail = error instanceof Error ? error.message : String(error)
      return new DatabaseError({ operation, detail, ...(code === undefined ? {} : { code }) })
    }
  })

/**
 * The open database. SQLite works synchronously, and so a piece of work is a function: nothing else comes in between.
 */
export class Database extends Context.Service<
  Database,
  {
    /** Prepares a statement, to be run inside of `run` and `transaction`. Prepare once, run often. */
    readonly prepare: (sql: string) => Effect.Effect<StatementSync, DatabaseError>
    readonly run: <A>(operation: string, work: () => A) => Effect.Effect<A, DatabaseError>
    /** All of it, or nothing. */
    readonly transaction: <A>(operation: string, work: () => A) => Effect.Effect<A, DatabaseError>
  }
>()("library/Database") {
  /** Opens a file, or a database in memory, and closes it with the layer's scope. */
  static readonly layerFile = (file: string): Layer.Layer<Database, DatabaseError> =>
    Layer.effect(
      Database,
      Effect.gen(function* () {
        const db = yield* Effect.acquireRelease(
          attempt(`open ${file}`, () => new (loadSqlite().DatabaseSync)(file, { timeout: 5000 })),
          (db) => Effect.sync(() => db.close())
        )
        yield* attempt(`create tables in ${file}`, () => db.exec(schema))
        return Database.of({
          prepare: (sql) => attempt("prepare", () => db.prepare(sql)),
          run: attempt,
          transaction: (operation, work) => attempt(operation, () => inTransaction(db, work))
        })
      })
    )

  /** In memory, or in the file that `LIBRARY_DB` names. A file serves one root: it holds the index of that one. */
  static readonly layer: Layer.Layer<Database, DatabaseError | Config.ConfigError> = Layer.unwrap(
    Effect.map(Config.withDefault(Config.String("LIBRARY_DB"), ":memory:"), Database.layerFile)
  )
}

const inTransaction = <A>(db: DatabaseSync, work: () => A): A => {
  db.exec("BEGIN IMMEDIATE")
  try {
    const result = work()
    db.exec("COMMIT")
    return result
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK")
    throw error
  }
}
