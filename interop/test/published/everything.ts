/** `@modelcontextprotocol/server-everything`. */
import { assert } from "vitest"
import { Effect, Fiber } from "../../ours.ts"
import { accept, says } from "../support/User.ts"
import type { Json } from "../support/Wire.ts"
import { call, common, failed, notified, refusal, type Server, textOf } from "./Server.ts"

const text1 = "demo://resource/dynamic/text/1"
/** That it tells of a subscription: what it says of roots comes when it likes. */
export const subscribed = (data: string) => data.startsWith("Received Subscribe")
const slow = (duration: number, steps: number) => ({ duration, steps })

/** What the user is asked first, answered so. */
const raw = (result: Json): Json => JSON.parse(textOf(result).split("Raw result: ")[1]!)

export const everything: Server = {
  name: "server-everything",
  entry: "server-everything/dist/index.js",
  cells: {
    ...common,

    negotiation: async ({ client }) => {
      assert.strictEqual(client.revision.version, "2025-11-25")
      assert.include(client.serverInfo, { name: "mcp-servers/everything", title: "Everything Reference Server" })
      assert.include(client.instructions, "Everything Server")
      assert.containSubset(client.capabilities, { logging: {}, completions: {}, resources: { subscribe: true } })
    },

    // Some of its tools come after it has seen what the client declares.
    list: async (party) => {
      await notified(party, "notifications/tools/list_changed")
      const tools = (await party.run(party.client.listTools)).map(({ name }) => name)
      assert.includeMembers(tools, [
        "echo",
        "get-sum",
        "trigger-elicitation-request",
        "trigger-sampling-request",
        "get-roots-list"
      ])
    },

    call: async (party) => {
      assert.strictEqual(textOf(await call(party, "echo", { message: "ä€𝄞" })), "Echo: ä€𝄞")
      assert.strictEqual(textOf(await call(party, "get-sum", { a: 19, b: 23 })), "The sum of 19 and 23 is 42.")
    },

    "structured result": async (party) => {
      const { structuredContent } = await call(party, "get-structured-content", { location: "Chicago" })
      assert.deepStrictEqual(structuredContent, { temperature: 36, conditions: "Light rain / drizzle", humidity: 82 })
    },

    "kinds of content": async (party) => {
      const types = async (tool: string, args: Json) =>
        (await call(party, tool, args)).content.map(({ type }: Json) => type).join(" ")
      assert.strictEqual(await types("get-tiny-image", {}), "text image text")
      assert.strictEqual(await types("get-resource-links", { count: 2 }), "text resource_link resource_link")
      const reference = { resourceType: "Text", resourceId: 1 }
      assert.strictEqual(await types("get-resource-reference", reference), "text resource text")
      const annotated = { messageType: "error", includeImage: true }
      assert.strictEqual(await types("get-annotated-message", annotated), "text image")
      const [{ annotations }] = (await call(party, "get-annotated-message", annotated)).content
      assert.deepStrictEqual(annotations, { priority: 1, audience: ["user", "assistant"] })
    },

    "error of the tool": async (party) => {
      const args = { name: "a", data: "ftp://example.com/a" }
      assert.include(await failed(party, "gzip-file-as-resource", args), "Unsupported URL protocol")
    },

    "bad arguments": async (party) =>
      assert.include(await failed(party, "get-sum", { a: 1, b: "two" }), "Input validation error"),

    progress: async (party) => {
      const told: Array<unknown> = []
      const onProgress = (progress: unknown) => Effect.sync(() => void told.push(progress))
      await call(party, "trigger-long-running-operation", slow(0.03, 3), { onProgress })
      assert.deepStrictEqual(
        told,
        [1, 2, 3].map((progress) => ({ progress, total: 3, message: undefined }))
      )
    },

    // The tool goes on all the same; nobody hears of it, and the conversation goes on, too.
    cancel: async (party) => {
      const { client, fork, run } = party
      const told: Array<number> = []
      const first = Promise.withResolvers<void>()
      const onProgress = ({ progress }: { readonly progress: number }) =>
        Effect.sync(() => {
          told.push(progress)
          first.resolve()
        })
      const fiber = fork(client.callTool("trigger-long-running-operation", slow(0.1, 4), { onProgress }))
      await first.promise
      await run(Fiber.interrupt(fiber))
      const before = told.length
      await call(party, "trigger-long-running-operation", slow(0.1, 2))
      assert.strictEqual(told.length, before)
    },

    "log messages": async (party) => {
      const { client, run, told } = party
      await run(client.setLogLevel("info"))
      await run(client.subscribeResource(text1))
      const { data, level } = await notified(party, "notifications/message", ({ data }) => subscribed(data))
      assert.deepStrictEqual([level, data.trim()], ["info", `Received Subscribe Resource request for URI: ${text1}`])
      await run(client.setLogLevel("error"))
      await run(client.unsubscribeResource(text1))
      await run(client.ping)
      assert.isFalse(told.all.some(({ params }) => String(params?.data).startsWith("Received Unsubscribe")))
    },

    resources: async ({ client, run }) => {
      const resources = await run(client.listResources)
      const features = resources.find(({ name }) => name === "features.md")
      assert.include(features, { uri: "demo://resource/static/document/features.md", mimeType: "text/markdown" })
    },

    templates: async ({ client, run }) => {
      const templates = await run(client.listResourceTemplates)
      assert.deepStrictEqual(
        templates.map(({ uriTemplate }) => uriTemplate),
        ["demo://resource/dynamic/text/{resourceId}", "demo://resource/dynamic/blob/{resourceId}"]
      )
    },

    read: async ({ client, run }) => {
      const read = async (uri: string): Promise<Json> => (await run(client.readResource(uri))).contents[0]
      assert.include((await read("demo://resource/static/document/features.md")).text, "#")
      assert.include((await read(text1)).text, "Resource 1: This is a plaintext resource")
      const { blob } = await read("demo://resource/dynamic/blob/2")
      assert.include(Buffer.from(blob, "base64").toString(), "Resource 2: This is a base64 blob")
    },

    "unknown resource": async (party) =>
      assert.include(await refusal(party, party.client.readResource("demo://nothing")), { _tag: "RequestFailed", code: -32602 }),

    updates: async (party) => {
      const { client, run, told } = party
      await run(client.subscribeResource(text1))
      await call(party, "toggle-subscriber-updates") // tells once, and again every five seconds
      assert.strictEqual((await notified(party, "notifications/resources/updated")).uri, text1)
      await call(party, "toggle-subscriber-updates")
      await run(client.unsubscribeResource(text1))
      const updates = () => told.all.filter(({ method }) => method === "notifications/resources/updated").length
      const before = updates()
      await call(party, "toggle-subscriber-updates")
      await call(party, "toggle-subscriber-updates")
      assert.strictEqual(updates(), before)
    },

    "changes of lists": async (party) => {
      const { client, run } = party
      const { content } = await call(party, "gzip-file-as-resource", { name: "a.gz", data: "data:text/plain,hello" })
      assert.include(content[0], { type: "resource_link", uri: "demo://resource/session/a.gz", mimeType: "application/gzip" })
      await notified(party, "notifications/resources/list_changed")
      const uris = (await run(client.listResources)).map(({ uri }) => uri)
      assert.include(uris, "demo://resource/session/a.gz")
    },

    prompts: async ({ client, run }) => {
      const prompts = await run(client.listPrompts)
      assert.deepStrictEqual(
        prompts.map(({ name }) => name),
        ["simple-prompt", "args-prompt", "completable-prompt", "resource-prompt"]
      )
      assert.deepStrictEqual(
        prompts[1]!.arguments!.map(({ name, required }) => [name, required]),
        [
          ["city", true],
          ["state", false]
        ]
      )
    },

    prompt: async ({ client, run }) => {
      const { messages } = await run(client.getPrompt("args-prompt", { city: "Oslo" }))
      assert.deepStrictEqual(messages, [{ role: "user", content: { type: "text", text: "What's weather in Oslo?" } }])
      const embedded = await run(client.getPrompt("resource-prompt", { resourceType: "Blob", resourceId: "3" }))
      assert.containSubset(embedded.messages[1], {
        content: { type: "resource", resource: { uri: "demo://resource/dynamic/blob/3" } }
      })
    },

    "bad prompt": async (party) => {
      const codes = ["args-prompt", "nothing"].map(async (name) => (await refusal(party, party.client.getPrompt(name))).code)
      assert.deepStrictEqual(await Promise.all(codes), [-32602, -32602])
    },

    completion: async ({ client, run }) => {
      const team = { type: "ref/prompt", name: "completable-prompt" } as const
      const departments = await run(client.complete(team, { name: "department", value: "S" }))
      assert.deepStrictEqual(departments.values, ["Sales", "Support"])
      const names = await run(client.complete(team, { name: "name", value: "" }, { department: "Sales" }))
      assert.deepStrictEqual(names.values, ["David", "Eve", "Frank"])
      const blob = { type: "ref/resource", uri: "demo://resource/dynamic/blob/{resourceId}" } as const
      assert.deepStrictEqual((await run(client.complete(blob, { name: "resourceId", value: "7" }))).values, ["7"])
    },

    form: async (party) => {
      party.user.answering(() => accept({ name: "Ada", check: true, email: "ada@example.com" }))
      const { action, content } = raw(await call(party, "trigger-elicitation-request"))
      assert.strictEqual(action, "accept")
      assert.include(content, {
        name: "Ada",
        check: true,
        integer: 42,
        titledSingleSelectEnum: "hero-1",
        legacyTitledEnum: "pet-1"
      })
      assert.deepStrictEqual(content.titledMultipleSelectEnum, ["fish-1"])
      party.user.answering(() => ({ action: "decline" }))
      assert.include(textOf(await call(party, "trigger-elicitation-request")), "User declined")
    },

    url: async (party) => {
      party.user.answering(() => accept())
      const args = { url: "https://example.com/pay", message: "Please pay", elicitationId: "visit" }
      assert.deepStrictEqual(raw(await call(party, "trigger-url-elicitation", args)), { action: "accept" })
      assert.include(party.user.asked[0]!.params, { mode: "url", ...args })
    },

    "visit before a call": async (party) => {
      party.user.answering(() => accept())
      const args = { url: "https://example.com/pay", errorPath: true }
      const { code, data } = await refusal(party, party.client.callTool("trigger-url-elicitation", args))
      assert.strictEqual(code, -32042)
      assert.containSubset(data.elicitations, [{ mode: "url", url: "https://modelcontextprotocol.io" }])
      await call(party, "trigger-url-elicitation", args)
    },

    model: async (party) => {
      party.user.answering(() => says("Three"))
      const result = textOf(await call(party, "trigger-sampling-request", { prompt: "How many?", maxTokens: 7 }))
      assert.deepInclude(JSON.parse(result.split("\n").slice(1).join("\n")), says("Three"))
      const { maxTokens, messages, systemPrompt, temperature } = party.user.asked[0]!.params
      assert.deepStrictEqual([maxTokens, systemPrompt, temperature], [7, "You are a helpful test server.", 0.7])
      assert.include(messages[0].content.text, "How many?")
    },

    roots: async (party) =>
      assert.include(textOf(await call(party, "get-roots-list")), `1. home\n   URI: file://${party.directory}`),

    "changes of roots": async (party) => {
      const { client, roots, run } = party
      await run(client.setLogLevel("info"))
      roots.push({ uri: "file:///tmp" })
      await run(client.notify("notifications/roots/list_changed"))
      await notified(party, "notifications/message", ({ data }) => String(data).startsWith("Roots updated: 2"))
      assert.include(textOf(await call(party, "get-roots-list")), "2. Unnamed Root\n   URI: file:///tmp")
    }
  }
}
