/**
 * Requests over HTTP that nobody should send: each has its status and its code, and then everybody else is served as before.
 */
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { gzipSync } from "node:zlib"
import { assertServes, HttpServer, stopAll } from "./support/httpServer.ts"
import {
  bodyOf,
  cutAll,
  greeting,
  head,
  listen,
  messageOf,
  modernBody,
  modernCall,
  modernHeaders,
  openSession,
  post,
  RawSocket,
  say,
  sessionCall,
  sessionHeaders,
  single,
  verdict
} from "./support/socketHttp.ts"

let server: HttpServer
let session = ""
beforeAll(async () => {
  server = await HttpServer.start()
  session = await openSession(await RawSocket.open(server.port))
})
afterEach(cutAll)
afterAll(stopAll)

type Case = readonly [what: string, expected: string, request: () => string | Buffer]

const echo = modernBody(1, "tools/call", { name: "echo", arguments: { text: "x" } })
const echoHeaders = modernHeaders("tools/call", "echo")
const ping = bodyOf({ id: 1, method: "ping" })

/** All of them are refused so, and a good client is served after them. */
const refused = (title: string, cases: ReadonlyArray<Case>) =>
  describe(title, () => {
    it.each(cases)("%s: %s", async (_, expected, request) => {
      assert.strictEqual(verdict(await single(server.port, request())), expected)
    })
    it("leaves nothing behind for others", () => assertServes(server))
  })

const nested = (depth: number, open = "[", close = "]") => open.repeat(depth) + close.repeat(depth)
const withArguments = (json: string) => echo.replace('{"text":"x"}', json)

refused("a body that is no message", [
  ["nothing", "400 -32700", () => post("")],
  ["text", "400 -32700", () => post("hello")],
  ["half a message", "400 -32700", () => post(echo.slice(0, 60), echoHeaders)],
  ["two messages", "400 -32700", () => post(`${ping}\n${ping}`)],
  ["a number", "400 -32600", () => post("42")],
  ["null", "400 -32600", () => post("null")],
  ["an empty object", "400 -32600", () => post("{}")],
  ["another version", "400 -32600 1", () => post('{"jsonrpc":"1.0","id":1,"method":"ping"}')],
  ["an empty batch", "400 -32600", () => post("[]")],
  ["an id that is a list", "400 -32600", () => post('{"jsonrpc":"2.0","id":[1],"method":"ping"}')],
  ["params that are a list", "400 -32602 1", () => post('{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}')],
  ["invalid UTF-8", "400", () => Buffer.concat([Buffer.from(post("", { "content-length": "3" })), Buffer.of(0x22, 0xff, 0x22)])],
  ["UTF-16", "400 -32700", () => post(Buffer.from(ping, "utf16le").toString("latin1"))],
  ["binary", "400 -32700", () => post("\u0000\u0001\u0002\u0003")],
  ["a batch of the request era", "400 -32600", () => post(`[${echo}]`, echoHeaders)]
])

