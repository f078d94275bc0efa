import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { SseReader } from "../src/internal/sseReader.ts"

const utf8 = new TextEncoder()

interface Read {
  readonly events: ReadonlyArray<readonly [string, string]>
  readonly lastEventId: string | undefined
  readonly retry: number | undefined
  readonly tooLong: boolean
}

const read = (pieces: ReadonlyArray<Uint8Array>, limit = 1e6): Read => {
  const events: Array<readonly [string, string]> = []
  let tooLong = false
  const reader = new SseReader(limit, {
    onEvent: (type, data) => void events.push([type, data]),
    onTooLong: () => void (tooLong = true)
  })
  for (const piece of pieces) reader.push(piece)
  return { events, lastEventId: reader.lastEventId, retry: reader.retry, tooLong }
}

const ofText = (text: string, limit?: number) => read([utf8.encode(text)], limit)

/** The standard's parser, word by word, over the whole text, but for ids that no header can hold. */
const reference = (text: string): Omit<Read, "tooLong"> => {
  const events: Array<readonly [string, string]> = []
  let [type, data, id] = ["", "", undefined as string | undefined]
  let [lastEventId, retry] = [undefined as string | undefined, undefined as number | undefined]
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/)
  lines.pop() // what has no end is no line
  for (const line of lines) {
    if (line === "") {
      lastEventId = id
      if (data !== "\n" && data !== "") events.push([type === "" ? "message" : type, data.replace(/\n$/, "")])
      type = data = ""
      continue
    }
    const [, name, value = ""] = /^([^:]*)(?::\x20?(.*))?$/su.exec(line) ?? []
    if (name === "event") type = value
    if (name === "data") data += `${value}\n`
    // eslint-disable-next-line no-control-regex
    if (name === "id" && /^[^\0-\x1f\x7f]{0,2048}$/.test(value)) id = value
    if (name === "retry" && /^[0-9]{1,15}$/.test(value)) retry = Number(value)
  }
  return { events, lastEventId, retry }
}

const Field = Schema.Struct({
  name: Schema.Literals(["data", "event", "id", "retry", "", "x"]),
  colon: Schema.Literals([":", ": ", ""]),
  value: Schema.Union([Schema.Literals(["a", "{}", " b", "12", "1a", "é😀", "\0", ""]), Schema.String]),
  end: Schema.Literals(["\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "\r\r"])
})
const Stream = Schema.Array(Field)
const Cuts = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 200 })))

const textOf = (fields: typeof Stream.Type) =>
  fields.map(({ colon, end, name, value }) => `${name}${colon}${value.replace(/[\r\n]/g, "")}${end}`).join("")

describe("an event stream", () => {
  it.effect.prop(
    "is read as the standard says, whatever it holds and however it is cut",
    { fields: Stream, hasMark: Schema.Boolean, cuts: Cuts },
    ({ cuts, fields, hasMark }) =>
      Effect.sync(() => {
        const bytes = utf8.encode(`${hasMark ? "\ufeff" : ""}${textOf(fields)}`)
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length]
        const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end))
        const { tooLong, ...found } = read(pieces)
        assert.isFalse(tooLong)
        assert.deepStrictEqual(found, reference(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)))
      })
  )

  it("is read byte by byte, also from buffers that are used again", () => {
    const bytes = utf8.encode('\ufeffid: 7\r\ndata: {"é":1}\r\ndata: 😀\r\n\r\n')
    const shared = new Uint8Array(1)
    const events: Array<unknown> = []
    const reader = new SseReader(100, { onEvent: (...event) => void events.push(event), onTooLong: () => assert.fail() })
    for (const byte of bytes) {
      shared[0] = byte
      reader.push(shared)
    }
    assert.deepStrictEqual(events, [["message", '{"é":1}\n😀']])
    assert.strictEqual(reader.lastEventId, "7")
  })

  it("has a data of several lines, comments, and types", () => {
    assert.deepStrictEqual(ofText(": hello\nevent: endpoint\ndata: a\ndata:b\ndata\n\n").events, [["endpoint", "a\nb\n"]])
  })

  it("gives its id with an event that has no data, which is no event", () => {
    assert.deepStrictEqual(ofText("id: 1\ndata:\n\n"), { events: [], lastEventId: "1", retry: undefined, tooLong: false })
  })

  it("gives no id before its event is complete", () => {
    assert.strictEqual(ofText("id: 1\ndata: a\n\nid: 2\ndata: b\n").lastEventId, "1")
  })

  it("has a retry of digits only", () => {
    assert.strictEqual(ofText("retry: 500\nretry: 1e3\nretry: -1\nretry: \nretry: 9999999999999999\n").retry, 500)
  })

  it("that is longer than the limit is given up, in one line or in many", () => {
    for (const text of ["data: " + "x".repeat(200), "data: " + "x".repeat(60) + "\ndata: " + "x".repeat(60) + "\n\n"]) {
      const found = ofText(`data: first\n\n${text}`, 100)
      assert.deepStrictEqual([found.events.length, found.tooLong], [1, true])
    }
    assert.isFalse(ofText(("data: " + "x".repeat(60) + "\n\n").repeat(10), 100).tooLong)
  })
})
