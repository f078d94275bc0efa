import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as StoreError from "../src/StoreError.ts"

describe("StoreError", () => {
  it.effect("says which operation of which store failed and keeps what the driver said", () =>
    Effect.gen(function* () {
      const cause = new Error("connection refused")
      const error = yield* Effect.flip(Effect.mapError(Effect.fail(cause), StoreError.fromCause("SessionStore", "put")))
      assert.strictEqual(error._tag, "StoreError")
      assert.strictEqual(error.message, "SessionStore.put failed: connection refused")
      assert.strictEqual(error.cause, cause)
    })
  )

  it("takes what is no Error too", () => {
    assert.strictEqual(StoreError.fromCause("EventStore", "append")("gone").detail, "gone")
  })

  it("crosses a wire", () => {
    const error = StoreError.fromCause("EventStore", "append")(new Error("gone"))
    const json = JSON.stringify(Schema.encodeSync(StoreError.StoreError)(error))
    assert.strictEqual(Schema.decodeUnknownSync(StoreError.StoreError)(JSON.parse(json)).message, error.message)
  })
})