refused("JSON that is too deep or too much", [
  ["100,000 lists", "400 -32700", () => post(withArguments(`{"text":${nested(100_000)}}`), echoHeaders)],
  ["100,000 objects", "400 -32700", () => post(withArguments(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`), echoHeaders)],
  ["a deep batch", "400 -32700", () => post(`[{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":${nested(200)}}}]`)],
  ["a deep answer", "400 -32700", () => post(`{"jsonrpc":"2.0","id":1,"result":{"a":${nested(200)}}}`)],
  ["a deep error", "400 -32700", () => post(`{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","data":${nested(200)}}}`)],
  ["lists without an end", "400 -32700", () => post("[".repeat(100_000))],
  ["a batch that is nothing but lists", "400 -32600", () => post(nested(100_000), sessionHeaders(session))],
  ["a level too many", "400 -32700", () => post(withArguments(`{"text":${nested(126)}}`), echoHeaders)],
  ["5 MiB, said so", "413", () => post(`{"a":"${"x".repeat(5 * 1024 * 1024)}"}`)],
  ["10 MB of one key", "413", () => post(`{"${"k".repeat(10_000_000)}":1}`)],
  ["a length of a gigabyte", "413", () => post("", { "content-length": "1000000000" })],
  [
    "5 MiB in chunks",
    "413",
    () => {
      const chunk = `${(65_536).toString(16)}\r\n${"x".repeat(65_536)}\r\n`
      return post("", { "content-length": undefined, "transfer-encoding": "chunked" }) + chunk.repeat(80)
    }
  ]
])

refused("names that objects have", [
  ["as a method", "404 -32601 1", () => post(modernBody(1, "__proto__"), modernHeaders("__proto__"))],
  ["as a method of a session", "200 -32601 1", () => say(session, { id: 1, method: "constructor" })],
  ["as a tool", "200 -32602 1", () => modernCall(1, "__proto__")],
  ["as a tool of a session", "200 -32602 1", () => sessionCall(session, 1, "constructor")],
  ["as a session", "404 -32001", () => sessionCall("__proto__", 1, "echo")]
])

refused("content types and encodings", [
  ["none", "415", () => post(ping, { "content-type": undefined })],
  ["text", "415", () => post(ping, { "content-type": "text/plain" })],
  ["a form", "415", () => post(ping, { "content-type": "application/x-www-form-urlencoded" })],
  ["a list of two", "415", () => post(ping, { "content-type": "application/json, text/plain" })],
  ["another charset", "415", () => post(ping, { "content-type": "application/json; charset=utf-16" })],
  ["something like it", "415", () => post(ping, { "content-type": "application/json-rpc" })],
  [
    "gzip",
    "415",
    () => Buffer.concat([Buffer.from(post("", { "content-encoding": "gzip", "content-length": "60" })), gzipSync(ping)])
  ],
  ["an encoding nobody knows", "415", () => post(ping, { "content-encoding": "x" })],
  ["an answer as an image", "406", () => post(ping, { accept: "image/png" })],
  ["an answer as nothing", "406", () => post(ping, { accept: "application/json;q=0" })],
  ["a stream as JSON", "406", () => listen(session, { accept: "application/json" })],
  [
    "a subscription as JSON",
    "406",
    () =>
      post(modernBody(1, "subscriptions/listen", { notifications: {} }), {
        ...modernHeaders("subscriptions/listen"),
        accept: "application/json"
      })
  ]
])

refused("headers and addresses", [
  ["a header of 20 KB", "431", () => post(ping, { "x-large": "x".repeat(20_000) })],
  [
    "1,000 headers",
    "431",
    () => post(ping, Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`x-${i}`, "x".repeat(20)])))
  ],
  ["an address of 10 KB", "414", () => head("POST", `/mcp?${"x".repeat(10_000)}`, {})],
  ["an address of 100 KB", "431", () => head("POST", `/mcp?${"x".repeat(100_000)}`, {})],
  ["another path", "404", () => head("POST", "/other", { "content-length": "0" })],
  ["a path around", "404", () => head("POST", "/mcp/../mcp", { "content-length": "0" })],
  ["a foreign host", "403", () => post(echo, { ...echoHeaders, host: "evil.example.com" })],
  ["a host with a user", "403", () => post(echo, { ...echoHeaders, host: "localhost@evil.example.com" })],
  ["no host at all", "400", () => post(echo, echoHeaders).replace("host: 127.0.0.1\r\n", "")],
  ["a foreign origin", "403", () => post(echo, { ...echoHeaders, origin: "https://evil.example.com" })],
  ["an opaque origin", "403", () => post(echo, { ...echoHeaders, origin: "null" })],
  ["an origin like ours", "403", () => post(echo, { ...echoHeaders, origin: "http://localhost.evil.example.com" })],
  ["another method", "405", () => head("PUT", "/mcp", { "content-length": "0" })],
  ["GET in the request era", "405", () => listen(session, { "mcp-protocol-version": "2026-07-28" })],
  ["what is no HTTP", "400", () => "hello\r\n\r\n"],
  ["a header with a line break in it", "400", () => post(ping, { "x-a": "b\nc\n d: e" })]
])

refused("a length that lies", [
  ["two of them", "400", () => post(ping, { "content-length": "10\r\ncontent-length: 20" })],
  ["two that agree", "400", () => post(ping, { "content-length": "20\r\ncontent-length: 20" })],
  ["a list", "400", () => post(ping, { "content-length": "20, 20" })],
  ["less than none", "400", () => post(ping, { "content-length": "-1" })],
  ["a word", "400", () => post(ping, { "content-length": "many" })],
  ["more than there are numbers", "400", () => post(ping, { "content-length": "9".repeat(40) })],
  ["beside chunks", "400", () => post("0\r\n\r\n", { "transfer-encoding": "chunked" })],
  ["beside chunks that come first", "400", () => post("0\r\n\r\n", { "content-length": "5\r\ntransfer-encoding: chunked" })],
  ["chunks that are no chunks", "400", () => post("hello\r\n", { "content-length": undefined, "transfer-encoding": "chunked" })],
  ["a chunk without an end", "400", () => post("1\r\n{}\r\n", { "content-length": undefined, "transfer-encoding": "chunked" })],
  ["chunks under another name", "400", () => post("0\r\n\r\n", { "content-length": undefined, "transfer-encoding": "xchunked" })],
  ["chunks twice", "400", () => post("0\r\n\r\n", { "content-length": undefined, "transfer-encoding": "chunked, chunked, x" })],
  ["a chunk larger than all", "400", () => post("f".repeat(20), { "content-length": undefined, "transfer-encoding": "chunked" })]
])

refused("a request of the request era whose header and body disagree", [
  ["no method", "400 -32020 1", () => post(echo, { ...echoHeaders, "mcp-method": undefined })],
  ["another method", "400 -32020 1", () => post(echo, { ...echoHeaders, "mcp-method": "tools/list" })],
  ["the method in capitals", "400 -32020 1", () => post(echo, { ...echoHeaders, "mcp-method": "TOOLS/CALL" })],
  [
    "the method twice",
    "400 -32020 1",
    () => post(echo, { ...echoHeaders, "mcp-method": "tools/call\r\nmcp-method: tools/call" })
  ],
  ["no name", "400 -32020 1", () => post(echo, { ...echoHeaders, "mcp-name": undefined })],
  ["another name", "400 -32020 1", () => post(echo, { ...echoHeaders, "mcp-name": "hang" })],
  ["a name that cannot be read", "400 -32020 1", () => post(echo, { ...echoHeaders, "mcp-name": "=?base64?!!!?=" })],
  ["a name that is not ASCII", "400 -32020 1", () => post(echo, { ...echoHeaders, "mcp-name": "\u00e9cho" })],
  ["no version", "400 -32020 1", () => post(echo, { ...echoHeaders, "mcp-protocol-version": undefined })],
  ["the version of a session", "400 -32020 1", () => post(echo, { ...echoHeaders, "mcp-protocol-version": "2025-11-25" })],
  ["a version alone", "400 -32600", () => post(bodyOf({ id: 1, result: {} }), { "mcp-protocol-version": "2026-07-28" })],
  [
    "a version nobody knows",
    "400 -32022 1",
    () => post(echo.replaceAll("2026-07-28", "2099-01-01"), { ...echoHeaders, "mcp-protocol-version": "2099-01-01" })
  ],
  ["a greeting", "400 -32020 0", () => greeting("2025-11-25", { "mcp-protocol-version": "2026-07-28" })]
])

refused("a session that is guessed, missing or misused", [
  ["none", "400 -32000", () => post(ping)],
  ["a guess", "404 -32001", () => post(ping, sessionHeaders("A".repeat(24)))],
  ["an empty one", "404 -32001", () => post(ping, sessionHeaders(""))],
  ["two", "404 -32001", () => post(ping, sessionHeaders(`${session}\r\nmcp-session-id: ${session}`))],
  ["a long one", "404 -32001", () => post(ping, sessionHeaders("x".repeat(8000)))],
  ["a guess for a stream", "404 -32001", () => listen("A".repeat(24))],
  ["no session for a stream", "400 -32000", () => listen(session, { "mcp-session-id": undefined })],
  ["a guess to end", "404 -32001", () => head("DELETE", "/mcp", sessionHeaders("A".repeat(24)))],
  [
    "a version nobody knows",
    "400 -32000",
    () => say(session, { id: 1, method: "ping" }, { "mcp-protocol-version": "1999-01-01" })
  ],
  ["a second greeting", "400 -32600 0", () => greeting("2025-11-25", sessionHeaders(session))],
  ["a greeting without its params", "200 -32602 5", () => post(bodyOf({ id: 5, method: "initialize" }))],
  ["an event that is none", "400", () => listen(session, { "last-event-id": "x" })],
  ["a batch in a session without batches", "400 -32600", () => post(`[${ping}]`, sessionHeaders(session))]
])

it("a greeting that is refused opens no session", async () => {
  const { headers } = await single(server.port, post(bodyOf({ id: 5, method: "initialize" })))
  assert.notProperty(headers, "mcp-session-id")
})

it("nothing that is refused names files, stacks or hosts", async () => {
  for (const text of [post("{"), post(ping), modernCall(1, "nobody"), modernCall(1, "echo", { text: 1 })]) {
    assert.notMatch((await single(server.port, text)).body, /\.ts|at |node:|\/home|\/tmp/)
  }
})

it("answers to questions that nobody asked are taken and forgotten", async () => {
  for (const answer of [
    { id: 99, result: {} },
    { id: "x", error: { code: 1, message: "no" } }
  ]) {
    const { body, status } = await single(server.port, say(session, answer))
    assert.deepStrictEqual([status, body], [202, ""])
  }
  await assertServes(server)
})

it("notifications that nobody knows are taken and forgotten, in both eras", async () => {
  const notification = { method: "notifications/made/up", params: { a: 1 } }
  assert.strictEqual(verdict(await single(server.port, say(session, notification))), "202")
  assert.strictEqual(
    verdict(await single(server.port, post(bodyOf(notification), modernHeaders("notifications/made/up")))),
    "202"
  )
})

it("an id that is in flight is refused in its session, and free in others and in the request era", async () => {
  const { gauge, port } = server
  const first = (await RawSocket.open(port)).write(sessionCall(session, "same", "hang"))
  await gauge.until(({ hanging }) => hanging === 1)
  assert.strictEqual(verdict(await single(port, sessionCall(session, "same", "echo", { text: "x" }))), "400 -32600")
  const other = await RawSocket.open(port)
  const elsewhere = await openSession(other)
  assert.strictEqual(
    verdict(await other.write(sessionCall(elsewhere, "same", "echo", { text: "x" })).response()),
    '200 result "same"'
  )
  const modern = await Promise.all([1, 2].map(() => single(port, modernCall("same", "echo", { text: "x" }))))
  assert.deepStrictEqual(modern.map(verdict), ['200 result "same"', '200 result "same"'])
  gauge.release()
  assert.strictEqual(messageOf(await first.response()).result.content[0].text, "released")
})

it("a call is cancelled by its own session alone", async () => {
  const { gauge, port } = server
  const before = gauge.interrupted
  const first = (await RawSocket.open(port)).write(sessionCall(session, "mine", "hang"))
  await gauge.until(({ hanging }) => hanging === 1)
  const cancel = { method: "notifications/cancelled", params: { requestId: "mine" } }
  const other = await RawSocket.open(port)
  const elsewhere = await openSession(other)
  assert.strictEqual(verdict(await other.write(say(elsewhere, cancel)).response()), "202")
  assert.strictEqual(verdict(await other.write(post(bodyOf(cancel), modernHeaders(cancel.method))).response()), "202")
  assert.strictEqual(verdict(await other.write(say("A".repeat(24), cancel)).response()), "404 -32001")
  assert.deepStrictEqual([gauge.hanging, gauge.interrupted], [1, before])
  assert.strictEqual(verdict(await other.write(say(session, cancel)).response()), "202")
  await gauge.until(({ hanging }) => hanging === 0)
  assert.deepStrictEqual([gauge.interrupted, (await first.response()).body], [before + 1, ""])
})

it("requests in one packet are answered one after the other", async () => {
  const { port } = server
  const socket = await RawSocket.open(port)
  const many = Array.from({ length: 200 }, (_, id) => modernCall(id, "echo", { text: `text ${id}` }))
  socket.write(
    many.join("") + post("{") + modernCall("last", "steps", { count: 3, text: "s" }, {}, { _meta: { progressToken: 1 } })
  )
  for (let id = 0; id < 200; id++) assert.strictEqual(messageOf(await socket.response()).result.content[0].text, `text ${id}`)
  assert.strictEqual(verdict(await socket.response()), "400 -32700")
  assert.strictEqual(messageOf(await socket.response()).id, "last")
})

it("a request that hides in the body of another is a body", async () => {
  const { port } = server
  const hidden = modernCall("hidden", "hang")
  const socket = (await RawSocket.open(port)).write(post(hidden) + modernCall("after", "echo", { text: "after" }))
  assert.strictEqual(verdict(await socket.response()), "400 -32700")
  assert.strictEqual(messageOf(await socket.response()).id, "after")
  assert.strictEqual(server.gauge.hanging, 0)
})

it("what follows a length that lies is never taken for a request", async () => {
  const hidden = modernCall("hidden", "hang")
  for (const headers of [
    { "content-length": "0\r\ncontent-length: 500" },
    { "transfer-encoding": "chunked" },
    { "content-length": "4\r\ntransfer-encoding:\tchunked" },
    { "content-length": undefined, "transfer-encoding": "chunked\r\ntransfer-encoding: identity" },
    { "content-length": undefined, "transfer-encoding": "\u000bchunked" }
  ]) {
    const socket = (await RawSocket.open(server.port)).write(post(`0\r\n\r\n${hidden}`, { ...echoHeaders, ...headers }))
    assert.match(await socket.closed(), /^HTTP\/1\.1 400 Bad Request\r\n/)
  }
  assert.strictEqual(server.gauge.hanging, 0)
  await assertServes(server)
})

it("a long body in many chunks is one message", async () => {
  const text = "x".repeat(100_000)
  const body = modernBody(1, "tools/call", { name: "size", arguments: { text } })
  const socket = await RawSocket.open(server.port)
  socket.write(post("", { ...modernHeaders("tools/call", "size"), "content-length": undefined, "transfer-encoding": "chunked" }))
  for (let at = 0; at < body.length; at += 777) {
    const part = body.slice(at, at + 777)
    socket.write(`${part.length.toString(16)};name=value\r\n${part}\r\n`)
  }
  assert.strictEqual(messageOf(await socket.write("0\r\ntrailer: x\r\n\r\n").response()).result.content[0].text, "100000")
})

it("an answer has its length, in bytes, and one without a body says so", async () => {
  const { body, headers } = await single(server.port, modernCall(1, "echo", { text: "äöü" }))
  assert.strictEqual(headers["content-length"], String(Buffer.byteLength(body)))
  assert.notProperty(headers, "transfer-encoding")
  const accepted = await single(server.port, say(session, { method: "notifications/made/up" }))
  assert.strictEqual(accepted.headers["content-length"], "0")
})

it("nothing of all this is worth a line in the log", () => {
  assert.deepStrictEqual(server.log, [])
})
