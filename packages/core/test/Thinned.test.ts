import { assert, describe, it } from "@effect/vitest"
import { Thinned } from "../src/Thinned.ts"

describe("Thinned", () => {
  it("tells the first ten, then the 16th, the 32nd and so on, and makes no message that is not told", () => {
    const thinned = new Thinned()
    let made = 0
    const told = Array.from({ length: 70 }, (_, i) => thinned.next(() => `${++made}: no ${i + 1}`)).filter(
      (message) => message !== undefined
    )
    const first = Array.from({ length: 10 }, (_, i) => `${i + 1}: no ${i + 1}`)
    const later = [16, 32, 64].map((n, i) => `${11 + i}: no ${n} (${n} of this kind so far)`)
    assert.deepStrictEqual(told, [...first, ...later])
  })
})
