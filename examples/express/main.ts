/**
 * A server inside of an Express application: an endpoint is a listener of `node:http`.
 */
import * as McpServer from "@effect-mcp/server/McpServer"
import * as HttpServerTransport from "@effect-mcp/transport-http/HttpServerTransport"
import * as NodeListener from "@effect-mcp/transport-http/NodeListener"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import express from "express"
import * as assert from "node:assert/strict"
import type { AddressInfo } from "node:net"
import { call, send } from "../http/call.ts"
import { Clock, ClockLive } from "../http/contract.ts"

const Server = McpServer.layer({ name: "clock", version: "1.0.0" }, Clock).pipe(Layer.provide(ClockLive))

/** An application as long as the scope lives. When it closes, the endpoint finishes what runs, then the server goes. */
const listening = Effect.gen(function* () {
  const app = express()
  const server = yield* Effect.acquireRelease(
    Effect.callback<ReturnType<typeof app.listen>>((resume) => {
      const server = app.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
  )
  const endpoint = yield* HttpServerTransport.make()
  app.get("/", (_, response) => void response.send("the application"))
  // Before `express.json()` and its like: the endpoint reads bodies by itself, within its own limits.
  app.all("/mcp", NodeListener.toRequestListener(endpoint))
  app.use(express.json())
  app.post("/echo", (request, response) => void response.json(request.body))
  return server
})

const program = Effect.gen(function* () {
  const server = yield* listening
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on a port
  assert.equal((yield* send(url)).body, "the application")
  const headers = { "content-type": "application/json" }
  assert.equal((yield* send(`${url}/echo`, { method: "POST", headers, body: `{"a":1}` })).body, `{"a":1}`)
  const answer = yield* call(`${url}/mcp`, "add_minutes", { time: "12:00", minutes: 30 })
  assert.match(answer.body, /12:30/)
  console.log("an application and a server in one Express")
})

program.pipe(Effect.scoped, Effect.provide(Server), NodeRuntime.runMain)
