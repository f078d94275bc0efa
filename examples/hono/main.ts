/**
 * A server inside of a Hono application: an endpoint is a function from `Request` to `Response`.
 */
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Health from "@effect-mcp/transport-http/Health"
import * as HttpServerTransport from "@effect-mcp/transport-http/HttpServerTransport"
import * as WebListener from "@effect-mcp/transport-http/WebListener"
import { serve } from "@hono/node-server"
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { Hono } from "hono"
import * as assert from "node:assert/strict"
import type { AddressInfo } from "node:net"
import { call, send } from "../http/call.ts"
import { Clock, ClockLive } from "../http/contract.ts"

const Server = McpServer.layer({ name: "clock", version: "1.0.0" }, Clock).pipe(Layer.provide(ClockLive))
const Parts = Layer.merge(HttpServerTransport.layer(), Health.layer())

const { dispose, handler } = WebListener.toWebHandler(Parts.pipe(Layer.provide(Server)))

const app = new Hono()
  .get("/", (context) => context.text("the application"))
  .all("/mcp", (context) => handler(context.req.raw))
  .get("/readyz", (context) => handler(context.req.raw))

const listening = Effect.acquireRelease(
  Effect.callback<ReturnType<typeof serve>>((resume) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () => resume(Effect.succeed(server)))
  }),
  // First the endpoint finishes what runs, then the server goes.
  (server) =>
    Effect.andThen(
      Effect.promise(dispose),
      Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
    )
)

const program = Effect.gen(function* () {
  const server = yield* listening
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on a port
  assert.equal((yield* send(url)).body, "the application")
  const answer = yield* call(`${url}/mcp`, "add_minutes", { time: "12:00", minutes: 30 })
  assert.match(answer.body, /12:30/)
  assert.equal((yield* send(`${url}/readyz`)).status, 200)
  console.log("an application and a server in one Hono")
})

program.pipe(Effect.scoped, NodeRuntime.runMain)
