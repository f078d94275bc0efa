import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Content from "../src/Content.ts"
import * as Icon from "../src/Icon.ts"
import * as IconRules from "../src/IconRules.ts"
import { Icon as IconSchema } from "../src/protocol/Common.ts"
import { directory, files } from "./support/files.ts"

const src = "https://example.com/icon.png"

describe("IconRules.fault", () => {
  it.each([
    undefined,
    [],
    [{ src }],
    [{ src: "http://localhost:3000/icon.png", mimeType: "image/png", sizes: ["48x48", "any"], theme: "light" }],
    [{ src: "HTTPS://EXAMPLE.COM/%20" }, { src, theme: "dark", sizes: [] }],
    [{ src: "data:image/png;base64,iVBORw==", mimeType: "image/png" }],
    [{ src: "data:image/png;base64,iVBORw%3D%3D" }],
    [{ src: "data:image/svg+xml,%3Csvg/%3E", mimeType: "image/svg+xml; charset=utf-8" }],
    [{ src: "data:image/svg+xml;charset=utf-8;base64,PHN2Zy8+" }],
    [{ src: `data:image/png;base64,${"A".repeat(1_000_000)}` }],
    [{ src, somethingElse: true }]
  ])("finds nothing in %j", (icons) => {
    assert.isUndefined(IconRules.fault(icons))
  })

  const bad: ReadonlyArray<readonly [icons: unknown, fault: RegExp]> = [
    ["icon.png", /^icons: must be an array$/],
    [[null], /^icons\[0\]: null is no icon/],
    [["a.png"], /^icons\[0\]: "a\.png" is no icon: an icon is an object with `src`$/],
    [[["a.png"]], /^icons\[0\]: an array is no icon/],
    [[{ src: { toString: 1 } }], /^icons\[0\]\.src: an object must be a URI$/],
    [[{}], /^icons\[0\]\.src: undefined must be a URI$/],
    [[{ src }, { src: "" }], /^icons\[1\]\.src: "" must be a URI$/],
    [[{ src: "javascript:alert(1)" }], /^icons\[0\]\.src: "javascript:alert\(1\)" must be a URI of https:, http: or data:/],
    [[{ src: " javascript:alert(1)" }], /must be a URI of https:/],
    [[{ src: "java\nscript:alert(1)" }], /must be a URI of https:/],
    [[{ src: "file:///etc/passwd" }], /`Icon\.fromFile` makes one of a file$/],
    [[{ src: "icon.png" }], /must be a URI of https:/],
    [[{ src: "//example.com/icon.png" }], /must be a URI of https:/],
    [[{ src: "ftp://example.com/icon.png" }], /must be a URI of https:/],
    [[{ src: "https://" }], /is no URL$/],
    [[{ src: "https:icon.png" }], /is no URL$/],
    [[{ src: "https://a b/" }], /is no URL$/],
    [[{ src: "https://[/" }], /is no URL$/],
    [[{ src: "data:image/png" }], /without a comma$/],
    [[{ src: "data:image/png;base64," }], /without data$/],
    [[{ src: "data:image/png;base64,\u0089PNG" }], /no base64$/],
    [[{ src: "data:text/html,<script>" }], /is a data: URI of type "text\/html"; an icon is an image/],
    [[{ src: "data:,a" }], /of type ""/],
    [[{ src: "data:image/,a" }], /of type "image\/"/],
    [[{ src, mimeType: "text/html" }], /^icons\[0\]\.mimeType: "text\/html" is no type of images/],
    [[{ src, mimeType: 1 }], /mimeType: 1 is/],
    [[{ src, sizes: "48x48" }], /^icons\[0\]\.sizes: must be an array$/],
    [[{ src, sizes: ["48x48", "48"] }], /^icons\[0\]\.sizes: has "48"; a size is "48x48", or "any"$/],
    [[{ src, sizes: ["0x1"] }], /has "0x1"/],
    [[{ src, sizes: ["48X48"] }], /has "48X48"/],
    [[{ src, theme: "blue" }], /^icons\[0\]\.theme: "blue" is neither "light" nor "dark"$/]
  ]
  it.each(bad)("finds what is wrong in %j", (icons, fault) => {
    assert.match(String(IconRules.fault(icons)), fault)
  })

  it("does not repeat long sources", () => {
    assert.isBelow(String(IconRules.fault([{ src: "x".repeat(10_000) }])).length, 250)
  })

  it.effect.prop("has a word for everything, and never throws", { icons: Schema.Json, icon: IconSchema }, ({ icon, icons }) =>
    Effect.sync(() => {
      for (const some of [icons, [icons], [icon], [{ src: icons }]]) {
        const fault = IconRules.fault(some)
        assert.isTrue(fault === undefined || fault.startsWith("icons"))
      }
    })
  )
})

describe("Icon", () => {
  it.effect("carries the image of a file", () =>
    Effect.gen(function* () {
      const root = yield* directory({
        "a.png": new Uint8Array([137, 80, 78, 71]),
        "b.svg": "<svg/>",
        "c.txt": "text",
        "big.png": new Uint8Array(64 * 1024 + 1)
      })
      const png = yield* Icon.fromFile(`${root}/a.png`, { sizes: ["48x48"], theme: "dark" })
      assert.deepStrictEqual(png, {
        src: "data:image/png;base64,iVBORw==",
        mimeType: "image/png",
        sizes: ["48x48"],
        theme: "dark"
      })
      const svg = yield* Icon.fromFile(`${root}/b.svg`, { sizes: ["any"] })
      assert.deepStrictEqual(svg, { src: "data:image/svg+xml;base64,PHN2Zy8+", mimeType: "image/svg+xml", sizes: ["any"] })
      const told = yield* Icon.fromFile(`${root}/c.txt`, { mimeType: "image/x-icon" })
      assert.deepStrictEqual(told, { src: "data:image/x-icon;base64,dGV4dA==", mimeType: "image/x-icon" })
      assert.isUndefined(IconRules.fault([png, svg, told]))

      const cases = [
        ["c.txt", "wrongType", /its MIME type is text\/plain, and image\/... is needed/],
        ["big.png", "tooLarge", /larger than 65536 bytes; raise `maxBytes`/],
        ["no.png", "missing", /no such file/]
      ] as const
      for (const [name, reason, message] of cases) {
        const error = yield* Effect.flip(Icon.fromFile(`${root}/${name}`))
        assert.strictEqual(error.reason, reason)
        assert.match(error.message, message)
      }
      const big = yield* Icon.fromFile(`${root}/big.png`, { maxBytes: 100_000 })
      assert.isUndefined(IconRules.fault([big]))
    }).pipe(Effect.provide(files))
  )

  it("is refused with a type that is none", () => {
    assert.throws(() => Icon.fromBytes("AQ==", "png"), /"png" is no MIME type/)
    assert.throws(() => Content.dataUri("AQ==", "image/png,x"), /no MIME type/)
    assert.strictEqual(
      Content.dataUri(new Uint8Array([1]), "text/plain;charset=utf-8"),
      "data:text/plain;charset=utf-8;base64,AQ=="
    )
  })
})
