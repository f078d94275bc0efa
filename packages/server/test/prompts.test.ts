import * as Content from "@effect-mcp/core/Content"
import { invalidParams } from "@effect-mcp/core/McpError"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as PromptMessage from "@effect-mcp/core/PromptMessage"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as McpServer from "../src/McpServer.ts"
import { answer, at, info, refusal, type Since, versions } from "./support/fixture.ts"
import { type Json, serve, settle } from "./support/peer.ts"

class NoTopic extends Schema.TaggedError<NoTopic>()("NoTopic", { topic: Schema.String }) {
  override get message() {
    return `nothing is known of ${this.topic}`
  }
}

class Prompts extends McpGroup.make(
  "prompts",
  Prompt.make("explain", {
    title: "Explain",
    description: "Explains a topic",
    icons: [{ src: "https://example.com/book.png" }],
    version: "2.0",
    parameters: {
      topic: Schema.String.annotate({ title: "Topic", description: "what to explain" }),
      depth: Schema.optionalKey(Schema.Int),
      tags: Schema.optionalKey(Schema.Array(Schema.String).annotate({ description: "for the search" }))
    },
    failure: NoTopic
  }),
  Prompt.make("plain"),
  Prompt.make("gallery"),
  Prompt.make("nonsense"),
  Prompt.make("broken"),
  Prompt.make("refused"),
  Prompt.make("who")
) {}

const PromptsLive = Prompts.toLayer({
  prompts: {
    explain: ({ depth, tags, topic }) =>
      topic === "nothing"
        ? Effect.fail(new NoTopic({ topic }))
        : Effect.succeed([
            PromptMessage.user(`Explain ${topic} at depth ${depth ?? "any"}: ${(tags ?? []).join("+")}`),
            PromptMessage.assistant("I will.")
          ]),
    plain: () => Effect.succeed("just a text"),
    gallery: () =>
      Effect.succeed([
        PromptMessage.user(Content.image(new Uint8Array([1, 2, 3]), "image/png")),
        PromptMessage.user(Content.audio(new Uint8Array([1, 2, 3]), "audio/wav")),
        PromptMessage.user(Content.resource({ uri: "file:///b.txt", mimeType: "text/plain", text: "b" }))
      ]),
    nonsense: () => Effect.succeed({ role: "nobody" } as unknown as string), // what untyped code may return
    broken: () => Effect.die(new Error("secret")),
    refused: () => Effect.fail(invalidParams("not today")) as never, // as above
    who: () => Effect.map(RequestContext, ({ meta }) => JSON.stringify(meta["who"] ?? null))
  }
})

const Server = McpServer.layer(info, Prompts).pipe(Layer.provide(PromptsLive))
const quiet = Effect.provide(Logger.layer([]))

const explain: Since<Json> = {
  "2024-11-05": {
    name: "explain",
    description: "Explains a topic",
    arguments: [
      { name: "topic", description: "what to explain", required: true },
      { name: "depth", description: 'JSON: {"type":"integer"}' },
      { name: "tags", description: 'for the search\nJSON: {"type":"array","items":{"type":"string"}}' }
    ]
  },
  "2025-06-18": {
    name: "explain",
    title: "Explain",
    description: "Explains a topic",
    arguments: [
      { name: "topic", title: "Topic", description: "what to explain", required: true },
      { name: "depth", description: 'JSON: {"type":"integer"}' },
      { name: "tags", description: 'for the search\nJSON: {"type":"array","items":{"type":"string"}}' }
    ],
    _meta: { "effect-mcp/version": "2.0" }
  },
  "2025-11-25": {
    name: "explain",
    title: "Explain",
    description: "Explains a topic",
    arguments: [
      { name: "topic", title: "Topic", description: "what to explain", required: true },
      { name: "depth", description: 'JSON: {"type":"integer"}' },
      { name: "tags", description: 'for the search\nJSON: {"type":"array","items":{"type":"string"}}' }
    ],
    icons: [{ src: "https://example.com/book.png" }],
    _meta: { "effect-mcp/version": "2.0" }
  }
}

const connected = (version: (typeof versions)[number]) => Effect.flatMap(serve(Server), ({ speak }) => speak(version))

const text = (role: string, said: string): Json => ({ role, content: { type: "text", text: said } })

