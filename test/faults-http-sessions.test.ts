/**
 * Sessions against each other, and more of everything than there is place for.
 *
 *     FUZZ_SEED=123 FUZZ_RUNS=10000 npx vitest run test/faults-http-sessions    another seed, longer
 */
import { afterEach, assert, describe, it } from "@effect/vitest"
import * as EventStore from "@effect-mcp/core/EventStore"
import { anonymous } from "@effect-mcp/core/Principal"
import * as SessionStore from "@effect-mcp/core/SessionStore"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { assertServes, HttpServer, stopAll } from "./support/httpServer.ts"
import { eventually } from "./support/child.ts"
import { Random } from "./support/random.ts"
import {
  bodyOf,
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
  say,
  sessionCall,
  sessionHeaders,
  single,
  verdict
} from "./support/socketHttp.ts"

const seed = Number(process.env["FUZZ_SEED"] ?? 20_260_728)
const runs = Number(process.env["FUZZ_RUNS"] ?? 600)

afterEach(async () => {
  cutAll()
  await stopAll()
})

const token = { _meta: { progressToken: 1 } }

/** A client of one session that keeps all that it ever saw. */
class Witness {
  readonly marker: string
  readonly port: number
  session = ""
  seen = ""
  readonly eventIds: Array<string> = []
  private id = 0

  constructor(port: number, marker: string) {
    this.port = port
    this.marker = marker
  }

  private note(body: string): void {
    this.seen += body
    for (const { id } of events(body)) if (id !== undefined) this.eventIds.push(id)
  }

  async open(): Promise<void> {
    const socket = await RawSocket.open(this.port)
    this.session = await openSession(socket)
    socket.cut()
  }

  /** One thing that a client does; some of it is meant for `other`. */
  async step(random: Random, other: Witness): Promise<void> {
    const { marker, session } = this
    const id = ++this.id
    const socket = await RawSocket.open(this.port)
    const answered = async (text: string) => this.note((await socket.write(text).response()).body)
    await random.pick([
      () => answered(sessionCall(session, id, "echo", { text: marker })),
      () => answered(sessionCall(session, id, "steps", { count: 3, text: marker }, token)),
      () => answered(modernCall(id, "echo", { text: marker })),
      () => answered(modernCall(id, "steps", { count: 3, text: marker }, {}, token)),
      // Its connection is lost while something is on its way.
      async () => {
        socket.write(sessionCall(session, id, "steps", { count: 50, text: marker }, token))
        const { body } = await socket.saw(random.chance(0.5) ? "id: " : `${marker} 2`)
        this.note(body)
      },
      // A question, and its answer; the other one answers, too.
      async () => {
        socket.write(sessionCall(session, id, "ask", { text: marker }))
        const asked = events((await socket.saw("elicitation/create")).body).find(({ data }) => data !== "")!
        const question = JSON.parse(asked.data)
        assert.strictEqual(question.params.message, marker)
        const answer = (content: string) => ({ id: question.id, result: { action: "accept", content: { sure: content } } })
        assert.strictEqual(verdict(await single(this.port, say(other.session, answer("no")))), "202")
        assert.strictEqual(verdict(await single(this.port, say(session, answer("yes")))), "202")
        const { body } = await socket.response()
        this.note(body)
        assert.include(body, `${marker} yes`)
      },
      // Everything that it ever saw, from its own session, and what it saw of others.
      async () => {
        const eventId = this.eventIds.length === 0 ? undefined : random.pick(this.eventIds)
        if (eventId === undefined) return
        socket.write(listen(session, { "last-event-id": eventId }))
        this.note((await socket.response()).body)
      },
      async () => {
        const foreign = other.eventIds.filter((eventId) => eventId.startsWith("r"))
        if (foreign.length === 0) return
        const { body, status } = await socket.write(listen(session, { "last-event-id": random.pick(foreign) })).response()
        assert.deepStrictEqual([status, body], [200, ""])
      },
      () => answered(say(session, { method: "notifications/cancelled", params: { requestId: random.between(0, id) } })),
      () => answered(say(session, { id: random.between(0, 9), result: { action: "accept", content: { sure: marker } } })),
      () => answered(say(other.session, { method: "notifications/cancelled", params: { requestId: "x" } }))
    ])()
    socket.cut()
  }
}

