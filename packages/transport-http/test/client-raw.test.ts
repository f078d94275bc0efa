import { type AddressInfo, createServer, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { connect, requests, speakers } from "./support/client.ts"

const discovered = {
  resultType: "complete",
  supportedVersions: ["2026-07-28"],
  capabilities: { tools: {} },
  ttlMs: 0,
  cacheScope: "private"
}
const ok = { resultType: "complete", content: [] }

const head = (status: string, headers: ReadonlyArray<string> = []) =>
  `HTTP/${status}\r\n${headers.join("\r\n")}${headers.length ? "\r\n" : ""}\r\n`
const isJson = "content-type: application/json"
const full = (body: string) => head("1.1 200 OK", [isJson, `content-length: ${body.length}`]) + body

/** A server that writes what it likes. */
const rawServer = (answer: (socket: Socket, body: string) => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
      const sockets = new Set<Socket>()
      const server = createServer((socket) => {
        sockets.add(socket)
        let text = ""
        socket.on("error", () => {})
        socket.on("data", (bytes) => {
          text += bytes.toString("latin1")
          const end = text.indexOf("\r\n\r\n") + 4
          const length = Number(/content-length: (\d+)/i.exec(text)?.[1])
          if (end < 4 || text.length < end + length) return
          const { id, method } = JSON.parse(text.slice(end))
          text = ""
          if (method === "server/discover") socket.write(full(JSON.stringify({ jsonrpc: "2.0", id, result: discovered })))
          else answer(socket, JSON.stringify({ jsonrpc: "2.0", id, result: ok }))
        })
      }).listen(0, "127.0.0.1", () => {
        const close = () => {
          server.close()
          for (const socket of sockets) socket.destroy()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, close })) // it listens on a port
      })
    }),
    ({ close }) => Effect.sync(close)
  )

/** What is written, and what the caller gets: `undefined` for the answer, or words of the error. */
const responses: { readonly [name: string]: readonly [(body: string) => string, string | undefined] } = {
  "in HTTP/1.0, up to the end of the connection": [(body) => head("1.0 200 OK", [isJson]) + body, undefined],
  "after early hints": [(body) => head("1.1 103 Early Hints", ["link: </a>"]) + full(body), undefined],
  "and then another one": [(body) => full(body) + full(body), undefined],
  "in garbage for chunks": [() => head("1.1 200 OK", [isJson, "transfer-encoding: chunked"]) + "ZZ\r\nwhat\r\n", "was lost"],
  "in chunks that end too early": [
    (body) => `${head("1.1 200 OK", [isJson, "transfer-encoding: chunked"])}${body.length.toString(16)}\r\n${body.slice(0, 9)}`,
    "was lost"
  ],
  "with two lengths": [
    (body) => head("1.1 200 OK", [isJson, "content-length: 5", `content-length: ${body.length}`]) + body,
    "lost"
  ],
  "with 204": [() => head("1.1 204 No Content"), "status 204"],
  "with 304": [() => head("1.1 304 Not Modified"), "status 304"],
  "with 200 and nothing": [() => head("1.1 200 OK", ["content-length: 0"]), "no content type"],
  "with two content types": [
    (body) => head("1.1 200 OK", [isJson, "content-type: text/html", `content-length: ${body.length}`]) + body,
    "text/html"
  ],
  "with another protocol": [() => head("1.1 101 Switching Protocols", ["upgrade: x", "connection: upgrade"]), "was lost"]
}

for (const [name, layer] of Object.entries(speakers)) {
  describe(`over ${name}, a server that answers`, () => {
    for (const [what, [write, words]] of Object.entries(responses)) {
      it.live(`${what} ${words === undefined ? "is understood" : "fails the call"}`, () =>
        Effect.gen(function* () {
          const { url } = yield* rawServer((socket, body) => void socket.end(write(body), "latin1"))
          const client = yield* connect({ url }, requests, layer)
          const outcome = yield* Effect.result(client.callTool("a", {}))
          const message = outcome._tag === "Failure" ? outcome.failure.message : undefined
          if (words === undefined) assert.isUndefined(message)
          else assert.include(message, words)
        }).pipe(Effect.scoped, Effect.timeout("4 seconds"))
      )
    }
  })
}
