/**
 * What the tools do. The services that they use are requirements of the layer; what every request brings along is not.
 *
 * A database that breaks is nothing that a caller could act on: it is a defect, so the client sees an id, and the log has the cause.
 */
import * as Progress from "@effect-mcp/core/Progress"
import { Array, Effect, Exit, Cause, Ref, Semaphore } from "effect"
import { Library, type Status } from "./contract.ts"
import { FileIndex } from "./fileIndex.ts"
import { Files, type TextFile } from "./files.ts"
import { Notes } from "./notes.ts"

/** So many files are read at once, and written in one transaction. */
const batchSize = 8

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): (typeof Status.Type)["lastRun"] =>
  Exit.isSuccess(exit) ? "completed" : Cause.hasInterruptsOnly(exit.cause) ? "cancelled" : "failed"

const make = Effect.gen(function* () {
  const files = yield* Files
  const index = yield* FileIndex
  const notes = yield* Notes
  const lastRun = yield* Ref.make<(typeof Status.Type)["lastRun"]>("none")
  const lock = yield* Semaphore.make(1)

  /** Reads and indexes a batch; tells how many of it could not be read. */
  const indexBatch = Effect.fnUntraced(function* (batch: ReadonlyArray<TextFile>) {
    const documents = yield* Effect.forEach(
      batch,
      (file) => Effect.option(Effect.map(files.read(file.path), (text) => ({ ...file, text }))),
      { concurrency: "unbounded" }
    )
    yield* Effect.orDie(index.put(Array.getSomes(documents)))
    return batch.length - Array.getSomes(documents).length
  })

  const indexFiles = Effect.fn("index_files")(
    function* ({ folder, rebuild = false }: { readonly folder?: string; readonly rebuild?: boolean }) {
      const listing = yield* files.list(folder)
      const total = listing.files.length
      const due = rebuild ? listing.files : yield* Effect.orDie(index.changed(listing.files))
      let done = total - due.length
      let unreadable = 0
      // Between two batches is where a cancelled call stops: a batch is indexed whole or not at all.
      for (const batch of Array.chunksOf(due, batchSize)) {
        unreadable += yield* indexBatch(batch)
        done += batch.length
        yield* Progress.report(done, total, batch.at(-1)?.path)
      }
      const removed = listing.truncated ? 0 : yield* Effect.orDie(index.removeGone(listing))
      yield* Effect.log(`indexed ${due.length - unreadable} of ${total} files`)
      return {
        files: total + listing.skipped,
        indexed: due.length - unreadable,
        unchanged: total - due.length,
        skipped: listing.skipped + unreadable,
        removed,
        truncated: listing.truncated
      }
    },
    (effect) =>
      Ref.set(lastRun, "running").pipe(
        Effect.andThen(effect),
        Effect.onInterrupt(() => Effect.log("index_files was cancelled")),
        Effect.onExit((exit) => Ref.set(lastRun, outcomeOf(exit)))
      ),
    lock.withPermit
  )

  return Library.of({
    tools: {
      index_files: indexFiles,

      search: ({ limit = 10, query }) => index.search(query, limit),

      read_file: Effect.fn("read_file")(function* ({ count = 200, line = 1, path }) {
        const lines = (yield* files.read(path)).split("\n")
        const width = String(line + count).length
        const shown = lines.slice(line - 1, line - 1 + count)
        const last = line + shown.length - 1
        const head =
          shown.length === 0 ? `${path} ends at line ${lines.length}` : `${path}, lines ${line} to ${last} of ${lines.length}`
        return [head, ...shown.map((text, index) => `${String(line + index).padStart(width)}  ${text}`)].join("\n")
      }),

      add_note: ({ tags = [], text, title }) => Effect.orDie(notes.add({ tags, text, title })),

      find_notes: (by) => notes.find(by),

      remove_note: ({ id }) => notes.remove(id).pipe(Effect.catchTag("DatabaseError", Effect.die)),

      status: Effect.fn("status")(function* () {
        return {
          root: files.root,
          indexedFiles: yield* Effect.orDie(index.count),
          notes: yield* Effect.orDie(notes.count),
          lastRun: yield* Ref.get(lastRun)
        }
      })
    }
  })
})

/** The library's handlers. */
export const LibraryLive = Library.toLayer(make)
