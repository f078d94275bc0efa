import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import type { Options } from "../src/McpClient.ts"
import { clientInfo, connect, discovered, initialized, type Json, scripted, type Script, settle } from "./support/server.ts"

const key = (name: string) => `io.modelcontextprotocol/${name}`

/** What `server/discover` is answered with; `initialize` works. */
const probed =
  (onDiscover: Script): Script =>
  (message, connection) => {
    if (message["method"] === "server/discover") onDiscover(message, connection)
    else if (message["method"] === "initialize") connection.answer(message, initialized("2025-11-25"))
  }

const refusing = (code: number, data?: unknown): Script =>
  probed((message, connection) => connection.refuse(message, code, "no", data))

interface Verdict {
  /** The revision that was agreed upon, or what the failure says. */
  readonly verdict: string
  /** What was sent, on each connection. */
  readonly sent: ReadonlyArray<ReadonlyArray<unknown>>
}

const negotiate = (script: Script, options: Partial<Options> = {}, wait: "10 seconds" | "20 seconds" | undefined = undefined) =>
  Effect.gen(function* () {
    const server = scripted(script)
    const fiber = yield* Effect.forkScoped(Effect.result(connect(server, options)), { startImmediately: true })
    yield* settle
    if (wait !== undefined) yield* TestClock.adjust(wait)
    const result = yield* Fiber.join(fiber)
    const verdict: Verdict = {
      verdict: result._tag === "Success" ? result.success.revision.version : result.failure.reason._tag,
      sent: server.connections.map(({ methods }) => methods)
    }
    return { ...verdict, result, server }
  })

const legacy = ["initialize", "notifications/initialized"]
const modern: Verdict = { verdict: "2026-07-28", sent: [["server/discover"]] }
const fallenBack: Verdict = { verdict: "2025-11-25", sent: [["server/discover", ...legacy]] }
const refused: Verdict = { verdict: "NegotiationFailed", sent: [["server/discover"]] }

const isProbe = (message: Json) => message["method"] === "server/discover"

