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

const names = Effect.gen(function* () {
  const client = yield* McpClient.McpClient
  const tools = yield* client.listTools
  return tools.map((tool) => tool.name)
})

/** Clients of the session era are told unasked; those of the request era hold a subscription open. */
const subscribe = Effect.fn("subscribe")(function* (told: Queue.Dequeue<string>) {
  const client = yield* McpClient.McpClient
  if (client.revision.listSubscriptions === "unsolicited") return
  const filter = { notifications: { toolsListChanged: true } }
  yield* Effect.forkScoped(client.request("subscriptions/listen", filter, { timeout: Duration.infinity }))
  assert.equal(yield* Queue.take(told), "notifications/subscriptions/acknowledged")
})

const story = Effect.fn("story")(function* (told: Queue.Dequeue<string>) {
  const server = yield* McpServer.McpServer
  const client = yield* McpClient.McpClient
  yield* subscribe(told)
  assert.deepEqual(yield* names, ["echo"])

  const go = yield* Deferred.make<void>()
  // What is true as soon as the tool is gone, from lists and for new calls.
  const afterwards = Effect.gen(function* () {
    assert.equal(yield* Queue.take(told), "notifications/tools/list_changed")
    assert.deepEqual(yield* names, ["echo"])
    const refused = yield* Effect.flip(client.callTool("shout", { text: "anybody?" }))
    assert.equal(refused.reason._tag, "RequestFailed")
    yield* Deferred.succeed(go, undefined)
    return refused.message
  })

  const [running, gone] = yield* Effect.scoped(
    Effect.gen(function* () {
      // From here to the end of the scope the server has one tool more. Its clients are told, and can call it.
      yield* server.add(Shout, shoutLive(Deferred.await(go)))
      assert.equal(yield* Queue.take(told), "notifications/tools/list_changed")
      assert.deepEqual(yield* names, ["echo", "shout"])

      const plugin = yield* McpClient.of(Shout)
      const running = yield* Effect.forkChild(plugin.tools.shout({ text: "not lost", held: true }), { startImmediately: true })
      assert.equal(yield* plugin.tools.shout({ text: "hello" }), "HELLO")
      return [running, yield* Effect.forkChild(afterwards)] as const
    })
  )

  // The call that was running when the tool went gets its answer all the same.
  const refusal = yield* Fiber.join(gone)
  const answer = yield* Fiber.join(running)
  assert.equal(answer, "NOT LOST")
  console.log(`${client.revision.version}: the running call said ${answer}; a new one: ${refusal}`)
}, Effect.scoped)

const tell = Effect.fn("tell")(function* (version: Revision.Version) {
  const told = yield* Queue.unbounded<string>()
  const Client = McpClient.layer({
    name: "watcher",
    version: "1.0.0",
    versions: [version],
    onNotification: ({ method }) => Effect.asVoid(Queue.offer(told, method))
  })
  // The program sits between server and client: it uses both.
  yield* story(told).pipe(Effect.provide(Client.pipe(Layer.provide(MemoryTransport.layer()))), Effect.provide(Server))
})

Effect.forEach(["2025-11-25", "2026-07-28"] as const, tell).pipe(Effect.timeout("20 seconds"), NodeRuntime.runMain)
