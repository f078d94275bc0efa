/**
 * Bodies as they arrive: in pieces, too long, too slow, broken off, or no text.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { IncomingMessage, ServerResponse } from "node:http"
import { Socket } from "node:net"
import type { BodyProblem } from "../src/Exchange.ts"
import { NodeExchange } from "../src/internal/server/nodeExchange.ts"

const Bytes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))
const Sizes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 })))

/** What `readText` said, each time that it did. */
type Said = ReadonlyArray<readonly [body: string | undefined, problem: BodyProblem | undefined]>

/** Reads bytes that come in pieces of these sizes, over and over; `end` is what comes after them. */
const read = async (
  bytes: Uint8Array,
  sizes: ReadonlyArray<number>,
  {
    end = "end",
    limit = 1_000_000,
    timeout = 10_000
  }: { readonly end?: "end" | "cut" | "nothing"; readonly limit?: number; readonly timeout?: number } = {}
): Promise<Said> => {
  const socket = new Socket()
  const request = new IncomingMessage(socket)
  const said: Array<Said[number]> = []
  const exchange = new NodeExchange(request, new ServerResponse(request), 1000)
  await new Promise<void>((resolve) => {
    exchange.readText(limit, timeout, (body, problem) => {
      said.push([body, problem])
      resolve()
    })
    for (let at = 0, piece = 0; at < bytes.length; piece++) {
      const size = sizes[piece % Math.max(1, sizes.length)] ?? bytes.length
      request.push(bytes.subarray(at, at + size))
      at += size
    }
    if (end === "end") request.push(null)
    else if (end === "cut") request.destroy()
  })
  request.destroy()
  // Whatever is still to be said.
  await new Promise((resolve) => setImmediate(resolve))
  return said
}

const utf8 = new TextEncoder()
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const decoded = (bytes: Uint8Array): string | undefined => {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

describe("a body", () => {
  it.effect.prop("is the same text, however it is cut into pieces", { text: Schema.String, sizes: Sizes }, ({ sizes, text }) =>
    Effect.promise(async () => {
      const whole = text.toWellFormed()
      assert.deepStrictEqual(await read(utf8.encode(`ä€😀${whole}`), sizes), [[`ä€😀${whole}`, undefined]])
    })
  )

  it.effect.prop(
    "that is no UTF-8 is told, once, and every other one is read",
    { bytes: Bytes, sizes: Sizes },
    ({ bytes, sizes }) =>
      Effect.promise(async () => {
        const given = Uint8Array.from(bytes)
        const text = decoded(given)
        assert.deepStrictEqual(await read(given, sizes), [text === undefined ? [undefined, "unreadable"] : [text, undefined]])
      })
  )

  it.effect.prop(
    "is refused exactly when it is longer than the limit, in bytes",
    { text: Schema.String, sizes: Sizes },
    ({ sizes, text }) =>
      Effect.promise(async () => {
        const bytes = utf8.encode(`é${text}`)
        const { length } = bytes
        assert.deepStrictEqual(await read(bytes, sizes, { limit: length }), [[decoded(bytes), undefined]])
        assert.deepStrictEqual(await read(bytes, sizes, { limit: length - 1 }), [[undefined, "too-large"]])
      })
  )

  it.effect.prop(
    "that breaks off is gone, and that does not end is too slow",
    { bytes: Bytes, sizes: Sizes },
    ({ bytes, sizes }) =>
      Effect.promise(async () => {
        const given = Uint8Array.from(bytes)
        assert.deepStrictEqual(await read(given, sizes, { end: "cut" }), [[undefined, "gone"]])
        assert.deepStrictEqual(await read(given, sizes, { end: "nothing", timeout: 1 }), [[undefined, "too-slow"]])
      })
  )

  it("of who is gone already is not waited for", async () => {
    const request = new IncomingMessage(new Socket())
    request.destroy()
    await new Promise((resolve) => setImmediate(resolve))
    const said: Array<Said[number]> = []
    new NodeExchange(request, new ServerResponse(request), 1000).readText(10, 60_000, (...all) => said.push(all))
    assert.deepStrictEqual(said, [[undefined, "gone"]])
  })
})