describe("what the answer to server/discover means", () => {
  const table: ReadonlyArray<readonly [answer: string, script: Script, verdict: Verdict]> = [
    ["a result that names our version", probed((m, c) => c.answer(m, discovered())), modern],
    ["a result that names others too", probed((m, c) => c.answer(m, discovered(["2099-01-01", "2026-07-28"]))), modern],
    ["a result that names newer versions alone", probed((m, c) => c.answer(m, discovered(["2099-01-01"]))), refused],
    ["a result that names legacy ones too", probed((m, c) => c.answer(m, discovered(["2099-01-01", "2025-06-18"]))), fallenBack],
    ["a result without versions", probed((m, c) => c.answer(m, {})), fallenBack],
    ["method not found", refusing(-32601), fallenBack],
    ["invalid params", refusing(-32602), fallenBack],
    ["invalid request", refusing(-32600), fallenBack],
    ["internal error", refusing(-32603), fallenBack],
    ["parse error", refusing(-32700), fallenBack],
    ["not initialized", refusing(-32000, { supported: ["2026-07-28"] }), fallenBack],
    ["an error of the application", refusing(17), fallenBack],
    [
      "unsupported version, with legacy ones",
      refusing(-32022, { supported: ["2025-06-18"], requested: "2026-07-28" }),
      fallenBack
    ],
    ["unsupported version, with newer ones alone", refusing(-32022, { supported: ["2099-01-01"] }), refused],
    ["unsupported version, without data", refusing(-32022), refused],
    ["unsupported version, with data that is wrong", refusing(-32022, { supported: "2026-07-28" }), refused],
    ["a missing capability", refusing(-32021, { requiredCapabilities: { roots: {} } }), refused],
    ["a header mismatch", refusing(-32020), refused]
  ]

  for (const [answer, script, expected] of table) {
    const verdict = expected === modern ? "modern" : expected === fallenBack ? "legacy" : "modern, and no way to agree"
    it.effect(`${answer}: ${verdict}`, () =>
      Effect.gen(function* () {
        const { sent, verdict } = yield* negotiate(script)
        assert.deepStrictEqual({ sent, verdict }, expected)
      })
    )
  }

  it.effect("unsupported version, with ours: asked once more, and that is the answer that counts", () =>
    Effect.gen(function* () {
      let asked = 0
      const refuseOnce = probed((message, connection) =>
        ++asked === 1
          ? connection.refuse(message, -32022, "not yet", { supported: ["2026-07-28"], requested: "2026-07-28" })
          : connection.answer(message, discovered())
      )
      const { sent, verdict } = yield* negotiate(refuseOnce)
      assert.deepStrictEqual({ sent, verdict }, { verdict: "2026-07-28", sent: [["server/discover", "server/discover"]] })
    })
  )

  it.effect("unsupported version, with ours, twice: it is given up", () =>
    Effect.gen(function* () {
      const { sent, verdict } = yield* negotiate(refusing(-32022, { supported: ["2026-07-28"], requested: "2026-07-28" }))
      assert.deepStrictEqual({ sent, verdict }, { verdict: "NegotiationFailed", sent: [["server/discover", "server/discover"]] })
    })
  )

  it.effect("nothing, for 10 seconds: legacy; what negotiates is not cancelled", () =>
    Effect.gen(function* () {
      const { sent, verdict } = yield* negotiate(
        probed(() => {}),
        {},
        "10 seconds"
      )
      const methods = [["server/discover", ...legacy]]
      assert.deepStrictEqual({ sent, verdict }, { verdict: "2025-11-25", sent: methods })
    })
  )

  for (const [what, line] of [
    ["text that is no JSON", "Welcome to the server!"],
    ["an answer without jsonrpc", '{"id":1,"result":{}}'],
    ["a result that is no object", '{"jsonrpc":"2.0","id":1,"result":"ok"}'],
    ["an error that is none", '{"jsonrpc":"2.0","id":1,"error":"no"}']
  ] as const) {
    it.effect(`${what}: legacy, at the latest when the time is over`, () =>
      Effect.gen(function* () {
        const { verdict } = yield* negotiate(
          probed((_, connection) => connection.line(line)),
          {},
          "10 seconds"
        )
        assert.strictEqual(verdict, "2025-11-25")
      })
    )
  }

  it.effect("the end of the connection: legacy, on another connection, without asking again", () =>
    Effect.gen(function* () {
      const { result, sent, server, verdict } = yield* negotiate(probed((_, connection) => connection.end()))
      assert.deepStrictEqual({ sent, verdict }, { verdict: "2025-11-25", sent: [["server/discover"], legacy] })
      if (result._tag === "Failure") return assert.fail("it should be connected")
      const pinged = yield* Effect.forkChild(result.success.ping, { startImmediately: true })
      const [, second] = server.connections
      second?.answer(second.last("ping"), {})
      yield* Fiber.join(pinged)
    })
  )

  it.effect("the end of that one too: what was tried is told", () =>
    Effect.gen(function* () {
      const { result, sent } = yield* negotiate((message, connection) => connection.end(`ended by ${message["method"]}`))
      assert.deepStrictEqual(sent, [["server/discover"], ["initialize"]])
      assert.strictEqual(
        result._tag === "Failure" ? result.failure.message : "",
        "could not agree on a protocol revision; tried " +
          "server/discover with 2026-07-28: connection closed: ended by server/discover; then " +
          "initialize with 2025-11-25: connection closed: ended by initialize"
      )
    })
  )

  it.effect("the end of the process, twice in the same way: that is told, once, with its last words", () =>
    Effect.gen(function* () {
      const { result, verdict } = yield* negotiate(({ method }, connection) =>
        connection.exit(1, `no database for ${String(method)}`)
      )
      assert.strictEqual(verdict, "TransportFailed")
      assert.strictEqual(
        result._tag === "Failure" ? result.failure.message : "",
        "`server` ended with exit code 1; its last words on stderr:\nno database for initialize"
      )
    })
  )

  it.effect("the end of the process, each time in another way: what was tried is told", () =>
    Effect.gen(function* () {
      const { verdict } = yield* negotiate((message, connection) => connection.exit(isProbe(message) ? 2 : 1, "no"))
      assert.strictEqual(verdict, "NegotiationFailed")
    })
  )
})