it(`nothing of one session is ever seen in another, seed ${seed}, ${runs} steps`, { timeout: 30_000 + runs * 50 }, async () => {
  const server = await HttpServer.start()
  const random = new Random(seed)
  const [a, b] = [new Witness(server.port, "marker-of-alice"), new Witness(server.port, "marker-of-bob")]
  await Promise.all([a.open(), b.open()])
  const walk = async (one: Witness, other: Witness) => {
    for (let run = 0; run < runs / 2; run++) await one.step(random, other)
  }
  await Promise.all([walk(a, b), walk(b, a)])
  for (const [one, other] of [
    [a, b],
    [b, a]
  ] as const) {
    assert.include(one.seen, one.marker)
    assert.notInclude(one.seen, other.marker)
    assert.notInclude(one.seen, other.session)
  }
  assert.deepStrictEqual(server.log, [])
})

describe("a session", () => {
  it("belongs to who opened it: others get 404 for everything", async () => {
    const server = await HttpServer.start({
      http: { authenticate: (exchange) => Effect.succeed({ ...anonymous, subject: exchange.header("authorization") }) }
    })
    const { port } = server
    const alice = { authorization: "alice" }
    const session = await openSession(await RawSocket.open(port), "2025-11-25", alice)
    const stream = (await RawSocket.open(port)).write(listen(session, alice))
    const [primed] = events((await stream.saw("id: ")).body)
    for (const who of [{}, { authorization: "bob" }]) {
      for (const text of [
        say(session, { id: 1, method: "ping" }, who),
        listen(session, who),
        listen(session, { "last-event-id": primed!.id, ...who }),
        head("DELETE", "/mcp", { ...sessionHeaders(session), ...who })
      ]) {
        assert.strictEqual(verdict(await single(port, text)), "404 -32001")
      }
    }
    assert.strictEqual(verdict(await single(port, say(session, { id: 1, method: "ping" }, alice))), "200 result 1")
  })

  it("that is ended is gone for all that it had: its calls end, its streams end, its events are forgotten", async () => {
    const server = await HttpServer.start()
    const { port } = server
    const session = await openSession(await RawSocket.open(port))
    const stream = (await RawSocket.open(port)).write(listen(session))
    const [primed] = events((await stream.saw("id: ")).body)
    const call = (await RawSocket.open(port)).write(sessionCall(session, 1, "open", {}, token))
    await call.saw("begun")
    assert.strictEqual(verdict(await single(port, head("DELETE", "/mcp", sessionHeaders(session)))), "204")
    await server.gauge.until(({ interrupted }) => interrupted === 1)
    await Promise.all([stream.response(), call.response()])
    for (const text of [
      say(session, { id: 1, method: "ping" }),
      listen(session),
      listen(session, { "last-event-id": primed!.id }),
      head("DELETE", "/mcp", sessionHeaders(session))
    ]) {
      assert.strictEqual(verdict(await single(port, text)), "404 -32001")
    }
    await assertServes(server)
  })

  it("makes room when there are too many, the one that was idle for the longest time first", async () => {
    const server = await HttpServer.start({ stores: SessionStore.layerMemory({ maxSessions: 10 }) })
    const socket = await RawSocket.open(server.port)
    const sessions: Array<string> = []
    for (let i = 0; i < 20; i++) sessions.push(await openSession(socket))
    // What is alive here is asked about once in a second.
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const verdicts: Array<string> = []
    for (const session of sessions) verdicts.push(verdict(await socket.write(say(session, { id: 1, method: "ping" })).response()))
    assert.deepStrictEqual(verdicts, [...Array(10).fill("404 -32001"), ...Array(10).fill("200 result 1")])
    assert.deepStrictEqual(server.log.length, 1)
    assert.match(server.log[0]!, /^Warn the session store is full \(10 sessions\)/)
  })

  it("that nobody uses for its time is gone", async () => {
    const server = await HttpServer.start({ server: { sessionTimeout: "1500 millis" } })
    const socket = await RawSocket.open(server.port)
    const [used, idle] = [await openSession(socket), await openSession(socket)]
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 500))
      assert.strictEqual(verdict(await socket.write(say(used, { id: 1, method: "ping" })).response()), "200 result 1")
    }
    assert.strictEqual(verdict(await socket.write(say(idle, { id: 1, method: "ping" })).response()), "404 -32001")
  })
})

