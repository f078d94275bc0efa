import { assert, describe, it } from "@effect/vitest"
import * as Content from "@effect-mcp/core/Content"
import { ContentBlock } from "@effect-mcp/core/protocol/Content"
import * as Schema from "effect/Schema"

const bytes = new Uint8Array([137, 80, 78, 71])

describe("Content", () => {
  const blocks: ReadonlyArray<[string, Content.ContentBlock, unknown]> = [
    ["text", Content.text("hi"), { type: "text", text: "hi" }],
    [
      "text with options",
      Content.text("hi", { annotations: { audience: ["user"], priority: 1 }, _meta: { a: 1 } }),
      { type: "text", text: "hi", annotations: { audience: ["user"], priority: 1 }, _meta: { a: 1 } }
    ],
    ["image of bytes", Content.image(bytes, "image/png"), { type: "image", data: "iVBORw==", mimeType: "image/png" }],
    ["image of base64", Content.image("iVBORw==", "image/png"), { type: "image", data: "iVBORw==", mimeType: "image/png" }],
    ["audio", Content.audio(bytes, "audio/wav"), { type: "audio", data: "iVBORw==", mimeType: "audio/wav" }],
    [
      "link",
      Content.resourceLink({ uri: "file:///a", name: "a", size: 4 }),
      { type: "resource_link", uri: "file:///a", name: "a", size: 4 }
    ],
    [
      "text resource",
      Content.resource({ uri: "file:///a", text: "", mimeType: "text/plain" }, { _meta: {} }),
      { type: "resource", resource: { uri: "file:///a", text: "", mimeType: "text/plain" }, _meta: {} }
    ],
    [
      "binary resource",
      Content.resource({ uri: "file:///a", blob: bytes }),
      { type: "resource", resource: { uri: "file:///a", blob: "iVBORw==" } }
    ]
  ]

  it.each(blocks)("makes a %s", (_, block, json) => {
    assert.deepStrictEqual<unknown>(block, json)
    assert.isTrue(Content.isContentBlock(block))
    assert.deepStrictEqual(Schema.decodeUnknownSync(ContentBlock)(block), block)
  })

  it.each([null, "text", [], {}, { type: "text" }, { type: "video", data: "" }, { type: "image", data: "" }])(
    "takes %j for no block",
    (u) => {
      assert.isFalse(Content.isContentBlock(u))
    }
  )

  it("finds annotations on the block, or where some servers put them", () => {
    const resource = { uri: "file:///a", text: "a" }
    const inside = { type: "resource", resource: { ...resource, annotations: { priority: 0.5 } } } as const
    assert.deepStrictEqual(Content.annotationsOf(Schema.decodeUnknownSync(ContentBlock)(inside)), { priority: 0.5 })
    assert.deepStrictEqual(Content.annotationsOf(Content.resource(resource, { annotations: { priority: 1 } })), { priority: 1 })
    assert.isUndefined(Content.annotationsOf(Content.text("a")))
  })
})
