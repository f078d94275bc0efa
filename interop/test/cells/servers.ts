/**
 * What our client does with the servers of others, however it reaches them: one test for each cell of a table.
 */
import { randomUUID } from "node:crypto"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Effect, Fiber, McpClient, Queue, Resource, type Revision, Schema, Tool } from "../../ours.ts"
import { connect, type Reach, type Session } from "../support/Session.ts"

/** Not supported, for a reason that can be shown. */
export interface Not {
  readonly because: string
  readonly proof: (session: Session) => Promise<void>
}

const reasonOf = async (session: Session, effect: Effect.Effect<unknown, unknown>): Promise<any> =>
  ((await session.run(Effect.flip(effect))) as { readonly reason: unknown }).reason

/** In the request era. */
export const noPing: Not = {
  because: "the revision has no ping",
  proof: async (session) => assert.include(await reasonOf(session, session.client.ping), { _tag: "RequestFailed", code: -32601 })
}
/** Before 2025-06-18. */
export const noStructured: Not = {
  because: "the revision has no structured results, but the server sends JSON as text",
  proof: async (session) => {
    const { tools } = await session.run(McpClient.of(Add))
    assert.deepStrictEqual(await session.run(tools.add({ a: 19, b: 23 })), { sum: 42 })
  }
}
/** SDK v1. */
export const noArrays: Not = {
  because: "the SDK allows objects alone, it has no such tool",
  proof: async (session) => assert.notInclude(await names(session), "measure")
}

/** What may work. */
export const cells = [
  "negotiation",
  "list",
  "call",
  "structured result",
  "array as a result",
  "error of the tool",
  "exception",
  "bad arguments",
  "unknown tool",
  "cancel",
  "progress",
  "log messages",
  "changes of the list",
  "resources",
  "templates",
  "read",
  "unknown resource",
  "updates",
  "prompts",
  "prompt",
  "bad prompt",
  "completion",
  "ping"
] as const
export type Name = (typeof cells)[number]

/** A server in one revision. */
export interface Row {
  readonly name: string
  readonly reach: Reach
  /** What our client offers; everything by default. */
  readonly versions?: ReadonlyArray<Revision.Version>
  /** What they agree on. */
  readonly revision: Revision.Version
  /** What does not work; everything else does. */
  readonly not?: { readonly [cell in Name]?: Not }
}

const names = async ({ client, run }: Session): Promise<ReadonlyArray<string>> =>
  (await run(client.listTools)).map(({ name }) => name)

const textOf = ({ content }: { readonly content: ReadonlyArray<any> }): string => content.map(({ text }) => text).join("\n")

// The contract of what the peers serve.
const Add = Tool.make("add", {
  parameters: { a: Schema.Finite, b: Schema.Finite },
  success: Schema.Struct({ sum: Schema.Finite })
})
const Echo = Tool.make("echo", { parameters: { text: Schema.String }, success: Schema.String })
const Page = Resource.template("page", "peer://pages/{name}")
const Measure = Tool.make("measure", { success: Schema.Array(Schema.Finite) })

const logLevel = { "io.modelcontextprotocol/logLevel": "info" }

