/**
 * Serves the clipboard, and tells everybody when it has changed.
 */
import * as McpServer from "@effect-mcp/server/McpServer"
import * as StdioServerTransport from "@effect-mcp/transport-stdio/StdioServerTransport"
import { NodeRuntime } from "@effect/platform-node"
import { Context, Effect, Layer, Stream, SubscriptionRef } from "effect"
import { Clipboard, Empty } from "./contract.ts"

const maxLength = 20

/** What was copied last; empty at first. */
class Copied extends Context.Service<Copied, SubscriptionRef.SubscriptionRef<string>>()("examples/extension/Copied") {
  static readonly layer = Layer.effect(Copied, SubscriptionRef.make(""))
}

const ClipboardLive = Clipboard.toLayer({
  requests: {
    "clipboard/paste": Effect.fn("paste")(function* ({ upperCase = false }) {
      const text = yield* SubscriptionRef.get(yield* Copied)
      if (text === "") return yield* new Empty()
      // To the client that asks, on the way of its request.
      yield* Clipboard.send("notifications/clipboard/pasted")
      return { text: upperCase ? text.toUpperCase() : text }
    })
  },
  notifications: {
    "clipboard/copied": ({ text }) => Effect.flatMap(Copied, SubscriptionRef.set(text.slice(0, maxLength)))
  }
})

/** To all clients that declared the extension: whoever has the server at hand can tell them. */
const Announcer = Layer.effectDiscard(
  Effect.gen(function* () {
    const server = yield* McpServer.McpServer
    const changes = Stream.drop(SubscriptionRef.changes(yield* Copied), 1)
    yield* changes.pipe(
      Stream.runForEach(({ length }) => server.send(Clipboard, "notifications/clipboard/changed", { length })),
      Effect.forkScoped({ startImmediately: true })
    )
  })
)

const Server = Announcer.pipe(
  Layer.provideMerge(
    McpServer.layer({ name: "clipboard", version: "1.0.0" }, McpServer.extension(Clipboard, { maxLength })).pipe(
      Layer.provide(ClipboardLive)
    )
  ),
  Layer.provide(Copied.layer)
)

StdioServerTransport.run(Server).pipe(NodeRuntime.runMain)
