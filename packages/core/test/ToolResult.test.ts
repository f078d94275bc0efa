import { assert, describe, it } from "@effect/vitest"
import type { CallToolResult } from "../src/protocol/Tools.ts"
import * as ToolResult from "../src/ToolResult.ts"

const wrapped = { outputSchema: { type: "object", properties: { result: { type: "integer" } } } }
const ours = { outputSchema: { ...wrapped.outputSchema, "x-effect-mcp-wrapped": true } }
const fastMcp = { outputSchema: { ...wrapped.outputSchema, "x-fastmcp-wrap-result": true } }

const content: CallToolResult["content"] = [
  { type: "text", text: '{"n":1}' },
  { type: "image", data: "", mimeType: "image/png" },
  { type: "text", text: "b" }
]
const structured = (structuredContent: unknown, _meta?: Readonly<Record<string, unknown>>): CallToolResult => ({
  content,
  structuredContent,
  ...(_meta === undefined ? {} : { _meta })
})

describe("the plain value of a result", () => {
  it("is its structured content", () => {
    assert.deepStrictEqual(ToolResult.data(structured({ result: 1 })), { result: 1 })
    assert.deepStrictEqual(ToolResult.data(structured({ result: 1 }), wrapped), { result: 1 })
    assert.deepStrictEqual(ToolResult.data(structured({ result: 1 }), {}), { result: 1 })
    assert.strictEqual(ToolResult.data(structured(null)), null)
  })

  it("is what is in it where the tool, or the result, says that it is wrapped", () => {
    assert.strictEqual(ToolResult.data(structured({ result: 1 }), ours), 1)
    assert.strictEqual(ToolResult.data(structured({ result: null }), fastMcp), null)
    assert.strictEqual(ToolResult.data(structured({ result: 1 }, { fastmcp: { wrap_result: true } })), 1)
    assert.deepStrictEqual(ToolResult.data(structured({ result: 1 }, { fastmcp: { wrap_result: "no" } })), { result: 1 })
    assert.deepStrictEqual(ToolResult.data(structured({ result: 1 }, { fastmcp: null })), { result: 1 })
  })

  it("is as it came where nothing is wrapped, whatever was said", () => {
    for (const value of [{ other: 1 }, [1], 3, "a", null, Object.create({ result: 1 })]) {
      assert.strictEqual(ToolResult.data(structured(value), ours), value)
    }
  })

  it("is the text, as it is, when nothing is structured, and nothing when there is no text", () => {
    assert.strictEqual(ToolResult.data({ content }, ours), '{"n":1}\nb')
    assert.strictEqual(ToolResult.data({ content: [{ type: "text", text: "" }] }), "")
    assert.strictEqual(ToolResult.data({ content: content.slice(1, 2) }), undefined)
    assert.strictEqual(ToolResult.data({ content: [] }), undefined)
  })
})

describe("a schema of results", () => {
  it("is wrapped where it says so, and not where it looks so", () => {
    assert.deepStrictEqual([ours, fastMcp, wrapped, {}].map(ToolResult.isWrapped), [true, true, false, false])
    assert.isFalse(ToolResult.isWrapped({ outputSchema: { "x-effect-mcp-wrapped": "true" } }))
  })
})
