/** What each revision may declare and has: completions, logging, elicitation, tasks. */
import * as Completion from "@effect-mcp/core/Completion"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpServer from "../src/McpServer.ts"
import { answer, at, info, refusal, type Since, stamp, versions } from "./support/fixture.ts"
import { clientInfo, type Json, key, type RawPeer, serve, settle } from "./support/peer.ts"

const questions = {
  form: { message: "Sure?", requestedSchema: { type: "object", properties: { sure: { type: "boolean" } }, required: ["sure"] } },
  url: { mode: "url", message: "Sign in", url: "https://example.com/sign-in" }
}

class All extends McpGroup.make(
  "all",
  Tool.make("ask", { parameters: { mode: Schema.Literals(["form", "url"]) }, success: Schema.String }),
  Tool.make("hello", { success: Schema.String }),
  Prompt.make("packing", { parameters: { city: Schema.String, street: Schema.optionalKey(Schema.String) } }),
  Resource.make("page", "all://page")
) {}

const AllLive = All.toLayer({
  tools: {
    // Written by hand: what `Elicitation` makes of a question is another matter.
    ask: ({ mode }) =>
      Effect.flatMap(RequestContext, ({ asking }) =>
        Effect.map(asking.ask({ key: "sure", method: "elicitation/create", params: questions[mode] }), ({ action }) =>
          String(action)
        )
      ),
    hello: () => Effect.succeed("hello")
  },
  resources: { page: () => Effect.succeed("page") },
  prompts: {
    packing: Completion.suggesting(({ city }) => Effect.succeed(city), {
      street: (value, { city }) => Effect.succeed([`${value} in ${city ?? "any city"}`])
    })
  }
})

const Server = McpServer.layer(info, All).pipe(Layer.provide(AllLive))

const capabilities: Since<Json> = {
  "2024-11-05": {
    tools: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    prompts: { listChanged: true },
    logging: {}
  },
  "2025-03-26": {
    tools: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    prompts: { listChanged: true },
    completions: {},
    logging: {}
  }
}

/** A client that declares these capabilities, in the way of its revision. */
const speaking = (version: (typeof versions)[number], declared: Json = {}) =>
  Effect.gen(function* () {
    const peer = yield* (yield* serve(Server)).open()
    yield* peer.speak(version, declared)
    const meta = version === "2026-07-28" ? { [key("clientCapabilities")]: declared } : {}
    return { peer, meta }
  })

describe.each(versions)("transcript: capabilities in %s", (version) => {
  it.effect("are declared as the revision names them; tasks and extensions are not", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).open()
      peer.version = version
      const [method, params] =
        version === "2026-07-28"
          ? ["server/discover", {}]
          : ["initialize", { protocolVersion: version, capabilities: {}, clientInfo }]
      const { result } = yield* peer.request(method, params)
      assert.deepStrictEqual(result.capabilities, at(capabilities, version))
    })
  )

  it.effect("completion works in each of them, with the context that clients send since 2025-06-18", () =>
    Effect.gen(function* () {
      const { peer } = yield* speaking(version)
      const argument = { name: "street", value: "High" }
      const ref = { type: "ref/prompt", name: "packing" }
      const said = (value: string) => answer(version, 1, { completion: { values: [value], total: 1, hasMore: false } })
      assert.deepStrictEqual(yield* peer.request("completion/complete", { ref, argument }, 1), said("High in any city"))
      peer.clear()
      const context = { arguments: { city: "Oslo" } }
      const titled = { ref: { ...ref, title: "Packing" }, argument, context }
      assert.deepStrictEqual(yield* peer.request("completion/complete", titled, 1), said("High in Oslo"))
    })
  )

  it.effect("the level of log messages is a method until 2025-11-25", () =>
    Effect.gen(function* () {
      const { peer } = yield* speaking(version)
      const expected: Since<Json> = {
        "2024-11-05": { jsonrpc: "2.0", id: 1, result: {} },
        "2026-07-28": refusal(1, -32601, "Method not found: logging/setLevel")
      }
      assert.deepStrictEqual(yield* peer.request("logging/setLevel", { level: "info" }, 1), at(expected, version))
    })
  )
})

describe.each(versions)("transcript: tasks in %s", (version) => {
  it.effect.each(["tasks/get", "tasks/result", "tasks/list", "tasks/cancel", "tasks/update"])(
    "are not declared, so there is no %s",
    (method) =>
      Effect.gen(function* () {
        const { peer } = yield* speaking(version, { tasks: { list: {}, cancel: {} } })
        const expected = refusal(1, -32601, `Method not found: ${method}`)
        assert.deepStrictEqual(yield* peer.request(method, { taskId: "t" }, 1), expected)
      })
  )

  it.effect("a call that wants to be one is a call like any other", () =>
    Effect.gen(function* () {
      const { peer } = yield* speaking(version)
      for (const task of [{}, { ttl: 60_000 }, "malformed"]) {
        peer.clear()
        const called = yield* peer.request("tools/call", { name: "hello", task }, 1)
        assert.deepStrictEqual(called, answer(version, 1, { content: [{ type: "text", text: "hello" }] }))
        assert.deepStrictEqual(peer.messages, [called])
      }
    })
  )
})

