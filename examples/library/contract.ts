/**
 * What the library offers: names, Schemas and descriptions, and no code that runs. The server implements it, the typed client is
 * made from it, and both import nothing else of each other.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { Schema } from "effect"

/** The query is not one that the full-text search understands. Says what would be. */
export class BadQuery extends Schema.TaggedError<BadQuery>()("BadQuery", {
  query: Schema.String,
  problem: Schema.String,
  /** The words of the query, quoted. Missing when it has none. */
  tryInstead: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    const advice = this.tryInstead === undefined ? "Send one word or more" : `Try ${this.tryInstead}`
    return `The query ${this.query} cannot be read: ${this.problem}. Words with punctuation need double quotes. ${advice}.`
  }
}

/** There is no such text file or folder, or it is one that the library does not show. */
export class NotInLibrary extends Schema.TaggedError<NotInLibrary>()("NotInLibrary", { path: Schema.String }) {
  override get message() {
    return `The library has no text file or folder "${this.path}". Paths are relative to its root; search tells those of files.`
  }
}

/** The file is too long to be read whole. */
export class FileTooLarge extends Schema.TaggedError<FileTooLarge>()("FileTooLarge", {
  path: Schema.String,
  bytes: Schema.Int,
  limit: Schema.Int
}) {
  override get message() {
    return `"${this.path}" has ${this.bytes} bytes, and the library reads files of up to ${this.limit}.`
  }
}

/** The note was removed before, or never existed. */
export class NoteNotFound extends Schema.TaggedError<NoteNotFound>()("NoteNotFound", { id: Schema.Int }) {
  override get message() {
    return `There is no note ${this.id}; find_notes tells those that exist.`
  }
}

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const Limit = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50 }))
const Line = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
const Path = Schema.NonEmptyString.annotate({ description: "Relative to the root of the library, with forward slashes" })
const Query = Schema.NonEmptyString.annotate({
  description: 'Words, all of which must occur. SQLite FTS5: OR, NOT, "a phrase", prefix*, NEAR(a b), path:word work too'
})
const Tag = Schema.String.check(Schema.isPattern(/^[a-z0-9-]{1,32}$/)).annotate({
  description: "Lower-case letters, digits and hyphens"
})

/** What became of one run of `index_files`. */
export const Indexed = Schema.Struct({
  files: Count.annotate({ description: "Text files that were found" }),
  indexed: Count.annotate({ description: "Of these: read and indexed by this run" }),
  unchanged: Count.annotate({ description: "Of these: indexed before, and the same since" }),
  skipped: Count.annotate({ description: "Of these: too large, or not readable" }),
  removed: Count.annotate({ description: "Files that are gone, and left the index" }),
  truncated: Schema.Boolean.annotate({ description: "There are more files than the library takes" })
})

const indexFiles = Tool.make("index_files", {
  title: "Index files",
  description:
    "Reads the text files of the library (*.ts, *.md, *.json) into the full-text index. Call it once before the first search, and " +
    "again when files have changed: only those are read then. Tells its progress, and can be cancelled: what was indexed stays.",
  parameters: {
    folder: Schema.optionalKey(Path.annotate({ description: 'Index this folder alone, for example "packages/core/src"' })),
    rebuild: Schema.optionalKey(Schema.Boolean.annotate({ description: "Read unchanged files again too; false by default" }))
  },
  success: Indexed,
  failure: NotInLibrary,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  timeout: "5 minutes",
  render: ({ files, indexed, removed, skipped, truncated, unchanged }) =>
    `${files} files: ${indexed} indexed, ${unchanged} unchanged, ${skipped} skipped; ${removed} removed from the index.` +
    (truncated ? " There are more files than the library takes: index folders one by one." : "")
})

/** Where a query was found. */
export const Hit = Schema.Struct({
  path: Path,
  line: Line.annotate({ description: "Where the first match of the snippet is" }),
  snippet: Schema.String.annotate({ description: "The best part of the text, matches in «»" }),
  score: Schema.Finite.annotate({ description: "Higher is better; only good for comparing hits of one search" })
})

