/**
 * What goes over the wire, against the official schemas of each revision.
 *
 * `@modelcontextprotocol/core` has Zod schemas, and of them one set for all: it stands for 2025-11-25 and 2026-07-28 together and is
 * the nearest for the others. So there are three judges: that set, the official JSON Schema of the revision (`schemas/`), and the
 * same with all objects closed, which finds members that the revision does not have.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Effect, Fiber, Layer, McpClient, type Revision, StdioClientTransport } from "../ours.ts"
import { Inbox } from "./support/Inbox.ts"
import { judged, judges, problemsOf, transcriptOf } from "./support/judging.ts"
import { ours, recorded, theirs } from "./support/programs.ts"
import { type Entry, type Json, Wire } from "./support/Wire.ts"

const requestEra = ["2026-07-28"] as const
const sessionEra = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const
const revisions = [...requestEra, ...sessionEra]

const me = { name: "wire", version: "1.0.0" }

/** A conversation in which the server says everything that it can say. */
const everything = async (version: string): Promise<Wire> => {
  const isModern = (requestEra as ReadonlyArray<string>).includes(version)
  const wire = new Wire(ours)
  const envelope = {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientInfo": me,
    "io.modelcontextprotocol/clientCapabilities": {}
  }
  const params = (own?: Json, meta?: Json): Json =>
    isModern ? { ...own, _meta: { ...envelope, ...meta } } : meta === undefined ? own : { ...own, _meta: meta }
  const ask = (method: string, own?: Json, meta?: Json, id?: string) => wire.request(method, params(own, meta), id)
  const call = (name: string, args?: Json, meta?: Json) =>
    ask("tools/call", { name, ...(args === undefined ? {} : { arguments: args }) }, meta)

  if (isModern) {
    assert.deepStrictEqual((await ask("server/discover")).result.supportedVersions, [version])
    assert.strictEqual((await wire.request("server/discover", {})).error.code, -32602)
    assert.strictEqual((await wire.request("tools/list", {})).error.code, -32600) // it may be of either era
    const unknown = { ...envelope, "io.modelcontextprotocol/protocolVersion": "2030-01-01" }
    assert.strictEqual((await wire.request("tools/list", { _meta: unknown })).error.code, -32022)
    const told = { toolsListChanged: true, resourceSubscriptions: ["interop://readme"] }
    void wire.request("subscriptions/listen", params({ notifications: told }), "listening")
    await wire.notified("notifications/subscriptions/acknowledged")
    await call("chat", {}, { "io.modelcontextprotocol/logLevel": "debug" })
  } else {
    const opened = await ask("initialize", { protocolVersion: version, capabilities: {}, clientInfo: me })
    assert.strictEqual(opened.result.protocolVersion, version)
    wire.notify("notifications/initialized")
    assert.deepStrictEqual((await ask("ping")).result, {})
    assert.deepStrictEqual((await ask("logging/setLevel", { level: "debug" })).result, {})
    assert.strictEqual((await ask("logging/setLevel", { level: "loud" })).error.code, -32602)
    assert.isDefined((await ask("initialize", { protocolVersion: version, capabilities: {}, clientInfo: me })).error)
    await call("chat")
  }
  assert.isDefined((await wire.notified("notifications/message")).params.data)

  const { resources } = (await ask("resources/list")).result
  assert.deepStrictEqual(
    resources.map(({ uri }: Json) => uri),
    ["interop://readme", "interop://pixel", "interop://desk"]
  )
  assert.strictEqual((await ask("resources/templates/list")).result.resourceTemplates.length, 1)
  for (const uri of ["interop://readme", "interop://pixel", "interop://pages/a%20b?line=2"]) {
    assert.strictEqual((await ask("resources/read", { uri })).result.contents[0].uri, uri)
  }
  const missing = isModern ? -32602 : -32002
  for (const [uri, code] of [
    ["interop://nothing", missing],
    ["interop://pages/none", 1],
    ["interop://pages/a?line=x", -32602]
  ] as const) {
    assert.strictEqual((await ask("resources/read", { uri })).error.code, code)
  }
  const readme = { uri: "interop://readme" }
  if (!isModern) assert.deepStrictEqual((await ask("resources/subscribe", readme)).result, {})
  await call("touch", readme)
  assert.strictEqual((await wire.notified("notifications/resources/updated")).params.uri, readme.uri)
  if (!isModern) assert.deepStrictEqual((await ask("resources/unsubscribe", readme)).result, {})
  assert.strictEqual((await ask("prompts/list")).result.prompts.length, 2)
  const letter = await ask("prompts/get", { name: "letter", arguments: { to: "Ada", topics: '["a","b"]' } })
  assert.strictEqual(letter.result.messages[0].content.text, "Write to Ada about a and b")
  assert.strictEqual((await ask("prompts/get", { name: "letter" })).error.code, -32602)
  for (const [ref, name] of [
    [{ type: "ref/prompt", name: "letter" }, "to"],
    [{ type: "ref/resource", uri: "interop://pages/{name}{?line}" }, "name"]
  ] as const) {
    const { completion } = (await ask("completion/complete", { ref, argument: { name, value: "" } })).result
    assert.strictEqual(completion.total, 2)
  }

  const { tools } = (await ask("tools/list")).result
  assert.isAbove(tools.length, 10)
  assert.strictEqual((await ask("tools/list", { cursor: "nowhere" })).error.code, -32602)
  for (const name of ["show", "measure"]) assert.isNotEmpty((await call(name)).result.content)
  for (const [name, args] of [
    ["add", { a: 1, b: 2 }],
    ["echo", { text: "hello" }],
    ["find", { id: "1" }],
    ["raw", { size: "m" }]
  ] as const) {
    assert.isUndefined((await call(name, args)).result.isError)
  }
  for (const name of ["remove", "find"]) assert.isTrue((await call(name, { id: "7" })).result.isError)
  assert.isTrue((await call("crash")).result.isError)
  const bad = [await call("add", { a: "one" }), await call("raw", { size: "xl" })]
  for (const answer of bad) assert.isTrue(version >= "2025-11-25" ? answer.result.isError : answer.error.code === -32602)
  assert.strictEqual((await call("nothing")).error.code, -32602)
  assert.strictEqual((await ask("tools/call", { name: 1 })).error.code, -32602)
  assert.strictEqual((await ask("no/such/method")).error.code, -32601)

  for (const progressToken of [7, "seven"]) {
    await call("count", { to: 2 }, { progressToken })
    await wire.received.find(({ params }) => params?.progressToken === progressToken && params.progress === 2)
  }
  await call("toggle")
  await wire.notified("notifications/tools/list_changed")
  assert.include(
    (await ask("tools/list")).result.tools.map(({ name }: Json) => name),
    "extra"
  )

  const waiting = ask("tools/call", { name: "wait", arguments: { key: "k" } }, undefined, "waiting")
  await call("seen", { key: "k", what: "started" })
  wire.notify("notifications/cancelled", { requestId: "waiting", reason: "enough" })
  await call("seen", { key: "k", what: "interrupted" })
  void waiting // is never answered

  if (version === "2025-03-26") {
    wire.send([
      { jsonrpc: "2.0", id: "b1", method: "ping" },
      { jsonrpc: "2.0", method: "notifications/nothing" },
      { jsonrpc: "2.0", id: "b2", method: "tools/call", params: { name: "echo", arguments: { text: "in a batch" } } }
    ])
    await wire.received.find(Array.isArray)
  }
  wire.send({ jsonrpc: "2.0", id: "m", methode: "ping" })
  await wire.received.find(({ id }) => id === "m")
  wire.write("{ this is no JSON")
  await ask(isModern ? "tools/list" : "ping")
  assert.strictEqual(await wire.end(), 0)
  return wire
}

