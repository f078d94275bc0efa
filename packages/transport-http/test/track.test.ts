import * as EventStore from "@effect-mcp/core/EventStore"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { EventStream } from "../src/internal/server/eventStream.ts"
import type { RunExit } from "../src/internal/server/runExit.ts"
import { Track, type Tools } from "../src/internal/server/track.ts"
import { settle } from "./support/served.ts"

/** A connection that keeps what was written on it. */
class Connection {
  text = ""
  isEnded = false
  unsent = 0
  readonly stream: EventStream

  constructor(onClose: (stream: EventStream) => void = () => {}) {
    this.stream = new EventStream(1000, () => onClose(this.stream))
    this.stream.open({
      write: (text) => void (this.text += text),
      waiting: () => this.unsent,
      end: () => void (this.isEnded = true),
      abort: () => {}
    })
  }

  get events() {
    return this.text
      .split("\n\n")
      .slice(0, -1)
      .map((block) => ({ id: /^id: (.*)$/m.exec(block)?.[1], data: /^data: (.*)$/m.exec(block)?.[1] }))
  }

  get messages(): ReadonlyArray<string> {
    return this.events.flatMap(({ data }) => (data === undefined || data === "" ? [] : [data]))
  }

  get lastId(): string | undefined {
    return this.events.findLast(({ id }) => id !== undefined)?.id
  }
}

const run: RunExit = (effect, onExit) => {
  const fiber = Effect.runFork(effect)
  const exit = fiber.pollUnsafe()
  if (exit === undefined) fiber.addObserver(onExit)
  else onExit(exit)
}

/** A store whose answers come when the test says, in any order. */
const late = Effect.map(Layer.build(EventStore.layerMemory({ maxEventsPerStream: 10_000 })), (context) => {
  const store = Context.get(context, EventStore.EventStore)
  const parked: Array<() => void> = []
  const park = Effect.callback<void>((resume) => void parked.push(() => resume(Effect.void)))
  const slow: EventStore.EventStore["Service"] = {
    append: (...event) => Effect.tap(Effect.andThen(park, store.append(...event)), () => park),
    replay: (...from) => Effect.tap(Effect.andThen(park, store.replay(...from)), () => park),
    remove: store.remove
  }
  return { store, slow, parked, go: () => parked.shift()?.(), goLast: () => parked.pop()?.() }
})

const toolsOf = (store: EventStore.EventStore["Service"], more: Partial<Tools> = {}): Tools => ({
  store,
  run,
  retry: 500,
  highWaterMark: 1000,
  onStoreError: () => {},
  ...more
})

// The store answers more often than anything else happens.
const Step = Schema.Literals(["push", "push", "store", "store", "last", "last", "cut", "resume", "replace"])
const Steps = Schema.Array(Step).check(Schema.isMinLength(20), Schema.isMaxLength(120))

describe("a stream that is cut and resumed", () => {
  it.effect.prop(
    "brings every message once, in order, whenever the store answers and whenever the client comes back",
    { steps: Steps },
    ({ steps }) =>
      Effect.gen(function* () {
        const { go, goLast, parked, slow } = yield* late
        let last: string | undefined
        let pushed = 0
        let isOver = false
        const read: Array<string> = []
        const open = () => new Connection((stream) => track.lose(stream))
        let connection: Connection
        // The client reads what came before its connection is gone.
        const leave = () => {
          read.push(...connection.messages)
          last = connection.lastId ?? last
          connection.text = ""
        }
        const come = () => {
          leave()
          connection = open()
          track.attach(connection.stream, last ?? "")
        }
        connection = open()
        const track: Track = new Track(toolsOf(slow), "session", "r1", connection.stream, () => (isOver = true))
        track.prime()
        while (parked.length > 0) go()
        for (const step of steps) {
          if (step === "push") track.push(String(pushed++))
          if (step === "store") go()
          if (step === "last") goLast()
          if (step === "replace") come()
          if (step === "cut") connection.stream.gone()
          if (step === "resume" && !connection.stream.isOpen) come()
        }
        if (!connection.stream.isOpen) come()
        track.end()
        while (parked.length > 0) go()
        leave()
        const all = Array.from({ length: pushed }, (_, n) => String(n))
        assert.deepStrictEqual(read, all)
        assert.deepStrictEqual([isOver, connection.isEnded], [true, true])
      })
  )
})

