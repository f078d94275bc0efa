import { spawnSync } from "node:child_process"
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import * as McpClient from "@effect-mcp/client/McpClient"
import { ClientTransport, ClientTransportError, ConnectionClosed } from "@effect-mcp/core/ClientTransport"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Connect, Launchers } from "../src/index.ts"
import { pythonOf } from "../src/internal/host.ts"
import { directory } from "./support/files.ts"
import { fixture, me, seenBy } from "./support/mirror.ts"
import { Factor, NoFactorLive, Scale, Scaling } from "./support/servers.ts"

const { connect } = Connect
const factor = Layer.succeed(Factor, 3)
const hasPython = spawnSync(pythonOf(process.platform), ["-c", ""]).status === 0

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe("connecting to a server of this process", () => {
  it.effect("goes through memory, and what the server requires is provided as always", () =>
    Effect.gen(function* () {
      const client = yield* connect(Scaling, me)
      const { tools } = McpClient.typed(Scale, client)
      assert.strictEqual(yield* tools.scale({ by: 2 }), 6)
      assert.strictEqual(client.serverInfo?.name, "scaling")
    }).pipe(Effect.provide(factor))
  )

  it.effect("fails as the server's layer fails", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(connect(Layer.provide(Scaling, NoFactorLive), me))
      assert.strictEqual(error._tag, "NoFactor")
    })
  )

  it.effect("uses the handlers of the context for what the server asks", () =>
    Effect.gen(function* () {
      const client = yield* connect(Scaling, me)
      const { content } = yield* client.callTool("ask")
      assert.deepStrictEqual(content, [{ type: "text", text: "Ada" }])
    }).pipe(
      Effect.provide([
        ElicitationHandler.layer({ form: () => Effect.succeed({ action: "accept" as const, content: { name: "Ada" } }) }),
        factor
      ])
    )
  )

  it.effect("builds the server for each connection, and once where it is in the memo map already", () =>
    Effect.gen(function* () {
      let built = 0
      const Counted = Layer.provide(Scaling, [
        Layer.effect(
          Factor,
          Effect.sync(() => ++built)
        )
      ])
      yield* connect(Counted, me)
      yield* connect(Counted, me)
      assert.strictEqual(built, 2)
      yield* Effect.andThen(connect(Counted, me), connect(Counted, me)).pipe(Effect.provide(Counted))
      assert.strictEqual(built, 3)
    })
  )

  it.effect("ends with the scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const client = yield* Scope.provide(connect(Scaling, me), scope)
      yield* client.listTools
      yield* Scope.close(scope, Exit.void)
      const error = yield* Effect.flip(client.listTools)
      assert.strictEqual(error.reason._tag, "TransportFailed")
    }).pipe(Effect.provide(factor))
  )

  it.effect("that is neither a server nor a way to one dies", () =>
    Effect.gen(function* () {
      // The compiler refuses it.
      const exit = yield* Effect.exit(connect(factor as never as Layer.Layer<ClientTransport>, me))
      assert.isTrue(Exit.hasDies(exit))
    })
  )
})

describe("connecting over a transport", () => {
  it.effect("takes the transport, also of a layer that gives a server as well", () =>
    Effect.gen(function* () {
      const error = new ClientTransportError({ reason: new ConnectionClosed({ detail: "on purpose" }) })
      const Broken = Layer.succeed(ClientTransport, { kind: "broken", connect: () => Effect.fail(error) })
      const failed = yield* Effect.flip(connect(Layer.merge(Scaling, Broken), me))
      assert.include(failed.message, "on purpose")
      const client = yield* connect(Layer.provide(MemoryTransport.layer(), Scaling), me)
      assert.strictEqual(client.serverInfo?.name, "scaling")
    }).pipe(Effect.provide(factor))
  )

  it.live("takes one to a process", () =>
    Effect.gen(function* () {
      const options = { command: process.execPath, args: [fixture("mirror.mjs"), "x"] }
      const client = yield* connect(StdioClientTransport.layer(options), me)
      assert.deepStrictEqual((yield* seenBy(client)).args, ["x"])
    })
  )
})

