/**
 * What goes over the wire when a server asks, against the official schemas of each revision, as in `wire.test.ts`: our server's
 * questions, and the answers of our client to it and to the servers of others.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Effect, type Revision } from "../ours.ts"
import { judged, judges, problemsOf, transcriptOf } from "./support/judging.ts"
import { ours, type Program, recorded, theirs } from "./support/programs.ts"
import { connect } from "./support/Session.ts"
import { accept, type Question, rejected, says, User } from "./support/User.ts"
import { type Entry, type Json, Wire } from "./support/Wire.ts"

const replay = "2026-07-28"
const revisions = [replay, "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const

const roots = { roots: [{ uri: "file:///home/ada", name: "home" }] }
const use = { type: "tool_use", id: "1", name: "lookup", input: { word: "monad" } }

/** Someone who agrees to everything, of our server and of those of others. */
const agreeing = ({ method, params }: Question): Json => {
  if (method === "roots/list") return roots
  if (method === "sampling/createMessage") {
    return params.tools === undefined || params.messages.length > 1 ? says("Three") : says([use], "toolUse")
  }
  const contents: { readonly [message: string]: Json } = {
    "What do you want?": { name: "Ada", size: "l" },
    "What on top?": { toppings: ["olives"] },
    "Which size?": { value: "s" },
    "How many?": { value: 3 },
    "Where do you want to sit?": { seat: "w" },
    "What do you eat on w1?": { meal: "fish" },
    "Book w1 with fish?": {},
    "To whom?": { to: "Grace" }
  }
  return params.mode === "url" ? accept() : accept(contents[params.message] ?? assert.fail(params.message))
}

/** What a client declares that can be asked everything that the revision has. */
const capabilitiesOf = (version: string): Json => ({
  roots: {},
  sampling: version >= "2025-11-25" ? { tools: {} } : {},
  ...(version >= "2025-11-25" ? { elicitation: { form: {}, url: {} } } : {}),
  ...(version === "2025-06-18" ? { elicitation: {} } : {})
})

const me = { name: "wire", version: "1.0.0" }

/** A client without a library, in one of the eras. */
interface Asked {
  /** Sends a request and answers what is asked, with what the function says, until it has its result. */
  readonly ask: (method: string, params: Json, answers?: (question: Question) => Json) => Promise<Json>
  /** The same as a client that declares nothing. */
  readonly mute: (method: string, params: Json) => Promise<Json>
  readonly wire: Wire
}

const inRounds = (wire: Wire): Asked => {
  const envelope = (capabilities: Json): Json => ({
    "io.modelcontextprotocol/protocolVersion": replay,
    "io.modelcontextprotocol/clientInfo": me,
    "io.modelcontextprotocol/clientCapabilities": capabilities
  })
  const ask: Asked["ask"] = async (method, params, answers = agreeing) => {
    for (let more: Json = {}; ;) {
      const answer = await wire.request(method, { ...params, ...more, _meta: envelope(capabilitiesOf(replay)) })
      if (answer.result?.resultType !== "input_required") return answer
      const { inputRequests, requestState } = answer.result
      const inputResponses = Object.fromEntries(
        Object.entries<Question>(inputRequests).map(([key, question]) => [key, answers(question)])
      )
      more = { inputResponses, requestState }
    }
  }
  return { wire, ask, mute: (method, params) => wire.request(method, { ...params, _meta: envelope({}) }) }
}

