/**
 * A server that gets another tool while it runs, and loses it again. The same story is told in both eras of the protocol.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import type * as Revision from "@effect-mcp/core/Revision"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import { NodeRuntime } from "@effect/platform-node"
import { Deferred, Duration, Effect, Fiber, Layer, Queue, Schema } from "effect"
import * as assert from "node:assert/strict"

const Echo = Tool.make("echo", { parameters: { text: Schema.String }, success: Schema.String })
const EchoLive = Echo.toLayer(({ text }) => Effect.succeed(text))

const Server = McpServer.layer({ name: "host", version: "1.0.0" }, Echo).pipe(Layer.provide(EchoLive))

/** The plug-in: a contract and a layer, like everything else that is served. A shout that is held waits for `go`. */
const Shout = Tool.make("shout", {
  parameters: { text: Schema.String, held: Schema.optionalKey(Schema.Boolean) },
  success: Schema.String
})
const shoutLive = (go: Effect.Effect<void>) =>
  Shout.toLayer(({ held = false, text }) => Effect.as(held ? go : Effect.void, text.toUpperCase()))

/** A client, and the methods of the notifications that it has received. */
interface Watcher {
  readonly client: McpClient.McpClient["Service"]
  readonly told: Queue.Dequeue<string>
}

/** Clients of the session era are told unasked; those of the request era hold a subscription open. */
const watch = Effect.fn("watch")(function* (version: Revision.Version) {
  const told = yield* Queue.unbounded<string>()
  const client = yield* McpClient.make({
    name: "watcher",
    version: "1.0.0",
    versions: [version],
    onNotification: ({ method }) => Queue.offer(told, method)
  })
  if (client.revision.listSubscriptions === "listen") {
    const filter = { notifications: { toolsListChanged: true } }
    yield* Effect.forkScoped(client.request("subscriptions/listen", filter, { timeout: Duration.infinity }))
    assert.equal(yield* Queue.take(told), "notifications/subscriptions/acknowledged")
  }
  return { client, told }
})

/** The client is told that the list has changed, and reads it again. */
const namesAfterChange = Effect.fn("namesAfterChange")(function* ({ client, told }: Watcher) {
  assert.equal(yield* Queue.take(told), "notifications/tools/list_changed")
  const tools = yield* client.listTools
  return tools.map((tool) => tool.name)
})

/** What is true as soon as the tool is gone, from lists and for new calls. */
const afterwards = Effect.fn("afterwards")(function* (watcher: Watcher) {
  assert.deepEqual(yield* namesAfterChange(watcher), ["echo"])
  const refused = yield* Effect.flip(watcher.client.callTool("shout", { text: "anybody?" }))
  assert.equal(refused.reason._tag, "RequestFailed")
  return refused.message
})

const tell = Effect.fn("tell")(function* (version: Revision.Version) {
  const server = yield* McpServer.McpServer
  const watcher = yield* watch(version)
  const go = yield* Deferred.make<void>()

  const [running, refusal] = yield* Effect.scoped(
    Effect.gen(function* () {
      // From here to the end of the scope the server has one tool more. Its clients are told, and can call it.
      yield* server.add(Shout, shoutLive(Deferred.await(go)))
      assert.deepEqual(yield* namesAfterChange(watcher), ["echo", "shout"])

      const { tools } = McpClient.typed(Shout, watcher.client)
      const running = yield* Effect.forkChild(tools.shout({ text: "not lost", held: true }), { startImmediately: true })
      assert.equal(yield* tools.shout({ text: "hello" }), "HELLO")

      // The scope ends when the running call does; the tool is gone before.
      const refusal = yield* afterwards(watcher).pipe(Effect.tap(Deferred.succeed(go, undefined)), Effect.forkChild)
      return [running, refusal] as const
    })
  )

  // The call that was running when the tool went gets its answer all the same.
  const answer = yield* Fiber.join(running)
  assert.equal(answer, "NOT LOST")
  console.log(`${version}: the running call said ${answer}; a new one: ${yield* Fiber.join(refusal)}`)
}, Effect.scoped)

// One server. The clients of the two eras are values, one after the other.
const Connected = MemoryTransport.layer().pipe(Layer.provideMerge(Server))

Effect.forEach(["2025-11-25", "2026-07-28"] as const, tell).pipe(
  Effect.timeout("20 seconds"),
  Effect.provide(Connected),
  NodeRuntime.runMain
)