describe("connecting to a process", () => {
  it.live("by script, command line, launcher and configuration", () =>
    Effect.gen(function* () {
      const server = { command: process.execPath, args: [fixture("mirror.mjs"), "x"] }
      const root = yield* directory({ "one.json": JSON.stringify({ mcpServers: { one: server } }) })
      const clients = yield* Effect.all([
        connect(fixture("mirror.mjs"), me),
        connect(`"${process.execPath}" ${fixture("mirror.mjs")} x`, me),
        connect(yield* Launchers.node(fixture("mirror.mjs"), { args: ["x"] }), me),
        connect({ mcpServers: { one: server } }, me),
        connect({ one: server }, me),
        connect(`${root}/one.json`, me)
      ])
      const seen = yield* Effect.forEach(clients, seenBy)
      assert.deepStrictEqual(
        seen.map(({ args }) => args),
        [[], ["x"], ["x"], ["x"], ["x"], ["x"]]
      )
    })
  )

  it.live.runIf(hasPython)("by Python script", () =>
    Effect.gen(function* () {
      const client = yield* connect(fixture("mirror.py"), me, { stdio: { inheritEnv: "all" } })
      assert.deepStrictEqual((yield* seenBy(client)).args, [])
    })
  )

  it.live("by configuration takes its variables and its timeout", () =>
    Effect.gen(function* () {
      const server = { command: process.execPath, args: [fixture("mirror.mjs"), "${X}"] }
      const client = yield* connect({ one: { ...server, timeout: 20 } }, { ...me, timeout: "1 hour" }, { env: { X: "x" } })
      assert.deepStrictEqual((yield* seenBy(client)).args, ["x"])
      const error = yield* Effect.flip(client.request("tools/wait"))
      assert.strictEqual(error.reason._tag, "TimedOut")
      assert.include(error.message, "20 ms")
    })
  )

  it.live("ends it with the scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const client = yield* Scope.provide(connect(fixture("mirror.mjs"), me), scope)
      const { pid } = yield* seenBy(client)
      assert.isTrue(isAlive(pid))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(isAlive(pid))
    })
  )

  it.live("that cannot be reached fails as every client does", () =>
    Effect.gen(function* () {
      const spawn = yield* Effect.flip(connect("no-such-program", me))
      assert.strictEqual(spawn._tag === "McpClientError" && spawn.reason._tag, "TransportFailed")
      const remote = yield* Effect.flip(connect("http://127.0.0.1:1/mcp", me))
      assert.strictEqual(remote._tag === "McpClientError" && remote.reason._tag, "TransportFailed")
      assert.include(remote.message, "could not connect: POST http://127.0.0.1:1/mcp")
    })
  )

  it.live("goes over `remote` where there is one", () =>
    Effect.gen(function* () {
      const remote = () => Layer.provide(MemoryTransport.layer(), Layer.provide(Scaling, factor))
      for (const target of ["https://x.example", new URL("https://x.example"), { a: { url: "https://x.example" } }]) {
        assert.strictEqual((yield* connect(target, me, { remote })).serverInfo?.name, "scaling")
      }
    })
  )

  it.live("of a configuration that selects tools is refused, since a client would offer all", () =>
    Effect.gen(function* () {
      for (const selection of [{ include: ["a"] }, { exclude: ["a"] }, { rename: { a: "b" } }, { excludeTools: ["a"] }]) {
        const error = yield* Effect.flip(connect({ one: { command: "no-such-program", ...selection } }, me))
        assert.strictEqual(error._tag === "TargetError" && error.reason, "selects")
        assert.match(error.message, /`Servers`/)
      }
    })
  )
})

describe("the layer", () => {
  it.live("is the client as a service", () =>
    Effect.gen(function* () {
      const info = Effect.map(McpClient.McpClient, ({ serverInfo }) => serverInfo?.name)
      assert.strictEqual(yield* Effect.provide(info, Connect.layer(fixture("mirror.mjs"), me)), "mirror")
      assert.strictEqual(yield* Effect.provide(info, Layer.provide(Connect.layer(Scaling, me), factor)), "scaling")
      const error = yield* Effect.flip(Effect.provide(info, Connect.layer("", me)))
      assert.strictEqual(error._tag, "TargetError")
    })
  )
})