describe("a stream that can be resumed", () => {
  it.effect("ends each connection but the last, also those that were about to be served", () =>
    Effect.gen(function* () {
      const { go, parked, slow } = yield* late
      const first = new Connection()
      const track = new Track(toolsOf(slow), "session", "r1", first.stream, () => {})
      track.prime()
      go()
      go()
      track.push("a")
      const [second, third] = [new Connection(), new Connection()]
      track.attach(second.stream, first.lastId ?? "")
      track.attach(third.stream, first.lastId ?? "")
      assert.isTrue(track.isAttached)
      while (parked.length > 0) go()
      const fourth = new Connection()
      track.attach(fourth.stream, first.lastId ?? "")
      const fifth = new Connection()
      track.attach(fifth.stream, first.lastId ?? "")
      while (parked.length > 0) go()
      assert.deepStrictEqual(
        [first, second, third, fourth, fifth].map(({ isEnded }) => isEnded),
        [true, true, true, true, false]
      )
      assert.deepStrictEqual(fifth.messages, ["a"])
    })
  )

  it.effect("waits for the newest connection to catch up, whatever came of those before it", () =>
    Effect.gen(function* () {
      const { go, goLast, parked, slow } = yield* late
      const first = new Connection()
      const track = new Track(toolsOf(slow), "session", "r1", first.stream, () => {})
      track.prime()
      while (parked.length > 0) go()
      const [second, third] = [new Connection(), new Connection()]
      track.attach(second.stream, first.lastId ?? "")
      track.attach(third.stream, first.lastId ?? "")
      track.push("a")
      go() // the second is looked up
      go() // the third is looked up
      go() // the second has what it missed, and is gone
      while (parked.length > 1) goLast()
      while (parked.length > 0) go()
      assert.deepStrictEqual(third.messages, ["a"])
    })
  )

  it.effect("makes who writes wait while the store is late, and no longer", () =>
    Effect.gen(function* () {
      const { go, parked, slow } = yield* late
      const connection = new Connection()
      const track = new Track(toolsOf(slow), "session", "r1", connection.stream, () => {})
      track.push("x".repeat(10))
      track.push("y".repeat(2000))
      assert.isTrue(track.isFull)
      const waiting = yield* Effect.forkChild(track.room, { startImmediately: true })
      const given = yield* Effect.forkChild(track.room, { startImmediately: true })
      yield* settle
      assert.isUndefined(waiting.pollUnsafe())
      yield* Fiber.interrupt(given)
      while (parked.length > 0) go()
      yield* Fiber.join(waiting)
      assert.isFalse(track.isFull)
      // Then it is the connection that takes room.
      connection.unsent = 5000
      assert.isTrue(track.isFull)
      const connected = yield* Effect.forkChild(track.room, { startImmediately: true })
      yield* settle
      assert.isUndefined(connected.pollUnsafe())
      connection.stream.gone()
      yield* Fiber.join(connected)
    })
  )

  it.effect("ends the connection that cannot catch up, and goes on without", () =>
    Effect.gen(function* () {
      const { store } = yield* late
      const errors: Array<unknown> = []
      const broken = { ...store, replay: () => Effect.fail("down" as never) }
      const first = new Connection()
      const track = new Track(toolsOf(broken, { onStoreError: (error) => errors.push(error) }), "s", "r1", first.stream, () => {})
      track.prime()
      const second = new Connection()
      track.attach(second.stream, first.lastId ?? "")
      assert.deepStrictEqual([second.isEnded, errors.length, track.isAttached], [true, 1, false])
      track.push("a")
      const replayed = yield* store.replay("s", first.lastId ?? "")
      assert.deepStrictEqual(
        replayed?.events.map(({ message }) => message),
        ["a"]
      )
    })
  )
})

describe("one connection with events", () => {
  const sinkOf = (unsent: { bytes: number }) => {
    const said: Array<string> = []
    return {
      said,
      sink: {
        write: (text: string) => void said.push(text),
        waiting: () => unsent.bytes,
        end: () => void said.push("end"),
        abort: () => void said.push("abort")
      }
    }
  }

  it("keeps what is written before its head is on its way", () => {
    const stream = new EventStream(10, () => {})
    const { said, sink } = sinkOf({ bytes: 0 })
    stream.write("a")
    assert.isFalse(stream.isFull)
    stream.write("0123456789")
    assert.isTrue(stream.isFull)
    stream.end()
    stream.write("late")
    stream.open(sink)
    assert.deepStrictEqual(said, ["a0123456789", "end"])
  })

  it("cuts the response of who is gone already", () => {
    let closed = 0
    const stream = new EventStream(10, () => closed++)
    const { said, sink } = sinkOf({ bytes: 0 })
    stream.gone()
    stream.gone()
    stream.open(sink)
    stream.end()
    assert.deepStrictEqual([said, closed], [["abort"], 1])
  })

  it("says something when nothing waits, and cuts who takes nothing for too long", () => {
    const unsent = { bytes: 0 }
    const stream = new EventStream(10, () => {})
    const { said, sink } = sinkOf(unsent)
    stream.tick(0, 100)
    stream.open(sink)
    stream.tick(0, 100)
    unsent.bytes = 1
    stream.tick(50, 100)
    stream.tick(149, 100)
    stream.drained()
    stream.tick(200, 100)
    unsent.bytes = 0
    stream.tick(250, 100)
    unsent.bytes = 1
    stream.tick(300, 100)
    stream.tick(399, 100)
    assert.isTrue(stream.isOpen)
    stream.tick(400, 100)
    stream.tick(500, 100)
    assert.isFalse(stream.isOpen)
    assert.deepStrictEqual(said, [": keep-alive\n\n", ": keep-alive\n\n", "abort"])
  })

  it("does not cut who takes little at a time", () => {
    const unsent = { bytes: 1000 }
    const stream = new EventStream(10, () => {})
    const { said, sink } = sinkOf(unsent)
    stream.open(sink)
    for (let time = 0; time < 1000; time += 90) {
      stream.tick(time, 100)
      unsent.bytes -= 1
    }
    assert.isTrue(stream.isOpen)
    stream.tick(1100, 100)
    stream.tick(1200, 100)
    assert.deepStrictEqual(said, ["abort"])
  })

  it.effect("has room again when what was written is on its way, and not before", () =>
    Effect.gen(function* () {
      const unsent = { bytes: 20 }
      const stream = new EventStream(10, () => {})
      stream.open(sinkOf(unsent).sink)
      const waiting = yield* Effect.forkChild(stream.room, { startImmediately: true })
      const given = yield* Effect.forkChild(stream.room, { startImmediately: true })
      yield* Fiber.interrupt(given)
      stream.drained()
      yield* settle
      assert.isUndefined(waiting.pollUnsafe())
      unsent.bytes = 9
      stream.drained()
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(waiting)))
      yield* stream.room
    })
  )
})
