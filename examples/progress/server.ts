/**
 * A tool that takes long, tells how far it is, and cleans up when it is stopped.
 */
import * as Progress from "@effect-mcp/core/Progress"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as StdioServerTransport from "@effect-mcp/transport-stdio/StdioServerTransport"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer, Ref } from "effect"
import { Archive } from "./contract.ts"

const ArchiveLive = Archive.toLayer(
  Effect.gen(function* () {
    const abandoned = yield* Ref.make(0)

    // A call is a fiber. Cancelling it, its timeout, and the end of the connection all interrupt it; finalizers run as always.
    const index = Effect.fn("index")(
      function* ({ books }: { readonly books: number }) {
        for (let book = 1; book <= books; book++) {
          yield* Effect.sleep("50 millis")
          // Nothing is sent to a client that did not ask for progress.
          yield* Progress.report(book, books, `indexed book ${book}`)
        }
        return { indexed: books }
      },
      Effect.onInterrupt(() => Ref.update(abandoned, (count) => count + 1))
    )

    return Archive.of({ tools: { index, glance: index, abandoned: () => Ref.get(abandoned) } })
  })
)

const Server = McpServer.layer({ name: "archive", version: "1.0.0" }, Archive).pipe(Layer.provide(ArchiveLive))

StdioServerTransport.run(Server).pipe(NodeRuntime.runMain)
