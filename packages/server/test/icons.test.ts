import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as McpServer from "../src/McpServer.ts"
import { versions } from "./support/fixture.ts"
import { clientInfo, type Json, serve } from "./support/peer.ts"

const info = { name: "iconic", version: "1" }
const icons = [
  { src: "data:image/svg+xml;base64,PHN2Zy8+", mimeType: "image/svg+xml", sizes: ["any"], theme: "dark" },
  { src: "https://example.com/a.png", sizes: ["16x16", "48x48"], theme: "light" }
] as const
const bad = [{ src: "https://example.com/a.png" }, { src: "javascript:alert(1)" }]

const text = () => Effect.succeed("x")

const defectOf = (exit: Exit.Exit<unknown, unknown>): string => {
  const reason = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isDieReason) : undefined
  return reason?.defect instanceof Error ? reason.defect.message : "no defect"
}

const start = (layer: Layer.Layer<any, any, never>) => Effect.map(Effect.exit(serve(layer)), defectOf)

describe("icons", () => {
  it.effect("a bad one stops the server, with its place", () =>
    Effect.gen(function* () {
      const T = Tool.make("draw", { icons: bad })
      const R = Resource.make("page", "docs://page", { icons: bad })
      const U = Resource.template("pages", "docs://pages/{name}", { icons: [{ src: "file:///icon.png" }] })
      const P = Prompt.make("write", { icons: [{ src: "https://example.com/a.png", sizes: ["big"] }] })
      const uri = `"javascript:alert(1)" must be a URI of https:, http: or data:; \`Icon.fromFile\` makes one of a file`
      const file = `"file:///icon.png" must be a URI of https:, http: or data:; \`Icon.fromFile\` makes one of a file`
      const cases = [
        [McpServer.layer({ ...info, icons: bad }), `server "iconic": icons[1].src: ${uri}`],
        [McpServer.layer(info, T).pipe(Layer.provide(T.toLayer(text))), `tool "draw": icons[1].src: ${uri}`],
        [McpServer.layer(info, R).pipe(Layer.provide(R.toLayer(text))), `resource "page": icons[1].src: ${uri}`],
        [McpServer.layer(info, U).pipe(Layer.provide(U.toLayer(text))), `resource "pages": icons[0].src: ${file}`],
        [
          McpServer.layer(info, P).pipe(Layer.provide(P.toLayer(text))),
          `prompt "write": icons[0].sizes: has "big"; a size is "48x48", or "any"`
        ]
      ] as const
      for (const [layer, message] of cases) assert.strictEqual(yield* start(layer as Layer.Layer<any>), message)
    })
  )

  it.effect("a bad one that comes later is refused, and the server goes on", () =>
    Effect.gen(function* () {
      const Late = Tool.make("late", { icons: bad })
      const { server, speak } = yield* serve(McpServer.layer(info))
      const exit = yield* Effect.exit(Effect.scoped(server.add(Late, Late.toLayer(text))))
      assert.match(defectOf(exit), /^tool "late": icons\[1\]\.src/)
      const peer = yield* speak("2025-11-25")
      assert.deepStrictEqual((yield* peer.request("tools/list")).result, { tools: [] })
    })
  )
})

describe.each(versions)("icons in %s", (version) => {
  it.effect("are shown as they are where the revision knows them, and otherwise nowhere", () =>
    Effect.gen(function* () {
      const T = Tool.make("draw", { icons })
      const R = Resource.make("page", "docs://page", { icons })
      const U = Resource.template("pages", "docs://pages/{name}", { icons })
      const P = Prompt.make("write", { icons })
      const layers = [T.toLayer(text), R.toLayer(text), U.toLayer(text), P.toLayer(text)] as const
      const { speak } = yield* serve(McpServer.layer(info, T, R, U, P).pipe(Layer.provide([...layers])))
      const peer = yield* speak(version)
      const lists = ["tools/list", "resources/list", "resources/templates/list", "prompts/list"]
      for (const method of lists) {
        const { result } = yield* peer.request(method)
        const [listed] = Object.values(result as Json).find((value) => Array.isArray(value)) as ReadonlyArray<Json>
        assert.deepStrictEqual(listed?.["icons"], version >= "2025-11-25" ? icons : undefined, method)
      }
    })
  )

  it.effect("of the server are shown likewise", () =>
    Effect.gen(function* () {
      const { open } = yield* serve(McpServer.layer({ ...info, icons }))
      const peer = yield* open()
      peer.version = version
      const method = version === "2026-07-28" ? "server/discover" : "initialize"
      const { result } = yield* peer.request(method, { protocolVersion: version, capabilities: {}, clientInfo })
      const shown = result.serverInfo ?? result._meta["io.modelcontextprotocol/serverInfo"]
      assert.deepStrictEqual(shown, version >= "2025-11-25" ? { ...info, icons } : info)
    })
  )
})
