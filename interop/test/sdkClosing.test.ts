/**
 * The ends of conversations through the adapters: whoever closes, the other side hears of it, what was running is interrupted, and what
 * was waiting fails.
 */
import { randomUUID } from "node:crypto"
import * as v2 from "@modelcontextprotocol/client"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport as SdkStdio } from "@modelcontextprotocol/sdk/client/stdio.js"
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js"
import { serveStdio } from "@modelcontextprotocol/server/stdio"
import { assert, describe, it } from "vitest"
import { WholeServer } from "../fixtures/everything.ts"
import { until } from "../fixtures/moments.ts"
import * as sdk1 from "../fixtures/sdk1Server.ts"
import * as sdk2 from "../fixtures/sdk2Server.ts"
import {
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  MemoryTransport,
  SdkClientTransport,
  SdkDispatcher,
  SdkServerTransport,
  type SdkTransport,
  StdioClientTransport,
  TransportForSdk
} from "../ours.ts"
import { onOurs, type Program, theirs } from "./support/programs.ts"
import { connect, type Reach } from "./support/Session.ts"
import { Wire } from "./support/Wire.ts"

const optionsOf = ({ args, command }: Program) => ({ command, args: [...args] })

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

/** Why a call of our client that was waiting failed. */
const failureOf = async (fiber: Fiber.Fiber<unknown, unknown>): Promise<string> => {
  const exit = await Effect.runPromise(Fiber.await(fiber))
  assert.isTrue(Exit.isFailure(exit))
  return String(exit)
}

