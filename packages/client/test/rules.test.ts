import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Serial } from "../src/internal/serial.ts"
import { settle } from "./support/server.ts"

describe("effects that run one after the other", () => {
  it.effect("whoever waits for them does not wait when there are none", () =>
    Effect.gen(function* () {
      const serial = new Serial(Effect.runFork)
      yield* serial.idle
      serial.push(Effect.void)
      yield* settle
      yield* serial.idle
      assert.isFalse(serial.isBusy)
    })
  )

  it.effect("what waited when they were stopped never runs, what comes later does", () =>
    Effect.gen(function* () {
      const ran: Array<string> = []
      const serial = new Serial(Effect.runFork)
      const gate = yield* Deferred.make<void>()
      serial.push(Deferred.await(gate))
      serial.push(Effect.sync(() => ran.push("waited")))
      const waiting = yield* Effect.forkChild(serial.idle, { startImmediately: true })
      serial.stop()
      yield* Fiber.join(waiting)
      yield* Deferred.succeed(gate, undefined)
      serial.push(Effect.sync(() => ran.push("later")))
      yield* settle
      yield* serial.idle
      assert.deepStrictEqual(ran, ["later"])
    })
  )
})