describe("what our server says", () => {
  for (const version of revisions) {
    describe(`${version}`, () => {
      let wire: Wire
      beforeAll(async () => {
        wire = await everything(version)
      })
      judged(version, () => wire.transcript, "server")

      it("nothing for a cancelled request, and the result of a subscription at the end", () => {
        const answered = (id: string) => wire.received.all.some((message) => message.id === id)
        assert.deepStrictEqual([answered("waiting"), answered("listening")], [false, version === "2026-07-28"])
      })
    })
  }
})

/** The whole conversation of our client with a server, as it went through the pipes. */
const conversation = async (
  version: Revision.Version,
  server: "ours" | "theirs",
  directory: string
): Promise<ReadonlyArray<Entry>> => {
  const isModern = (requestEra as ReadonlyArray<string>).includes(version)
  const file = join(directory, `${version} ${server}`)
  const { args, command } = recorded(server === "ours" ? ours : theirs("sdk1"), file)
  const told = new Inbox<{ readonly method: string }>()
  const Client = McpClient.layer({
    name: "ours",
    version: "1.0.0",
    title: "Ours",
    description: "Says everything that it can say",
    websiteUrl: "https://example.com/ours",
    icons: [{ src: "https://example.com/icon.png", mimeType: "image/png", sizes: ["48x48"], theme: "dark" }],
    versions: [version],
    onNotification: (notification) => Effect.sync(() => told.push(notification))
  }).pipe(Layer.provide(StdioClientTransport.layer({ command, args: [...args] })))

  const program = Effect.gen(function* () {
    const client = yield* McpClient.McpClient
    yield* client.listTools
    yield* client.callTool("add", { a: 1, b: 2 })
    yield* client.callTool("echo", { text: "hello" }, { meta: { "example.com/note": "mine" } })
    yield* client.callTool("count", { to: 2 }, { onProgress: () => Effect.void })
    yield* Effect.exit(client.callTool("nothing"))
    const waiting = yield* Effect.forkChild(client.callTool("wait", { key: "k" }), { startImmediately: true })
    yield* client.callTool("seen", { key: "k", what: "started" })
    yield* Fiber.interrupt(waiting)
    yield* client.callTool("seen", { key: "k", what: "interrupted" })
    if (server === "ours") {
      yield* client.listResources
      yield* client.listResourceTemplates
      yield* client.readResource("interop://readme")
      yield* client.listPrompts
      yield* client.getPrompt("letter", { to: "Ada" })
      yield* client.complete({ type: "ref/prompt", name: "letter" }, { name: "to", value: "A" }, { topics: "[]" })
    } else {
      const { content } = yield* client.callTool("ask")
      assert.include(JSON.stringify(content), "-32601")
    }
    if (isModern) {
      const listening = yield* Effect.forkChild(
        client.request("subscriptions/listen", { notifications: { toolsListChanged: true } }, { timeout: Infinity }),
        { startImmediately: true }
      )
      yield* Effect.promise(() => told.find(({ method }) => method === "notifications/subscriptions/acknowledged"))
      yield* Fiber.interrupt(listening)
      yield* client.callTool("chat", {}, { meta: { "io.modelcontextprotocol/logLevel": "debug" } })
    } else {
      yield* client.ping
      yield* client.setLogLevel("debug")
      yield* client.callTool("chat")
    }
    yield* Effect.promise(() => told.find(({ method }) => method === "notifications/message"))
  })
  await Effect.runPromise(Effect.scoped(Effect.provide(program, Client)))
  return transcriptOf(file)
}