const inSession = async (wire: Wire, version: string): Promise<Asked> => {
  const initialize = (capabilities: Json) =>
    wire.request("initialize", { protocolVersion: version, capabilities, clientInfo: me })
  assert.strictEqual((await initialize(capabilitiesOf(version))).result.protocolVersion, version)
  wire.notify("notifications/initialized")
  let answering = agreeing
  const answerAll = async () => {
    for (let seen = 0; ; seen++) {
      const message = (await wire.received.first(seen + 1))[seen]
      if (message.id === undefined || message.method === undefined) continue
      wire.send({ jsonrpc: "2.0", id: message.id, result: answering(message) })
    }
  }
  void answerAll() // ends with the test
  const ask: Asked["ask"] = (method, params, answers = agreeing) => {
    answering = answers
    return wire.request(method, params)
  }
  const mute = async (method: string, params: Json) => {
    const other = new Wire(ours)
    await other.request("initialize", { protocolVersion: version, capabilities: {}, clientInfo: me })
    const answer = await other.request(method, params)
    await other.end()
    return answer
  }
  return { wire, ask, mute }
}

/** A conversation in which the server asks everything that it can ask. */
const everything = async (version: string): Promise<Wire> => {
  const wire = new Wire(ours)
  const { ask, mute } = version === replay ? inRounds(wire) : await inSession(wire, version)
  const call = (name: string, answers?: (question: Question) => Json, args: Json = {}) =>
    ask("tools/call", { name, arguments: args }, answers)

  const hasForms = version >= "2025-06-18"
  const hasUrls = version >= "2025-11-25"
  for (const [tool, works] of [
    ["askForm", hasForms],
    ["askMany", hasUrls],
    ["askAll", hasForms],
    ["askUrl", hasUrls],
    ["askModel", true],
    ["askTools", hasUrls],
    ["askRoots", true]
  ] as const) {
    assert.strictEqual((await call(tool)).result.isError, works ? undefined : true, tool)
  }
  if (hasForms) {
    for (const action of ["decline", "cancel"]) assert.isTrue((await call("askForm", () => ({ action }))).result.isError)
    const bad = await call("askForm", () => accept({ name: "A" }))
    assert.isTrue(version === replay ? bad.error.code === -32602 : bad.result.isError)
    assert.isUndefined((await call("book", agreeing, { key: "k" })).result.isError)
    assert.strictEqual((await ask("prompts/get", { name: "draft" })).result.messages[0].content.text, "Write to Grace")
  }
  if (version === "2025-11-25") assert.isDefined(await wire.notified("notifications/elicitation/complete"))
  assert.strictEqual((await ask("resources/read", { uri: "interop://desk" })).result.contents[0].text, "file:///home/ada")
  const refused = await mute("tools/call", { name: "askModel", arguments: {} })
  assert.isTrue(version === replay ? refused.error.code === -32021 : refused.result.isError)
  assert.strictEqual(await wire.end(), 0)
  return wire
}

describe("what our server asks", () => {
  for (const version of revisions) {
    describe(`${version}`, () => {
      let wire: Wire
      beforeAll(async () => {
        wire = await everything(version)
      })
      judged(version, () => wire.transcript, "server")

      it("asks in the way of the era", () => {
        const server = wire.transcript.filter(({ from }) => from === "server").map(({ message }) => message)
        const asked = server.filter(({ id, method }) => id !== undefined && method !== undefined)
        const required = server.filter(({ result }) => result?.resultType === "input_required")
        assert.deepStrictEqual([asked.length > 0, required.length > 0], [version !== replay, version === replay])
      })
    })
  }
})

/** The whole conversation of our client with a server that asks, as it went through the pipes. */
const conversation = async (version: Revision.Version, program: Program, file: string): Promise<ReadonlyArray<Entry>> => {
  const user = new User()
  const { client, close, run } = await connect(recorded(program, file), [version], user)
  const call = (tool: string) => run(Effect.result(client.callTool(tool, tool === "book" ? { key: "k" } : {})))
  const tools = (await run(client.listTools)).map(({ name }) => name)
  // SDK servers ask for a list in 2025-06-18, too, which the revision does not have: our client answers with one.
  const isOut = (name: string) => name === "askTitled" && version === "2025-06-18"
  const asking = tools.filter((name) => (name.startsWith("ask") && !isOut(name)) || name === "book" || name === "rounds")
  assert.isAbove(asking.length, 6)
  user.answering(agreeing)
  for (const tool of asking) await call(tool)
  await run(Effect.result(client.getPrompt("draft")))
  for (const uri of ["interop://desk", "peer://desk"]) await run(Effect.result(client.readResource(uri)))
  for (const answer of [{ action: "decline" }, { action: "cancel" }, accept({ name: "A" }), accept({ other: 1 })]) {
    user.answering(() => answer)
    await call("askForm")
  }
  user.answering(() => rejected)
  await call("askModel")
  await close()
  return transcriptOf(file)
}

