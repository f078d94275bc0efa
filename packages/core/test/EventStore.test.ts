import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as EventStore from "../src/EventStore.ts"

const run = <A, E>(effect: Effect.Effect<A, E, EventStore.EventStore>, options?: EventStore.MemoryOptions): Effect.Effect<A, E> =>
  Effect.provide(effect, EventStore.layerMemory(options), { local: true })

const messages = (replay: EventStore.Replay | undefined) => replay?.events.map((event) => event.message)

const Append = Schema.Struct({
  op: Schema.Literal("append"),
  session: Schema.Literals(["s1", "s2"]),
  stream: Schema.Literals(["push", "1", "push.1", "a b/ü"]),
  size: Schema.Literals([0, 1, 5, 20])
})
const Wait = Schema.Struct({ op: Schema.Literal("wait"), seconds: Schema.Literals([1, 4, 5]) })
type Append = typeof Append.Type

interface Appended extends Append {
  readonly id: string
  readonly message: string
}

const append = Effect.fnUntraced(function* (op: Append, index: number) {
  const store = yield* EventStore.EventStore
  const message = op.size === 0 ? "" : `${index}`.padStart(op.size, "0")
  return { ...op, message, id: yield* store.append(op.session, op.stream, message) } satisfies Appended
})

/** What was appended after an event, to the same stream of the same session. */
const later = (all: ReadonlyArray<Appended>, event: Appended) =>
  all.slice(all.indexOf(event) + 1).filter((other) => other.session === event.session && other.stream === event.stream)

const pick = ({ id, message }: EventStore.Event): EventStore.Event => ({ id, message })