describe("more than there is place for", () => {
  it("requests beyond maxRequests get 503, those inside are served, and their places come free", async () => {
    const server = await HttpServer.start({ http: { maxRequests: 4 } })
    const { gauge, port } = server
    for (let round = 1; round <= 2; round++) {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => RawSocket.open(port)))
      const answers = sockets.map((socket) => socket.write(modernCall(1, "hang")).response())
      let refused = 0
      for (const answer of answers) void answer.then(() => refused++)
      await eventually(() => refused === 96)
      assert.strictEqual(gauge.hanging, 4)
      gauge.release()
      const all = await Promise.all(answers)
      assert.deepStrictEqual(Map.groupBy(all, verdict).get("200 result 1")?.length, 4)
      const busy = all.filter(({ status }) => status === 503)
      assert.strictEqual(busy.length, 96)
      assert.deepInclude(busy[0], { body: "more than 4 requests at once\n" })
      assert.strictEqual(busy[0]!.headers["retry-after"], "1")
    }
    await assertServes(server)
  })

  it("bodies that are on their way have a place, too, and give it back", async () => {
    const server = await HttpServer.start({ http: { maxRequests: 4 } })
    const text = modernCall(1, "echo", { text: "x" })
    const sockets: Array<RawSocket> = []
    for (let i = 0; i < 4; i++) sockets.push((await RawSocket.open(server.port)).write(text.slice(0, -10)))
    while ((await single(server.port, text)).status !== 503) await new Promise((resolve) => setTimeout(resolve, 5))
    sockets[0]!.cut()
    assert.strictEqual(verdict(await sockets[1]!.write(text.slice(-10)).response()), "200 result 1")
    await assertServes(server)
    for (const socket of sockets) socket.cut()
    await assertServes(server)
  })

  it("streams beyond maxStreams get 503, and those that were dropped make room", async () => {
    const server = await HttpServer.start({ http: { maxStreams: 3 } })
    const { port } = server
    const session = await openSession(await RawSocket.open(port))
    const others = await Promise.all(
      [1, 2, 3].map(async () => {
        const socket = await RawSocket.open(port)
        const other = await openSession(socket)
        await socket.write(listen(other)).saw("id: ")
        return socket
      })
    )
    const refused = await single(port, listen(session))
    assert.deepInclude(refused, { status: 503, body: "more than 3 streams at once\n" })
    others[0]!.reset()
    while ((await server.connections()) > 3) await new Promise((resolve) => setTimeout(resolve, 5))
    const socket = (await RawSocket.open(port)).write(listen(session))
    await socket.saw("id: ")
    await assertServes(server)
  })

  it("a session that opens its stream again and again has one", async () => {
    const server = await HttpServer.start({ http: { maxStreams: 3 } })
    const session = await openSession(await RawSocket.open(server.port))
    let last: RawSocket | undefined
    for (let i = 0; i < 50; i++) {
      const socket = (await RawSocket.open(server.port)).write(listen(session))
      await socket.saw("id: ")
      await last?.response()
      last = socket
    }
    await assertServes(server)
  })

  it("connections beyond maxConnections are closed", async () => {
    const server = await HttpServer.start({ listener: { maxConnections: 5 } })
    const sockets = await Promise.all(Array.from({ length: 5 }, () => RawSocket.open(server.port)))
    const sixth = await RawSocket.open(server.port)
    assert.strictEqual(await sixth.closed(), "")
    assert.strictEqual(verdict(await sockets[0]!.write(modernCall(1, "echo", { text: "x" })).response()), "200 result 1")
    sockets[1]!.cut()
    while ((await server.connections()) > 4) await new Promise((resolve) => setTimeout(resolve, 5))
    await assertServes(server)
  })

  it("subscriptions beyond 1,024 are refused, and those that were dropped make room", async () => {
    const server = await HttpServer.start()
    const text = post(
      modernBody(1, "subscriptions/listen", { notifications: { toolsListChanged: true } }),
      modernHeaders("subscriptions/listen")
    )
    const sockets: Array<RawSocket> = []
    for (let i = 0; i < 1024; i++) {
      const socket = (await RawSocket.open(server.port)).write(text)
      sockets.push(socket)
      if (i % 64 === 63) await socket.saw("acknowledged")
    }
    await Promise.all(sockets.map((socket) => socket.saw("acknowledged")))
    assert.strictEqual(verdict(await single(server.port, text)), "200 -32603 1")
    for (const socket of sockets) socket.cut()
    while ((await server.connections()) > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await (await RawSocket.open(server.port)).write(text).saw("acknowledged")
    await assertServes(server)
  })
})

