/**
 * Copies and pastes in both eras of the protocol, and shows what a client hears that does not declare the extension.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import type * as Revision from "@effect-mcp/core/Revision"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Fiber, Layer, Stream } from "effect"
import * as assert from "node:assert/strict"
import { join } from "node:path"
import { Clipboard } from "./contract.ts"

const client = (version: Revision.Version, options: Partial<McpClient.Options> = {}) =>
  McpClient.layer({ name: "host", version: "1.0.0", versions: [version], ...options }).pipe(
    Layer.provide(
      StdioClientTransport.layer({
        command: process.execPath,
        args: [...process.execArgv, join(import.meta.dirname, "server.ts")]
      })
    )
  )

const copyAndPaste = Effect.gen(function* () {
  const { revision } = yield* McpClient.McpClient
  const clipboard = yield* McpClient.extension(Clipboard)
  assert.deepEqual([clipboard.isSupported, clipboard.settings], [true, { maxLength: 20 }])

  // A failure that the contract declares is what it is.
  const failure = yield* Effect.flip(clipboard.requests["clipboard/paste"]())
  assert.equal(failure._tag, "Empty")

  // Since 2026-07-28 the stream holds a subscription open; before, events come unasked.
  const events = yield* clipboard.events.pipe(Stream.take(2), Stream.runCollect, Effect.forkChild({ startImmediately: true }))
  const changed = yield* clipboard.events.pipe(Stream.runHead, Effect.forkChild({ startImmediately: true }))
  yield* clipboard.notifications["clipboard/copied"]({ text: "hello" })
  // Nobody answers a notification: that it arrived is told by the event.
  yield* Fiber.join(changed)
  const { text } = yield* clipboard.requests["clipboard/paste"]({ upperCase: true })
  assert.equal(text, "HELLO")
  assert.deepEqual(yield* Fiber.join(events), [
    { method: "notifications/clipboard/changed", params: { length: 5 } },
    { method: "notifications/clipboard/pasted", params: {} }
  ])
  console.log(`${revision.version}: pasted ${text}`)
})

const withoutDeclaring = Effect.gen(function* () {
  const clipboard = yield* McpClient.extension(Clipboard)
  const error = yield* Effect.flip(clipboard.requests["clipboard/paste"]())
  assert.equal(error._tag === "McpClientError" && error.reason._tag === "RequestFailed" && error.reason.code, -32021)
  console.log(error.message)
})

const extensions = [Clipboard]

Effect.all([
  copyAndPaste.pipe(Effect.provide(client("2025-11-25", { extensions }))),
  copyAndPaste.pipe(Effect.provide(client("2026-07-28", { extensions }))),
  withoutDeclaring.pipe(Effect.provide(client("2026-07-28")))
]).pipe(Effect.timeout("20 seconds"), NodeRuntime.runMain)