describe("what the client says of itself", () => {
  it.effect("in the request era: an envelope on the first request already", () =>
    Effect.gen(function* () {
      const { server } = yield* negotiate(probed((m, c) => c.answer(m, discovered())))
      const [connection] = server.connections
      assert.deepStrictEqual(connection?.sent, [
        {
          jsonrpc: "2.0",
          id: 1,
          method: "server/discover",
          params: {
            _meta: {
              progressToken: 1,
              [key("protocolVersion")]: "2026-07-28",
              [key("clientCapabilities")]: {},
              [key("clientInfo")]: clientInfo
            }
          }
        }
      ])
    })
  )

  it.effect("in the session era: version, capabilities and name, and that it is initialized", () =>
    Effect.gen(function* () {
      const { server } = yield* negotiate(refusing(-32601), { versions: ["2025-06-18", "2024-11-05"] })
      const [connection] = server.connections
      assert.deepStrictEqual(connection?.sent.slice(0, 1), [
        {
          jsonrpc: "2.0",
          id: 1,
          method: "initialize",
          params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo }
        }
      ])
    })
  )
})

describe("initialize", () => {
  const answering =
    (version: unknown): Script =>
    (message, connection) => {
      if (isProbe(message)) connection.refuse(message, -32601)
      else if (message["method"] === "initialize") connection.answer(message, { ...initialized(""), protocolVersion: version })
    }

  for (const version of ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const) {
    it.effect(`answered with ${version}: that is spoken`, () =>
      Effect.gen(function* () {
        const { result, verdict } = yield* negotiate(answering(version))
        assert.strictEqual(verdict, version)
        const client = result._tag === "Success" ? result.success : undefined
        assert.deepStrictEqual(
          [client?.serverInfo, client?.capabilities, client?.instructions],
          [{ name: "legacy", version: "1" }, { tools: {} }, "ask"]
        )
      })
    )
  }

  for (const version of ["2024-10-07", "2099-01-01", "2026-07-28", 7, undefined]) {
    it.effect(`answered with ${String(version)}: that is not spoken, and initialized is not said`, () =>
      Effect.gen(function* () {
        const { sent, verdict } = yield* negotiate(answering(version))
        assert.deepStrictEqual({ sent, verdict }, { verdict: "NegotiationFailed", sent: [["server/discover", "initialize"]] })
      })
    )
  }

  it.effect("answered with a version that the client was told not to speak is a failure", () =>
    Effect.gen(function* () {
      const { verdict } = yield* negotiate(answering("2024-11-05"), { versions: ["2026-07-28", "2025-11-25"] })
      assert.strictEqual(verdict, "NegotiationFailed")
    })
  )

  it.effect("refused: what was tried is told, in order", () =>
    Effect.gen(function* () {
      const { result } = yield* negotiate((message, connection) => connection.refuse(message, -32601, `no ${message["method"]}`))
      assert.strictEqual(
        result._tag === "Failure" ? result.failure.message : "",
        "could not agree on a protocol revision; tried " +
          "server/discover with 2026-07-28: -32601 no server/discover; then initialize with 2025-11-25: -32601 no initialize"
      )
    })
  )

  it.effect("refused in the same words: they are told once", () =>
    Effect.gen(function* () {
      const { result } = yield* negotiate((message, connection) => connection.refuse(message, -32601, "no"))
      assert.strictEqual(
        result._tag === "Failure" ? result.failure.message : "",
        "could not agree on a protocol revision; tried " +
          "server/discover with 2026-07-28: -32601 no; then initialize with 2025-11-25: the same"
      )
    })
  )

  for (const [stderr, words] of [
    ["", "the server runs, and has written nothing to stderr"],
    ["waiting for the database\n", "the server runs, and has written to stderr:\nwaiting for the database"]
  ] as const) {
    for (const versions of [["2026-07-28"], ["2025-11-25"], ["2026-07-28", "2025-11-25"]] as const) {
      it.effect(`silent, in ${versions.join(" and ")}: what it wrote to stderr is told, ${JSON.stringify(stderr)}`, () =>
        Effect.gen(function* () {
          const mute: Script = (_, connection) => void (connection.stderr = stderr)
          const { result } = yield* negotiate(mute, { versions }, "20 seconds")
          assert.isTrue(result._tag === "Failure" && result.failure.message.endsWith(`for 10000 ms; ${words}`))
        })
      )
    }
  }

  it.effect("refused: stderr is not told, it has answered", () =>
    Effect.gen(function* () {
      const { result } = yield* negotiate((message, connection) => {
        connection.stderr = "listening"
        connection.refuse(message, -32601, "no")
      })
      assert.notInclude(result._tag === "Failure" ? result.failure.message : "listening", "listening")
    })
  )

  it.effect("the end of the connection, when nothing else was tried, is told as what it is", () =>
    Effect.gen(function* () {
      const { verdict } = yield* negotiate((_, connection) => connection.end(), { versions: ["2025-11-25"] })
      assert.strictEqual(verdict, "TransportFailed")
    })
  )

  for (const [version, known] of [
    ["2024-11-05", []],
    ["2025-06-18", ["title"]],
    ["2025-11-25", ["title", "description", "websiteUrl", "icons"]]
  ] as const) {
    it.effect(`${version}: the client says of itself what the revision has`, () =>
      Effect.gen(function* () {
        const more = {
          title: "The tester",
          description: "Tests",
          websiteUrl: "https://example.com",
          icons: [{ src: "https://example.com/t.png" }]
        }
        const { server } = yield* negotiate(answering(version), { ...more, versions: [version] })
        const said = Object.fromEntries(known.map((member) => [member, more[member]]))
        assert.deepStrictEqual(server.connections[0]?.last("initialize")["params"].clientInfo, { ...clientInfo, ...said })
      })
    )
  }

  it.effect("not answered: it fails after its time, and is not cancelled", () =>
    Effect.gen(function* () {
      const onlyProbe: Script = (message, connection) => isProbe(message) && connection.refuse(message, -32601)
      const { sent, verdict } = yield* negotiate(onlyProbe, {}, "10 seconds")
      assert.deepStrictEqual({ sent, verdict }, { verdict: "NegotiationFailed", sent: [["server/discover", "initialize"]] })
    })
  )
})

