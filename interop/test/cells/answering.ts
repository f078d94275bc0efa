/**
 * What the servers of others can ask our client, however it reaches them: one test for each cell of a table.
 *
 * The questions are in `fixtures/questions.ts`, and the same user answers in all eras. The servers give back what they were answered.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { page } from "../../fixtures/questions.ts"
import { Effect, Fiber, type McpClientError, type Revision } from "../../ours.ts"
import { connect, type Reach, type Session } from "../support/Session.ts"
import { accept, type Question, rejected, says, User } from "../support/User.ts"
import type { Json } from "../support/Wire.ts"

/** Our client in conversation with a server: with a user, and without one. */
interface Party {
  readonly session: Session
  readonly user: User
  readonly mute: Session
  readonly row: Row
}

/** Not supported, for a reason that can be shown. */
interface Not {
  readonly because: string
  readonly proof: (party: Party) => Promise<void>
}

const cells = [
  "form",
  "decline and cancel",
  "default",
  "answer that does not fit",
  "choice",
  "titles and lists",
  "url",
  "end of a visit",
  "model",
  "model with tools",
  "no model today",
  "roots",
  "no params",
  "several at once",
  "rounds",
  "a prompt asks",
  "a resource asks",
  "takes a question back",
  "nobody there"
] as const
type Name = (typeof cells)[number]

/** A server in one revision. */
export interface Row {
  readonly name: string
  readonly reach: Reach
  readonly revision: Revision.Version
  /** What does not work; everything else does. */
  readonly not: { readonly [cell in Name]?: Not }
}

const call = async ({ client, run }: Session, tool: string): Promise<{ readonly text: string; readonly isError: boolean }> => {
  const { content, isError } = await run(client.callTool(tool))
  return { text: content.map((block) => (block.type === "text" ? block.text : "")).join("\n"), isError: isError === true }
}

/** What the server was answered. */
const answerOf = async ({ session }: Party, tool: string): Promise<Json> => {
  const { isError, text } = await call(session, tool)
  assert.isFalse(isError, text)
  return JSON.parse(text)
}

const reasonOf = async ({ run }: Session, effect: Effect.Effect<unknown, McpClientError.McpClientError>): Promise<Json> =>
  (await run(Effect.flip(effect))).reason

/** What the server says of a call that fails: in a result, or in an error. */
const refusal = async (session: Session, tool: string): Promise<string> => {
  const called = await session.run(Effect.result(session.client.callTool(tool)))
  if (called._tag === "Success") {
    assert.isTrue(called.success.isError)
    return JSON.stringify(called.success.content)
  }
  assert.strictEqual(called.failure.reason._tag, "RequestFailed")
  return called.failure.message
}

const isReplay = ({ row }: Party): boolean => row.revision === "2026-07-28"

/** The user's client gives no answer. The server hears of it in a session; otherwise that is the end of the call. */
const unanswered = async (party: Party, tool: string, code: number, detail: string): Promise<void> => {
  if (isReplay(party)) {
    const reason = await reasonOf(party.session, party.session.client.callTool(tool))
    assert.include(reason, { _tag: "Unanswered", code })
    return assert.include(reason.detail, detail)
  }
  assert.include(await refusal(party.session, tool), detail)
}

/** A question that the server does not put: our client did not declare that it can be asked it, or the server has no words for it. */
const unasked = (because: string, tool: string): Not => ({
  because,
  proof: async ({ session, user }) => {
    user.answering(() => assert.fail("it was asked"))
    await refusal(session, tool)
    assert.isEmpty(user.asked)
  }
})
const noForms = unasked("the revision has no elicitation", "askForm")
const noUrls = unasked("the revision has no elicitation by URL", "askUrl")
const noTools = unasked("the revision has no tools in sampling", "askTools")
const noTitles = unasked("the revision has neither, and effect/ai does not put what it cannot say", "askTitled")

