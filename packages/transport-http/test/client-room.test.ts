import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { Room } from "../src/internal/clientRoom.ts"

const entering = (room: Room, seen: Array<string>, name: string) =>
  Effect.forkChild(
    room.whenFree(() => {
      room.enter()
      seen.push(name)
    }),
    { startImmediately: true }
  )

describe("room for so many at once", () => {
  it.effect("is given in the order of asking, and at once where there is some", () =>
    Effect.gen(function* () {
      const [room, seen] = [new Room(1), [] as Array<string>]
      for (const name of ["a", "b", "c"]) yield* entering(room, seen, name)
      assert.deepStrictEqual(seen, ["a"])
      assert.isFalse(room.isFree)
      room.leave()
      assert.deepStrictEqual(seen, ["a", "b"])
      room.leave()
      room.leave()
      assert.deepStrictEqual(seen, ["a", "b", "c"])
      assert.isTrue(room.isFree)
    })
  )

  it.effect("is not lost with who is interrupted, nor with who cannot use it", () =>
    Effect.gen(function* () {
      const [room, seen] = [new Room(1), [] as Array<string>]
      room.enter()
      const gone = yield* entering(room, seen, "gone")
      const broken = yield* Effect.forkChild(
        room.whenFree(() => {
          throw new Error("no JSON")
        }),
        { startImmediately: true }
      )
      yield* entering(room, seen, "next")
      yield* Fiber.interrupt(gone)
      room.leave()
      assert.deepStrictEqual(seen, ["next"])
      assert.isTrue(Exit.hasDies(yield* Fiber.await(broken)))
    })
  )

  it.effect("that is closed keeps those who wait until they are sent away", () =>
    Effect.gen(function* () {
      const [room, seen] = [new Room(1), [] as Array<string>]
      room.enter()
      yield* entering(room, seen, "a")
      room.close()
      room.leave()
      assert.deepStrictEqual(seen, [])
      room.dismiss()
      assert.deepStrictEqual(seen, ["a"])
    })
  )

  it.effect("is given back at once by thousands, one after the other", () =>
    Effect.gen(function* () {
      const [room, count] = [new Room(1), 20_000]
      let seen = 0
      room.enter()
      for (let n = 0; n < count; n++) {
        const leaving = room.whenFree(() => {
          seen++
          room.enter()
          room.leave()
        })
        yield* Effect.forkChild(leaving, { startImmediately: true })
      }
      room.leave()
      assert.strictEqual(seen, count)
      assert.isTrue(room.isFree)
    })
  )
})