const works: { readonly [cell in Name]: (session: Session, row: Row) => Promise<void> } = {
  negotiation: async ({ client }, { name, revision }) => {
    assert.strictEqual(client.revision.version, revision)
    assert.include(client.serverInfo, {
      name: name.startsWith("effect/ai") ? "effect-ai" : name.slice(0, 6).replace(" v", ""),
      version: "1.0.0"
    })
    assert.strictEqual(client.instructions, "Call the tools.")
    assert.deepInclude(client.capabilities, { tools: { listChanged: true } })
  },

  list: async (session) => assert.includeMembers([...(await names(session))], ["add", "echo", "wait"]),

  call: async ({ client, run }, { name, revision }) => {
    const text = "ä€𝄞\n"
    const result = await run(client.callTool("echo", { text }))
    // In the request era effect/ai has a structured result for everything, and for a text the text is its JSON.
    const isJson = name.startsWith("effect/ai") && revision === "2026-07-28"
    assert.deepStrictEqual([textOf(result), result.isError ?? false], [isJson ? JSON.stringify(text) : text, false])
    const { tools } = await run(McpClient.of(Echo))
    assert.strictEqual(await run(tools.echo({ text })), text)
  },

  "structured result": async ({ run }) => {
    const { tools } = await run(McpClient.of(Add))
    assert.deepStrictEqual(await run(tools.add({ a: 19, b: 23 })), { sum: 42 })
  },

  "array as a result": async ({ run }) => {
    const { tools } = await run(McpClient.of(Measure))
    assert.deepStrictEqual(await run(tools.measure()), [1, 2.5])
  },

  "error of the tool": async ({ client, run }) => {
    const result = await run(client.callTool("fail"))
    assert.deepStrictEqual([textOf(result), result.isError], ["on purpose", true])
  },

  exception: async ({ client, run }) => assert.isTrue((await run(client.callTool("throw"))).isError),

  "bad arguments": async (session, { name, revision }) => {
    const call = session.client.callTool("add", { a: 1, b: "two" })
    // effect/ai follows the revision, as we do; the SDKs answer with a result in all of them.
    if (name.startsWith("effect/ai") && revision < "2025-11-25") {
      return assert.include(await reasonOf(session, call), { _tag: "RequestFailed", code: -32602 })
    }
    assert.isTrue((await session.run(call)).isError)
  },

  "unknown tool": async (session, { name }) => {
    const call = session.client.callTool("nothing")
    if (name.startsWith("sdk v1")) return assert.isTrue((await session.run(call)).isError) // it should be an error
    assert.include(await reasonOf(session, call), { _tag: "RequestFailed", code: -32602 })
  },

  cancel: async ({ client, fork, run }) => {
    const key = randomUUID()
    const waiting = fork(client.callTool("wait", { key }))
    await run(client.callTool("seen", { key, what: "started" }))
    await run(Fiber.interrupt(waiting))
    assert.include(textOf(await run(client.callTool("seen", { key, what: "interrupted" }))), "interrupted")
  },

  progress: async ({ client, run }, { name, revision }) => {
    const hasMessage = revision !== "2024-11-05" || name.startsWith("sdk v1") // which sends it all the same
    const told: Array<unknown> = []
    const onProgress = (progress: unknown) => Effect.sync(() => void told.push(progress))
    await run(client.callTool("count", { to: 3 }, { onProgress }))
    assert.deepStrictEqual(
      told,
      [1, 2, 3].map((i) => ({ progress: i, total: 3, message: hasMessage ? `step ${i}` : undefined }))
    )
  },

  "log messages": async ({ client, run, told }, { revision }) => {
    if (revision !== "2026-07-28") await run(client.setLogLevel("info"))
    await run(client.callTool("chat", {}, revision === "2026-07-28" ? { meta: logLevel } : {}))
    await told.find(({ method }) => method === "notifications/message")
    const messages = told.all.filter(({ method }) => method === "notifications/message")
    assert.deepStrictEqual(
      messages.map(({ params }) => [params.level, params.data]),
      [["warning", { a: "doubt" }]]
    )
  },

  "changes of the list": async (session, { revision }) => {
    const { client, fork, run, told } = session
    const notifications = { toolsListChanged: true }
    const listening =
      revision === "2026-07-28"
        ? fork(client.request("subscriptions/listen", { notifications }, { timeout: Infinity }))
        : undefined
    if (listening !== undefined) await told.find(({ method }) => method === "notifications/subscriptions/acknowledged")
    await run(client.callTool("toggle"))
    await told.find(({ method }) => method === "notifications/tools/list_changed")
    assert.include(await names(session), "extra")
    if (listening !== undefined) await run(Fiber.interrupt(listening))
  },

  resources: async ({ client, run }) => {
    const resources = await run(client.listResources)
    assert.includeMembers(
      resources.map(({ uri }) => uri),
      ["peer://readme", "peer://pixel"]
    )
    assert.include(
      resources.find(({ name }) => name === "readme"),
      { mimeType: "text/plain" }
    )
  },

  templates: async ({ client, run }) => {
    const [page, ...more] = await run(client.listResourceTemplates)
    assert.deepStrictEqual([page!.name, page!.uriTemplate, more], ["page", "peer://pages/{name}", []])
  },

  read: async ({ client, run }) => {
    const read = async (uri: string) => (await run(client.readResource(uri))).contents[0]
    assert.include(await read("peer://readme"), { uri: "peer://readme", text: "hello" })
    assert.include(await read("peer://pixel"), { blob: "AQID" })
    assert.include(await read("peer://pages/first"), { text: "the page first" })
    const { resources } = await run(McpClient.of(Page))
    assert.strictEqual(await run(resources.page({ name: "second" })), "the page second")
  },

  "unknown resource": async (session, { name, revision }) => {
    const reason = await reasonOf(session, session.client.readResource("peer://nothing"))
    // The SDKs have one code in all revisions.
    const code = name.startsWith("effect/ai") && revision !== "2026-07-28" ? -32002 : -32602
    assert.include(reason, { _tag: "RequestFailed", code })
  },

  updates: async ({ client, run, told }, { revision }) => {
    const uri = "peer://readme"
    const touch = (uri: string) => client.callTool("touch", { uri })
    const updates = () => told.all.filter(({ method }) => method === "notifications/resources/updated")
    if (revision === "2026-07-28") {
      const first = Effect.scoped(
        Effect.gen(function* () {
          const { honoured, notifications } = yield* client.listen({ resourceSubscriptions: [uri] })
          assert.deepStrictEqual(honoured.resourceSubscriptions, [uri])
          yield* touch("peer://pixel")
          yield* touch(uri)
          return yield* Queue.take(notifications)
        })
      )
      const { method, params } = await run(first)
      assert.deepStrictEqual([method, params!["uri"]], ["notifications/resources/updated", uri])
      await run(touch(uri))
      return assert.deepStrictEqual(updates(), [])
    }
    await run(client.subscribeResource(uri))
    await run(touch("peer://pixel"))
    await run(touch(uri))
    await told.find(({ method }) => method === "notifications/resources/updated")
    await run(client.unsubscribeResource(uri))
    await run(touch(uri))
    await run(client.ping)
    assert.deepStrictEqual(
      updates().map(({ params }) => params.uri),
      [uri]
    )
  },

  prompts: async ({ client, run }) => {
    const prompts = await run(client.listPrompts)
    const letter = prompts.find(({ name }) => name === "letter")!
    assert.deepInclude(letter, { description: "Drafts a letter" })
    assert.include(letter.arguments![0], { name: "to", required: true })
  },

  prompt: async ({ client, run }) => {
    const [message, ...more] = (await run(client.getPrompt("letter", { to: "Ada" }))).messages
    assert.deepStrictEqual([message, more], [{ role: "user", content: { type: "text", text: "Write to Ada" } }, []])
  },

  "bad prompt": async (session) => {
    const { client } = session
    assert.include(await reasonOf(session, client.getPrompt("letter")), { _tag: "RequestFailed", code: -32602 })
    assert.include(await reasonOf(session, client.getPrompt("nothing")), { _tag: "RequestFailed", code: -32602 })
  },

  completion: async ({ client, run }) => {
    const prompt = { type: "ref/prompt", name: "letter" } as const
    assert.deepStrictEqual((await run(client.complete(prompt, { name: "to", value: "" }))).values, ["first", "second"])
    const page = { type: "ref/resource", uri: "peer://pages/{name}" } as const
    assert.deepStrictEqual((await run(client.complete(page, { name: "name", value: "s" }))).values, ["second"])
  },

  ping: ({ client, run }) => run(client.ping)
}

/** The tests of a row. */
export const testRow = (row: Row) => {
  describe(`${row.name}, ${row.revision}`, () => {
    let session: Session
    beforeAll(async () => {
      session = await connect(row.reach, row.versions)
    })
    afterAll(() => session.close())

    for (const name of cells) {
      const not = row.not?.[name]
      if (not === undefined) it(`${name}`, () => works[name](session, row))
      else it(`${name}: not supported, ${not.because}`, () => not.proof(session))
    }
  })
}
