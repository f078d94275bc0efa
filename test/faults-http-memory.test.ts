/**
 * Sessions and streams by the ten thousand, in a process of its own: they take no more than their bounds, and give it back.
 */
import { afterEach, assert, it } from "@effect/vitest"
import { killAll } from "./support/child.ts"
import { HttpProcess } from "./support/httpProcess.ts"
import {
  cutAll,
  greeting,
  listen,
  modernBody,
  modernHeaders,
  openSession,
  post,
  RawSocket,
  say,
  single,
  verdict
} from "./support/socketHttp.ts"

afterEach(async () => {
  cutAll()
  await killAll()
})

/** Does something so many times, on so many connections at once. */
const spread = async (port: number, count: number, connections: number, one: (socket: RawSocket) => Promise<void>) => {
  const share = async () => {
    const socket = await RawSocket.open(port)
    for (let i = 0; i < count / connections; i++) await one(socket)
    socket.cut()
  }
  await Promise.all(Array.from({ length: connections }, share))
}

const abandon = async (socket: RawSocket): Promise<void> => {
  const { status } = await socket.write(greeting()).response()
  assert.strictEqual(status, 200)
}

const mebibyte = 1024 * 1024

it(
  "10,000 sessions that are abandoned take little while they live, and nothing after their time",
  { timeout: 60_000 },
  async () => {
    const server = await HttpProcess.start({ http: { keepAlive: "100 millis" } })
    /** Their time is over, and another one begins: that is when a store looks for them. */
    const pass = async () => {
      await server.later(40 * 60_000)
      await single(server.port, greeting())
      await server.later(61_000)
      await server.has("LiveSession")
    }
    await spread(server.port, 1000, 16, abandon)
    await pass()
    const before = await server.held()
    await spread(server.port, 10_000, 16, abandon)
    const full = await server.held("LiveSession")
    assert.isAtLeast(full.objects.LiveSession, 9900)
    assert.isBelow(full.heap - before.heap, 10_000 * 2048)
    await pass()
    const after = await server.held("PeerState")
    assert.strictEqual(after.objects.PeerState, 0)
    assert.isBelow(after.heap - before.heap, mebibyte)
  }
)

it(
  "more sessions at once than there is place for push out those that are idle, here and in the store",
  { timeout: 60_000 },
  async () => {
    const server = await HttpProcess.start()
    const socket = await RawSocket.open(server.port)
    const [listening, idle] = [await openSession(socket), await openSession(socket)]
    const stream = (await RawSocket.open(server.port)).write(listen(listening))
    await stream.saw("id: ")
    let hasEnded = false
    const ended = () => (hasEnded = true)
    void stream.response(60_000).then(ended, ended)
    await spread(server.port, 12_000, 16, abandon)
    const { objects } = await server.held("LiveSession")
    // Who listens is not let go of.
    assert.isAtMost(objects.LiveSession, 10_001)
    assert.isFalse(hasEnded)
    assert.strictEqual(verdict(await socket.write(say(idle, { id: 1, method: "ping" })).response()), "404 -32001")
  }
)

it("10,000 streams and subscriptions that are opened and dropped leave nothing", { timeout: 90_000 }, async () => {
  const server = await HttpProcess.start()
  const sessions = await Promise.all(Array.from({ length: 16 }, async () => openSession(await RawSocket.open(server.port))))
  let turn = 0
  const drop = async () => {
    const session = sessions[turn++ % sessions.length]!
    const isStream = turn % 2 === 0
    const subscribe = modernBody(1, "subscriptions/listen", { notifications: { toolsListChanged: true } })
    const socket = await RawSocket.open(server.port)
    socket.write(isStream ? listen(session) : post(subscribe, modernHeaders("subscriptions/listen")))
    if (turn % 4 < 2) await socket.saw(isStream ? "id: " : "acknowledged")
    if (turn % 3 === 0) socket.reset()
    else socket.cut()
  }
  await spread(server.port, 1000, 16, drop)
  await server.has("EventStream")
  const before = await server.held("Fiber", "Socket")
  await spread(server.port, 10_000, 16, drop)
  await server.has("EventStream")
  const after = await server.held("Fiber", "Socket", "Call", "Answer", "Track")
  assert.deepInclude(after.objects, { Answer: 0, Call: 0 })
  // Each session has its last one, until it opens another or is idle for a minute.
  assert.isAtMost(after.objects.Track, sessions.length)
  assert.isAtMost(after.objects.Fiber, before.objects.Fiber)
  assert.isAtMost(after.objects.Socket, before.objects.Socket + 4)
  // The priming events of streams can be asked for until the session ends: 4,000 of them.
  assert.isBelow(after.heap - before.heap, 4 * mebibyte)
})