describe("what our client says", () => {
  const directory = mkdtempSync(join(tmpdir(), "effect-mcp-"))
  afterAll(() => rmSync(directory, { recursive: true }))

  const conversations = [
    ...revisions.map((version) => ({ version, server: "ours" }) as const),
    // It also asks the client in return.
    ...sessionEra.map((version) => ({ version, server: "theirs" }) as const)
  ]
  for (const { server, version } of conversations) {
    describe(`${version}, to ${server === "ours" ? "our server" : "a server of sdk v1"}`, () => {
      let transcript: ReadonlyArray<Entry>
      beforeAll(async () => {
        transcript = await conversation(version, server, directory)
      })
      judged(version, () => transcript, "client")
    })
  }
})

describe("the judges see", () => {
  const answer = (result: Json): ReadonlyArray<Entry> => [
    { from: "client", message: { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} } },
    { from: "server", message: { jsonrpc: "2.0", id: 1, result } }
  ]
  const tool = { name: "t", inputSchema: { type: "object" } }
  const sees = (version: string, transcript: ReadonlyArray<Entry>): ReadonlyArray<boolean> =>
    Object.values(judges).map((judge) => problemsOf(judge(version), transcript, "server", version).length > 0)

  it("nothing where nothing is wrong", () => {
    for (const version of sessionEra) assert.deepStrictEqual(sees(version, answer({ tools: [tool] })), [false, false, false])
    const modern = { tools: [tool], resultType: "complete", ttlMs: 0, cacheScope: "private" }
    assert.deepStrictEqual(sees("2026-07-28", answer(modern)), [false, false, false])
  })
  it("a member of the wrong type", () => {
    for (const version of sessionEra)
      assert.deepStrictEqual(sees(version, answer({ tools: [{ name: "t" }] })), [true, true, true])
  })
  it("a member that is missing in one revision: not the schemas of the package", () => {
    assert.deepStrictEqual(sees("2026-07-28", answer({ tools: [tool] })), [false, true, true])
  })
  it("a member of a later revision: only the closed schema", () => {
    assert.deepStrictEqual(sees("2025-06-18", answer({ tools: [{ ...tool, icons: [] }] })), [false, false, true])
  })
  it("an answer to nothing, and a notification of another revision", () => {
    const unasked: ReadonlyArray<Entry> = [{ from: "server", message: { jsonrpc: "2.0", id: 9, result: {} } }]
    assert.deepStrictEqual(sees("2025-11-25", unasked), [true, true, true])
    const message = { jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params: { notifications: {} } }
    assert.deepStrictEqual(sees("2025-11-25", [{ from: "server", message }]), [true, true, true])
  })
})