it("an authentication that throws or dies refuses its request, and no more", async () => {
  const server = await HttpServer.start({
    http: {
      authenticate: (exchange) => {
        if (exchange.header("x") === "throw") throw new Error("broken")
        return exchange.header("x") === "die" ? Effect.die("broken") : Effect.succeed(anonymous)
      }
    }
  })
  for (const x of ["throw", "die"]) {
    assert.deepInclude(await single(server.port, post("{}", { x })), { status: 500, body: "Internal error\n" })
  }
  assert.strictEqual(server.log.length, 2)
  await assertServes(server)
})

describe("stores that take their time", () => {
  /** A store of events whose replays wait until they are let go. */
  const slowEvents = async () => {
    const replays: Array<Deferred.Deferred<void>> = []
    const memory = Context.get(
      await Effect.runPromise(Effect.scoped(Layer.build(EventStore.layerMemory()))),
      EventStore.EventStore
    )
    const store = EventStore.EventStore.of({
      ...memory,
      replay: (session, id) => {
        const gate = Deferred.makeUnsafe<void>()
        replays.push(gate)
        return Effect.andThen(Deferred.await(gate), memory.replay(session, id))
      }
    })
    return { context: Context.make(EventStore.EventStore, store) as Context.Context<never>, replays }
  }

  it("who comes back twice for one stream has it once, and the first connection ends", async () => {
    const { context, replays } = await slowEvents()
    const server = await HttpServer.start({ context })
    const { port } = server
    const session = await openSession(await RawSocket.open(port))
    const call = (await RawSocket.open(port)).write(sessionCall(session, 1, "open", {}, token))
    const [primed] = events((await call.saw("begun")).body)
    call.cut()
    const back: Array<RawSocket> = []
    for (let i = 1; i <= 2; i++) {
      back.push((await RawSocket.open(port)).write(listen(session, { "last-event-id": primed!.id })))
      while (replays.length < i) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    for (const gate of replays) Deferred.doneUnsafe(gate, Effect.void)
    assert.strictEqual((await back[0]!.response()).body, "")
    server.gauge.release()
    const messages = events((await back[1]!.response()).body).map(({ data }) => JSON.parse(data))
    assert.deepStrictEqual(
      messages.map(({ id, method }) => method ?? id),
      ["notifications/progress", 1]
    )
  })
})

it("a greeting is answered with JSON or with an event, as the client can", async () => {
  const server = await HttpServer.start()
  const { headers, ...rest } = await single(server.port, greeting("2025-11-25", { accept: "text/event-stream" }))
  assert.strictEqual(headers["content-type"], "text/event-stream")
  assert.strictEqual(messageOf({ headers, ...rest }).id, 0)
  assert.strictEqual(
    verdict(await single(server.port, post(bodyOf({ id: 1, method: "ping" }), sessionHeaders(headers["mcp-session-id"]!)))),
    "200 result 1"
  )
})