describe.each(versions)("prompts in %s", (version) => {
  const failed = (result: Json) =>
    (result["error"] ?? {}) as { readonly code?: number; readonly message?: string; readonly data?: unknown }

  it.effect("are listed with what the revision knows of them", () =>
    Effect.gen(function* () {
      const peer = yield* connected(version)
      const { result } = yield* peer.request("prompts/list")
      const listed = (result as { readonly prompts: ReadonlyArray<Json> }).prompts
      assert.deepStrictEqual(listed[0], at(explain, version))
      assert.deepStrictEqual(
        listed.map(({ name }) => name),
        ["explain", "plain", "gallery", "nonsense", "broken", "refused", "who"]
      )
      assert.deepStrictEqual(listed[1], { name: "plain" })
    })
  )

  it.effect("give their messages; arguments are texts, and those of other types JSON in a text", () =>
    Effect.gen(function* () {
      const peer = yield* connected(version)
      const args = { topic: "1", depth: "3", tags: '["a","b"]' }
      const said = yield* peer.request("prompts/get", { name: "explain", arguments: args }, 1)
      assert.deepStrictEqual(
        said,
        answer(version, 1, {
          description: "Explains a topic",
          messages: [text("user", "Explain 1 at depth 3: a+b"), text("assistant", "I will.")]
        })
      )
      const plain = yield* peer.request("prompts/get", { name: "plain" }, 2)
      assert.deepStrictEqual(plain, answer(version, 2, { messages: [text("user", "just a text")] }))
    })
  )

  it.effect("say in words what the revision has no block for", () =>
    Effect.gen(function* () {
      const peer = yield* connected(version)
      const { result } = yield* peer.request("prompts/get", { name: "gallery" })
      const kinds = (result as { readonly messages: ReadonlyArray<{ readonly content: { readonly type: string } }> }).messages
      assert.deepStrictEqual(
        kinds.map(({ content }) => content.type),
        ["image", version === "2024-11-05" ? "text" : "audio", "resource"]
      )
    })
  )

  it.effect("refuse what they do not know, with the argument named", () =>
    Effect.gen(function* () {
      const peer = yield* connected(version)
      const get = (params: Json) => Effect.map(peer.request("prompts/get", params), failed)
      const cases: ReadonlyArray<readonly [params: Json, message: RegExp]> = [
        [{ name: "explain" }, /topic/],
        [{ name: "explain", arguments: { topic: "a", depth: "deep" } }, /depth/],
        [{ name: "explain", arguments: { topic: "a", other: "b" } }, /other/],
        [{ name: "nobody" }, /Unknown prompt: nobody/],
        [{ name: 1 }, /`name` must be a string/],
        [{ name: "explain", arguments: [] }, /`arguments` must be an object/]
      ]
      for (const [params, message] of cases) {
        const error = yield* get(params)
        assert.strictEqual(error.code, -32602, JSON.stringify(params))
        assert.match(String(error.message), message)
      }
      assert.deepStrictEqual((yield* get({ name: "refused" })).message, "not today")
    })
  )

  it.effect("tell a declared failure with its data, and of a defect nothing but an id", () =>
    Effect.gen(function* () {
      const peer = yield* connected(version)
      const declared = failed(yield* peer.request("prompts/get", { name: "explain", arguments: { topic: "nothing" } }))
      assert.deepStrictEqual(declared, {
        code: 1,
        message: "nothing is known of nothing",
        data: { "effect-mcp/structuredContent": { _tag: "NoTopic", topic: "nothing" } }
      })
      for (const name of ["broken", "nonsense"]) {
        const error = failed(yield* peer.request("prompts/get", { name }))
        assert.strictEqual(error.code, -32603)
        assert.match(String(error.message), /^Internal error \([0-9a-f-]{36}\)$/)
      }
    }).pipe(quiet)
  )
})

