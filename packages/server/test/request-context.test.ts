import { type Emit, fork } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Principal from "@effect-mcp/core/Principal"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as McpServer from "../src/McpServer.ts"
import { sessionVersions, versions } from "./support/fixture.ts"
import { clientInfo, envelope, key, type PeerOptions, serve, settle } from "./support/peer.ts"

const factsOf = (request: RequestContext["Service"]) => ({
  id: request.id,
  method: request.method,
  version: request.revision.version,
  principal: request.principal,
  sessionId: request.sessionId,
  clientInfo: request.clientInfo,
  clientCapabilities: request.clientCapabilities,
  meta: request.meta,
  progressToken: request.progressToken,
  logLevel: request.logLevel,
  isOpen: request.isOpen,
  asking: request.asking.mode
})

const seeing = () => {
  const seen: Array<RequestContext["Service"]> = []
  const facts: Array<ReturnType<typeof factsOf>> = []
  const See = Tool.make("see")
  const live = See.toLayer(() =>
    Effect.map(RequestContext, (request) => {
      seen.push(request)
      facts.push(factsOf(request))
    })
  )
  return { seen, facts, layer: McpServer.layer({ name: "s", version: "1" }, See).pipe(Layer.provide(live)) }
}

const ada: Principal.Principal = { subject: "ada", issuer: "https://id.example.com", scopes: ["read"], claims: { team: 1 } }