describe("our client and a server of the SDK", () => {
  const layers: { readonly [name: string]: () => ReturnType<typeof SdkDispatcher.layer> } = {
    "sdk v1": () => SdkDispatcher.layer((transport) => sdk1.make().connect(transport)),
    "sdk v2": () => SdkDispatcher.layer((transport) => serveStdio(sdk2.make, { transport }))
  }

  for (const [name, layer] of Object.entries(layers)) {
    it(`on our transport, ${name}: closing our client aborts what the server does`, async () => {
      const { client, close, fork } = await connect(() => MemoryTransport.layer().pipe(Layer.provide(layer())))
      const key = randomUUID()
      fork(client.callTool("wait", { key }))
      await until(key, "started")
      await close()
      await until(key, "interrupted")
    })
  }

  it("over its transport: closing our client aborts what the server does", async () => {
    const reach: Reach = () =>
      SdkClientTransport.layer(() => {
        const [client, server] = InMemoryTransport.createLinkedPair()
        void sdk1.make().connect(server)
        return client
      })
    const { client, close, fork } = await connect(reach)
    const key = randomUUID()
    fork(client.callTool("wait", { key }))
    await until(key, "started")
    await close()
    await until(key, "interrupted")
  })

  it("over its transport: when the server closes, what waits fails, and what comes later goes over a new connection", async () => {
    const server = sdk1.make()
    const reach: Reach = () =>
      SdkClientTransport.layer(() => {
        const [ours, theirs] = InMemoryTransport.createLinkedPair()
        void server.connect(theirs)
        return ours
      })
    const { client, close, fork, run } = await connect(reach)
    const key = randomUUID()
    const waiting = fork(client.callTool("wait", { key }))
    await until(key, "started")
    await server.close()
    assert.include(await failureOf(waiting), "connection closed: by the server")
    await run(client.ping)
    await close()
  })

  it("on our transport: when the server closes, what waits fails, and so does what comes later", async () => {
    const server = sdk1.make()
    const layer = SdkDispatcher.layer((transport) => server.connect(transport))
    const { client, close, fork, run } = await connect(() => MemoryTransport.layer().pipe(Layer.provide(layer)))
    const key = randomUUID()
    const waiting = fork(client.callTool("wait", { key }))
    await until(key, "started")
    await server.close()
    assert.include(await failureOf(waiting), "the server has ended the conversation")
    assert.include((await run(Effect.flip(client.ping))).message, "the server has ended the conversation")
    await close()
  })

  it("over its stdio: closing our client ends the process, and the end of the process fails what waits", async () => {
    const pids: Array<number> = []
    const make = () => {
      const transport = new SdkStdio({ ...optionsOf(theirs("sdk1")), stderr: "ignore" })
      const { start } = transport
      return Object.assign(transport, {
        start: async () => {
          await start.call(transport)
          pids.push(transport.pid!)
        }
      })
    }
    const first = await connect(() => SdkClientTransport.layer(make))
    await first.close()
    assert.isTrue(pids.every(isGone))

    const second = await connect(() => SdkClientTransport.layer(make))
    const key = randomUUID()
    const waiting = second.fork(second.client.callTool("wait", { key }))
    await second.run(second.client.callTool("seen", { key, what: "started" }))
    process.kill(pids.at(-1)!, "SIGKILL")
    assert.include(await failureOf(waiting), "connection closed: by the server")
    await second.close()
  })

  it("on our stdio: the end of input ends the process, after the answers", async () => {
    for (const name of ["sdk1", "sdk2"]) {
      const wire = new Wire(onOurs(name))
      const clientInfo = { name: "wire", version: "1" }
      await wire.request("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo })
      wire.notify("notifications/initialized")
      const answer = wire.request("tools/call", { name: "echo", arguments: { text: "last words" } })
      const code = wire.end()
      assert.strictEqual((await answer).result.content[0].text, "last words")
      assert.strictEqual(await code, 0)
    }
  })
})

describe("clients of the SDK and our server", () => {
  const Quiet = WholeServer.pipe(Layer.provide(Logger.layer([])))
  const overMemory = () => TransportForSdk.fromLayer(MemoryTransport.layer().pipe(Layer.provide(Quiet)))
  const clients: { readonly [name: string]: () => Pick<Client, "close"> & { connect: Function; callTool: Function } } = {
    "sdk v1": () => new Client({ name: "a", version: "1" }),
    "sdk v2": () => new v2.Client({ name: "a", version: "1" }, { versionNegotiation: { mode: "auto" } })
  }

  /** Asks a server of its own for what happened: what is shared is the module's. */
  const seen = async (key: string, what: string) => {
    const client = new Client({ name: "b", version: "1" })
    await client.connect(overMemory())
    await client.callTool({ name: "seen", arguments: { key, what } })
    await client.close()
  }

  for (const [name, make] of Object.entries(clients)) {
    it(`over our transport, ${name}: closing the client interrupts what the server does`, async () => {
      const client = make()
      await client.connect(overMemory())
      const key = randomUUID()
      const waiting = client.callTool({ name: "wait", arguments: { key } }).catch((error: unknown) => String(error))
      await seen(key, "started")
      await client.close()
      await seen(key, "interrupted")
      assert.include(await waiting, "Connection closed")
    })
  }

  it("under its transport: closing the client interrupts what the server does, and the server is done", async () => {
    const [ours, theirs] = InMemoryTransport.createLinkedPair()
    const served = Effect.runPromise(SdkServerTransport.serve(ours).pipe(Effect.provide(Quiet)))
    const client = new Client({ name: "a", version: "1" })
    await client.connect(theirs)
    const key = randomUUID()
    const waiting = client.callTool({ name: "wait", arguments: { key } }).catch((error: unknown) => String(error))
    await seen(key, "started")
    await client.close()
    await served
    await seen(key, "interrupted")
    assert.include(await waiting, "Connection closed")
  })

  it("under its transport: when our server is interrupted, the client hears of it", async () => {
    const [ours, theirs] = InMemoryTransport.createLinkedPair()
    const fiber = Effect.runFork(SdkServerTransport.serve(ours).pipe(Effect.provide(Quiet)))
    const client = new Client({ name: "a", version: "1" })
    const closed = new Promise<void>((resolve) => Object.assign(client, { onclose: resolve }))
    await client.connect(theirs)
    await Effect.runPromise(Fiber.interrupt(fiber))
    await closed
    assert.match(await client.ping().then(String, String), /Not connected/)
  })

  it("over our stdio: the end of the process is an error and the end for the client", async () => {
    const dying = { command: process.execPath, args: ["-e", "process.stdin.once('data', () => process.exit(3))"] }
    const client = new Client({ name: "a", version: "1" })
    const errors: Array<string> = []
    const closed = new Promise<void>((resolve) => Object.assign(client, { onclose: resolve }))
    Object.assign(client, { onerror: (error: Error) => void errors.push(error.message) })
    const transport: SdkTransport.SdkTransport = TransportForSdk.fromLayer(StdioClientTransport.layer(dying))
    assert.include(await client.connect(transport).then(String, String), "Connection closed")
    await closed
    assert.include(errors.join("\n"), "ended with exit code 3")
  })
})
