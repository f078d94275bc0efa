/**
 * A server over HTTP that is told to end while all kinds of things are open.
 */
import { afterEach, assert, describe, it } from "@effect/vitest"
import { killAll } from "./support/child.ts"
import { HttpProcess } from "./support/httpProcess.ts"
import {
  cutAll,
  events,
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

afterEach(async () => {
  cutAll()
  await killAll()
})

const token = { _meta: { progressToken: 1 } }

/** One of each: calls, a stream, a subscription, an idle connection. */
const open = async (server: HttpProcess) => {
  const connect = () => RawSocket.open(server.port)
  const idle = await connect()
  const session = await openSession(idle)
  const stream = (await connect()).write(listen(session))
  await stream.saw("id: ")
  const subscription = (await connect()).write(
    post(
      modernBody("s", "subscriptions/listen", { notifications: { toolsListChanged: true } }),
      modernHeaders("subscriptions/listen")
    )
  )
  await subscription.saw("acknowledged")
  const modern = (await connect()).write(modernCall("m", "hang"))
  const streaming = (await connect()).write(modernCall("t", "open", {}, {}, token))
  await streaming.saw("begun")
  const inSession = (await connect()).write(sessionCall(session, "c", "hang"))
  const half = (await connect()).write(modernCall("h", "echo", { text: "x" }).slice(0, -5))
  await server.hangs(3)
  return { idle, session, stream, subscription, modern, streaming, inSession, half }
}

/** What was open has its end: the stream of a session, and a subscription with its result. */
const assertListenersEnd = async ({ half, idle, stream, subscription }: Awaited<ReturnType<typeof open>>): Promise<void> => {
  await stream.response()
  const last = JSON.parse(events((await subscription.response()).body).at(-1)!.data)
  assert.deepStrictEqual([last.id, last.result.resultType], ["s", "complete"])
  // What is new is refused, on a connection that is open and with a body that has just arrived.
  for (const response of [
    await half.write("x".repeat(5)).response(),
    await idle.write(modernCall(1, "echo", { text: "x" })).response()
  ]) {
    assert.strictEqual(response.status, 503)
    assert.strictEqual(response.headers["retry-after"], "1")
  }
}

describe.skipIf(process.platform === "win32")("SIGTERM", () => {
  it("refuses what is new, ends who listens, and lets what runs go on to its end", async () => {
    const server = await HttpProcess.start()
    const all = await open(server)
    server.child.process.kill("SIGTERM")
    await assertListenersEnd(all)
    await server.release()
    for (const [socket, id] of [
      [all.modern, "m"],
      [all.streaming, "t"],
      [all.inSession, "c"]
    ] as const) {
      const message = messageOf(await socket.response())
      assert.deepStrictEqual([message.id, message.result.content[0].text], [id, "released"])
    }
    assert.strictEqual(await server.child.end(), 0)
    assert.include(server.child.lines.join("\n"), "closed")
    assert.strictEqual(server.child.stderr, "")
  })

  it("interrupts what has not ended by the deadline, and the process ends all the same", async () => {
    const server = await HttpProcess.start({ http: { drainTimeout: "300 millis" } })
    const all = await open(server)
    const began = performance.now()
    server.child.process.kill("SIGTERM")
    await assertListenersEnd(all)
    assert.strictEqual((await all.modern.response()).status, 503)
    await all.streaming.response()
    assert.strictEqual((await all.inSession.response()).status, 503)
    assert.strictEqual(await server.child.end(), 0)
    assert.isAbove(performance.now() - began, 300)
    assert.isBelow(performance.now() - began, 5000)
    assert.strictEqual(server.child.stderr, "")
  })

  it("waits for nobody when nothing runs", async () => {
    const server = await HttpProcess.start()
    const session = await openSession(await RawSocket.open(server.port))
    await (await RawSocket.open(server.port)).write(listen(session)).saw("id: ")
    const began = performance.now()
    server.child.process.kill("SIGTERM")
    assert.strictEqual(await server.child.end(), 0)
    assert.isBelow(performance.now() - began, 5000)
  })

  it("does not wait for a client that reads nothing", async () => {
    const server = await HttpProcess.start({ http: { drainTimeout: "300 millis" } })
    ;(await RawSocket.open(server.port)).pause().write(modernCall(1, "big", { size: 30_000_000 }))
    ;(await RawSocket.open(server.port)).pause().write(modernCall(1, "pour", { size: 1_000_000, count: 100 }, {}, token))
    await new Promise((resolve) => setTimeout(resolve, 300))
    server.child.process.kill("SIGTERM")
    assert.strictEqual(await server.child.end(), 0)
  })
})
