/**
 * Tools of servers that nobody here wrote, and what they give.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Content from "@effect-mcp/core/Content"
import type { CallToolResult } from "@effect-mcp/core/protocol/Tools"
import * as AiTool from "effect/ai/Tool"
import * as Context from "effect/Context"
import * as DynamicTool from "../src/DynamicTool.ts"

const inputSchema = { type: "object", properties: { q: { type: "string" } }, if: { required: ["q"] } } as const

describe("a tool that is described by JSON Schema", () => {
  it("is what its description says", () => {
    const tool = DynamicTool.make({
      name: "search",
      title: "Search",
      description: "Finds things",
      inputSchema,
      annotations: { readOnlyHint: true },
      _meta: { "example.com/x": 1 }
    })
    assert.strictEqual(tool.name, "search")
    assert.strictEqual(AiTool.getDescription(tool), "Finds things")
    assert.deepStrictEqual(AiTool.getJsonSchema(tool), inputSchema as object)
    assert.strictEqual(Context.get(tool.annotations, AiTool.Readonly), true)
    assert.strictEqual(Context.getOrUndefined(tool.annotations, AiTool.Title), "Search")
    assert.deepStrictEqual(Context.getOrUndefined(tool.annotations, AiTool.Meta), { "example.com/x": 1 })
    assert.strictEqual(Context.get(tool.annotations, AiTool.Strict), false)
    assert.strictEqual(tool.needsApproval, false)
    assert.strictEqual(DynamicTool.make({ name: "x", inputSchema }, { needsApproval: true }).needsApproval, true)
  })
})

describe("what a tool gives", () => {
  const outputOf = (result: CallToolResult) => {
    const { modelOutput, ...rest } = DynamicTool.outputOf(result)
    return { ...rest, parts: modelOutput?.map((part) => (part.type === "text" ? part.text : [part.mediaType, part.data])) }
  }

  it("is a text where there are texts alone", () => {
    assert.deepStrictEqual(outputOf({ content: [Content.text("a"), Content.text("b")] }), {
      result: "a\nb",
      isFailure: false,
      parts: undefined
    })
    assert.deepStrictEqual(outputOf({ content: [], isError: true }), { result: "", isFailure: true, parts: undefined })
  })

  it("is the structured content, and what was written for models beside it", () => {
    assert.deepStrictEqual(outputOf({ content: [Content.text("21 degrees")], structuredContent: { celsius: 21 } }), {
      result: { celsius: 21 },
      isFailure: false,
      parts: ["21 degrees"]
    })
    assert.deepStrictEqual(outputOf({ content: [], structuredContent: null }), {
      result: null,
      isFailure: false,
      parts: undefined
    })
  })

  it("has images, sounds and files for the model, also when the tool has failed", () => {
    const content = [
      Content.text("look"),
      Content.image("AAAA", "image/png"),
      Content.audio("BBBB", "audio/wav"),
      Content.resource({ uri: "file:///a.bin", blob: "CCCC" }),
      Content.resource({ uri: "file:///a.txt", text: "a" }),
      Content.resourceLink({ uri: "file:///b.txt", name: "b" })
    ]
    assert.deepStrictEqual(outputOf({ content, isError: true }), {
      result: "look",
      isFailure: true,
      parts: ["look", ["image/png", "AAAA"], ["audio/wav", "BBBB"], ["application/octet-stream", "CCCC"], "a", "b: file:///b.txt"]
    })
  })

  it("never makes a provider fetch something, or read a file", () => {
    const bad = ["https://example.com/a.png", "/etc/passwd.png"]
    for (const data of bad) {
      const content = [
        Content.image(data, "image/png"),
        Content.audio(data, "audio/wav"),
        Content.resource({ uri: "file:///a", blob: data })
      ]
      for (const part of outputOf({ content }).parts ?? []) {
        assert.ok(typeof part === "string")
        assert.match(part, /^\[a block of content was left out: the data of .* is no base64\]$/)
      }
    }
  })

  it("leaves out what cannot be read", () => {
    // What a server sends that knows no rules.
    const content = [{ type: "hologram" }, { type: "text" }, { type: "text", text: "a" }, { type: "image", data: 7 }] as never
    const left = "[a block of content that cannot be read was left out]"
    assert.deepStrictEqual(outputOf({ content }), { result: "a", isFailure: false, parts: [left, left, "a", left] })
  })
})
