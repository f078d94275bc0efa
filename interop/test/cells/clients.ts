/**
 * What the clients of others can do with our server, however they reach it.
 *
 * There is one test for each cell: where it says `yes`, that it works, where it says `not`, that the reason is true.
 */
import { randomUUID } from "node:crypto"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type Row, rows, since } from "../peers/clients.ts"
import { codeOf, type Driver, type Progress, type Reach } from "../peers/Driver.ts"

/** Not supported, for a reason that can be shown. */
export interface Not {
  readonly because: string
  readonly proof: (driver: Driver) => Promise<void>
}
type Cell = "yes" | Not

const yes = "yes"

const not = (because: string, proof: Not["proof"]): Not => ({ because, proof })

const noPing = not("the revision has no ping", async (driver) => {
  const error = (await codeOf(driver.ping!())) as string
  assert.strictEqual(error, "METHOD_NOT_SUPPORTED_BY_PROTOCOL_VERSION") // the peer refuses, nothing is sent
})
const noPingApi = not("McpClient has no ping", async (driver) => assert.isUndefined(driver.ping))
const noProgress = not("McpClient never asks for progress", async (driver) => {
  const { structured } = await driver.call("count", { to: 1 })
  assert.deepStrictEqual(structured, { heard: false })
})
// The SDKs look at a notification one microtask later than at an answer. What they read in one go with the answer comes too late, and
// nothing that a server does can rule that out. So all of it either arrives or is complained about.
const mayDrop = not("the peer drops progress that it reads together with the answer", async (driver) => {
  const told: Array<number> = []
  await driver.call("count", { to: 3 }, { onProgress: ({ progress }) => told.push(progress) })
  const complaints = driver.complaints.splice(0).map(String)
  for (const complaint of complaints) assert.include(complaint, "progress notification for an unknown token")
  assert.deepStrictEqual([...told, ...complaints.map((_, i) => told.length + i + 1)], [1, 2, 3])
})
const noLogs = not("McpClient cannot ask for log messages", async (driver) => {
  const { structured } = await driver.call("chat")
  assert.deepStrictEqual(structured, { level: null })
})
const noChanges = not("McpClient tells nobody of notifications", async (driver) => {
  assert.isUndefined(driver.watch)
  await driver.call("toggle") // they do not disturb it
  await driver.call("toggle")
  await driver.list()
})
const noStructured = not("the revision has no structured results: the JSON is in the text", async (driver) => {
  const sum = await driver.call("add", { a: 1, b: 2 })
  assert.deepStrictEqual([sum.structured, JSON.parse(sum.text)], [undefined, { sum: 3 }])
  const measured = await driver.call("measure")
  assert.deepStrictEqual([measured.structured, JSON.parse(measured.text)], [undefined, [1, 2.5]])
})

const noTemplates = not("McpClient cannot list templates", async (driver) => {
  assert.isUndefined(driver.templates)
  assert.isNotEmpty(await driver.read("interop://pages/a")) // it can read them
})
const noSubs = not("McpClient has no subscriptions", async (driver) => {
  assert.isUndefined(driver.subscribe)
  assert.isFalse((await driver.call("touch", { uri: "interop://readme" })).isError) // updates do not disturb it
})
const noCompletion = not("McpClient has no completion", async (driver) => assert.isUndefined(driver.complete))

