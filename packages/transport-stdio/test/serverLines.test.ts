import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { defaultLineLimit, makeLineSplitter } from "../src/internal/lines.ts"

const tooLong = Symbol("too long")
type Seen = Array<string | typeof tooLong>

const split = (chunks: Iterable<Uint8Array | string>, limit = defaultLineLimit): Seen => {
  const seen: Seen = []
  const splitter = makeLineSplitter({ limit, onLine: (text) => seen.push(text), onTooLong: () => seen.push(tooLong) })
  for (const chunk of chunks) splitter.push(Buffer.from(chunk as string)) // the overloads of `from` do not take the union
  splitter.end()
  return seen
}

const cut = (bytes: Uint8Array, cuts: ReadonlyArray<number>): Array<Uint8Array> => {
  const at = [0, ...cuts.map((n) => n % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

describe("lines", () => {
  it("ends lines at LF and CR LF, keeps other control characters, ignores blank lines", () => {
    assert.deepStrictEqual(split(["a\nb\r\n\n\r\n  \t\nc\rd\n\u2028\n"]), ["a", "b", "c\rd", "\u2028"])
    assert.deepStrictEqual(split([" a \n\u000be\n"]), [" a ", "\u000be"])
  })

  it("joins lines across chunks, also when only the line ending is cut", () => {
    assert.deepStrictEqual(split(["a", "b\r", "\nc\n", "\n", "d", "", "\n"]), ["ab", "c", "d"])
  })

  it("takes a last line without its line feed", () => {
    assert.deepStrictEqual(split(["a\nb"]), ["a", "b"])
    assert.deepStrictEqual(split(["a\nb", "c\r"]), ["a", "bc"])
  })

  it("decodes UTF-8 that is cut anywhere, and replaces what is none", () => {
    const bytes = Buffer.from("äöü€𝄞\nx𝄞\n")
    const each = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
    assert.deepStrictEqual(split(each), ["äöü€𝄞", "x𝄞"])
    assert.deepStrictEqual(split([Buffer.from([0x61, 0xff, 0x62, 10])]), ["a\ufffdb"])
  })

  it("reports a line over the limit once, at once, and goes on after it", () => {
    const seen: Seen = []
    const splitter = makeLineSplitter({ limit: 4, onLine: (text) => seen.push(text), onTooLong: () => seen.push(tooLong) })
    splitter.push(Buffer.from("1234\n123"))
    splitter.push(Buffer.from("45"))
    assert.deepStrictEqual(seen, ["1234", tooLong])
    for (let i = 0; i < 100; i++) splitter.push(Buffer.from("678"))
    splitter.push(Buffer.from("9\nab\n12345\ncd"))
    splitter.end()
    assert.deepStrictEqual(seen, ["1234", tooLong, "ab", tooLong, "cd"])
  })

  it("reports a too long line that the input ends in, once", () => {
    assert.deepStrictEqual(split(["12345"], 4), [tooLong])
    assert.deepStrictEqual(split(["1", "2345", "6"], 4), [tooLong])
  })

  it("copies a long line a bounded number of times", () => {
    const line = Buffer.alloc(8 * 1024 * 1024, "x")
    const chunks = Array.from({ length: line.length / 512 }, (_, i) => line.subarray(i * 512, (i + 1) * 512))
    const started = performance.now()
    const seen = split([...chunks, Buffer.from("\n")])
    assert.strictEqual((seen[0] as string).length, line.length) // only strings are expected here
    assert.isBelow(performance.now() - started, 2000) // with one copy for each chunk: 64 GB, minutes
  })

  const Piece = Schema.Literals(["\n", "\r\n", "\r", "", " ", "a", "{}", "ü", "€", "𝄞", "long long long line", "\u2028"])
  const Cuts = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 })))

  it.prop(
    "any split into chunks gives the same lines",
    { pieces: Schema.Array(Piece), cuts: Cuts, limit: Schema.Literals([1, 5, 20, 1000]) },
    ({ cuts, limit, pieces }) => {
      const bytes = Buffer.from(pieces.join(""))
      const expected = bytes
        .toString("latin1")
        .split("\n")
        .map((line) => Buffer.from(line, "latin1"))
        .flatMap((line): Seen => {
          if (line.length > limit) return [tooLong]
          const text = line.toString().replace(/\r$/, "")
          return /^[ \t\r]*$/.test(text) ? [] : [text]
        })
      assert.deepStrictEqual(split(cut(bytes, cuts), limit), expected)
      assert.deepStrictEqual(split([bytes], limit), expected)
    },
    { arbitrary: { runs: 1000 } }
  )

  it.prop(
    "any bytes, cut anywhere, give the lines of the whole",
    { bytes: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))), cuts: Cuts },
    ({ bytes, cuts }) => {
      const whole = Uint8Array.from(bytes)
      assert.deepStrictEqual(split(cut(whole, cuts)), split([whole]))
    },
    { arbitrary: { runs: 300 } }
  )
})
