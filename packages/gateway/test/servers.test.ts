/**
 * Many servers as one: what is offered, and where requests go.
 */
import { assert, describe, it } from "@effect/vitest"
import type { NamedSettings } from "@effect-mcp/core/protocol/Capabilities"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { mergeCapabilities } from "../src/internal/merging.ts"
import * as Servers from "../src/Servers.ts"
import { call, clientInfo, connected, statesOf, toolsOf } from "./support/connected.ts"
import { fakes } from "./support/fake.ts"

const versions = ["2025-11-25", "2026-07-28"] as const

describe("many servers", () => {
  it.effect.each(versions)("offer what all of them have, with where it is from (%s)", (version) =>
    Effect.gen(function* () {
      const has = { version, prompts: ["greet"], resources: ["memo://a"], templates: ["memo://{id}"] }
      const servers = yield* connected(fakes({ one: { ...has, tools: ["run"] }, two: { ...has, tools: ["run", "walk"] } }))
      assert.deepStrictEqual(yield* statesOf(servers), { one: "Ready", two: "Ready" })
      assert.deepStrictEqual(
        (yield* servers.tools).map(({ name, originalName, server, tool }) => [name, server, originalName, tool.name]),
        [
          ["one_run", "one", "run", "one_run"],
          ["two_run", "two", "run", "two_run"],
          ["two_walk", "two", "walk", "two_walk"]
        ]
      )
      assert.deepStrictEqual(
        (yield* servers.prompts).map(({ name, originalName, prompt, server }) => [name, server, originalName, prompt.name]),
        [
          ["one_greet", "one", "greet", "one_greet"],
          ["two_greet", "two", "greet", "two_greet"]
        ]
      )
      assert.deepStrictEqual(
        (yield* servers.resources).map(({ resource, server }) => [server, resource.uri]),
        [["one", "memo://a"]]
      )
      assert.deepStrictEqual(
        (yield* servers.resourceTemplates).map(({ server, template }) => [server, template.uriTemplate]),
        [
          ["one", "memo://{id}"],
          ["two", "memo://{id}"]
        ]
      )
    })
  )

  it.effect("may be given as a map, and names are not those that every object has", () =>
    Effect.gen(function* () {
      const { __proto__: odd } = fakes({ ["__proto__"]: { tools: ["run"] } })
      const specs = new Map([["__proto__", { transport: odd.layer }]])
      const servers = yield* Servers.make(specs, clientInfo)
      assert.deepStrictEqual(yield* toolsOf(servers), ["__proto___run"])
      assert.strictEqual(yield* call(servers, "__proto___run"), "__proto__ ran run with {}")
    })
  )

  it.effect("are called by the names that are offered", () =>
    Effect.gen(function* () {
      const servers = yield* connected(fakes({ one: { tools: ["run"] }, two: { tools: ["run", "walk it"], prompts: ["greet"] } }))
      assert.strictEqual(yield* call(servers, "two_run", { far: true }), 'two ran run with {"far":true}')
      const [, , odd] = yield* toolsOf(servers)
      assert.strictEqual(yield* call(servers, odd!), "two ran walk it with {}")
      const { messages } = yield* servers.getPrompt("two_greet")
      assert.deepStrictEqual(messages[0]!.content, { type: "text", text: "two says greet" })
    })
  )

  it.effect("are run as tasks where they only run as such", () =>
    Effect.gen(function* () {
      const capabilities = { tools: {}, tasks: { requests: { tools: { call: {} } } } }
      const must = { name: "must", execution: { taskSupport: "required" } }
      const all = fakes({ one: { tools: [must, "plain"], capabilities } })
      const servers = yield* connected(all)
      yield* servers.callTool("one_must")
      yield* servers.callTool("one_plain")
      assert.deepStrictEqual(
        all.one.sentOf("tools/call").map(({ params }) => [params.name, params.task]),
        [
          ["must", {}],
          ["plain", undefined]
        ]
      )
    })
  )

  it.effect("offer what their specification says, under the names that it gives", () =>
    Effect.gen(function* () {
      const servers = yield* connected(
        fakes({ one: { tools: ["get_a", "get_b", "delete_a", "x"], prompts: ["get_a"] } }),
        {},
        { one: { include: ["get_*", "delete_a"], exclude: ["*_b"], rename: { get_a: "fetch" } } }
      )
      assert.deepStrictEqual(yield* toolsOf(servers), ["one_fetch", "one_delete_a"])
      assert.strictEqual(yield* call(servers, "one_fetch"), "one ran get_a with {}")
      // Of tools alone.
      assert.deepStrictEqual(
        (yield* servers.prompts).map(({ name }) => name),
        ["one_get_a"]
      )
    })
  )

  it.effect("say which names are like one that nothing has, and which servers are missing", () =>
    Effect.gen(function* () {
      const all = fakes({ github: { tools: ["search_issues", "get_issue"] }, notes: { tools: ["find"] } })
      all.notes.isBroken = true
      const servers = yield* connected(all)
      const error = yield* Effect.flip(servers.callTool("search_issue"))
      assert.strictEqual(
        error.message,
        'no tool is called "search_issue"; did you mean "github_search_issues", "github_get_issue"?; servers that are not ready: "notes" (failed)'
      )
      const unlike = yield* Effect.flip(servers.callTool("constructor"))
      assert.strictEqual(unlike.message, 'no tool is called "constructor"; servers that are not ready: "notes" (failed)')
      const prompt = yield* Effect.flip(servers.getPrompt("github_get_issue"))
      assert.match(prompt.message, /^no prompt is called "github_get_issue"/)
    })
  )

  it.effect("say the three nearest names of many", () =>
    Effect.gen(function* () {
      const servers = yield* connected(fakes({ one: { tools: ["run_c", "run_a", "run_d", "run_b", "other"] } }))
      const error = yield* Effect.flip(servers.callTool("one_run"))
      assert.ok(error.reason._tag === "UnknownName")
      assert.deepStrictEqual(error.reason.near, ["one_run_a", "one_run_b", "one_run_c"])
    })
  )

  it.effect("pass on what one of them says, as it is", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] } })
      const servers = yield* connected(all)
      all.one.refuses.set("tools/call", -32000)
      const error = yield* Effect.flip(servers.callTool("one_run"))
      assert.strictEqual(error.message, "the server refused tools/call (-32000): no tools/call here")
    })
  )

  it.effect("look a name up when the call is run", () =>
    Effect.gen(function* () {
      const all = fakes({ one: { tools: ["run"] } })
      const servers = yield* connected(all)
      const later = call(servers, "one_run")
      yield* servers.close("one")
      assert.match((yield* Effect.flip(later)).message, /server "one" was closed/)
      yield* servers.reconnect("one")
      assert.strictEqual(yield* later, "one ran run with {}")
    })
  )
})