/** What comes of a question: it is put, or what the client is told instead. */
type Comes = "asked" | { readonly detail: string; readonly required?: Json }

const noElicitation = (version: string): Comes => ({ detail: `revision ${version} does not have it` })
const undeclared: Comes = { detail: "the client did not declare elicitation", required: { elicitation: {} } }
const undeclaredForm: Comes = { detail: "the client did not declare elicitation.form", required: { elicitation: { form: {} } } }
const undeclaredUrl: Comes = { detail: "the client did not declare elicitation.url", required: { elicitation: { url: {} } } }
const noUrls: Comes = { detail: "revision 2025-06-18 does not have elicitation by URL" }

interface Row {
  readonly declared: Json
  readonly mode: keyof typeof questions
  readonly comes: Since<Comes>
}

const none = { "2024-11-05": noElicitation("2024-11-05"), "2025-03-26": noElicitation("2025-03-26") }

const table: ReadonlyArray<Row> = [
  { declared: {}, mode: "form", comes: { ...none, "2025-06-18": undeclared } },
  { declared: { elicitation: {} }, mode: "form", comes: { ...none, "2025-06-18": "asked" } },
  { declared: { elicitation: { form: {} } }, mode: "form", comes: { ...none, "2025-06-18": "asked" } },
  { declared: { elicitation: { url: {} } }, mode: "form", comes: { ...none, "2025-06-18": undeclaredForm } },
  { declared: {}, mode: "url", comes: { ...none, "2025-06-18": undeclared } },
  { declared: { elicitation: {} }, mode: "url", comes: { ...none, "2025-06-18": noUrls, "2025-11-25": undeclaredUrl } },
  { declared: { elicitation: { url: {} } }, mode: "url", comes: { ...none, "2025-06-18": noUrls, "2025-11-25": "asked" } }
]

/** A result that the model reads in a session; since 2026-07-28 an error that says what to declare. */
const refused = (version: (typeof versions)[number], { detail, required }: Exclude<Comes, "asked">): Json => {
  if (version === "2026-07-28" && required !== undefined) {
    const message = `The client did not declare a capability that this request needs: ${JSON.stringify(required)}`
    return refusal("c", -32021, message, { requiredCapabilities: required })
  }
  const text = `cannot ask the client (elicitation/create): ${detail}`
  return answer(version, "c", { content: [{ type: "text", text }], isError: true })
}

/** Answers the question of a call as the revision does it, and gives the result. */
const accept = (peer: RawPeer, id: string, params: Json, mode: Row["mode"]): Effect.Effect<Json> =>
  Effect.gen(function* () {
    const result = { action: "accept", ...(mode === "form" ? { content: { sure: true } } : {}) }
    if (peer.version !== "2026-07-28") {
      const question: Json = peer.notifications[0] ?? assert.fail("nothing was asked")
      const { elicitationId, ...asked }: Json = question["params"]
      assert.strictEqual(question["method"], "elicitation/create")
      assert.deepStrictEqual(asked, questions[mode])
      // Questions by URL have an id, in the one revision that has them and such ids.
      if (mode === "url") assert.match(elicitationId, /^[0-9a-f-]{36}$/)
      else assert.isUndefined(elicitationId)
      peer.send({ jsonrpc: "2.0", id: question["id"], result })
      return yield* peer.answer(id)
    }
    const ended = (yield* peer.answer(id))["result"]
    assert.deepStrictEqual(ended, {
      ...stamp,
      resultType: "input_required",
      inputRequests: { sure: { method: "elicitation/create", params: questions[mode] } },
      requestState: ended.requestState
    })
    return yield* peer.request("tools/call", { ...params, inputResponses: { sure: result }, requestState: ended.requestState })
  })

describe.each(versions)("transcript: elicitation in %s", (version) => {
  for (const { comes, declared, mode } of table) {
    it.effect(`a question by ${mode} to a client that declares ${JSON.stringify(declared)}`, () =>
      Effect.gen(function* () {
        const { meta, peer } = yield* speaking(version, declared)
        const params = { name: "ask", arguments: { mode }, _meta: meta }
        peer.start("tools/call", params, "c")
        yield* settle
        const expected = at(comes, version)
        if (expected === "asked") {
          const { result } = yield* accept(peer, "c", params, mode)
          assert.deepStrictEqual(result.content, [{ type: "text", text: "accept" }])
          return
        }
        assert.deepStrictEqual(peer.notifications, [])
        assert.deepStrictEqual(yield* peer.answer("c"), refused(version, expected))
      })
    )
  }
})