describe("the request context", () => {
  for (const version of sessionVersions) {
    it.effect(`${version}: tells what the session and the request say`, () =>
      Effect.gen(function* () {
        const { facts, layer } = seeing()
        const peer = yield* (yield* serve(layer)).open({ principal: ada })
        yield* peer.speak(version, { roots: { listChanged: true } })
        yield* peer.request("logging/setLevel", { level: "notice" })
        yield* peer.request("tools/call", { name: "see", _meta: { progressToken: 0, "a/b": [1] } }, "x")
        assert.deepStrictEqual(facts, [
          {
            id: "x",
            method: "tools/call",
            version,
            principal: ada,
            sessionId: undefined,
            clientInfo,
            clientCapabilities: { roots: { listChanged: true } },
            meta: { progressToken: 0, "a/b": [1] },
            progressToken: 0,
            logLevel: "notice",
            isOpen: true,
            asking: "live"
          }
        ])
      })
    )
  }

  it.effect("tells all that a client says of itself, and the session where the transport names it", () =>
    Effect.gen(function* () {
      const full = {
        ...clientInfo,
        title: "The raw one",
        description: "Speaks in lines",
        websiteUrl: "https://example.com",
        icons: [{ src: "https://example.com/raw.png" }]
      }
      const { facts, layer } = seeing()
      const peer = yield* (yield* serve(layer)).open({ sessionId: "s-1" })
      assert.isUndefined(peer.handle.agreement)
      yield* peer.request("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: full })
      yield* peer.call("see")
      assert.deepStrictEqual([facts[0]?.clientInfo, facts[0]?.sessionId], [full, "s-1"])
      assert.deepStrictEqual(peer.handle.agreement, { version: "2025-11-25", sessionId: "s-1" })
    })
  )

  it.effect("2026-07-28: tells what the request alone says, each one anew", () =>
    Effect.gen(function* () {
      const { facts, layer } = seeing()
      const peer = yield* (yield* serve(layer)).speak("2026-07-28", {})
      const first = envelope({
        [key("clientCapabilities")]: { elicitation: { form: {} } },
        [key("logLevel")]: "error",
        progressToken: "p",
        "a/b": 1
      })
      const second = { [key("protocolVersion")]: "2026-07-28", [key("clientCapabilities")]: {} }
      peer.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "see", _meta: first } })
      peer.send({ jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "see", _meta: second } })
      assert.deepStrictEqual(facts, [
        {
          id: 1,
          method: "tools/call",
          version: "2026-07-28",
          principal: Principal.anonymous,
          sessionId: undefined,
          clientInfo,
          clientCapabilities: { elicitation: { form: {} } },
          meta: first,
          progressToken: "p",
          logLevel: "error",
          isOpen: true,
          asking: "replay"
        },
        {
          id: 2,
          method: "tools/call",
          version: "2026-07-28",
          principal: Principal.anonymous,
          sessionId: undefined,
          clientInfo: undefined,
          clientCapabilities: {},
          meta: second,
          progressToken: undefined,
          logLevel: undefined,
          isOpen: true,
          asking: "replay"
        }
      ])
    })
  )

  it.effect("a request of the request era on a peer with a session knows nothing of the session", () =>
    Effect.gen(function* () {
      const { facts, layer } = seeing()
      const peer = yield* (yield* serve(layer)).open()
      yield* peer.speak("2025-11-25", { sampling: {} })
      yield* peer.request("logging/setLevel", { level: "debug" })
      const meta = { [key("protocolVersion")]: "2026-07-28", [key("clientCapabilities")]: {} }
      peer.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "see", _meta: meta } })
      yield* peer.call("see")
      const known = facts.map(({ clientCapabilities, clientInfo, logLevel, version }) => ({
        clientCapabilities,
        clientInfo,
        logLevel,
        version
      }))
      assert.deepStrictEqual(known, [
        { clientCapabilities: {}, clientInfo: undefined, logLevel: undefined, version: "2026-07-28" },
        { clientCapabilities: { sampling: {} }, clientInfo, logLevel: "debug", version: "2025-11-25" }
      ])
    })
  )

  for (const [name, options, mode] of [
    ["a way back", { canAsk: true }, "live"],
    ["no way back", { canAsk: false }, "unavailable"]
  ] as ReadonlyArray<readonly [string, PeerOptions, string]>) {
    it.effect(`with ${name} for questions, asking is ${mode} in the session era`, () =>
      Effect.gen(function* () {
        const { facts, layer } = seeing()
        const served = yield* serve(layer)
        for (const version of sessionVersions) {
          const peer = yield* served.speak(version, options)
          yield* peer.call("see")
        }
        assert.deepStrictEqual(new Set(facts.map(({ asking }) => asking)), new Set([mode]))
      })
    )
  }

  it.effect("the principal is who sent this very message, where the transport says so, and else that of the peer", () =>
    Effect.gen(function* () {
      const { facts, layer } = seeing()
      const served = yield* serve(layer)
      const peer = yield* served.speak("2025-11-25", { principal: ada })
      const run = fork(served.dispatcher, yield* Effect.context<never>())
      const way: Emit = { canAsk: false, send: () => Effect.void, sendUnsafe: () => true }
      const grace: Principal.Principal = { ...ada, subject: "grace" }
      const call = Jsonrpc.request(1, "tools/call", { name: "see" })
      for (const principal of [grace, undefined]) run(peer.handle, call, way, () => {}, { principal })
      run(peer.handle, { _tag: "Batch", items: [call] }, way, () => {}, { principal: grace }) // refused, and nothing of it is done
      const batching = yield* served.speak("2025-03-26", { principal: ada })
      run(batching.handle, { _tag: "Batch", items: [call] }, way, () => {}, { principal: grace })
      yield* settle
      assert.deepStrictEqual(
        facts.map(({ principal }) => principal.subject),
        ["grace", "ada", "grace"]
      )
    })
  )

  it.effect("is closed when the request was answered", () =>
    Effect.gen(function* () {
      const { layer, seen } = seeing()
      const served = yield* serve(layer)
      for (const version of versions) {
        const peer = yield* served.speak(version)
        yield* peer.call("see")
      }
      assert.deepStrictEqual(new Set(seen.map(({ isOpen }) => isOpen)), new Set([false]))
      assert.isFalse(seen[0]?.advance(1))
    })
  )

  it.effect("`_meta` that is no object is none", () =>
    Effect.gen(function* () {
      const { facts, layer } = seeing()
      const peer = yield* (yield* serve(layer)).speak("2025-11-25")
      for (const meta of [null, 1, "x", [1]]) {
        yield* peer.request("tools/call", { name: "see", _meta: meta })
      }
      assert.deepStrictEqual(
        facts.map(({ meta }) => meta),
        [{}, {}, {}, {}]
      )
    })
  )
})
