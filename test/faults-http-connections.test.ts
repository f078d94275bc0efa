/**
 * Connections that are cut, stall, or crawl: what runs for them ends or is kept as its revision says, and others notice nothing.
 *
 *     FUZZ_SEED=123 FUZZ_RUNS=10000 npx vitest run test/faults-http-connections    other cuts, more of them
 */
import { afterEach, assert, describe, it } from "@effect/vitest"
import { anonymous, type Principal } from "@effect-mcp/core/Principal"
import * as Effect from "effect/Effect"
import { assertServes, HttpServer, stopAll } from "./support/httpServer.ts"
import {
  cutAll,
  events,
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
  sessionCall
} from "./support/socketHttp.ts"
import { eventually } from "./support/child.ts"
import { Random } from "./support/random.ts"

const seed = Number(process.env["FUZZ_SEED"] ?? 20_260_728)
const runs = Number(process.env["FUZZ_RUNS"] ?? 400)

afterEach(async () => {
  cutAll()
  await stopAll()
})

const token = { _meta: { progressToken: 1 } }

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  for (let look = 0; !(await holds()); look++) {
    if (look === 500) throw new Error("it never held")
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Nothing is open or running any more, and everybody is served. */
const assertQuiet = async (server: HttpServer): Promise<void> => {
  await server.gauge.until(({ hanging }) => hanging === 0)
  await until(async () => (await server.connections()) === 0)
  await assertServes(server)
}

describe(`cuts at random, seed ${seed}`, () => {
  /** What clients send, with every kind of answer. */
  const requests = (session: string): ReadonlyArray<string> => [
    modernCall(1, "echo", { text: "x".repeat(5000) }),
    modernCall(2, "steps", { count: 20, text: "y" }, {}, token),
    modernCall(3, "hang"),
    modernCall(4, "open", {}, {}, token),
    modernCall(5, "big", { size: 300_000 }),
    post(
      modernBody(6, "subscriptions/listen", { notifications: { toolsListChanged: true } }),
      modernHeaders("subscriptions/listen")
    ),
    greeting(),
    sessionCall(session, 7, "steps", { count: 20, text: "z" }, token),
    sessionCall(session, 8, "ask", { text: "Sure?" }),
    listen(session)
  ]

  it(`${runs} calls in pieces of any size reach their handlers whole`, { timeout: 30_000 + runs * 20 }, async () => {
    const server = await HttpServer.start()
    const random = new Random(seed)
    const socket = await RawSocket.open(server.port)
    const alphabet = [...'ab"\\ \n\u0000\u007fäß€漢😀\u2028']
    for (let id = 0; id < runs; id++) {
      const text = Array.from({ length: random.below(200) }, () => random.pick(alphabet)).join("")
      const body = modernBody(id, "tools/call", { name: "echo", arguments: { text } })
      const bytes = Buffer.from(body)
      const parts: Array<Buffer> = []
      for (let at = 0; at < bytes.length;) {
        const size = random.between(1, random.chance(0.5) ? 5 : 500)
        parts.push(bytes.subarray(at, at + size))
        at += size
      }
      const isChunked = random.chance(0.5)
      const length = isChunked
        ? { "content-length": undefined, "transfer-encoding": "chunked" }
        : { "content-length": String(bytes.length) }
      socket.write(post("", { ...modernHeaders("tools/call", "echo"), ...length }))
      for (const part of parts) {
        const framed = [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]
        socket.write(isChunked ? Buffer.concat(framed) : part)
        if (random.chance(0.1)) await new Promise((resolve) => setImmediate(resolve))
      }
      if (isChunked) socket.write("0\r\n\r\n")
      assert.strictEqual(messageOf(await socket.response()).result.content[0].text, text)
    }
  })

  it(`${runs} requests that end somewhere end alone`, { timeout: 30_000 + runs * 20 }, async () => {
    const server = await HttpServer.start()
    const session = await openSession(await RawSocket.open(server.port))
    const random = new Random(seed)
    for (let run = 0; run < runs; run++) {
      const text = Array.from({ length: random.between(1, 3) }, () => random.pick(requests(session))).join("")
      const socket = await RawSocket.open(server.port)
      const end = random.below(text.length)
      for (let at = 0; at < end;) {
        const size = random.between(1, end - at)
        socket.write(text.slice(at, at + size))
        if (random.chance(0.3)) await new Promise((resolve) => setImmediate(resolve))
        at += size
      }
      random.pick([() => socket.cut(), () => socket.reset(), () => socket.half()])()
    }
    cutAll()
    const socket = await RawSocket.open(server.port)
    await socket.write(head("DELETE", "/mcp", { "mcp-session-id": session })).response()
    socket.cut()
    await assertQuiet(server)
    assert.deepStrictEqual(server.log, [])
  })

  it(`${runs} answers that end somewhere end alone`, { timeout: 30_000 + runs * 20 }, async () => {
    const server = await HttpServer.start()
    const session = await openSession(await RawSocket.open(server.port))
    const random = new Random(seed)
    const waits: Array<Promise<unknown>> = []
    for (let run = 0; run < runs; run++) {
      const socket = await RawSocket.open(server.port)
      const count = random.chance(0.5) ? random.below(300) : random.below(100_000)
      let seen = 0
      const closed = new Promise((resolve) => socket.socket.on("close", resolve))
      socket.socket.on("data", (chunk) => {
        seen += chunk.length
        if (seen >= count) socket.reset()
      })
      // Some hang, or are shorter than that.
      setTimeout(() => socket.cut(), random.below(200))
      socket.write(random.pick(requests(session)))
      waits.push(closed)
      if (waits.length % 32 === 0) await Promise.all(waits.splice(0))
    }
    await Promise.all(waits)
    cutAll()
    const socket = await RawSocket.open(server.port)
    await socket.write(head("DELETE", "/mcp", { "mcp-session-id": session })).response()
    socket.cut()
    await assertQuiet(server)
    assert.deepStrictEqual(server.log, [])
  })
})

describe("a client that goes away", () => {
  const leave = [
    ["is cut", (socket: RawSocket) => socket.cut()],
    ["is reset", (socket: RawSocket) => socket.reset()],
    ["sends its end", (socket: RawSocket) => void socket.half()]
  ] as const

  it.each(leave)("cancels its call of the request era: it %s", async (_, go) => {
    const server = await HttpServer.start()
    for (const name of ["hang", "open"]) {
      const socket = (await RawSocket.open(server.port)).write(modernCall(1, name, {}, {}, token))
      if (name === "open") await socket.saw("begun")
      await server.gauge.until(({ hanging }) => hanging === 1)
      go(socket)
      await server.gauge.until(({ hanging }) => hanging === 0)
    }
    assert.strictEqual(server.gauge.interrupted, 2)
    await assertQuiet(server)
  })

  it.each(leave)("cancels nothing in a session, and comes back for the rest: it %s", async (_, go) => {
    const server = await HttpServer.start()
    const other = await RawSocket.open(server.port)
    const session = await openSession(other)
    const socket = (await RawSocket.open(server.port)).write(sessionCall(session, 1, "open", {}, token))
    const [primed] = events((await socket.saw("begun")).body)
    go(socket)
    await eventually(() => socket.isClosed || socket.socket.destroyed || socket.socket.readableEnded)
    assert.strictEqual(server.gauge.hanging, 1)
    other.write(listen(session, { "last-event-id": primed!.id }))
    await other.saw("begun")
    server.gauge.release()
    const messages = events((await other.response()).body).map(({ data }) => JSON.parse(data))
    assert.deepStrictEqual(
      messages.map(({ id, method }) => method ?? id),
      ["notifications/progress", 1]
    )
    assert.strictEqual(server.gauge.interrupted, 0)
    other.cut()
    await assertQuiet(server)
  })

  it("is noticed while it is being looked for", async () => {
    let isLooking = false
    let go = () => {}
    const authenticate = () =>
      Effect.callback<Principal>((resume) => {
        isLooking = true
        go = () => resume(Effect.succeed(anonymous))
      })
    const server = await HttpServer.start({ http: { authenticate, maxStreams: 1, bodyTimeout: "1 hour" } })
    const admit = async () => {
      await eventually(() => isLooking)
      isLooking = false
      go()
    }
    const socket = await RawSocket.open(server.port)
    const opening = openSession(socket)
    await admit()
    await admit()
    const session = await opening
    for (const text of [
      listen(session),
      listen(session),
      modernCall(1, "hang"),
      sessionCall(session, 1, "echo", { text: "x" })
    ]) {
      const gone = (await RawSocket.open(server.port)).write(text)
      await eventually(() => isLooking)
      gone.reset()
      // The server must have heard of it.
      await until(async () => (await server.connections()) === 1)
      await admit()
    }
    await new Promise((resolve) => setImmediate(resolve))
    assert.strictEqual(server.gauge.hanging, 0)
    // There is place for one stream.
    socket.write(listen(session))
    await admit()
    await socket.saw("id: ")
  })
})

describe("a client that crawls", () => {
  it("has so long for its body, byte by byte, and gets 408", async () => {
    const server = await HttpServer.start({ http: { bodyTimeout: "150 millis" } })
    const text = modernCall(1, "echo", { text: "x" })
    const socket = await RawSocket.open(server.port)
    const body = text.indexOf("\r\n\r\n") + 4
    socket.write(text.slice(0, body))
    let at = body
    const crawling = setInterval(() => socket.write(text[at++]!), 10)
    const response = await socket.response()
    clearInterval(crawling)
    assert.deepInclude(response, { status: 408, body: "Request timeout: the body did not arrive in time\n" })
    assert.strictEqual(response.headers["connection"], "close")
    await socket.closed()
    await assertServes(server)
  })

  it("has so long for its headers, byte by byte or not at all, and gets 408", async () => {
    const server = await HttpServer.start({ listener: { headersTimeout: "200 millis" } })
    const mute = await RawSocket.open(server.port)
    const socket = (await RawSocket.open(server.port)).write("POST /mcp HTTP/1.1\r\nhost: localhost\r\nx-a: ")
    const crawling = setInterval(() => socket.write("x"), 10)
    assert.match(await socket.closed(), /^HTTP\/1\.1 408 Request Timeout\r\n/)
    clearInterval(crawling)
    await mute.closed()
    await assertServes(server)
  })

  it("is refused when its headers never end", async () => {
    const server = await HttpServer.start()
    const socket = (await RawSocket.open(server.port)).write("GET /mcp HTTP/1.1\r\n")
    const pouring = setInterval(() => socket.write(`x-a: ${"y".repeat(1000)}\r\n`), 1)
    assert.match(await socket.closed(), /^HTTP\/1\.1 431 /)
    clearInterval(pouring)
    await assertServes(server)
  })

  it.each(["/mcp", "/other"])("is refused when its body never ends, and does not send it for ever: %s", async (path) => {
    const server = await HttpServer.start({ http: { maxBodyBytes: 100_000 }, listener: { stallTimeout: "300 millis" } })
    const socket = await RawSocket.open(server.port)
    socket.write(head("POST", path, { "content-type": "application/json", "transfer-encoding": "chunked" }))
    const pouring = setInterval(() => socket.write(`8000\r\n${"x".repeat(0x8000)}\r\n`), 5)
    assert.strictEqual((await socket.response()).status, path === "/mcp" ? 413 : 404)
    await socket.closed()
    clearInterval(pouring)
    await assertServes(server)
  })

  it.each([undefined, "chunked"])(
    "hears that its body is too long when it looks only after all of it was sent: %s",
    async (chunked) => {
      const server = await HttpServer.start({ http: { maxBodyBytes: 100_000 } })
      const size = 20 * 1024 * 1024
      const length = chunked === undefined ? { "content-length": String(size) } : { "transfer-encoding": chunked }
      const socket = (await RawSocket.open(server.port)).pause()
      socket.write(head("POST", "/mcp", { "content-type": "application/json", ...length }))
      if (chunked !== undefined) socket.write(`${size.toString(16)}\r\n`)
      const sent = new Promise<unknown>((resolve) => socket.socket.write("x".repeat(size), resolve))
      assert.notInstanceOf(await sent, Error)
      if (chunked !== undefined) socket.write("\r\n0\r\n\r\n")
      socket.socket.resume()
      assert.strictEqual((await socket.response()).status, 413)
      // The connection goes on.
      assert.strictEqual(messageOf(await socket.write(modernCall(1, "echo", { text: "x" })).response()).id, 1)
    }
  )
})

describe("a client that does not read", () => {
  const http = { highWaterMark: 10_000, keepAlive: "50 millis", stallTimeout: "200 millis" } as const

  const pour = { count: 3000, size: 10_000 }

  it("is cut off, and its call of the request era is cancelled", async () => {
    const server = await HttpServer.start({ http })
    ;(await RawSocket.open(server.port)).pause().write(modernCall(1, "pour", pour, {}, token))
    await server.gauge.until(({ interrupted }) => interrupted === 1)
    await assertQuiet(server)
  })

  it("is cut off, and its call in a session goes on until it comes back", async () => {
    const server = await HttpServer.start({ http })
    const other = await RawSocket.open(server.port)
    const session = await openSession(other)
    const socket = (await RawSocket.open(server.port)).write(sessionCall(session, 1, "pour", pour, token))
    const [first] = events((await socket.saw("data")).body)
    socket.pause()
    await until(async () => (await server.connections()) === 1)
    await server.gauge.until(({ hanging }) => hanging === 1)
    other.write(listen(session, { "last-event-id": first!.id }))
    await other.saw("data")
    server.gauge.release()
    assert.deepInclude(JSON.parse(events((await other.response()).body).at(-1)!.data), { id: 1 })
    assert.strictEqual(server.gauge.interrupted, 0)
  })

  it("is cut off when its stream has ended, too", async () => {
    const server = await HttpServer.start({
      http: { ...http, highWaterMark: 100_000_000, stallTimeout: "1 minute" },
      listener: { stallTimeout: "200 millis" }
    })
    ;(await RawSocket.open(server.port)).pause().write(modernCall(1, "pour", { count: 3, size: 10_000_000 }, {}, token))
    await server.gauge.until(({ hanging }) => hanging === 1)
    server.gauge.release()
    await assertQuiet(server)
  })

  it("is cut off in the middle of one long answer", async () => {
    const server = await HttpServer.start({ listener: { stallTimeout: "200 millis" } })
    const socket = (await RawSocket.open(server.port)).pause()
    socket.write(modernCall(1, "big", { size: 30_000_000 }))
    await eventually(() => socket.socket.bytesWritten > 0)
    await until(async () => (await server.connections()) === 0)
    await assertServes(server)
  })

  it("gets a long answer as slowly as it likes, as long as it takes some of it", async () => {
    const server = await HttpServer.start({ listener: { stallTimeout: "400 millis" } })
    const socket = (await RawSocket.open(server.port)).pause()
    socket.write(modernCall(1, "big", { size: 30_000_000 }))
    let seen = 0
    const began = performance.now()
    const whole = new Promise<void>((resolve) =>
      socket.socket.on("data", (chunk: Buffer) => {
        if (Math.floor((seen + chunk.length) / 2_000_000) > Math.floor(seen / 2_000_000)) {
          socket.pause()
          setTimeout(() => socket.socket.resume(), 100)
        }
        seen += chunk.length
        if (seen > 30_000_000) resolve()
      })
    )
    socket.socket.resume()
    await whole
    assert.isAbove(performance.now() - began, 1000)
    assert.strictEqual(messageOf(await socket.response()).id, 1)
    // What an idle connection may take is another matter.
    await new Promise((resolve) => setTimeout(resolve, 600))
    assert.strictEqual(messageOf(await socket.write(modernCall(2, "echo", { text: "x" })).response()).id, 2)
  })

  it("makes a stream wait no longer than it has to, however little may be unsent", async () => {
    const server = await HttpServer.start({ http: { highWaterMark: 1 } })
    const socket = (await RawSocket.open(server.port)).write(modernCall(1, "steps", { count: 50, text: "x" }, {}, token))
    assert.strictEqual(events((await socket.response()).body).length, 51)
  })
})
