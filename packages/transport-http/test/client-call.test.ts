import { assert, describe, it } from "@effect/vitest"
import { ClientTransportError, Unsupported } from "@effect-mcp/core/ClientTransport"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Credentials } from "../src/HttpCredentials.ts"
import { call } from "../src/internal/clientCall.ts"
import type { HttpListener, HttpRequest } from "../src/internal/clientHttp.ts"
import { type Settings, settingsOf } from "../src/internal/clientSettings.ts"

const request: HttpRequest = { method: "POST", url: new URL("http://localhost/mcp"), headers: [], body: "{}" }
const refusal = new ClientTransportError({ reason: new Unsupported({ server: "it", detail: "no" }) })

/** A call whose responses the test gives. */
const calling = (credentials: Partial<Credentials>) => {
  const asked: Array<{ readonly request: HttpRequest; readonly listener: HttpListener; isGivenUp: boolean }> = []
  const http = {
    send: (request: HttpRequest, listener: HttpListener) => {
      const one = { request, listener, isGivenUp: false }
      asked.push(one)
      return () => void (one.isGivenUp = true)
    },
    decode: () => "",
    close: Effect.void
  }
  const all = { headers: () => Effect.succeed({}), refused: () => Effect.succeed(false), ...credentials }
  const settings = settingsOf({ url: request.url }, () => http, all, Context.empty()) as Settings // it can be used
  const heard: Array<string> = []
  let length = 0
  const giveUp = call(settings, request, {
    onHead: (status) => void heard.push(`head ${status}`),
    onBytes: (bytes) => void (length += bytes.length),
    onEnd: () => void heard.push("end"),
    onProblem: () => void heard.push("problem"),
    onFailed: () => void heard.push("failed")
  })
  return { asked, giveUp, heard, length: () => length }
}

describe("a call over HTTP", () => {
  it.effect("that is given up no longer waits for credentials, and sends nothing", () =>
    Effect.gen(function* () {
      const interrupted = Deferred.makeUnsafe<void>()
      const headers = () => Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      const { asked, giveUp, heard } = calling({ headers })
      yield* Effect.yieldNow
      giveUp()
      yield* Deferred.await(interrupted)
      assert.deepStrictEqual([asked.length, heard.length], [0, 0])
    })
  )

  it.effect("leaves a response alone once there are other credentials, or none", () =>
    Effect.gen(function* () {
      for (const refused of [Effect.succeed(true), Effect.fail(refusal), Effect.die("broken")]) {
        const { asked, heard } = calling({ refused: () => refused })
        yield* Effect.yieldNow
        asked[0]?.listener.onHead(401, () => undefined)
        yield* Effect.yieldNow
        assert.isTrue(asked[0]?.isGivenUp)
        const isAgain = Exit.isSuccess(yield* Effect.exit(refused))
        assert.strictEqual(asked.length, isAgain ? 2 : 1)
        assert.deepStrictEqual(heard, isAgain ? [] : ["failed"])
      }
    })
  )

  it.effect("keeps a little of an endless refusal while other credentials are sought", () =>
    Effect.gen(function* () {
      const gate = Deferred.makeUnsafe<boolean>()
      const { asked, heard, length } = calling({ refused: () => Deferred.await(gate) })
      yield* Effect.yieldNow
      asked[0]?.listener.onHead(403, () => undefined)
      for (let n = 0; n < 100; n++) asked[0]?.listener.onBytes(new Uint8Array(10_000))
      asked[0]?.listener.onEnd()
      assert.deepStrictEqual(heard, [])
      Deferred.doneUnsafe(gate, Exit.succeed(false))
      yield* Effect.yieldNow
      assert.deepStrictEqual(heard, ["head 403", "end"])
      assert.strictEqual(length(), 70_000)
    })
  )

  it.effect("follows a redirect without the user in it", () =>
    Effect.gen(function* () {
      const { asked } = calling({})
      yield* Effect.yieldNow
      asked[0]?.listener.onHead(308, () => "http://who:secret@localhost/there#part")
      yield* Effect.yieldNow
      assert.strictEqual(asked[1]?.request.url.href, "http://localhost/there")
      assert.strictEqual(asked[1]?.request.body, "{}")
    })
  )
})