const noEnd: Not = {
  because: "the revision does not tell of the end of a visit",
  proof: async ({ session, user }) => {
    user.answering(() => accept())
    await call(session, "askUrl")
    assert.isFalse(session.told.all.some(({ method }) => method === "notifications/elicitation/complete"))
  }
}
const lostChoice: Not = {
  because: "effect/ai takes a choice for a text in 2025-06-18",
  proof: async (party) => {
    party.user.answering(() => accept(order))
    await answerOf(party, "askForm")
    assert.deepStrictEqual(party.user.asked[0]!.params.requestedSchema.properties.size, { type: "string" })
  }
}
const noRounds: Not = {
  because: "the SDK has no rounds",
  proof: async ({ session: { client, run } }) => {
    const tools = await run(client.listTools)
    assert.isFalse(tools.some(({ name }) => name === "rounds"))
  }
}
const noRoundsHere: Not = {
  because: "effect/ai has rounds in the request era alone",
  proof: async ({ session }) => void (await refusal(session, "rounds"))
}
/** In the request era. */
export const noDesk: Not = {
  because: "resources of effect/ai cannot ask in the request era",
  proof: async ({ session }) => {
    assert.include(await reasonOf(session, session.client.readResource("peer://desk")), { _tag: "RequestFailed", code: -32603 })
  }
}

/** What cannot be asked since 2026-07-28. */
export const in2026 = { "end of a visit": noEnd }
/** In 2025-06-18. */
export const in2025_06 = { url: noUrls, "end of a visit": noUrls, "model with tools": noTools }
/** Before 2025-06-18. */
export const before = {
  ...in2025_06,
  form: noForms,
  "decline and cancel": noForms,
  default: noForms,
  "answer that does not fit": noForms,
  choice: noForms,
  "titles and lists": noForms,
  "several at once": noForms,
  "a prompt asks": noForms,
  "takes a question back": noForms
}
/** What SDK v1 does not ask. */
export const v1 = { rounds: noRounds }
/** What effect/ai does not ask. */
export const ai = { rounds: noRoundsHere }
/** What it does not ask in 2025-06-18. */
export const ai2025_06 = { ...ai, ...in2025_06, choice: lostChoice, "titles and lists": noTitles }

const order = { name: "Ada", size: "s", pieces: 3, gift: false }
const roots = [{ uri: "file:///home/ada", name: "home" }, { uri: "file:///tmp" }]

