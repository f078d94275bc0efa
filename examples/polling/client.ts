/**
 * Asks until the job is done, whatever happens to the server meanwhile.
 */
import * as CircuitBreaking from "@effect-mcp/client/CircuitBreaking"
import * as McpClient from "@effect-mcp/client/McpClient"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import * as RateLimit from "@effect-mcp/client/RateLimit"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import { Effect, Layer, Schedule, Stream, SubscriptionRef } from "effect"
import { join } from "node:path"
import { type Job, Jobs } from "./contract.ts"

// A crash is not among them: `status` only reads, so the client has asked again by itself.
const isPassing = ({ reason }: McpClientError) => reason._tag === "TimedOut" || reason._tag === "CircuitOpen"

/** Waits for the end of the job, and shows each answer. */
export const poll = Effect.fn("poll")(function* (show: (job: Job) => Effect.Effect<void>) {
  const jobs = yield* McpClient.of(Jobs)
  return yield* jobs.tools
    .status({}, { timeout: "1 second" })
    .pipe(
      Effect.retry({ while: isPassing, schedule: Schedule.exponential("100 millis"), times: 10 }),
      Effect.tap(show),
      Effect.repeat({ until: (job) => job.isOver, schedule: Schedule.spaced("100 millis") })
    )
})

/** How the client stands with the server, from now on, as sentences. */
export const states = Stream.unwrap(
  Effect.map(McpClient.McpClient, ({ state }) =>
    Stream.map(SubscriptionRef.changes(state), (state) => {
      switch (state._tag) {
        case "Connected":
          return `connected, in ${state.version}`
        case "Reconnecting":
          return `attempt ${state.attempt} to connect again: ${state.error.message}`
        case "Disconnected":
          return `given up: ${state.error.message}`
      }
    })
  )
)

/** A client of the server that works in a directory. */
export const Client = (directory: string) =>
  McpClient.layer({
    name: "poller",
    version: "1.0.0",
    // For as long as the program runs, and without growing pauses: this server comes back each time.
    reconnect: Schedule.spaced("50 millis"),
    // Sparing with a server that is in trouble: no more than that, and none at all after five failures in a row.
    guards: [RateLimit.make({ limit: 20, window: "1 second" }), CircuitBreaking.make({ openDuration: "500 millis" })]
  }).pipe(
    Layer.provide(
      StdioClientTransport.layer({
        command: process.execPath,
        args: [...process.execArgv, join(import.meta.dirname, "server.ts"), directory]
      })
    )
  )
