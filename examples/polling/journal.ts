/**
 * What outlives the server, in files: how far the job is, and how often somebody asked.
 */
import { Context, Effect, FileSystem, Layer, Path, Schema } from "effect"
import { Job } from "./contract.ts"

const Text = Schema.fromJsonString(Job)

export class Journal extends Context.Service<
  Journal,
  {
    readonly job: Effect.Effect<Job>
    readonly save: (job: Job) => Effect.Effect<Job>
    /** Counts a call, and says the how manyth it is. */
    readonly count: Effect.Effect<number>
  }
>()("examples/polling/Journal") {
  /** Without its files it dies. */
  static readonly layer = (directory: string) =>
    Layer.effect(
      Journal,
      Effect.gen(function* () {
        const files = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const [job, calls] = [path.join(directory, "job.json"), path.join(directory, "calls")]

        const save = Effect.fn("Journal.save")(function* (next: Job) {
          // A crash amid writing must not cost the job: the file is the one from before, or the whole new one.
          yield* files.writeFileString(`${job}.new`, yield* Schema.encodeEffect(Text)(next))
          yield* files.rename(`${job}.new`, job)
          return next
        }, Effect.orDie)

        if (!(yield* files.exists(job))) yield* save(new Job({ done: 0, total: 0 }))
        return Journal.of({
          save,
          job: files.readFileString(job).pipe(Effect.flatMap(Schema.decodeEffect(Text)), Effect.orDie),
          count: files.writeFileString(calls, "|", { flag: "a" }).pipe(
            Effect.andThen(files.stat(calls)),
            Effect.map(({ size }) => Number(size)),
            Effect.orDie
          )
        })
      })
    )
}
