/**
 * Tells subscribers what changes in the directory. It knows the bus that carries the news, and no server.
 */
import * as Resource from "@effect-mcp/core/Resource"
import * as ResourceUri from "@effect-mcp/core/ResourceUri"
import { Effect, FileSystem, Latch, Layer, Path, Stream } from "effect"
import { Document, Index } from "./contract.ts"

/** Watches for as long as the layer is used. Built when it watches: no change is missed after that. */
export const watcher = (root: string) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const { sep } = yield* Path.Path
      const watching = yield* Latch.make()
      const changes = fs.watch(root, { recursive: true, onReady: () => Latch.openUnsafe(watching) })

      const tell = Effect.fn("tell")(function* (event: FileSystem.WatchEvent) {
        const path = event.path.split(sep).join("/")
        // For nobody, if nobody has subscribed to it.
        yield* Resource.updated(ResourceUri.of(Document, { path }))
        if (event._tag !== "Update") yield* Resource.updated(ResourceUri.of(Index))
      })
      yield* changes.pipe(Stream.runForEach(tell), Effect.forkScoped({ startImmediately: true }))
      yield* Latch.await(watching)
    })
  )
