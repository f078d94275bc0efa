/** What the conformance suite expects of `examples/everything`, over memory: the same tables without HTTP. */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Content from "@effect-mcp/core/Content"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as McpTest from "@effect-mcp/testing/McpTest"
import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Everything } from "../everything/everything.ts"

const connect = (options: McpTest.Options = {}) => McpTest.client(Everything, options)

const textOf = (client: McpClient.McpClient["Service"], name: string, args = {}) =>
  Effect.map(client.callTool(name, args), Content.textOf)

/** Runs what sleeps. */
const passing = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>, step: Duration.Input = "50 millis") {
  const fiber = yield* Effect.forkChild(effect)
  for (let n = 0; n < 10; n++) {
    yield* McpTest.settle
    yield* TestClock.adjust(step)
  }
  return yield* Fiber.join(fiber)
})

const answers = McpTest.answers({
  name: "Alice",
  color: "blue",
  ok: true,
  context: "tests",
  username: "testuser",
  email: "test@example.com",
  age: 25,
  score: 88,
  status: "inactive",
  verified: false,
  untitledSingle: "option1",
  titledSingle: "value1",
  legacyEnum: "opt1",
  untitledMulti: ["option1", "option2"],
  titledMulti: ["value1", "value2"]
})

const people = { user: answers, model: McpTest.model(() => Effect.succeed("Paris")), roots: ["file:///test/root"] }