describe("resources of many servers", () => {
  const read = (servers: Parameters<typeof call>[0], uri: string, server?: string) =>
    Effect.map(
      servers.readResource(uri, server === undefined ? {} : { server }),
      ({ contents }) => (contents[0] as { text: string }).text
    )

  it.effect("are read from the first server that lists the URI", () =>
    Effect.gen(function* () {
      const servers = yield* connected(
        fakes({
          none: { templates: ["memo://{id}"] },
          one: { resources: ["memo://a"] },
          two: { resources: ["memo://a", "memo://b"] }
        })
      )
      assert.strictEqual(yield* read(servers, "memo://a"), "memo://a of one")
      assert.strictEqual(yield* read(servers, "memo://b"), "memo://b of two")
      assert.strictEqual(yield* read(servers, "memo://a", "two"), "memo://a of two")
      assert.strictEqual(yield* read(servers, "memo://c"), "memo://c of none")
      assert.strictEqual(yield* read(servers, "other://c", "two"), "other://c of two")
    })
  )

  it.effect("belong to the first server also while it is away", () =>
    Effect.gen(function* () {
      const servers = yield* connected(fakes({ one: { resources: ["memo://a"] }, two: { resources: ["memo://a"] } }))
      yield* servers.close("one")
      assert.lengthOf(yield* servers.resources, 0)
      assert.match((yield* Effect.flip(read(servers, "memo://a"))).message, /server "one" was closed/)
    })
  )

  it.effect("are read from the first server with a template for them that has them", () =>
    Effect.gen(function* () {
      const all = fakes({
        away: { templates: ["memo://{id}"] },
        odd: { templates: ["memo://{id:3}"] },
        without: { templates: ["memo://{+id}", "memo://{id}"] },
        one: { templates: ["memo://{id}"] },
        two: { templates: ["memo://{id}"] }
      })
      const servers = yield* connected(all)
      yield* servers.close("away")
      for (const code of [-32002, -32602]) {
        all.without.refuses.set("resources/read", code)
        all.without.sent.length = 0
        assert.strictEqual(yield* read(servers, "memo://a"), "memo://a of one")
        assert.lengthOf(all.without.sentOf("resources/read"), 1)
      }
      assert.lengthOf(all.odd.sentOf("resources/read"), 0)
      all.without.refuses.set("resources/read", -32000)
      assert.match((yield* Effect.flip(read(servers, "memo://a"))).message, /-32000/)
      for (const fake of [all.without, all.one, all.two]) fake.refuses.set("resources/read", -32002)
      assert.match((yield* Effect.flip(read(servers, "memo://a"))).message, /server "away" was closed/)
    })
  )

  it.effect("that nobody has are refused", () =>
    Effect.gen(function* () {
      const servers = yield* connected(fakes({ one: { resources: ["memo://first"] } }))
      const error = yield* Effect.flip(read(servers, "memo://firs"))
      assert.strictEqual(error.message, 'no resource is called "memo://firs"; did you mean "memo://first"?')
      const unknown = yield* Effect.flip(read(servers, "memo://first", "ono"))
      assert.match(unknown.message, /^no server is called "ono"/)
    })
  )

  it.effect("are completed by the server that has the template or the prompt", () =>
    Effect.gen(function* () {
      const servers = yield* connected(
        fakes({ one: { prompts: ["greet"] }, two: { prompts: ["greet"], templates: ["memo://{id}"], resources: ["memo://x"] } })
      )
      const argument = { name: "id", value: "a" }
      const values = (ref: Parameters<typeof servers.complete>[0]) =>
        Effect.map(servers.complete(ref, argument), (completion) => completion.values)
      assert.deepStrictEqual(yield* values({ type: "ref/prompt", name: "two_greet" }), ["two: greet"])
      assert.deepStrictEqual(yield* values({ type: "ref/resource", uri: "memo://{id}" }), ["two: memo://{id}"])
      assert.deepStrictEqual(yield* values({ type: "ref/resource", uri: "memo://x" }), ["two: memo://x"])
      const error = yield* Effect.flip(values({ type: "ref/resource", uri: "memo://{name}" }))
      assert.match(error.message, /^no resource is called "memo:\/\/\{name\}"; did you mean/)
    })
  )
})

