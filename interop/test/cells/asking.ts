/**
 * What our server can ask the clients of others, however they reach it: their user, their model, and for their roots.
 *
 * What asks is in `fixtures/asking.ts`, once for all clients, revisions and eras. A handler runs from its start to its end in a session;
 * where the answer to a call is `input_required`, it runs again for each round, which `book` shows.
 */
import { randomUUID } from "node:crypto"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type Row, rows, since } from "../peers/clients.ts"
import { codeOf, type Driver, type Reach } from "../peers/Driver.ts"
import { accept, type Question, says, User } from "../support/User.ts"
import type { Json } from "../support/Wire.ts"

/** A connected client, who sits at it, and a client of the same kind that nobody sits at. */
interface Party {
  readonly row: Row
  readonly driver: Driver
  readonly user: User
  readonly mute: Driver
}

/** Not supported, for a reason that can be shown. */
interface Not {
  readonly because: string
  readonly proof: (party: Party) => Promise<void>
}
type Cell = "yes" | Not

const yes = "yes"

const isReplay = (row: Row): boolean => since(row, "2026-07-28")

/** A question that cannot be put: the call says so, and nobody was asked. */
const refused = async ({ driver, row, user }: Party, tool: string, detail: string, canDeclare: boolean): Promise<void> => {
  user.answering(() => assert.fail("it was asked"))
  if (canDeclare && isReplay(row)) return assert.strictEqual(await codeOf(driver.call(tool)), -32021)
  const { isError, text } = await driver.call(tool)
  assert.isTrue(isError)
  assert.include(text, detail)
}

const without = (what: string, tool: string, detail: string): Not => ({
  because: `the revision has no ${what}`,
  proof: (party) => refused(party, tool, detail, false)
})
const noForms = without("elicitation", "askForm", "cannot ask the client (elicitation/create)")
const noUrls = without("elicitation by URL", "askUrl", "cannot ask the client (elicitation/create)")
const noLists = without("lists of choices", "askMany", "no lists of choices")
const noTools = without("tools in sampling", "askTools", "tools in sampling")

const noEnd: Not = {
  because: "the revision does not tell of the end of a visit",
  proof: async ({ driver, user }) => {
    user.answering(() => accept())
    assert.strictEqual((await driver.call("askUrl")).text, "paid")
    await driver.call("echo", { text: "what was said before has arrived" })
    assert.deepStrictEqual(user.completed.all, [])
  }
}
const noAsking: Not = {
  because: "McpClient declares nothing that it could be asked, and answers no questions",
  proof: async (party) => {
    await refused(party, "askForm", "did not declare elicitation", true)
    await refused(party, "askModel", "did not declare sampling", true)
    await refused(party, "askRoots", "did not declare roots", true)
  }
}

// prettier-ignore
const table: { readonly [cell: string]: ReadonlyArray<Cell> } = {
  //                        sdk v1   sdk v2                                                effect/ai
  //                        2025-11  2026-07  2025-11  2025-06  2025-03    2024-11         2026-07   2025-11
  form:                    [yes,     yes,     yes,     yes,     noForms,   noForms,        noAsking, noAsking],
  decline:                 [yes,     yes,     yes,     yes,     noForms,   noForms,        noAsking, noAsking],
  cancel:                  [yes,     yes,     yes,     yes,     noForms,   noForms,        noAsking, noAsking],
  "bad answer":            [yes,     yes,     yes,     yes,     noForms,   noForms,        noAsking, noAsking],
  "titled choices":        [yes,     yes,     yes,     yes,     noForms,   noForms,        noAsking, noAsking],
  "list of choices":       [yes,     yes,     yes,     noLists, noForms,   noForms,        noAsking, noAsking],
  defaults:                [yes,     yes,     yes,     yes,     noForms,   noForms,        noAsking, noAsking],
  "several at once":       [yes,     yes,     yes,     yes,     noForms,   noForms,        noAsking, noAsking],
  url:                     [yes,     yes,     yes,     noUrls,  noUrls,    noUrls,         noAsking, noAsking],
  "end of a visit":        [yes,     noEnd,   yes,     noUrls,  noUrls,    noUrls,         noAsking, noAsking],
  model:                   [yes,     yes,     yes,     yes,     yes,       yes,            noAsking, noAsking],
  "model with tools":      [yes,     yes,     yes,     noTools, noTools,   noTools,        noAsking, noAsking],
  "no model today":        [yes,     yes,     yes,     yes,     yes,       yes,            noAsking, noAsking],
  roots:                   [yes,     yes,     yes,     yes,     yes,       yes,            noAsking, noAsking],
  "one after the other":   [yes,     yes,     yes,     yes,     noForms,   noForms,        noAsking, noAsking],
  "a prompt asks":         [yes,     yes,     yes,     yes,     noForms,   noForms,        noAsking, noAsking],
  "a resource asks":       [yes,     yes,     yes,     yes,     yes,       yes,            noAsking, noAsking],
  "takes a question back": [yes,     yes,     yes,     yes,     noForms,   noForms,        noAsking, noAsking],
  "nobody there":          [yes,     yes,     yes,     yes,     yes,       yes,            yes,      yes]
}

