/**
 * Transcripts as tables: what is sent, and exactly what comes back.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { base, type How, serve, type Served } from "./served.ts"
import type { Json, Response, Sent } from "./wire.ts"

/** What is expected of a response. What is not named may be anything. */
export interface Expected {
  readonly status: number
  /** By lower-case names. Null says that it is not there. */
  readonly headers?: { readonly [name: string]: string | RegExp | null }
  /** The whole body, as JSON. */
  readonly json?: Json | ReadonlyArray<Json>
  /** The code of the error, and the id of the answer: undefined says that it has none. */
  readonly error?: readonly [code: number, id?: number | string]
  /** The result, or part of it. */
  readonly result?: Json
  readonly text?: RegExp | string
  /** The messages of a stream. */
  readonly events?: ReadonlyArray<Json>
}

/** One exchange. */
export interface Row extends Expected {
  readonly title: string
  readonly how?: How
  /** Speaks this revision in a session of its own, whose headers come with the request. */
  readonly session?: string
  readonly send: Sent
  /** Without the headers that every client sends. */
  readonly bare?: true
}

/** Holds a response against what is expected. */
export const check = (response: Response, expected: Expected): void => {
  const { error, events, headers = {}, json, result, status, text } = expected
  assert.strictEqual(response.status, status, response.text)
  for (const [name, value] of Object.entries(headers)) {
    const got = response.headers[name]
    if (value instanceof RegExp) assert.match(got ?? "", value, name)
    else assert.strictEqual(got ?? null, value, name)
  }
  if (json !== undefined) assert.deepStrictEqual(response.json, json as Json)
  if (error !== undefined) {
    const [code, id] = error
    assert.strictEqual(response.json["error"]?.code, code, response.text)
    assert.strictEqual(response.json["id"], id)
    assert.strictEqual("id" in response.json, id !== undefined)
  }
  if (result !== undefined) {
    const got = response.messages.at(-1)?.["result"] as Json
    assert.deepInclude(got, result as never)
  }
  if (text instanceof RegExp) assert.match(response.text, text)
  else if (text !== undefined) assert.strictEqual(response.text, text)
  if (events !== undefined) assert.deepStrictEqual(response.messages, events)
}

const sendRow = Effect.fnUntraced(function* (served: Served, { bare, send, session }: Row) {
  const own = session === undefined ? (bare === true ? [] : base) : (yield* served.open(session)).headers
  const named = new Set((send.headers ?? []).map(([name]) => name.toLowerCase()))
  // What a row says itself is not said twice.
  const headers = [...own.filter(([name]) => !named.has(name.toLowerCase())), ...(send.headers ?? [])]
  return yield* served.send({ ...send, headers }).done
})

/** One test for each row. */
export const table = (rows: ReadonlyArray<Row>): void => {
  for (const row of rows) {
    it.effect(row.title, () =>
      Effect.gen(function* () {
        const served = yield* serve(row.how)
        check(yield* sendRow(served, row), row)
      })
    )
  }
}