describe("asking all servers", () => {
  it.effect("gives what each of them says, also of those that are away", () =>
    Effect.gen(function* () {
      const all = fakes({ one: {}, gone: {}, refusing: {}, two: {} })
      const servers = yield* connected(all)
      yield* servers.close("gone")
      all.refusing.refuses.set("ping", -32000)
      const exits = yield* servers.broadcast((client, server) =>
        server === "one" ? Effect.die("oops") : Effect.as(client.request("ping"), server)
      )
      assert.deepStrictEqual([...exits.keys()], ["one", "gone", "refusing", "two"])
      assert.match(String(exits.get("one")), /oops/)
      assert.match(String(exits.get("gone")), /server "gone" was closed/)
      assert.match(String(exits.get("refusing")), /-32601|-32000/)
    })
  )

  it.effect("for a tool asks those that have it, at most so many at once", () =>
    Effect.gen(function* () {
      const all = fakes({ a: { tools: ["run"] }, b: { tools: ["walk"] }, c: { tools: ["run"] }, d: { tools: ["run"] } })
      const servers = yield* connected(all)
      yield* servers.close("c")
      const exits = yield* servers.broadcastTool("run", { x: 1 })
      assert.deepStrictEqual([...exits.keys()], ["a", "c", "d"])
      assert.isTrue(Exit.isSuccess(exits.get("a")!) && Exit.isFailure(exits.get("c")!) && Exit.isSuccess(exits.get("d")!))
      const error = yield* Effect.flip(servers.broadcastTool("runs"))
      assert.match(error.message, /^no tool is called "runs"; did you mean "run"\?/)
      let running = 0
      let most = 0
      yield* servers.broadcast(
        () =>
          Effect.gen(function* () {
            most = Math.max(most, ++running)
            yield* Effect.yieldNow
            running--
          }),
        { concurrency: 2 }
      )
      assert.strictEqual(most, 2)
      assert.strictEqual((yield* servers.broadcast(() => Effect.void, { concurrency: 0 })).size, 4)
    })
  )
})

describe("what servers say of themselves", () => {
  it.effect("is there for each of them and together", () =>
    Effect.gen(function* () {
      const all = fakes({
        one: { capabilities: { tools: { listChanged: false }, experimental: { a: { x: 1 } } }, instructions: "Run first." },
        two: {
          capabilities: { tools: { listChanged: true }, experimental: { a: { x: 2, y: 3 } }, logging: {} },
          instructions: " "
        },
        "the third": { capabilities: {}, instructions: "Be kind." }
      })
      const servers = yield* connected(all)
      const { all: together, servers: each } = yield* servers.capabilities
      assert.deepStrictEqual(together, { tools: { listChanged: true }, experimental: { a: { x: 1, y: 3 } }, logging: {} })
      assert.deepStrictEqual([...each.keys()], ["one", "two", "the third"])
      assert.deepStrictEqual(each.get("one")?.tools, { listChanged: false })
      assert.strictEqual(
        yield* servers.instructions,
        '# Server "one"\nThe names of its tools and prompts begin with `one_` here.\n\nRun first.\n\n' +
          '# Server "the third"\nThe names of its tools and prompts begin with `the_third_` here.\n\nBe kind.'
      )
      yield* servers.close("one")
      yield* servers.close("the third")
      assert.strictEqual(yield* servers.instructions, undefined)
    })
  )

  it("is not followed into any depth", () => {
    let one: NamedSettings = {}
    let two: NamedSettings = {}
    for (let i = 0; i < 50_000; i++) {
      one = { a: one }
      two = { a: two, b: {} }
    }
    const { experimental } = mergeCapabilities([{ experimental: one }, { experimental: two }])
    assert.deepStrictEqual(Object.keys(experimental?.["a"] ?? {}), ["a", "b"])
  })

  it.effect("says nothing of prefixes where there are none", () =>
    Effect.gen(function* () {
      const servers = yield* connected(fakes({ one: { instructions: "Run." } }), { names: { prefix: false } })
      assert.strictEqual(yield* servers.instructions, '# Server "one"\n\nRun.')
    })
  )
})
