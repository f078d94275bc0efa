/**
 * Endpoints beside the routes of an application, on its router and its port: two servers by path, one by the name of the host.
 */
import * as McpServer from "@effect-mcp/server/McpServer"
import * as HttpServerTransport from "@effect-mcp/transport-http/HttpServerTransport"
import * as RouterListener from "@effect-mcp/transport-http/RouterListener"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import * as assert from "node:assert/strict"
import { createServer, request } from "node:http"
import { call, send } from "../http/call.ts"
import { Clock, ClockLive } from "../http/contract.ts"

const Home = HttpRouter.add("GET", "/", HttpServerResponse.text("the application"))

// The application is served first. What asks for an endpoint before it is there gets 503, as the paths are known.
const App = HttpRouter.serve(Layer.merge(Home, RouterListener.layer({ paths: ["/clock/mcp", "/guests/mcp"] })), {
  disableLogger: true
}).pipe(Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" })))

const server = (name: string) => McpServer.layer({ name, version: "1.0.0" }, Clock).pipe(Layer.provide(ClockLive))

// Each endpoint has limits and checks of its own; sharing a port costs a call nothing.
const Endpoints = Layer.mergeAll(
  HttpServerTransport.layer({ path: "/clock/mcp" }).pipe(Layer.provide(server("clock"))),
  HttpServerTransport.layer({ path: "/guests/mcp", sessions: false, maxBodyBytes: 10_000 }).pipe(Layer.provide(server("guests"))),
  // Clients that know the machine by this name get another server under the same path.
  HttpServerTransport.layer({ path: "/clock/mcp", host: "night.test", allowedHosts: ["night.test"] }).pipe(
    Layer.provide(server("night"))
  )
)

/** `fetch` does not let a program choose the name of the host. */
const nameOfServer = (port: number, host: string) =>
  Effect.callback<string>((resume) => {
    const headers = { host, accept: "application/json, text/event-stream", "content-type": "application/json" }
    const asked = request({ host: "127.0.0.1", port, path: "/clock/mcp", method: "POST", headers }, (answer) => {
      let body = ""
      answer.setEncoding("utf8").on("data", (chunk: string) => void (body += chunk))
      answer.on("end", () => resume(Effect.succeed(JSON.parse(body).result.serverInfo.name)))
    })
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "example", version: "1.0.0" } }
    asked.end(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }))
  })

const program = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  const port = "port" in address ? address.port : 0
  const url = `http://127.0.0.1:${port}`

  assert.equal((yield* send(url)).body, "the application")
  assert.equal((yield* send(`${url}/elsewhere`)).status, 404)

  for (const path of ["clock", "guests"]) {
    const answer = yield* call(`${url}/${path}/mcp`, "add_minutes", { time: "08:00", minutes: 45 })
    assert.match(answer.body, /08:45/)
  }
  const long = yield* call(`${url}/guests/mcp`, "add_minutes", { time: "x".repeat(20_000), minutes: 1 })
  assert.equal(long.status, 413)
  console.log("an application and two servers by path on one port")

  assert.equal(yield* nameOfServer(port, `127.0.0.1:${port}`), "clock")
  assert.equal(yield* nameOfServer(port, "night.test"), "night")
  console.log("a third one by the name of the host")
})

program.pipe(Effect.provide(Endpoints.pipe(Layer.provideMerge(App))), NodeRuntime.runMain)