describe("EventStore", () => {
  it.effect.prop(
    "after any event come exactly the later events of its stream",
    { ops: Schema.Array(Append) },
    ({ ops }) =>
      run(
        Effect.gen(function* () {
          const store = yield* EventStore.EventStore
          const all = yield* Effect.forEach(ops, append)
          assert.strictEqual(new Set(all.map((event) => event.id)).size, all.length)
          for (const event of all) {
            assert.deepStrictEqual(yield* store.replay(event.session, event.id), {
              stream: event.stream,
              events: later(all, event)
                .filter((other) => other.message !== "")
                .map(pick),
              truncated: false
            })
            const elsewhere = yield* store.replay(event.session === "s1" ? "s2" : "s1", event.id)
            for (const { id } of elsewhere?.events ?? []) {
              assert.isTrue(
                all.some((other) => other.id === id && other.session !== event.session && other.stream === event.stream)
              )
            }
          }
        })
      ),
    { arbitrary: { runs: 100 } }
  )

  it.effect.prop(
    "within any bounds, what is left is an unbroken end, and a gap is told",
    {
      ops: Schema.Array(Schema.Union([Append, Append, Wait])),
      maxEventsPerStream: Schema.Literals([1, 3, 100]),
      maxSizePerStream: Schema.Literals([4, 30, 1000]),
      maxStreams: Schema.Literals([1, 3, 100]),
      maxSize: Schema.Literals([10, 50, 1000])
    },
    ({ ops, ...bounds }) =>
      run(
        Effect.gen(function* () {
          const store = yield* EventStore.EventStore
          const all: Array<Appended> = []
          for (const [index, op] of ops.entries()) {
            if (op.op === "wait") yield* TestClock.adjust(Duration.seconds(op.seconds))
            else all.push(yield* append(op, index))
          }
          const firsts = all.filter(
            (event, index) => all.findIndex((other) => other.session === event.session && other.stream === event.stream) === index
          )
          let kept = 0
          let size = 0
          for (const event of firsts) {
            const replay = yield* store.replay(event.session, event.id)
            if (replay === undefined) continue
            kept++
            const held = [event, ...later(all, event)].filter((other) => replay.events.some(({ id }) => id === other.id))
            const heldSize = held.reduce((sum, other) => sum + other.size, 0)
            size += heldSize
            assert.isAtMost(replay.events.length, bounds.maxEventsPerStream)
            assert.isAtMost(heldSize, bounds.maxSizePerStream)
          }
          assert.isAtMost(kept, bounds.maxStreams)
          assert.isAtMost(size, bounds.maxSize)
          for (const event of all) {
            const replay = yield* store.replay(event.session, event.id)
            if (replay === undefined) continue
            const after = later(all, event)
            const expected = after.filter((other) => other.message !== "").map(pick)
            assert.deepStrictEqual(replay.events, expected.slice(expected.length - replay.events.length))
            if (replay.events.length < expected.length) assert.isTrue(replay.truncated)
            if (after.length === 0) assert.isFalse(replay.truncated)
          }
          const newest = all.at(-1)
          if (newest !== undefined && ops.at(-1)?.op === "append") {
            assert.deepStrictEqual(yield* store.replay(newest.session, newest.id), {
              stream: newest.stream,
              events: [],
              truncated: false
            })
          }
        }),
        { ...bounds, ttl: "5 seconds" }
      ),
    { arbitrary: { runs: 300 } }
  )

  it.effect("a priming event can be resumed from and is not replayed", () =>
    run(
      Effect.gen(function* () {
        const store = yield* EventStore.EventStore
        const prime = yield* store.append("s", "1", "")
        assert.deepStrictEqual(yield* store.replay("s", prime), { stream: "1", events: [], truncated: false })
        const first = yield* store.append("s", "1", "{}")
        yield* store.append("s", "1", "")
        assert.deepStrictEqual(messages(yield* store.replay("s", prime)), ["{}"])
        assert.deepStrictEqual(messages(yield* store.replay("s", first)), [])
        assert.deepStrictEqual(messages(yield* store.replay("s", prime)), ["{}"], "a second time")
      })
    )
  )

  it.effect("knows nothing of foreign, malformed and forged ids", () =>
    run(
      Effect.gen(function* () {
        const store = yield* EventStore.EventStore
        const id = yield* store.append("s", "1", "{}")
        assert.isDefined(yield* store.replay("s", id))
        assert.isUndefined(yield* store.replay("other", id))
        for (const forged of [
          "",
          ".",
          "1",
          "1.",
          "1.-1",
          "1.1.5",
          `0${id}`,
          `${id}!`,
          "%.1",
          "%E0%A4.1",
          "1.0x",
          "__proto__.1"
        ]) {
          assert.isUndefined(yield* store.replay("s", forged), forged)
        }
      })
    )
  )

  it.effect("keeps the newest events of a stream and tells that others are missing", () =>
    run(
      Effect.gen(function* () {
        const store = yield* EventStore.EventStore
        const ids = yield* Effect.forEach(["a", "b", "c", "d", "e"], (message) => store.append("s", "1", message))
        const replays = yield* Effect.forEach(ids, (id) => store.replay("s", id))
        assert.deepStrictEqual(replays.map(messages), [["c", "d", "e"], ["c", "d", "e"], ["d", "e"], ["e"], []])
        assert.deepStrictEqual(
          replays.map((replay) => replay?.truncated),
          [true, false, false, false, false]
        )
      }),
      { maxEventsPerStream: 3 }
    )
  )

  it.effect("a message that is too long for a stream gets an id and is missing in the replay", () =>
    run(
      Effect.gen(function* () {
        const store = yield* EventStore.EventStore
        const prime = yield* store.append("s", "1", "")
        const long = yield* store.append("s", "1", "0123456789")
        yield* store.append("s", "1", "ok")
        assert.deepStrictEqual(messages(yield* store.replay("s", prime)), ["ok"])
        assert.isTrue((yield* store.replay("s", prime))?.truncated)
        assert.isFalse((yield* store.replay("s", long))?.truncated)
      }),
      { maxSizePerStream: 9 }
    )
  )

  it.effect("the stream that was idle for the longest time makes room; replaying counts as use", () =>
    run(
      Effect.gen(function* () {
        const store = yield* EventStore.EventStore
        const a = yield* store.append("s1", "a", "12345")
        const b = yield* store.append("s2", "b", "12345")
        yield* store.replay("s1", a)
        const c = yield* store.append("s1", "c", "12345")
        assert.isUndefined(yield* store.replay("s2", b))
        assert.isDefined(yield* store.replay("s1", a))
        assert.isDefined(yield* store.replay("s1", c))
      }),
      { maxSize: 10 }
    )
  )

  it.effect("a stream that came back does not pretend to be whole", () =>
    run(
      Effect.gen(function* () {
        const store = yield* EventStore.EventStore
        const before = yield* store.append("s", "push", "1")
        yield* store.append("s", "push", "2")
        yield* store.append("s", "other", "x")
        yield* store.append("s", "push", "3")
        const replay = yield* store.replay("s", before)
        assert.deepStrictEqual(messages(replay), ["3"])
        assert.isTrue(replay?.truncated)
      }),
      { maxStreams: 1 }
    )
  )

  it.effect("forgets a stream when its time is over", () =>
    run(
      Effect.gen(function* () {
        const store = yield* EventStore.EventStore
        const id = yield* store.append("s", "1", "{}")
        yield* TestClock.adjust("59 seconds")
        assert.isDefined(yield* store.replay("s", id))
        yield* TestClock.adjust("59 seconds")
        yield* store.append("s", "1", "{}")
        yield* TestClock.adjust("59 seconds")
        assert.deepStrictEqual(messages(yield* store.replay("s", id)), ["{}"])
        yield* TestClock.adjust("1 minutes")
        assert.isUndefined(yield* store.replay("s", id))
      }),
      { ttl: "1 minutes" }
    )
  )

  it.effect("forgets all streams of a session and no others", () =>
    run(
      Effect.gen(function* () {
        const store = yield* EventStore.EventStore
        const one = yield* store.append("s1", "1", "{}")
        const two = yield* store.append("s1", "2", "{}")
        const other = yield* store.append("s2", "1", "{}")
        yield* store.remove("s1")
        yield* store.remove("unknown")
        assert.isUndefined(yield* store.replay("s1", one))
        assert.isUndefined(yield* store.replay("s1", two))
        assert.isDefined(yield* store.replay("s2", other))
      })
    )
  )

  it.effect("an id of an earlier process never points into a stream of this one as if nothing were missing", () =>
    Effect.gen(function* () {
      const store = EventStore.EventStore
      const old = yield* run(store.use((_) => Effect.andThen(_.append("s", "push", "1"), _.append("s", "push", "2"))))
      yield* TestClock.adjust("1 seconds")
      const replay = yield* run(store.use((_) => Effect.andThen(_.append("s", "push", "3"), _.replay("s", old))))
      assert.deepStrictEqual(messages(replay), ["3"])
      assert.isTrue(replay?.truncated)
    })
  )

  it.effect("a bound that bounds nothing is a defect", () =>
    Effect.gen(function* () {
      for (const option of ["maxEventsPerStream", "maxSizePerStream", "maxStreams", "maxSize"]) {
        const exit = yield* Effect.exit(Layer.build(EventStore.layerMemory({ [option]: 0 })))
        assert.isTrue(Exit.isFailure(exit))
        assert.include(String(exit), `${option} must be at least 1`)
      }
    })
  )
})

describe("event ids", () => {
  it.prop(
    "name their stream and may stand in a header",
    { stream: Schema.String, sequence: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)) },
    ({ sequence, stream }) => {
      const id = EventStore.makeId(stream, sequence)
      assert.match(id, /^[\x21-\x7e]+$/)
      assert.deepStrictEqual(EventStore.parseId(id), { stream: stream.toWellFormed(), sequence: sequence + 0 })
    }
  )
})
