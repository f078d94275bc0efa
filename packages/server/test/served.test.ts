/** Handlers that use what their own server serves. */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as PromptMessage from "@effect-mcp/core/PromptMessage"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Resource from "@effect-mcp/core/Resource"
import * as Served from "@effect-mcp/core/Served"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as McpServer from "../src/McpServer.ts"
import { versions } from "./support/fixture.ts"
import { serve, settle } from "./support/peer.ts"

class Desk extends McpGroup.make(
  "desk",
  Tool.make("read", { parameters: { uri: Schema.String }, success: Schema.String }),
  Tool.make("say", { parameters: { name: Schema.String, who: Schema.String }, success: Schema.String }),
  Tool.make("list", { success: Schema.Array(Schema.String) }),
  Tool.make("slowly", { timeout: "1 hour" }),
  Resource.make("motto", "desk://motto", { success: Schema.String }),
  Resource.template("note", "desk://notes/{id}", { success: Schema.String }),
  Resource.make("slow", "desk://slow", { success: Schema.String }),
  Prompt.make("greet", { parameters: { who: Schema.String } })
) {}

const words = <A>(effect: Effect.Effect<A, { readonly message: string }, RequestContext>, text: (value: A) => string) =>
  Effect.map(Effect.result(effect), (result) => (Result.isSuccess(result) ? text(result.success) : result.failure.message))

const textOf = ({ contents }: { readonly contents: ReadonlyArray<object> }) =>
  contents.map((item) => ("text" in item ? item.text : "?")).join()

const DeskLive = Desk.toLayer({
  tools: {
    read: ({ uri }) => words(Served.readResource(uri), textOf),
    say: ({ name, who }) => words(Served.getPrompt(name, { who }), ({ messages }) => JSON.stringify(messages[0]?.content)),
    list: () =>
      Effect.map(
        Effect.orDie(Effect.all([Served.listTools, Served.listResources, Served.listResourceTemplates, Served.listPrompts])),
        (lists) => lists.flat().map(({ name }) => name)
      ),
    slowly: () => Effect.asVoid(Effect.orDie(Served.readResource("desk://slow")))
  },
  resources: {
    motto: () => Effect.map(RequestContext, ({ principal }) => `Read, ${principal.subject ?? "stranger"}`),
    note: ({ id }) => Effect.succeed(`note ${id}`),
    slow: () => Effect.as(Effect.sleep("30 minutes"), "slow")
  },
  prompts: { greet: ({ who }) => Effect.succeed(PromptMessage.user(`Greet ${who}`)) }
})

class Marks extends Middleware.make<Marks>()("Marks") {}

const MarksLive = Marks.layer({
  "resources/read": (request, next) =>
    Effect.map(next(request), ({ contents }) => ({
      contents: contents.map((item) => ("text" in item ? { ...item, text: `${item.text}!` } : item))
    })),
  "tools/list": (request, next) =>
    Effect.map(next(request), ({ tools }) => ({ tools: tools.filter(({ name }) => name !== "slowly") }))
})

const Server = McpServer.layer({ name: "s", version: "1", pageSize: 2 }, Desk, McpServer.use(Marks)).pipe(
  Layer.provide([DeskLive, MarksLive])
)

describe("a handler that uses what its server serves", () => {
  for (const version of versions) {
    it.effect(`${version}: reads, gets and lists what the client would, through the same middleware`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).speak(version, { principal: { subject: "ada", scopes: [], claims: {} } })
        const said = (name: string, args: object) =>
          Effect.map(peer.call(name, args), ({ result }) => result.content[0].text as string)
        assert.strictEqual(yield* said("read", { uri: "desk://motto" }), "Read, ada!")
        assert.strictEqual(yield* said("read", { uri: "desk://notes/7" }), "note 7!")
        assert.strictEqual(yield* said("read", { uri: "desk://none" }), "Resource not found: desk://none")
        assert.strictEqual(yield* said("say", { name: "greet", who: "Bo" }), '{"type":"text","text":"Greet Bo"}')
        assert.strictEqual(yield* said("say", { name: "nope", who: "Bo" }), "Unknown prompt: nope")
        const names = ["read", "say", "list", "motto", "slow", "note", "greet"]
        assert.deepStrictEqual(JSON.parse(yield* said("list", {})), names)
      })
    )
  }

  it.effect("logs to the client that called it, at the level that this wants", () =>
    Effect.gen(function* () {
      const Read = Tool.make("read")
      const Page = Resource.make("page", "doc://page", { success: Schema.String })
      const live = Layer.mergeAll(
        Read.toLayer(() => Effect.asVoid(Effect.orDie(Served.readResource("doc://page")))),
        Page.toLayer(() => Effect.as(Effect.logDebug("inside"), "text"))
      )
      const peer = yield* (yield* serve(
        McpServer.layer({ name: "s", version: "1" }, Read, Page).pipe(Layer.provide(live))
      )).speak()
      yield* peer.request("logging/setLevel", { level: "debug" })
      yield* peer.call("read")
      assert.deepStrictEqual(
        peer.notifications.map(({ params }) => params.data),
        ["inside"]
      )
    })
  )

  it.effect("counts what it uses while it does, also after its call: what is removed then waits for nobody", () =>
    Effect.gen(function* () {
      let kept: RequestContext["Service"] | undefined
      const Keep = Tool.make("keep")
      const Page = Resource.make("page", "doc://page", { success: Schema.String })
      const live = Keep.toLayer(() => Effect.map(RequestContext, (request) => void (kept = request)))
      const { server, speak } = yield* serve(McpServer.layer({ name: "s", version: "1" }, Keep).pipe(Layer.provide(live)))
      const scope = yield* Scope.make()
      yield* Scope.provide(
        server.add(
          Page,
          Page.toLayer(() => Effect.succeed("text"))
        ),
        scope
      )
      yield* (yield* speak()).call("keep")
      const read = Effect.map(kept?.inside.readResource("doc://page") ?? Effect.die("no request"), textOf)
      assert.strictEqual(yield* read, "text")
      // It would wait for ten seconds, which do not pass here.
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Effect.exit(read))._tag, "Failure")
    })
  )

  it.effect("has the time of its own call", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak()
      const id = peer.startCall("slowly")
      yield* settle
      yield* TestClock.adjust("31 minutes")
      assert.notProperty((yield* peer.answer(id))["result"], "isError")
    })
  )
})
