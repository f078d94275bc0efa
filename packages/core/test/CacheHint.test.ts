import { assert, describe, it } from "@effect/vitest"
import * as CacheHint from "../src/CacheHint.ts"
import { requestRows } from "../src/protocol/Table.ts"
import * as Resource from "../src/Resource.ts"

describe("CacheHint", () => {
  it("knows the methods whose results have hints", () => {
    const cacheable = requestRows.filter((row) => row.cacheable).map(({ method }) => method)
    assert.deepStrictEqual([...CacheHint.methods].toSorted(), cacheable.toSorted())
  })

  it("nothing is kept by default", () => {
    const hints = CacheHint.byMethod({}, "s")
    assert.deepStrictEqual(Object.keys(hints), [...CacheHint.methods])
    for (const hint of Object.values(hints)) assert.deepStrictEqual(hint, { ttlMs: 0, scope: "private" })
  })

  it("the more precise one counts, for each member by itself", () => {
    const hints = CacheHint.byMethod(
      { ttlMs: 5, methods: { "tools/list": { scope: "public" }, "prompts/list": { ttlMs: 0 }, "resources/list": {} } },
      "s"
    )
    assert.deepStrictEqual(hints["tools/list"], { ttlMs: 5, scope: "public" })
    assert.deepStrictEqual(hints["prompts/list"], { ttlMs: 0, scope: "private" })
    assert.deepStrictEqual(hints["resources/list"], { ttlMs: 5, scope: "private" })
    assert.deepStrictEqual(hints["resources/read"], { ttlMs: 5, scope: "private" })
    assert.deepStrictEqual(CacheHint.over(hints["tools/list"], { ttlMs: 7 }), { ttlMs: 7, scope: "public" })
    assert.deepStrictEqual(CacheHint.over(hints["tools/list"]), hints["tools/list"])
  })

  it("of two results is the shorter and the more private one", () => {
    const [open, own] = [
      { ttlMs: 9, scope: "public" },
      { ttlMs: 3, scope: "private" }
    ] as const
    assert.deepStrictEqual(CacheHint.both(open, open), open)
    assert.deepStrictEqual(CacheHint.both(open, own), own)
    assert.deepStrictEqual(CacheHint.both(own, { ttlMs: 1, scope: "public" }), { ttlMs: 1, scope: "private" })
  })

  const bad: ReadonlyArray<readonly [options: unknown, said: string]> = [
    [{ ttlMs: -1 }, "ttlMs must be an integer from 0 on, not -1"],
    [{ ttlMs: 1.5 }, "ttlMs must be an integer from 0 on, not 1.5"],
    [{ ttlMs: NaN }, "ttlMs must be an integer from 0 on, not NaN"],
    [{ ttlMs: Infinity }, "ttlMs must be an integer from 0 on, not Infinity"],
    [{ ttlMs: "1" }, "ttlMs must be an integer from 0 on, not 1"],
    [{ scope: "shared" }, 'scope must be "public" or "private", not "shared"']
  ]
  for (const [options, said] of bad) {
    it(`refuses ${String(JSON.stringify(options))}, wherever it stands`, () => {
      const given = options as CacheHint.Options // what the compiler would refuse
      assert.throws(() => CacheHint.byMethod(given, "s"), `s: ${said}`)
      assert.throws(() => CacheHint.byMethod({ methods: { "tools/list": given } }, "s"), `s: tools/list: ${said}`)
      assert.throws(() => Resource.make("r", "file:///r", { cache: given }), `Resource "r": cache: ${said}`)
      assert.throws(() => Resource.template("r", "file:///{r}", { cache: given }), `Resource "r": cache: ${said}`)
    })
  }

  it("refuses methods whose results are never kept", () => {
    const said = 's: results of "tools/call" are never kept'
    // @ts-expect-error: the result of a call is nobody else's
    assert.throws(() => CacheHint.byMethod({ methods: { "tools/call": { ttlMs: 1 } } }, "s"), said)
  })
})