const order = { name: "Ada", size: "l", pieces: 3, gift: false }

/** Answers each question of the user by its message. */
const by =
  (answers: { readonly [message: string]: Json }) =>
  ({ params: { message } }: Question): Json =>
    answers[message] ?? assert.fail(`nobody expected "${message}"`)

const roots = [{ uri: "file:///home/ada", name: "home" }, { uri: "file:///tmp" }]

const works: { readonly [cell: string]: (party: Party) => Promise<void> } = {
  form: async ({ driver, row, user }) => {
    user.answering(() => accept(order))
    assert.deepStrictEqual(JSON.parse((await driver.call("askForm")).text), order)
    const [{ method, params }, ...more] = user.asked as [Question]
    assert.deepStrictEqual([method, params.message, more], ["elicitation/create", "What do you want?", []])
    assert.strictEqual(params.mode, since(row, "2025-11-25") ? "form" : undefined)
    assert.deepStrictEqual(params.requestedSchema.properties.name, {
      type: "string",
      title: "Name",
      description: "for the label",
      minLength: 2
    })
    assert.deepStrictEqual(params.requestedSchema.required, ["name", "size"])
  },

  decline: async ({ driver, user }) => {
    user.answering(() => ({ action: "decline" }))
    const { isError, text } = await driver.call("askForm")
    assert.deepStrictEqual([text, isError], ['the user declined to answer "order"', true])
  },

  cancel: async ({ driver, user }) => {
    user.answering(() => ({ action: "cancel" }))
    const { isError, text } = await driver.call("askForm")
    assert.deepStrictEqual([text, isError], ['the user did not answer "order"', true])
  },

  // The SDKs do not hold answers against their forms.
  "bad answer": async ({ driver, row, user }) => {
    user.answering(() => accept({ ...order, pieces: 10 }))
    const call = driver.call("askForm")
    if (isReplay(row)) return assert.strictEqual(await codeOf(call), -32602)
    const { isError, text } = await call
    assert.isTrue(isError)
    assert.include(text, "pieces: ")
  },

  "titled choices": async ({ driver, row, user }) => {
    user.answering(() => accept(order))
    await driver.call("askForm")
    const options = [
      { const: "s", title: "Small" },
      { const: "l", title: "Large" }
    ]
    const said = since(row, "2025-11-25") ? { oneOf: options } : { enum: ["s", "l"], enumNames: ["Small", "Large"] }
    assert.deepStrictEqual(user.asked[0]!.params.requestedSchema.properties.size, { type: "string", ...said })
  },

  "list of choices": async ({ driver, user }) => {
    user.answering(() => accept({ toppings: ["olives"] }))
    assert.deepStrictEqual((await driver.call("askMany")).structured, { toppings: ["olives"] })
  },

  // The user left them out. SDK v1 fills in what it was shown, SDK v2 sends nothing.
  defaults: async ({ driver, row, user }) => {
    user.answering(() => accept({ name: "Ada", size: "s" }))
    const { text } = await driver.call("askForm")
    assert.deepStrictEqual(JSON.parse(text), { name: "Ada", size: "s", pieces: 2, gift: true })
    const { gift, pieces } = user.asked[0]!.params.requestedSchema.properties
    assert.deepStrictEqual([pieces.default, gift.default], [since(row, "2025-11-25") ? 2 : undefined, true])
  },

  "several at once": async ({ driver, user }) => {
    user.answering(by({ "Which size?": accept({ value: "l" }), "How many?": accept({ value: 3 }) }))
    assert.deepStrictEqual((await driver.call("askAll")).structured, { size: "l", pieces: 3 })
    assert.strictEqual(user.asked.length, 2)
    user.answering(by({ "Which size?": accept({ value: "l" }), "How many?": { action: "decline" } }))
    assert.strictEqual((await driver.call("askAll")).text, 'the user declined to answer "pieces"')
  },

  url: async ({ driver, user }) => {
    user.answering(() => accept())
    assert.strictEqual((await driver.call("askUrl")).text, "paid")
    const { message, mode, url } = user.asked[0]!.params
    assert.deepStrictEqual([mode, url, message], ["url", "https://example.com/pay?order=1", "Please pay"])
    user.answering(() => ({ action: "decline" }))
    assert.strictEqual((await driver.call("askUrl")).text, 'the user declined to answer "pay"')
  },

  "end of a visit": async ({ driver, user }) => {
    user.answering(() => accept())
    await driver.call("askUrl")
    const { elicitationId } = user.asked[0]!.params
    await user.completed.find((id) => id === elicitationId)
  },

  model: async ({ driver, user }) => {
    user.answering(() => says("Three"))
    assert.strictEqual((await driver.call("askModel")).text, "Three")
    const [{ method, params }] = user.asked as [Question]
    assert.strictEqual(method, "sampling/createMessage")
    assert.deepInclude(params, {
      systemPrompt: "Count",
      modelPreferences: { hints: [{ name: "small" }], speedPriority: 1 },
      temperature: 0.5,
      stopSequences: ["."],
      maxTokens: 100
    })
    assert.deepStrictEqual(
      params.messages.map(({ content, role }: Json) => [role, content.text]),
      [
        ["user", "One"],
        ["assistant", "Two"],
        ["user", "Go on"]
      ]
    )
  },

  "model with tools": async ({ driver, user }) => {
    const use = (id: string, word: string) => ({ type: "tool_use", id, name: "lookup", input: { word } })
    user.answering(({ params: { messages } }) =>
      messages.length === 1 ? says([use("1", "monad"), use("2", "monoid")], "toolUse") : says("A monoid")
    )
    assert.deepStrictEqual((await driver.call("askTools")).structured, { text: "A monoid", lookups: 2 })
    const [first, second] = user.asked
    assert.strictEqual(first!.params.tools[0].name, "lookup")
    const results = second!.params.messages.at(-1).content
    assert.deepStrictEqual(
      results.map(({ content, toolUseId }: Json) => [toolUseId, content[0].text.split(",")[0]]),
      [
        ["1", "monad"],
        ["2", "monoid"]
      ]
    )
  },

  // In a session the server hears of it. Otherwise the client ends the call, and the error is its own.
  "no model today": async ({ driver, row, user }) => {
    user.answering(() => {
      throw Object.assign(new Error("not today"), { code: -1 })
    })
    const call = driver.call("askModel")
    if (isReplay(row)) return assert.strictEqual(await codeOf(call), -1)
    const { isError, text } = await call
    assert.isTrue(isError)
    assert.include(text, "the client refused sampling/createMessage (-1)")
    assert.include(text, "not today")
  },

  roots: async ({ driver, user }) => {
    user.answering(() => ({ roots }))
    assert.deepStrictEqual(JSON.parse((await driver.call("askRoots")).text), { roots: roots.map(({ uri }) => uri) })
    assert.deepStrictEqual(
      user.asked.map(({ method }) => method),
      ["roots/list"]
    )
  },

  "one after the other": async ({ driver, row, user }) => {
    user.answering(
      by({
        "Where do you want to sit?": accept({ seat: "w" }),
        "What do you eat on w1?": accept({ meal: "fish" }),
        "Book w1 with fish?": accept({})
      })
    )
    const { text } = await driver.call("book", { key: randomUUID() })
    // What happens once happened once, however often the handler ran.
    assert.deepStrictEqual(JSON.parse(text), { ticket: "w1", meal: "fish", runs: isReplay(row) ? 4 : 1, reserved: 1 })
    assert.strictEqual(user.asked.length, 3)
  },

  "a prompt asks": async ({ driver, user }) => {
    user.answering(() => accept({ to: "Grace" }))
    const [message] = await driver.prompt("draft", {})
    assert.strictEqual(message!.content.text, "Write to Grace")
    user.answering(() => ({ action: "decline" }))
    assert.isNumber(await codeOf(driver.prompt("draft", {})))
  },

  "a resource asks": async ({ driver, user }) => {
    user.answering(() => ({ roots }))
    assert.strictEqual((await driver.read("interop://desk"))[0]!.text, "file:///home/ada\nfile:///tmp")
  },

  "takes a question back": async ({ driver, user }) => {
    const { asked, takenBack } = user.thinking()
    const abort = new AbortController()
    const call = driver.call("askForm", {}, { signal: abort.signal })
    await asked
    abort.abort(new Error("enough"))
    assert.notStrictEqual(await codeOf(call), "it was not refused")
    await takenBack
    assert.strictEqual((await driver.call("echo", { text: "still here" })).text, "still here")
  },

  // A client that declares nothing is not asked.
  "nobody there": async ({ mute, row }) => {
    for (const [tool, method] of [
      ["askForm", "elicitation/create"],
      ["askUrl", "elicitation/create"],
      ["askModel", "sampling/createMessage"],
      ["askRoots", "roots/list"]
    ] as const) {
      const call = mute.call(tool)
      if (isReplay(row)) {
        assert.strictEqual(await codeOf(call), -32021)
        continue
      }
      const { isError, text } = await call
      assert.isTrue(isError)
      assert.include(text, `cannot ask the client (${method})`)
    }
  }
}

/** The tests of a client. */
export const testRow = (row: Row, reach: Reach) => {
  const column = rows.indexOf(row)
  describe(`${row.name}, ${row.revision}`, () => {
    let party: Party
    beforeAll(async () => {
      const user = new User()
      party = { row, user, driver: await row.connect(reach, user), mute: await row.connect(reach) }
    })
    afterAll(() => Promise.all([party.driver.close(), party.mute.close()]))

    for (const [name, cells] of Object.entries(table)) {
      const cell = cells[column]!
      if (cell === "yes") it(`${name}`, () => works[name]!(party))
      else it(`${name}: not supported, ${cell.because}`, () => cell.proof(party))
    }

    it("nothing to complain about", () => assert.deepStrictEqual([party.driver.complaints, party.mute.complaints], [[], []]))
  })
}