const works: { readonly [cell in Name]: (party: Party) => Promise<void> } = {
  form: async (party) => {
    const { user } = party
    user.answering(() => accept(order))
    assert.deepStrictEqual(await answerOf(party, "askForm"), { action: "accept", content: order })
    const [{ params }, ...more] = user.asked as [Question]
    assert.deepStrictEqual([params.message, more], ["What do you want?", []])
    assert.deepStrictEqual(params.requestedSchema.properties.pieces, { type: "integer", minimum: 1, maximum: 9 })
  },

  "decline and cancel": async (party) => {
    for (const action of ["decline", "cancel"]) {
      party.user.answering(() => ({ action }))
      assert.deepStrictEqual(await answerOf(party, "askForm"), { action })
    }
  },

  default: async (party) => {
    party.user.answering(() => accept({ name: "Ada", size: "l" }))
    const { content } = await answerOf(party, "askForm")
    assert.deepStrictEqual(content, { name: "Ada", size: "l", gift: true })
  },

  // It does not leave our client.
  "answer that does not fit": async (party) => {
    party.user.answering(() => accept({ ...order, pieces: 10 }))
    await unanswered(party, "askForm", -32603, "the answer does not fit the form")
  },

  choice: async (party) => {
    party.user.answering(() => accept(order))
    await answerOf(party, "askForm")
    const { size } = party.user.asked[0]!.params.requestedSchema.properties
    assert.deepStrictEqual(size, { type: "string", enum: ["s", "l"] })
  },

  // SDK servers say it in 2025-06-18, too, and our client understands it.
  "titles and lists": async (party) => {
    party.user.answering(() => accept({ toppings: ["olives"] }))
    const { content } = await answerOf(party, "askTitled")
    assert.deepStrictEqual(content, { toppings: ["olives"], size: "l", pieces: 2 })
    const { size, toppings } = party.user.asked[0]!.params.requestedSchema.properties
    assert.deepStrictEqual(size.oneOf[1], { const: "l", title: "Large" })
    assert.deepStrictEqual(toppings.items.anyOf[1], { const: "olives", title: "Black olives" })
  },

  url: async (party) => {
    party.user.answering(() => accept())
    assert.deepStrictEqual(await answerOf(party, "askUrl"), { action: "accept" })
    assert.include(party.user.asked[0]!.params, { mode: "url", ...page })
    party.user.answering(() => ({ action: "decline" }))
    assert.deepStrictEqual(await answerOf(party, "askUrl"), { action: "decline" })
  },

  "end of a visit": async (party) => {
    party.user.answering(() => accept())
    await answerOf(party, "askUrl")
    const { params } = await party.session.told.find(({ method }) => method === "notifications/elicitation/complete")
    assert.strictEqual(params.elicitationId, "visit")
  },

  model: async (party) => {
    const { user } = party
    user.answering(() => says("Three"))
    assert.deepInclude(await answerOf(party, "askModel"), says("Three"))
    const { maxTokens, messages, systemPrompt } = user.asked[0]!.params
    assert.deepStrictEqual([maxTokens, systemPrompt], [100, "Count"])
    assert.deepStrictEqual(messages, [{ role: "user", content: { type: "text", text: "How many?" } }])
  },

  "model with tools": async (party) => {
    const uses = says([{ type: "tool_use", id: "1", name: "lookup", input: { word: "three" } }], "toolUse")
    party.user.answering(() => uses)
    assert.deepInclude(await answerOf(party, "askTools"), uses)
    assert.strictEqual(party.user.asked[0]!.params.tools[0].name, "lookup")
  },

  "no model today": async (party) => {
    party.user.answering(() => rejected)
    await unanswered(party, "askModel", -1, "User rejected sampling request")
  },

  roots: async (party) => {
    party.user.answering(() => ({ roots }))
    assert.deepInclude(await answerOf(party, "askRoots"), { roots })
  },

  "no params": async (party) => {
    party.user.answering(() => ({ roots }))
    assert.deepInclude(await answerOf(party, "askBare"), { roots })
  },

  "several at once": async (party) => {
    party.user.answering(({ method }) => (method === "roots/list" ? { roots } : accept(order)))
    const answers = await answerOf(party, "askAll")
    assert.deepStrictEqual([answers.order.content, answers.roots.roots], [order, roots])
    assert.strictEqual(party.user.asked.length, 2)
  },

  rounds: async ({ session, user }) => {
    user.answering(() => accept(order))
    const { text } = await call(session, "rounds")
    assert.strictEqual(text, `one two three ${JSON.stringify({ order: accept(order) })}`)
    assert.strictEqual(user.asked.length, 2)
  },

  "a prompt asks": async ({ session: { client, run }, user }) => {
    user.answering(() => accept(order))
    const { content } = (await run(client.getPrompt("draft"))).messages[0]!
    assert.deepStrictEqual(content.type === "text" && JSON.parse(content.text), { order: accept(order) })
  },

  "a resource asks": async ({ session: { client, run }, user }) => {
    user.answering(() => ({ roots }))
    const [desk] = (await run(client.readResource("peer://desk"))).contents
    assert.deepStrictEqual("text" in desk! && JSON.parse(desk.text).roots.roots, roots)
  },

  "takes a question back": async ({ session, user }) => {
    const { asked, takenBack } = user.thinking()
    const fiber = session.fork(session.client.callTool("askForm"))
    await asked
    await session.run(Fiber.interrupt(fiber))
    await takenBack
    assert.isFalse((await call(session, "chat")).isError)
  },

  // A client that declares nothing is not asked.
  "nobody there": async (party) => {
    for (const tool of ["askForm", "askModel", "askRoots"]) {
      const said = await refusal(party.mute, tool)
      if (isReplay(party)) assert.include(said, "-32021")
    }
  }
}

/** The tests of a row. */
export const testRow = (row: Row) => {
  describe(`${row.name}, ${row.revision}`, () => {
    let party: Party
    beforeAll(async () => {
      const user = new User()
      const versions = [row.revision]
      const session = await connect(row.reach, versions, user)
      party = { row, user, session, mute: await connect(row.reach, versions) }
    })
    afterAll(() => Promise.all([party.session.close(), party.mute.close()]))

    for (const name of cells) {
      const not = row.not[name]
      if (not === undefined) it(`${name}`, () => works[name](party))
      else it(`${name}: not supported, ${not.because}`, () => not.proof(party))
    }
  })
}
