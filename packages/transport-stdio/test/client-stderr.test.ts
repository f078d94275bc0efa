import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { makeScrubber } from "../src/internal/clientEnv.ts"
import { Ring, Stderr, tailSize } from "../src/internal/clientStderr.ts"

describe("the last bytes", () => {
  const size = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 25 }))
  it.prop("are those that were written last", [Schema.Array(size)], ([sizes]) => {
    const ring = new Ring(10)
    let all = Buffer.alloc(0)
    for (const size of sizes) {
      const chunk = Buffer.from(Array.from({ length: size }, (_, n) => (all.length + n) % 251))
      ring.push(chunk)
      all = Buffer.concat([all, chunk])
      assert.isTrue(ring.bytes().equals(all.subarray(Math.max(0, all.length - 10))))
    }
  })

  it("begin with a whole character", () => {
    for (const more of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const stderr = new Stderr(makeScrubber(more > 3 ? [Redacted.make("secret")] : []), new Set())
      stderr.push(Buffer.from("🙂".repeat(tailSize)))
      stderr.push(Buffer.from("x".repeat(more)))
      assert.match(stderr.tail(), /^(🙂)+x*$/u)
    }
  })

  it("contain no part of a secret, wherever they begin", () => {
    const secret = "S".repeat(300)
    for (let filler = tailSize - 700; filler <= tailSize; filler += 7) {
      const stderr = new Stderr(makeScrubber([Redacted.make(secret)]), new Set())
      stderr.push(Buffer.from(`before ${secret} between ${secret} `))
      stderr.push(Buffer.from("x".repeat(filler)))
      const tail = stderr.tail()
      assert.notInclude(tail, "S")
      assert.isAtMost(tail.length, tailSize)
      assert.isAtLeast(tail.length, tailSize - 700)
    }
  })
})

describe("lines", () => {
  it("are whole, also when they come in pieces, and long ones are left out", () => {
    const lines: Array<string> = []
    const stderr = new Stderr(makeScrubber([]), new Set([(line) => lines.push(line)]))
    for (const piece of ["on", "e\ntwo\r", "\n", "x".repeat(70_000), "x\nthree"]) stderr.push(Buffer.from(piece))
    stderr.end()
    assert.deepStrictEqual(lines, ["one", "two", "(a line of more than 65536 bytes was left out)", "three"])
  })
})