describe("the versions that a client speaks", () => {
  it.effect("the request era alone: a legacy server is a failure, without initialize", () =>
    Effect.gen(function* () {
      const { sent, verdict } = yield* negotiate(refusing(-32601), { versions: ["2026-07-28"] })
      assert.deepStrictEqual({ sent, verdict }, refused)
    })
  )

  it.effect("the request era alone: the end of the connection is told as what it is", () =>
    Effect.gen(function* () {
      const { sent, verdict } = yield* negotiate((_, connection) => connection.exit(1, "no"), { versions: ["2026-07-28"] })
      assert.deepStrictEqual({ sent, verdict }, { verdict: "TransportFailed", sent: [["server/discover"]] })
    })
  )

  it.effect("the session era alone: nothing is probed, the first one is offered", () =>
    Effect.gen(function* () {
      const { sent, server, verdict } = yield* negotiate(refusing(-32601), { versions: ["2025-03-26", "2025-11-25"] })
      assert.deepStrictEqual({ sent, verdict }, { verdict: "2025-11-25", sent: [legacy] })
      assert.strictEqual(server.connections[0]?.last("initialize")["params"].protocolVersion, "2025-03-26")
    })
  )

  it.effect("none: a failure, and nothing is sent", () =>
    Effect.gen(function* () {
      const { sent, verdict } = yield* negotiate(refusing(-32601), { versions: [] })
      assert.deepStrictEqual({ sent, verdict }, { verdict: "NegotiationFailed", sent: [[]] })
    })
  )

  it.effect("a server that names itself in the body of its answer, or not at all, is taken as well", () =>
    Effect.gen(function* () {
      const { _meta, ...anonymous } = discovered()
      const named = yield* negotiate(probed((m, c) => c.answer(m, { ...anonymous, serverInfo: { name: "body", version: "1" } })))
      const nameless = yield* negotiate(probed((m, c) => c.answer(m, anonymous)))
      assert.strictEqual(named.result._tag === "Success" ? named.result.success.serverInfo?.name : "", "body")
      assert.strictEqual(nameless.result._tag === "Success" ? nameless.result.success.serverInfo : "", undefined)
      assert.isDefined(_meta)
    })
  )
})
