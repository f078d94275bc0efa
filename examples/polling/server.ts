/**
 * A server that nobody would want: it crashes over every third question, and forgets to answer others. Its argument is a directory.
 */
import * as McpServer from "@effect-mcp/server/McpServer"
import * as StdioServerTransport from "@effect-mcp/transport-stdio/StdioServerTransport"
import { NodeFileSystem, NodePath, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Schedule } from "effect"
import { Job, Jobs } from "./contract.ts"
import { Journal } from "./journal.ts"

const JobsLive = Jobs.toLayer(
  Effect.gen(function* () {
    const journal = yield* Journal
    return Jobs.of({
      tools: {
        start: ({ steps }) => journal.save(new Job({ done: 0, total: steps })),
        status: Effect.fn("status")(function* () {
          const call = yield* journal.count
          if (call % 3 === 0) {
            yield* Console.error(`call ${call} was one too many`)
            return yield* Effect.sync(() => process.exit(70))
          }
          if (call % 7 === 5) yield* Effect.sleep("1 minute")
          return yield* journal.job
        })
      }
    })
  })
)

/** Goes on where the process before it has stopped. */
const Worker = Layer.effectDiscard(
  Effect.gen(function* () {
    const journal = yield* Journal
    const step = Effect.gen(function* () {
      const { done, total } = yield* journal.job
      if (done < total) yield* journal.save(new Job({ done: done + 1, total }))
    })
    yield* step.pipe(Effect.repeat(Schedule.spaced("50 millis")), Effect.forkScoped)
  })
)

const Server = McpServer.layer({ name: "jobs", version: "1.0.0" }, Jobs).pipe(
  Layer.provide(JobsLive),
  Layer.merge(Worker),
  Layer.provide(Journal.layer(process.argv[2] ?? ".")),
  Layer.provide([NodeFileSystem.layer, NodePath.layer])
)

StdioServerTransport.run(Server).pipe(NodeRuntime.runMain)
