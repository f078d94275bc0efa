/**
 * A server over HTTP under mixed load of both eras for a long time: it keeps nothing of what is over.
 *
 *     SOAK_CALLS=2000000 npx vitest run test/soak-http    longer
 */
import { afterEach, assert, it } from "@effect/vitest"
import { killAll } from "./support/child.ts"
import { type Counted, HttpProcess } from "./support/httpProcess.ts"
import { Random } from "./support/random.ts"
import {
  cutAll,
  events,
  head,
  listen,
  type Members,
  messageOf,
  modernBody,
  modernCall,
  modernHeaders,
  openSession,
  post,
  RawSocket,
  type Response,
  say,
  sessionCall,
  sessionHeaders
} from "./support/socketHttp.ts"

const calls = Number(process.env["SOAK_CALLS"] ?? 200_000)

// A worker has one connection for what it does, and one for what it says meanwhile.
const workers = 32

afterEach(async () => {
  cutAll()
  await killAll()
})

const token = { _meta: { progressToken: 1 } }

const textOf = (response: Response): string => {
  const { error, result } = messageOf(response)
  return error === undefined ? result.content[0].text : String(error.code)
}

/** Does one thing after the other, and checks what comes back. */
class Worker {
  private readonly port: number
  private readonly random: Random
  private main!: RawSocket
  private side!: RawSocket
  private session = ""
  private id = 0

  constructor(port: number, seed: number) {
    this.port = port
    this.random = new Random(seed)
  }

  async open(): Promise<void> {
    this.main = await RawSocket.open(this.port)
    this.side = await RawSocket.open(this.port)
    this.session = await openSession(this.main)
  }

  async close(): Promise<void> {
    assert.strictEqual((await this.main.write(head("DELETE", "/mcp", sessionHeaders(this.session))).response()).status, 204)
    this.main.cut()
    this.side.cut()
  }

  private async again(): Promise<void> {
    this.main.cut()
    this.main = await RawSocket.open(this.port)
  }

  private ask(text: string): Promise<Response> {
    return this.main.write(text).response()
  }

  private async tell(message: Members): Promise<void> {
    assert.strictEqual((await this.side.write(say(this.session, message)).response()).status, 202)
  }

  /** One call, of whichever kind. */
  async step(): Promise<void> {
    const { random, session } = this
    const id = ++this.id
    const text = `text ${id}`
    const roll = random.below(1000)
    const isModern = random.chance(0.5)
    const call = (name: string, args: Members = {}, more: Members = {}) =>
      isModern ? modernCall(id, name, args, {}, more) : sessionCall(session, id, name, args, more)
    if (roll < 350) assert.strictEqual(textOf(await this.ask(call("echo", { text }))), text)
    else if (roll < 600) await this.list(isModern, id)
    else if (roll < 750) {
      const response = await this.ask(call("steps", { count: 3, text }, token))
      assert.include(response.body, `${text} 3`)
      assert.strictEqual(textOf(response), text)
    } else if (roll < 870) assert.strictEqual(messageOf(await this.ask(call("fail"))).result.isError, true)
    else if (roll < 940) await (isModern ? this.round(id, text) : this.question(id, text))
    else if (roll < 980) await (isModern ? this.leave(call("hang")) : this.cancel(id))
    else if (roll < 990) await (isModern ? this.subscribe(id) : this.resume(id, text))
    else await this.renew()
  }

  private async list(isModern: boolean, id: number): Promise<void> {
    const text = isModern
      ? post(modernBody(id, "tools/list"), modernHeaders("tools/list"))
      : say(this.session, { id, method: "tools/list" })
    assert.strictEqual(messageOf(await this.ask(text)).result.tools.length, 10)
  }

  private async question(id: number, text: string): Promise<void> {
    this.main.write(sessionCall(this.session, id, "ask", { text }))
    const seen = events((await this.main.saw("elicitation/create")).body)
    const { id: question } = JSON.parse(seen.find(({ data }) => data.includes("elicitation/create"))!.data)
    await this.tell({ id: question, result: { action: "accept", content: { sure: "yes" } } })
    assert.strictEqual(textOf(await this.main.response()), `${text} yes`)
  }

  private async round(id: number, text: string): Promise<void> {
    const { result } = messageOf(await this.ask(modernCall(id, "ask", { text })))
    assert.strictEqual(result.resultType, "input_required")
    const answers = { sure: { action: "accept", content: { sure: "yes" } } }
    const more = { inputResponses: answers, requestState: result.requestState }
    assert.strictEqual(textOf(await this.ask(modernCall(id, "ask", { text }, {}, more))), `${text} yes`)
  }

  private async cancel(id: number): Promise<void> {
    this.main.write(sessionCall(this.session, id, "open", {}, token))
    await this.main.saw("begun")
    await this.tell({ method: "notifications/cancelled", params: { requestId: id } })
    await this.main.response()
  }

  private async leave(text: string): Promise<void> {
    this.main.write(text)
    await this.again()
  }

  private async resume(id: number, text: string): Promise<void> {
    this.main.write(sessionCall(this.session, id, "steps", { count: 5, text }, token))
    const [first] = events((await this.main.saw("id: ")).body)
    await this.again()
    assert.strictEqual(textOf(await this.ask(listen(this.session, { "last-event-id": first!.id }))), text)
  }

  private async subscribe(id: number): Promise<void> {
    const filter = { notifications: { toolsListChanged: true } }
    this.main.write(post(modernBody(id, "subscriptions/listen", filter), modernHeaders("subscriptions/listen")))
    await this.main.saw("acknowledged")
    await this.again()
  }

  private async renew(): Promise<void> {
    this.main.write(listen(this.session))
    await this.main.saw("id: ")
    assert.strictEqual((await this.side.write(head("DELETE", "/mcp", sessionHeaders(this.session))).response()).status, 204)
    await this.main.response()
    this.session = await openSession(this.main)
  }
}

const load = async (port: number, count: number): Promise<void> => {
  let left = count
  const work = async (_: unknown, seed: number) => {
    const worker = new Worker(port, seed)
    await worker.open()
    while (left-- > 0) await worker.step()
    await worker.close()
  }
  await Promise.all(Array.from({ length: workers }, work))
}

const classes: ReadonlyArray<Counted> = ["LiveSession", "Track", "EventStream", "Answer", "PeerState", "Call", "Fiber", "Socket"]

it(`${calls} mixed calls over ${2 * workers} connections leave nothing`, { timeout: 60_000 + calls }, async () => {
  const server = await HttpProcess.start()
  await load(server.port, Math.min(calls, 20_000))
  await server.has("PeerState")
  const before = await server.held(...classes)
  await load(server.port, calls)
  await server.has("PeerState")
  const after = await server.held(...classes)
  assert.deepInclude(after.objects, { LiveSession: 0, Track: 0, EventStream: 0, Answer: 0, PeerState: 0, Call: 0 })
  assert.isAtMost(after.objects.Fiber, before.objects.Fiber)
  assert.isAtMost(after.objects.Socket, before.objects.Socket + 4)
  assert.deepStrictEqual(after.resources, before.resources)
  const perCall = (after.heap - before.heap) / calls
  assert.isBelow(perCall, 10)
  assert.strictEqual(server.child.stderr, "")
  assert.strictEqual(server.child.lines.length, 1)
  server.child.process.kill("SIGTERM")
  assert.strictEqual(await server.child.end(), 0)
})