// prettier-ignore
const table: { readonly [cell: string]: ReadonlyArray<Cell> } = {
  //                        sdk v1   sdk v2                                                      effect/ai
  //                        2025-11  2026-07  2025-11  2025-06  2025-03       2024-11            2026-07     2025-11
  negotiation:             [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  list:                    [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  call:                    [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  "kinds of content":      [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  "structured result":     [yes,     yes,     yes,     yes,     noStructured, noStructured,      yes,        yes],
  failure:                 [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  "failure, not a result": [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  defect:                  [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  "bad arguments":         [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  "unknown tool":          [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  cancel:                  [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  progress:                [yes,     yes,     yes,     yes,     yes,          yes,               noProgress, noProgress],
  "last progress":         [mayDrop, mayDrop, mayDrop, mayDrop, mayDrop,      mayDrop,           noProgress, noProgress],
  "log messages":          [yes,     yes,     yes,     yes,     yes,          yes,               noLogs,     noLogs],
  "changes of the list":   [yes,     yes,     yes,     yes,     yes,          yes,               noChanges,  noChanges],
  resources:               [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  templates:               [yes,     yes,     yes,     yes,     yes,          yes,               noTemplates, noTemplates],
  read:                    [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  "unknown resource":      [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  updates:                 [yes,     yes,     yes,     yes,     yes,          yes,               noSubs,     noSubs],
  prompts:                 [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  prompt:                  [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  "bad prompt":            [yes,     yes,     yes,     yes,     yes,          yes,               yes,        yes],
  completion:              [yes,     yes,     yes,     yes,     yes,          yes,               noCompletion, noCompletion],
  ping:                    [yes,     noPing,  yes,     yes,     yes,          yes,               noPingApi,  noPingApi]
}

const works: { readonly [cell: string]: (driver: Driver, row: Row) => Promise<void> } = {
  negotiation: async (driver, { revision }) => {
    assert.strictEqual(driver.version, revision)
    assert.include(driver.server, { name: "interop", version: "1.2.3" })
    assert.strictEqual(driver.instructions, "Call the tools.")
  },

  list: async (driver, row) => {
    const tools = await driver.list()
    const add = tools.find(({ name }) => name === "add")!
    assert.includeMembers(
      tools.map(({ name }) => name),
      ["add", "show", "raw", "wait"]
    )
    assert.strictEqual(add.outputSchema !== undefined, since(row, "2025-06-18"))
  },

  call: async (driver) => {
    const { isError, text } = await driver.call("echo", { text: "ä€𝄞\n" })
    assert.deepStrictEqual([text, isError], ["ä€𝄞\n", false])
  },

  "kinds of content": async (driver, row) => {
    const { content } = await driver.call("show")
    assert.deepStrictEqual(
      content.map(({ type }) => type),
      [
        "text",
        "text",
        "image",
        since(row, "2025-03-26") ? "audio" : "text",
        since(row, "2025-06-18") ? "resource_link" : "text",
        "resource",
        "resource"
      ]
    )
  },

  // The peer checks it.
  "structured result": async (driver, row) => {
    await driver.list() // from here it has the output schemas
    assert.deepStrictEqual(await driver.callChecked("add", { a: 19, b: 23 }), { sum: 42 })
    if (row.name === "effect/ai" && !since(row, "2026-07-28")) return // its Schema would have to be the one of the object
    const numbers = [1, 2.5]
    assert.deepStrictEqual(await driver.callChecked("measure"), since(row, "2026-07-28") ? numbers : { result: numbers })
  },

  failure: async (driver) => {
    const { isError, text } = await driver.call("remove", { id: "7" })
    assert.deepStrictEqual([text, isError], ["There is no thing 7", true])
  },

  // The tool has an output schema, which is for its results, not for its failures.
  "failure, not a result": async (driver) => {
    await driver.list()
    const { isError, text } = await driver.call("find", { id: "7" })
    assert.deepStrictEqual([text, isError], ["There is no thing 7", true])
  },

  defect: async (driver) => {
    const { isError, text } = await driver.call("crash")
    assert.isTrue(isError)
    assert.match(text, /^Internal error\b.*\([-0-9a-f]{36}\)$/)
    assert.notInclude(text, "on purpose")
  },

  "bad arguments": async (driver, row) => {
    const call = driver.call("add", { a: 1, b: "two" })
    if (!since(row, "2025-11-25")) return assert.strictEqual(await codeOf(call), -32602)
    const { isError, text } = await call
    assert.isTrue(isError)
    assert.include(text, "b: ")
  },

  "unknown tool": async (driver) => assert.strictEqual(await codeOf(driver.call("nothing")), -32602),

  cancel: async (driver) => {
    const key = randomUUID()
    const abort = new AbortController()
    const waiting = driver.call("wait", { key }, { signal: abort.signal })
    await driver.call("seen", { key, what: "started" })
    abort.abort(new Error("enough"))
    assert.notStrictEqual(await codeOf(waiting), "it was not refused")
    // It answers when the handler was interrupted.
    assert.strictEqual((await driver.call("seen", { key, what: "interrupted" })).text, "interrupted")
  },

  // Each step waits until the one before has arrived.
  progress: async (driver, row) => {
    const key = randomUUID()
    const told: Array<unknown> = []
    const onProgress = (progress: Progress) => {
      told.push({ ...progress })
      void driver.call("go", { key })
    }
    assert.deepStrictEqual((await driver.call("count", { to: 3, key }, { onProgress })).isError, false)
    const message = (i: number) => (since(row, "2025-03-26") ? { message: `step ${i}` } : {})
    assert.deepStrictEqual(
      told,
      [1, 2, 3].map((i) => ({ progress: i, total: 3, ...message(i) }))
    )
  },

  "log messages": async (driver) => {
    await driver.callLogged!("info", "chat")
    const messages = await driver.logs.first(2)
    assert.deepStrictEqual(
      messages.map(({ data, level, logger }) => [level, logger, data]),
      [
        ["info", "interop", { message: "a fact", weight: 2 }],
        ["warning", "interop", "a doubt"]
      ]
    )
  },

  "changes of the list": async (driver) => {
    const has = async () => (await driver.list()).some(({ name }) => name === "extra")
    await driver.watch!()
    await driver.call("toggle")
    await driver.changes.first(1)
    assert.isTrue(await has())
    await driver.call("toggle")
    await driver.changes.first(2)
    assert.isFalse(await has())
  },

  resources: async (driver) => {
    const uris = (await driver.resources()).map(({ uri }) => uri)
    assert.deepStrictEqual(uris, ["interop://readme", "interop://pixel", "interop://desk"])
  },

  templates: async (driver) => {
    const [page] = await driver.templates!()
    assert.strictEqual(page!.uriTemplate, "interop://pages/{name}{?line}")
  },

  read: async (driver) => {
    const [readme] = await driver.read("interop://readme")
    assert.deepInclude(readme, { uri: "interop://readme", text: "hello" })
    assert.deepInclude((await driver.read("interop://pixel"))[0], { blob: Buffer.from([1, 2, 3]).toString("base64") })
    const [page] = await driver.read("interop://pages/a%20b?line=2")
    assert.deepStrictEqual(JSON.parse(page!.text!), { name: "a b", line: 2 })
  },

  "unknown resource": async (driver, row) => {
    const code = await codeOf(driver.read("interop://nothing"))
    // SDK v2 has one error for both codes, with the later one.
    assert.strictEqual(code, since(row, "2026-07-28") || row.name === "sdk v2" ? -32602 : -32002)
  },

  updates: async (driver) => {
    const touch = (uri: string) => driver.call("touch", { uri })
    const unsubscribe = await driver.subscribe!("interop://readme")
    await touch("interop://pixel") // nobody subscribed to it
    await touch("interop://readme")
    await driver.updates.first(1)
    await unsubscribe()
    await touch("interop://readme")
    const again = await driver.subscribe!("interop://pixel")
    await touch("interop://pixel")
    await driver.updates.first(2)
    await again()
    assert.deepStrictEqual(driver.updates.all, ["interop://readme", "interop://pixel"])
  },

  prompts: async (driver) => {
    const prompts = await driver.prompts()
    assert.deepStrictEqual(
      prompts.map(({ name }) => name),
      ["letter", "draft"]
    )
    assert.include(prompts[0]!.arguments![0], { name: "to", description: "who gets it", required: true })
  },

  prompt: async (driver, row) => {
    const messages = await driver.prompt("letter", { to: "Ada", topics: '["a","b"]' })
    assert.strictEqual(messages[0]!.role, "user")
    assert.strictEqual(messages[0]!.content.text, "Write to Ada about a and b")
    assert.deepStrictEqual(
      messages.map(({ content }) => content.type),
      ["text", since(row, "2025-03-26") ? "audio" : "text", "resource"]
    )
  },

  "bad prompt": async (driver) => {
    assert.strictEqual(await codeOf(driver.prompt("letter", {})), -32602)
    assert.strictEqual(await codeOf(driver.prompt("nothing", {})), -32602)
  },

  completion: async (driver) => {
    const complete = driver.complete!
    const prompt = { type: "ref/prompt", name: "letter" } as const
    const page = { type: "ref/resource", uri: "interop://pages/{name}{?line}" } as const
    assert.deepStrictEqual(await complete({ ref: prompt, argument: { name: "to", value: "" } }), ["Ada", "Grace"])
    assert.deepStrictEqual(await complete({ ref: page, argument: { name: "name", value: "s" } }), ["second"])
    const nothing = { type: "ref/prompt", name: "nothing" } as const
    assert.strictEqual(await codeOf(complete({ ref: nothing, argument: { name: "to", value: "" } })), -32602)
  },

  ping: async (driver) => void (await driver.ping!())
}

/** What does not work on a way to the server, where it works on others. */
export type Lacks = { readonly [cell: string]: Not }

/** The tests of a client. */
export const testRow = (row: Row, reach: Reach, lacks: Lacks = {}) => {
  const column = rows.indexOf(row)
  describe(`${row.name}, ${row.revision}`, () => {
    let driver: Driver
    beforeAll(async () => {
      driver = await row.connect(reach)
    })
    afterAll(() => driver.close())

    for (const [name, cells] of Object.entries(table)) {
      const cell = lacks[name] ?? cells[column]!
      if (cell === "yes") it(`${name}`, () => works[name]!(driver, row))
      else it(`${name}: not supported, ${cell.because}`, () => cell.proof(driver))
    }

    it("nothing to complain about", () => assert.deepStrictEqual(driver.complaints, []))
  })
}