describe("what our client answers", () => {
  const directory = mkdtempSync(join(tmpdir(), "effect-mcp-"))
  afterAll(() => rmSync(directory, { recursive: true }))

  const programs = { "our server": ours, "sdk v1": theirs("sdk1"), "sdk v2": theirs("sdk2"), "effect/ai": theirs("effectAi") }
  for (const version of revisions) {
    for (const [name, program] of Object.entries(programs)) {
      if (name === "sdk v1" && version === replay) continue // it has only the others
      describe(`${version}, to ${name}`, () => {
        let transcript: ReadonlyArray<Entry>
        beforeAll(async () => {
          transcript = await conversation(version, program, join(directory, `${version} ${name}`.replaceAll("/", " ")))
        })
        judged(version, () => transcript, "client")

        it("answers in the way of the era", () => {
          const client = transcript.filter(({ from }) => from === "client").map(({ message }) => message)
          const results = client.filter(({ result }) => result !== undefined)
          const errors = client.filter(({ error }) => error !== undefined)
          const responses = client.filter(({ params }) => params?.inputResponses !== undefined)
          assert.deepStrictEqual([results.length > 0, responses.length > 0], [version !== replay, version === replay])
          assert.strictEqual(errors.length > 0, version !== replay)
        })
      })
    }
  }
})

describe("the judges see", () => {
  const sees = (version: string, side: "client" | "server", transcript: ReadonlyArray<Entry>): ReadonlyArray<boolean> =>
    Object.values(judges).map((judge) => problemsOf(judge(version), transcript, side, version).length > 0)

  const question = { message: "?", requestedSchema: { type: "object", properties: {} } }
  const asked = (params: Json): ReadonlyArray<Entry> => [
    { from: "server", message: { jsonrpc: "2.0", id: 1, method: "elicitation/create", params } }
  ]
  it("a question of a later revision, and a mode that the revision does not have", () => {
    assert.deepStrictEqual(sees("2025-03-26", "server", asked(question)), [true, true, true])
    assert.deepStrictEqual(sees("2025-06-18", "server", asked(question)), [false, false, false])
    assert.deepStrictEqual(sees("2025-06-18", "server", asked({ ...question, mode: "form" })), [false, false, true])
  })

  it("an answer that is none", () => {
    const answered = (result: Json): ReadonlyArray<Entry> => [
      ...asked(question),
      { from: "client", message: { jsonrpc: "2.0", id: 1, result } }
    ]
    assert.deepStrictEqual(sees("2025-11-25", "client", answered({ action: "accept", content: {} })), [false, false, false])
    assert.deepStrictEqual(sees("2025-11-25", "client", answered({ action: "maybe" })), [true, true, true])
    assert.deepStrictEqual(sees("2025-11-25", "client", answered({ action: "accept", extra: 1 })), [false, false, true])
  })

  it("a question inside of a result that is none", () => {
    const required = (inputRequests: Json): ReadonlyArray<Entry> => [
      { from: "client", message: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "t" } } },
      { from: "server", message: { jsonrpc: "2.0", id: 1, result: { resultType: "input_required", inputRequests } } }
    ]
    const good = { a: { method: "elicitation/create", params: { mode: "form", ...question } } }
    assert.deepStrictEqual(sees("2026-07-28", "server", required(good)), [false, false, false])
    assert.deepStrictEqual(sees("2026-07-28", "server", required({ a: { method: "ping" } })), [true, true, true])
  })
})