describe("prompts beside other parts", () => {
  it.effect("a server without prompts has no such methods, and says so", () =>
    Effect.gen(function* () {
      const One = Tool.make("one")
      const { speak } = yield* serve(McpServer.layer(info, One).pipe(Layer.provide(One.toLayer(() => Effect.void))))
      for (const version of versions) {
        const peer = yield* speak(version)
        for (const [id, method] of ["prompts/list", "prompts/get"].entries()) {
          assert.deepStrictEqual(yield* peer.request(method, {}, id + 1), refusal(id + 1, -32601, `Method not found: ${method}`))
        }
      }
    })
  )

  it.effect("prompts that are added later are there for who asks, and leave with their scope", () =>
    Effect.gen(function* () {
      const Late = Prompt.make("late")
      const One = Tool.make("one")
      const { server, speak } = yield* serve(McpServer.layer(info, One).pipe(Layer.provide(One.toLayer(() => Effect.void))))
      const before = yield* speak("2025-11-25")
      const scope = yield* Scope.make()
      yield* Scope.provide(
        server.add(
          Late,
          Late.toLayer(() => Effect.succeed("hi"))
        ),
        scope
      )
      const after = yield* speak("2025-11-25")
      assert.deepStrictEqual((yield* after.request("prompts/get", { name: "late" }))["result"], {
        messages: [text("user", "hi")]
      })
      after.clear()
      before.clear()
      yield* Scope.close(scope, Exit.void)
      yield* settle
      // Only who was told that there are prompts is told of their changes.
      assert.deepStrictEqual(
        after.notifications.map(({ method }) => method),
        ["notifications/prompts/list_changed"]
      )
      assert.deepStrictEqual(before.notifications, [])
      assert.deepStrictEqual((yield* after.request("prompts/list"))["result"], { prompts: [] })
    }).pipe(Effect.scoped)
  )

  it.effect("a mounted server's prompts are served under its namespace", () =>
    Effect.gen(function* () {
      const { speak } = yield* serve(McpServer.layer(info, McpServer.mount("child", Server)))
      const peer = yield* speak("2026-07-28")
      const { result } = yield* peer.request("prompts/get", { name: "child_plain" })
      assert.deepStrictEqual((result as Json)["messages"], [text("user", "just a text")])
    })
  )

  it.effect("two prompts of one name do not start", () =>
    Effect.gen(function* () {
      const Twice = Prompt.make("plain")
      const layer = McpServer.layer(info, Prompts, Twice).pipe(
        Layer.provide([PromptsLive, Twice.toLayer(() => Effect.succeed("again"))])
      )
      const exit = yield* Effect.exit(Effect.scoped(serve(layer)))
      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes('the prompt "plain" is served twice'))
    })
  )
})

class User extends Context.Service<User, { readonly name: string }>()("test/User") {}
class Auth extends Middleware.make<Auth>()("test/Auth", { provides: User }) {}
class Greeting extends McpGroup.make("greeting", Prompt.make("greet"), Tool.make("greet", { success: Schema.String })).middleware(
  Auth
) {}
const GreetingLive = Greeting.toLayer({
  prompts: { greet: () => Effect.map(User, ({ name }) => `hello ${name}`) },
  tools: { greet: () => Effect.map(User, ({ name }) => `hello ${name}`) }
})

describe("middleware around prompts", () => {
  const Greeter = McpServer.layer(info, Greeting).pipe(Layer.provide(GreetingLive))

  it.effect("sees, replaces and provides", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const AuthLive = Auth.layer({
        all: (request, next) => {
          seen.push(request.method)
          return Effect.provideService(next, User, { name: "ada" })
        },
        "prompts/list": (request, next) =>
          Effect.map(next(request), ({ prompts }) => ({
            prompts: prompts.map((prompt) => ({ ...prompt, description: "for ada" }))
          })).pipe(Effect.provideService(User, { name: "ada" }))
      })
      const { speak } = yield* serve(Greeter.pipe(Layer.provide(AuthLive)))
      const peer = yield* speak("2025-11-25")
      const { result } = yield* peer.request("prompts/get", { name: "greet" })
      assert.deepStrictEqual(result, { messages: [text("user", "hello ada")] })
      assert.deepStrictEqual((yield* peer.request("prompts/list"))["result"], {
        prompts: [{ name: "greet", description: "for ada" }]
      })
      assert.deepStrictEqual(seen, ["prompts/get"])
    })
  )

  it.effect("that provides to tools alone does not start around a group with prompts", () =>
    Effect.gen(function* () {
      const Gap = Auth.layer({ "tools/call": (request, next) => Effect.provideService(next(request), User, { name: "ada" }) })
      const exit = yield* Effect.exit(Effect.scoped(serve(Greeter.pipe(Layer.provide(Gap)))))
      assert.isTrue(
        Exit.isFailure(exit) && Cause.pretty(exit.cause).includes('has no hook for "prompts/get": add it, or "all"'),
        String(exit)
      )
    })
  )
})
