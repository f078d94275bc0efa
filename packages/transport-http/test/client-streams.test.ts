import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Context from "effect/Context"
import { Body } from "../src/internal/clientBody.ts"
import { make as makeFetch } from "../src/internal/clientFetch.ts"
import type { HttpListener, HttpProblem, HttpRequest } from "../src/internal/clientHttp.ts"
import { type Settings, settingsOf } from "../src/internal/clientSettings.ts"
import { follow, type Wanted } from "../src/internal/clientStream.ts"

const limits = { connectTimeout: 1000, responseTimeout: 1000, maxHeaderBytes: 1000 }

/** Someone who speaks HTTP and leaves the answers to the test. */
const fake = (resume: Schedule.Schedule<unknown, unknown>) => {
  const asked: Array<{ readonly request: HttpRequest; readonly listener: HttpListener }> = []
  const http = {
    send: (request: HttpRequest, listener: HttpListener) => {
      asked.push({ request, listener })
      return () => {}
    },
    decode: () => "",
    close: Effect.void
  }
  const settings = settingsOf({ url: "http://localhost/mcp", resume }, () => http, undefined, Context.empty()) as Settings // it can be used
  const open = () => asked.at(-1)?.listener.onHead(200, () => "text/event-stream")
  const say = (text: string) => asked.at(-1)?.listener.onBytes(new TextEncoder().encode(text))
  return { asked, open, say, settings, end: () => asked.at(-1)?.listener.onEnd() }
}

const wantedBy = (settings: Settings): Wanted => ({
  url: settings.url,
  headers: () => [],
  lastEventId: undefined,
  retry: undefined,
  onEvent: () => {},
  onOpen: () => {},
  isDone: () => false
})

const twice = Schedule.upTo(Schedule.spaced("1 second"), { times: 2 })

describe("a stream that is followed", () => {
  it.effect("is not given up over idle cuts, but where it ends at once each time", () =>
    Effect.gen(function* () {
      const { asked, end, open, settings } = fake(twice)
      const following = yield* Effect.forkChild(follow(settings, wantedBy(settings), false), { startImmediately: true })
      for (let cut = 1; cut <= 10; cut++) {
        assert.strictEqual(asked.length, cut)
        open()
        yield* TestClock.adjust("5 seconds")
        end()
        yield* TestClock.adjust("1 second")
      }
      for (let cut = 11; cut <= 12; cut++) {
        assert.strictEqual(asked.length, cut)
        open()
        yield* TestClock.adjust("4999 millis")
        end()
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(asked.length, 12)
      assert.isFalse((yield* Fiber.join(following)).wasAlive)
    })
  )

  it.effect("is given up where nothing ever opens, however long that takes", () =>
    Effect.gen(function* () {
      const { asked, end, settings } = fake(twice)
      const following = yield* Effect.forkChild(follow(settings, wantedBy(settings), false), { startImmediately: true })
      for (let cut = 1; cut <= 3; cut++) {
        yield* TestClock.adjust("1 minute")
        end()
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(asked.length, 3)
      yield* Fiber.join(following)
    })
  )

  it.effect("is asked for again after what the server says, but not in a circle, nor never", () =>
    Effect.gen(function* () {
      for (const [retry, pause] of [
        ["0", 10],
        ["300", 300],
        ["999999999999", 2 ** 31 - 1]
      ] as const) {
        const { asked, end, open, say, settings } = fake(twice)
        yield* Effect.forkChild(follow(settings, wantedBy(settings), false), { startImmediately: true })
        open()
        say(`id: 1\nretry: ${retry}\ndata:\n\n`)
        end()
        yield* TestClock.adjust(pause - 1)
        assert.strictEqual(asked.length, 1)
        yield* TestClock.adjust(1)
        assert.strictEqual(asked.length, 2)
        assert.deepStrictEqual(asked[1]?.request.headers, ["last-event-id", "1"])
      }
    })
  )
})

describe("a body", () => {
  it("of many small pieces is what was put into it, and is bounded", () => {
    const body = new Body(5000)
    for (let n = 0; n < 5000; n++) assert.isTrue(body.push(new Uint8Array([n % 251])))
    assert.deepStrictEqual(
      [...body.all()],
      Array.from({ length: 5000 }, (_, n) => n % 251)
    )
    assert.isFalse(body.push(new Uint8Array(1)))
    body.clear()
    assert.strictEqual(body.all().length, 0)
    assert.isTrue(body.push(new Uint8Array([7])))
    assert.deepStrictEqual([...body.all()], [7])
  })
})

describe("a transport over fetch", () => {
  it.effect("that is closed sends nothing any more", () =>
    Effect.gen(function* () {
      let calls = 0
      const http = makeFetch(() => {
        calls++
        return Promise.reject(new Error("no"))
      }, limits)
      yield* http.close
      const problems: Array<HttpProblem> = []
      const listener = {
        onHead: () => {},
        onBytes: () => {},
        onEnd: () => {},
        onProblem: (found: HttpProblem) => void problems.push(found)
      }
      http.send({ method: "GET", url: new URL("http://localhost/"), headers: [], body: undefined }, listener)
      assert.deepStrictEqual([calls, problems[0]?.kind], [0, "connect"])
    })
  )
})
