import { type Dispatcher, type Peer, withoutSessions } from "@effect-mcp/core/Dispatcher"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"

const nowhere = { canAsk: false, send: () => Effect.void, sendUnsafe: () => false }

/** A dispatcher that tells when conversations open and close. */
const told = () => {
  const said: Array<string> = []
  let last = 0
  const open: Dispatcher["Service"]["open"] = () =>
    Effect.acquireRelease(
      Effect.sync((): Peer => {
        said.push(`open ${++last}`)
        return { id: last, inFlight: 0 }
      }),
      ({ id }) => Effect.sync(() => said.push(`close ${id}`))
    )
  return { said, dispatcher: withoutSessions(open) }
}

describe("a dispatcher without sessions", () => {
  it.effect("enters and leaves conversations, each on its own, and none twice", () =>
    Effect.gen(function* () {
      const { dispatcher, said } = told()
      const options = { transport: "test", push: nowhere }
      const [one, two] = [yield* dispatcher.enter(options), yield* dispatcher.enter(options)]
      assert.deepStrictEqual([one.id, two.id], [1, 2])
      yield* dispatcher.leave(two)
      yield* dispatcher.leave(two)
      assert.deepStrictEqual(said, ["open 1", "open 2", "close 2"])
      yield* dispatcher.leave(one)
      assert.deepStrictEqual(said.slice(3), ["close 1"])
      yield* dispatcher.leave({ id: 9, inFlight: 0 })
    })
  )

  it.effect("resumes nothing, and has nothing that could be over or forgotten", () =>
    Effect.gen(function* () {
      const { dispatcher, said } = told()
      const options = { transport: "test", push: nowhere }
      assert.isUndefined(yield* dispatcher.resume("session", options))
      const peer = yield* dispatcher.enter(options)
      assert.isTrue(yield* dispatcher.renew(peer))
      yield* dispatcher.forget(peer)
      assert.deepStrictEqual(said, ["open 1"])
    })
  )
})