describe("tools", () => {
  it.effect("all have a description, and the first one takes no arguments", () =>
    Effect.gen(function* () {
      const tools = yield* (yield* connect()).listTools
      assert.isAbove(tools.length, 25)
      for (const { description, name } of tools) assert.isAbove(description?.length ?? 0, 0, name)
      assert.strictEqual(tools[0]?.name, "test_simple_text")
    }).pipe(McpTest.eachRevision(["2025-06-18", "2025-11-25", "2026-07-28"]))
  )

  it.effect("give content of every kind", () =>
    Effect.gen(function* () {
      const client = yield* connect()
      const contentOf = (name: string) => Effect.map(client.callTool(name), ({ content }) => content)
      assert.deepStrictEqual(yield* contentOf("test_simple_text"), [
        { type: "text", text: "This is a simple text response for testing." }
      ])
      const [image] = yield* contentOf("test_image_content")
      assert.ok(image?.type === "image" && image.mimeType === "image/png" && image.data.length > 0)
      const [audio] = yield* contentOf("test_audio_content")
      assert.ok(audio?.type === "audio" && audio.mimeType === "audio/wav" && audio.data.length > 0)
      const embedded = { uri: "test://embedded-resource", mimeType: "text/plain", text: "This is an embedded resource content." }
      assert.deepStrictEqual(yield* contentOf("test_embedded_resource"), [{ type: "resource", resource: embedded }])
      const mixed = yield* contentOf("test_multiple_content_types")
      assert.deepStrictEqual(
        mixed.map(({ type }) => type),
        ["text", "image", "resource"]
      )
      const failed = yield* client.callTool("test_error_handling")
      assert.deepStrictEqual(
        [failed.isError, Content.textOf(failed)],
        [true, "This tool intentionally returns an error for testing"]
      )
    }).pipe(McpTest.eachRevision(["2025-06-18", "2025-11-25", "2026-07-28"]))
  )

  it.effect("tell progress and logs while they run", () =>
    Effect.gen(function* () {
      const client = yield* connect()
      yield* passing(client.callTool("test_tool_with_progress"))
      assert.deepStrictEqual(
        (yield* client.received.progress.take).map(({ progress, total }) => [progress, total]),
        [
          [0, 100],
          [50, 100],
          [100, 100]
        ]
      )
      yield* passing(client.callTool("test_tool_with_logging"))
      assert.deepStrictEqual(
        (yield* client.received.logs.take).map(({ level }) => level),
        ["info", "info", "info"]
      )
    }).pipe(McpTest.eachRevision(["2025-06-18", "2025-11-25", "2026-07-28"]))
  )

  it.effect("go on after they let go of the connection", () =>
    Effect.gen(function* () {
      const client = yield* connect()
      const { content } = yield* passing(client.callTool("test_reconnection"))
      assert.deepStrictEqual(content, [{ type: "text", text: "Reconnection test completed successfully" }])
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("log nothing for who did not ask for it", () =>
    Effect.gen(function* () {
      const heard: Array<unknown> = []
      const client = yield* McpClient.make({
        name: "test",
        version: "0",
        onLog: (message) => Effect.sync(() => void heard.push(message))
      })
      yield* client.callTool("test_logging_tool")
      yield* client.setLogLevel("info")
      assert.deepStrictEqual(heard, [])
      yield* client.callTool("test_logging_tool")
      assert.lengthOf(heard, 1)
    }).pipe(Effect.provide(MemoryTransport.layer().pipe(Layer.provide(Everything))))
  )

  it.effect("show a schema of 2020-12 as it is", () =>
    Effect.gen(function* () {
      const client = yield* connect()
      const tools = yield* client.listTools
      const schema = tools.find(({ name }) => name === "json_schema_2020_12_tool")?.inputSchema ?? {}
      const keywords = ["$schema", "$defs", "properties", "allOf", "if", "then", "else", "additionalProperties"]
      assert.containsAllKeys(schema, keywords)
      assert.containSubset(schema, {
        $defs: { address: { $anchor: "addressDef" } },
        properties: { address: { $ref: "#/$defs/address" } },
        allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }]
      })
      const args = { name: "Ada", contactMethod: "email", email: "ada@example.com" }
      assert.include(yield* textOf(client, "json_schema_2020_12_tool", args), "ada@example.com")
      const refused = yield* client.callTool("json_schema_2020_12_tool", { contactMethod: "phone", email: "a@b" })
      assert.isTrue(refused.isError)
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("come and go, and so do prompts", () =>
    Effect.gen(function* () {
      const client = yield* connect()
      const names = Effect.map(Effect.all([client.listTools, client.listPrompts]), ([tools, prompts]) =>
        [...tools, ...prompts].map(({ name }) => name).filter((name) => name.startsWith("test_extra"))
      )
      for (const expected of [["test_extra_tool", "test_extra_prompt"], []]) {
        yield* client.callTool("test_trigger_tool_change")
        yield* client.callTool("test_trigger_prompt_change")
        yield* McpTest.settle
        assert.deepStrictEqual(yield* names, expected)
      }
    }).pipe(McpTest.eachRevision("both"))
  )
})

describe("questions", () => {
  it.effect("are put in every revision that has them", () =>
    Effect.gen(function* () {
      const client = yield* connect(people)
      assert.strictEqual(yield* textOf(client, "test_sampling", { prompt: "Hello?" }), "LLM response: Paris")
      assert.strictEqual(
        yield* textOf(client, "test_elicitation", { message: "Who?" }),
        'User response: action=accept, content={"username":"testuser","email":"test@example.com"}'
      )
      assert.strictEqual(yield* textOf(client, "test_streaming_elicitation"), "went on")
      assert.strictEqual(yield* textOf(client, "test_missing_capability"), "Paris")
    }).pipe(McpTest.eachRevision(["2025-06-18", "2025-11-25", "2026-07-28"]))
  )

  it.effect("may be declined", () =>
    Effect.gen(function* () {
      const client = yield* connect({ user: McpTest.inOrder(McpTest.decline, McpTest.cancel) })
      const args = { message: "Who?" }
      assert.strictEqual(yield* textOf(client, "test_elicitation", args), "User response: action=decline, content={}")
      assert.strictEqual(
        yield* textOf(client, "test_elicitation_sep1034_defaults"),
        "Elicitation completed: action=cancel, content={}"
      )
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("have defaults, and choices of all five kinds", () =>
    Effect.gen(function* () {
      const client = yield* connect(people)
      yield* client.callTool("test_elicitation_sep1034_defaults")
      yield* client.callTool("test_elicitation_sep1330_enums")
      const [defaults, choices] = client.user.asked.all.map((question) =>
        question.kind === "form" ? question.form.properties : {}
      )
      assert.deepStrictEqual(
        Object.entries(defaults ?? {}).map(([name, { default: value, type }]) => [name, type, value]),
        [
          ["name", "string", "John Doe"],
          ["age", "integer", 30],
          ["score", "number", 95.5],
          ["status", "string", "active"],
          ["verified", "boolean", true]
        ]
      )
      assert.containSubset(choices, {
        untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
        titledSingle: { type: "string", oneOf: [{ const: "value1", title: "First Option" }] },
        legacyEnum: { type: "string", enum: ["opt1"], enumNames: ["Option One"] },
        untitledMulti: { type: "array", items: { type: "string", enum: ["option1"] } },
        titledMulti: { type: "array", items: { anyOf: [{ const: "value1", title: "First Choice" }] } }
      })
    }).pipe(McpTest.eachRevision(["2025-11-25"]))
  )

  it.effect("of several rounds lead to a result", () =>
    Effect.gen(function* () {
      const client = yield* connect(people)
      const results = {
        elicitation: "Hello, Alice!",
        sampling: "Paris",
        list_roots: "Roots: file:///test/root",
        request_state: "state-ok: confirmed",
        tampered_state: "state-ok: confirmed",
        multiple_inputs: "Paris Alice has file:///test/root",
        multi_round: "Alice likes blue",
        capabilities: "Alice"
      }
      for (const [name, expected] of Object.entries(results)) {
        assert.strictEqual(yield* textOf(client, `test_input_required_result_${name}`), expected)
      }
      const { messages } = yield* client.getPrompt("test_input_required_result_prompt")
      assert.deepStrictEqual(
        messages.map(({ content }) => content),
        [{ type: "text", text: "Use this context: tests" }]
      )
    }).pipe(McpTest.eachRevision(["2025-06-18", "2025-11-25", "2026-07-28"]))
  )

  it.effect("go to the model where the client has nobody else", () =>
    Effect.gen(function* () {
      const client = yield* connect({ model: people.model })
      assert.strictEqual(yield* textOf(client, "test_input_required_result_capabilities"), "Paris")
      const alone = yield* connect()
      assert.strictEqual(yield* textOf(alone, "test_input_required_result_capabilities"), "There is nobody to ask")
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("that cannot be put say what the client has to declare", () =>
    Effect.gen(function* () {
      const client = yield* connect({ era: "request" })
      const { reason } = yield* Effect.flip(client.callTool("test_missing_capability"))
      assert.containSubset(reason, { code: -32021, data: { requiredCapabilities: { sampling: {} } } })
    })
  )
})

describe("tasks", () => {
  const user = McpTest.answers({ confirm: true, name: "Alice" })
  const connectWithTasks = connect({ era: "request", user, client: { tasks: true } })

  it.effect("end as their tools do", () =>
    Effect.gen(function* () {
      const client = yield* connectWithTasks
      const computed = yield* passing(client.callTool("slow_compute", { seconds: 2, label: "a" }), "1 second")
      assert.strictEqual(Content.textOf(computed), "a: computed for 2 s")
      const failed = yield* passing(client.callTool("failing_job"), "1 second")
      assert.deepStrictEqual([failed.isError, Content.textOf(failed)], [true, "This job always fails"])
      const { reason } = yield* Effect.flip(passing(client.callTool("protocol_error_job"), "1 second"))
      assert.containSubset(reason, { code: -32603 })
      assert.strictEqual(yield* textOf(client, "greet", { name: "World" }), "Hello, World!")
    })
  )

  it.effect("ask on their way, and before it", () =>
    Effect.gen(function* () {
      const client = yield* connectWithTasks
      const results = {
        confirm_delete: "a.txt is deleted",
        multi_input: "Alice and Alice",
        test_tool_with_task: "Hello, Alice!"
      }
      for (const [name, expected] of Object.entries(results)) {
        const args = name === "confirm_delete" ? { filename: "a.txt" } : {}
        assert.strictEqual(yield* passing(textOf(client, name, args), "1 second"), expected)
      }
    })
  )

  it.effect("are for clients that take them: for others some tools just take their time, and some are refused", () =>
    Effect.gen(function* () {
      const client = yield* connect({ era: "request" })
      assert.strictEqual(yield* textOf(client, "slow_compute", { seconds: 0, label: "a" }), "a: computed for 0 s")
      const { reason } = yield* Effect.flip(client.callTool("failing_job"))
      assert.containSubset(reason, { code: -32021 })
    })
  )
})

describe("resources and prompts", () => {
  it.effect("are read, and what is not there is an error", () =>
    Effect.gen(function* () {
      const client = yield* connect()
      const read = (uri: string) => Effect.map(client.readResource(uri), ({ contents }) => contents[0])
      assert.containSubset(yield* read("test://static-text"), { mimeType: "text/plain" })
      assert.containsAllKeys(yield* read("test://static-binary"), ["blob", "mimeType"])
      assert.containSubset(yield* read("test://template/123/data"), {
        text: '{"id":"123","templateTest":true,"data":"Data for ID: 123"}'
      })
      yield* Effect.flip(client.readResource("test://nonexistent-resource-for-conformance-testing"))
    }).pipe(McpTest.eachRevision(["2025-06-18", "2025-11-25", "2026-07-28"]))
  )

  it.effect("are subscribed to in sessions", () =>
    Effect.gen(function* () {
      const client = yield* connect()
      const params = { uri: "test://watched-resource" }
      assert.deepStrictEqual(yield* client.request("resources/subscribe", params), {})
      assert.deepStrictEqual(yield* client.request("resources/unsubscribe", params), {})
    }).pipe(McpTest.eachRevision(["2025-06-18", "2025-11-25"]))
  )

  it.effect("have what was asked for in them", () =>
    Effect.gen(function* () {
      const client = yield* connect()
      const blocks = (name: string, args = {}) =>
        Effect.map(client.getPrompt(name, args), ({ messages }) => messages.map(({ content }) => content))
      assert.deepStrictEqual(yield* blocks("test_simple_prompt"), [
        { type: "text", text: "This is a simple prompt for testing." }
      ])
      assert.deepStrictEqual(yield* blocks("test_prompt_with_arguments", { arg1: "hello", arg2: "world" }), [
        { type: "text", text: "Prompt with arguments: arg1='hello', arg2='world'" }
      ])
      const [embedded] = yield* blocks("test_prompt_with_embedded_resource", { resourceUri: "test://example" })
      assert.containSubset(embedded, { type: "resource", resource: { uri: "test://example" } })
      const [image] = yield* blocks("test_prompt_with_image")
      assert.containSubset(image, { type: "image", mimeType: "image/png" })
      const prompt = { type: "ref/prompt", name: "test_prompt_with_arguments" } as const
      const { values } = yield* client.complete(prompt, { name: "arg1", value: "par" })
      assert.deepStrictEqual(values, ["paris", "park", "party"])
    }).pipe(McpTest.eachRevision(["2025-06-18", "2025-11-25", "2026-07-28"]))
  )
})
