/**
 * A scripted server that has tasks. It lists its tools and makes tasks of calls by itself; everything else is up to the test.
 */
import type { Tool } from "@effect-mcp/core/protocol/Tools"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type { Options } from "../../src/McpClient.ts"
import type { McpClientError } from "../../src/McpClientError.ts"
import { agreeing, connect, type Connection, initialized, type Json, scripted, type Script } from "./server.ts"

/** A task as it is on the wire. */
export const task = (status: string, more: Json = {}): Json => ({
  taskId: "t1",
  status,
  createdAt: "2025-11-25T10:00:00Z",
  lastUpdatedAt: "2025-11-25T10:00:00Z",
  ttl: null,
  pollInterval: 1000,
  ...more
})

export const done = { content: [{ type: "text" as const, text: "done" }] }

const listed = (name: string, taskSupport?: string): Json => ({
  name,
  inputSchema: { type: "object" },
  ...(taskSupport === undefined ? {} : { execution: { taskSupport } })
})

/** What the server lists. */
export const tools: ReadonlyArray<Json> = [
  listed("render", "optional"),
  listed("must", "required"),
  listed("never", "forbidden"),
  listed("plain")
]

/** A tool as `listTools` gives it. */
export const toolNamed = (name: string): Tool => tools.find((tool) => tool["name"] === name) as unknown as Tool

/** Everything that a server can declare of its tasks. */
export const everything: Json = { list: {}, cancel: {}, requests: { tools: { call: {} } } }

/** What a test may change. */
export interface Setting {
  readonly tasks?: Json | undefined
  readonly version?: string
  readonly handlers?: Layer.Layer<never>
  readonly options?: Partial<Options>
  /** What a call that asks for a task is answered with; `undefined` leaves it to the script. */
  readonly created?: Json | undefined
  /** Leaves also `tools/list` to the script. */
  readonly listsNothing?: boolean
}

/** Connects to the server, and forgets what negotiated. */
export const tasking = (script: Script = () => {}, setting: Setting = {}) =>
  Effect.gen(function* () {
    const {
      created,
      handlers,
      options,
      tasks,
      version = "2025-11-25"
    } = { tasks: everything, created: { task: task("working") }, ...setting }
    const greeting = { ...initialized(version), capabilities: { tools: {}, ...(tasks === undefined ? {} : { tasks }) } }
    const agreed = agreeing(version, (message, connection) => {
      if (message["method"] === "tools/list" && setting.listsNothing !== true)
        connection.answer(message, { tools, resultType: "complete" })
      else if (message["params"]?.task !== undefined && created !== undefined) connection.answer(message, created)
      else script(message, connection)
    })
    const server = scripted((message, connection) =>
      message["method"] === "initialize" ? connection.answer(message, greeting) : agreed(message, connection)
    )
    const client = yield* connect(server, options, handlers)
    const connection: Connection = server.connections[0]!
    connection.sent.length = 0
    return { client, connection, connections: server.connections }
  })

/** Starts an effect and keeps what comes of it. */
export const begin = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkChild(Effect.result(effect), { startImmediately: true })

/** What became of it: the tag of the reason for which it failed. */
export const reasonOf = <A>(result: Result.Result<A, McpClientError>): string =>
  Result.isFailure(result) ? result.failure.reason._tag : "Success"

/** How an effect ends that has to end by now. */
export const ended = <A, E>(fiber: Fiber.Fiber<Result.Result<A, E>>) =>
  fiber.pollUnsafe() === undefined ? Effect.die(new Error("it still waits")) : Fiber.join(fiber)

/** How often a method was sent. */
export const count = (connection: Connection, method: string): number =>
  connection.methods.filter((sent) => sent === method).length