/** The best hits, and how many files match and were searched. */
export const Found = Schema.Struct({ hits: Schema.Array(Hit), matches: Count, searched: Count })

const search = Tool.make("search", {
  title: "Search files",
  description:
    "Full-text search over the indexed files, best hits first. Each hit has a path and a line for read_file. A query that cannot be " +
    "read fails with BadQuery, which says what to send instead.",
  parameters: {
    query: Query,
    limit: Schema.optionalKey(Limit.annotate({ description: "How many hits, 1 to 50; 10 by default" }))
  },
  success: Found,
  failure: BadQuery,
  annotations: { readOnlyHint: true, openWorldHint: false },
  render: ({ hits, matches, searched }) =>
    searched === 0
      ? "Nothing is indexed yet: call index_files first."
      : [
          `${matches} of ${searched} files match.`,
          ...hits.map(({ line, path, snippet }, index) => `${index + 1}. ${path}:${line}\n   ${snippet}`)
        ].join("\n")
})

const readFile = Tool.make("read_file", {
  title: "Read file",
  description: "Lines of a text file of the library, with their numbers.",
  parameters: {
    path: Path,
    line: Schema.optionalKey(Line.annotate({ description: "The first line to read; 1 by default" })),
    count: Schema.optionalKey(
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2000 })).annotate({
        description: "How many lines; 200 by default"
      })
    )
  },
  success: Schema.String,
  failure: Schema.Union([NotInLibrary, FileTooLarge]),
  annotations: { readOnlyHint: true, openWorldHint: false }
})

/** A note as it is kept. */
export class Note extends Schema.Class<Note>("Note")({
  id: Schema.Int,
  title: Schema.String,
  text: Schema.String,
  tags: Schema.Array(Schema.String),
  created: Schema.DateTimeUtcFromString
}) {}

const addNote = Tool.make("add_note", {
  title: "Add note",
  description: "Keeps a note in the library's database, to be found again with find_notes.",
  parameters: {
    title: Schema.NonEmptyString.check(Schema.isMaxLength(200)),
    text: Schema.String.check(Schema.isMaxLength(20_000)),
    tags: Schema.optionalKey(Schema.Array(Tag).check(Schema.isMaxLength(10)))
  },
  success: Note,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  render: ({ id, title }) => `Note ${id}: ${title}`
})

const findNotes = Tool.make("find_notes", {
  title: "Find notes",
  description: "Notes that match a query, best first, and have a tag; without either all notes, newest first. At most 50.",
  parameters: { query: Schema.optionalKey(Query), tag: Schema.optionalKey(Tag) },
  success: Schema.Array(Note),
  failure: BadQuery,
  annotations: { readOnlyHint: true, openWorldHint: false },
  render: (notes) =>
    notes.length === 0
      ? "No notes."
      : notes
          .map(({ id, tags, text, title }) => [`${id}. ${title}`, ...tags.map((tag) => `#${tag}`), `\n   ${text}`].join(" "))
          .join("\n")
})

const removeNote = Tool.make("remove_note", {
  title: "Remove note",
  description: "Removes one note for good. Fails with NoteNotFound when there is none with this id.",
  parameters: { id: Schema.Int },
  failure: NoteNotFound,
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
  render: () => "The note is removed."
})

/** How things stand. */
export const Status = Schema.Struct({
  root: Schema.String.annotate({ description: "The directory that the library shows" }),
  indexedFiles: Count,
  notes: Count,
  lastRun: Schema.Literals(["none", "running", "completed", "cancelled", "failed"]).annotate({
    description: "What became of the last index_files"
  })
})

const status = Tool.make("status", {
  title: "Status of the library",
  description: "How many files are indexed, how many notes there are, and what became of the last index_files.",
  success: Status,
  annotations: { readOnlyHint: true, openWorldHint: false }
})

/** The library's tools, as one group. */
export class Library extends McpGroup.make("library", indexFiles, search, readFile, addNote, findNotes, removeNote, status) {}
