/**
 * A client of a server that does what goes wrong with servers, in processes.
 */
import { assert, describe } from "@effect/vitest"
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { CallToolResult } from "@effect-mcp/core/protocol/Tools"
import * as McpClient from "@effect-mcp/client/McpClient"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import type { ConnectionState } from "@effect-mcp/client/ConnectionState"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { randomUUID } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { fixturePath, isAlive } from "./child.ts"

/** Something that the server does, see the fixture. */
export type Act = string | readonly [name: string, options: object]

/** What one process of the server does by itself. */
export interface Script {
  /** As soon as it has started. */
  readonly start?: ReadonlyArray<Act>
  /** In place of an answer to a method. */
  readonly on?: { readonly [method: string]: Act }
  /** In place of what a tool does. */
  readonly tools?: { readonly [name: string]: Act }
  /** How it is started. */
  readonly stdio?: Partial<StdioClientTransport.Options>
}

/** Groups of tests, where processes can be looked up. */
export const onLinux = process.platform === "linux" ? describe : describe.skip

/** The two eras. */
export const versions = ["2025-11-25", "2026-07-28"] as const

/** Long enough for Node to see the end of its input, short enough for tests. */
const patience = { closeTimeout: "500 millis", terminateTimeout: "500 millis" } as const

/** The processes of a run: the environment of all of them has its mark. Linux. */
const running = (mark: string): ReadonlyArray<number> =>
  readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      try {
        return Number.isInteger(pid) && readFileSync(`/proc/${pid}/environ`, "latin1").includes(mark) && isAlive(pid)
      } catch {
        return false // it ended while we looked, or is somebody else's
      }
    })

/** What a client and its servers are like. */
export interface Settings {
  /** What each process does; the last one stands for all that follow. */
  readonly scripts?: ReadonlyArray<Script>
  readonly client?: Partial<McpClient.Options>
}

/** The processes that are started for one client. When the scope closes, nothing of them is left, or the test fails. */
const processes = Effect.fnUntraced(function* (scripts: ReadonlyArray<Script>) {
  const mark = `FAULTS_RUN=${randomUUID()}`
  const [name, value] = mark.split("=") as [string, string]
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      const left = running(mark)
      for (const pid of left) process.kill(pid, "SIGKILL")
      assert.deepStrictEqual(left, [], "processes are left over")
    })
  )
  const stderr: Array<string> = []
  const transports = yield* Effect.forEach(scripts, ({ stdio, ...script }) =>
    Effect.map(
      Layer.build(
        StdioClientTransport.layer({
          command: process.execPath,
          args: [fixturePath("faultyServer.mjs"), JSON.stringify(script)],
          env: { [name]: value },
          onStderr: (line) => void stderr.push(line),
          ...patience,
          ...stdio
        })
      ),
      Context.get(ClientTransport)
    )
  )
  let starts = 0
  const transport = ClientTransport.of({
    kind: "stdio",
    connect: (receive) => transports[Math.min(starts++, transports.length - 1)]!.connect(receive)
  })
  return {
    transport,
    /** The lines of stderr, and stray ones of stdout. */
    stderr,
    /** The numbers of the processes that run now. */
    running: () => running(mark),
    /** How many were started. */
    starts: () => starts
  }
})

const infoOf = (version: string | undefined, settings: Settings): McpClient.Options => ({
  name: "tester",
  version: "0.0.1",
  ...(version === undefined ? {} : { versions: [version as (typeof versions)[number]] }), // of our own list
  reconnect: Schedule.spaced("5 millis"),
  ...settings.client
})

/** Starts a server and connects to it, and to those that follow it. */
export const connect = Effect.fnUntraced(function* (version: string | undefined, settings: Settings = {}) {
  const { transport, ...rest } = yield* processes(settings.scripts ?? [{}])
  const arrivals = yield* Queue.unbounded<Jsonrpc.JsonObject>()
  const scope = yield* Scope.fork(yield* Scope.Scope)
  const client = yield* McpClient.make({
    onNotification: ({ method, params = {} }) =>
      Effect.sync(() => method === "notifications/arrived" && Queue.offerUnsafe(arrivals, params)),
    ...infoOf(version, settings)
  }).pipe(Effect.provideService(ClientTransport, transport), Effect.provideService(Scope.Scope, scope))
  return {
    ...rest,
    client,
    /** Waits until a call that is never answered has reached the server, or its cancellation. */
    arrived: Queue.take(arrivals),
    close: Scope.close(scope, Exit.void)
  }
})

/** Why a server cannot be connected to; then nothing of it runs any more. */
export const refusal = Effect.fnUntraced(function* (version: string | undefined, settings: Settings) {
  const { running, starts, transport } = yield* processes(settings.scripts ?? [{}])
  const connecting = McpClient.make(infoOf(version, settings))
  const error = yield* Effect.flip(Effect.provideService(connecting, ClientTransport, transport))
  assert.deepStrictEqual(running(), [])
  return { error, starts: starts() }
})

/** The text of a result. */
export const textOf = ({ content }: CallToolResult): string => {
  const [block] = content
  return block?.type === "text" ? block.text : ""
}

/** Calls a tool, for its text. */
export const call = (
  client: McpClient.McpClient["Service"],
  name: string,
  args?: Jsonrpc.JsonObject,
  options?: McpClient.CallOptions
) => Effect.map(client.callTool(name, args, options), textOf)

/** Kills the server, as an operator would. */
export const kill = (client: McpClient.McpClient["Service"]) =>
  Effect.sync(() => process.kill(Number(client.serverInfo?.version), "SIGKILL"))

/** Waits for a state. */
export const until = <Tag extends ConnectionState["_tag"]>(client: McpClient.McpClient["Service"], tag: Tag) =>
  SubscriptionRef.changes(client.state).pipe(
    Stream.filter((state): state is Extract<ConnectionState, { readonly _tag: Tag }> => state._tag === tag),
    Stream.runHead,
    Effect.map(Option.getOrThrow)
  )

/** The end of a process as the reason of an error. */
export const exitOf = ({ reason }: McpClientError) => {
  const inner = reason._tag === "TransportFailed" ? reason.error.reason : undefined
  return inner?._tag === "ProcessExited" ? inner : assert.fail(`the reason is ${reason._tag}, ${inner?._tag}`)
}
