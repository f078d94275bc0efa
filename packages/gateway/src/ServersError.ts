/**
 * What may go wrong between a program and its servers, besides what goes wrong with one of them: that is a `McpClientError`.
 */
import { McpClientError } from "@effect-mcp/client/McpClientError"
import * as Schema from "effect/Schema"

const quoted = (names: ReadonlyArray<string>): string => names.map((name) => `"${name}"`).join(", ")

/** A server that has nothing to offer now. */
export const Down = Schema.Struct({
  server: Schema.String,
  state: Schema.Literals(["Connecting", "Failed", "Closed"])
})
/** A server that has nothing to offer now. */
export interface Down extends Schema.Schema.Type<typeof Down> {}

/** The server was not ready in time; connecting was given up. */
export class GaveUp extends Schema.TaggedError<GaveUp>()("GaveUp", {
  server: Schema.String,
  /** In milliseconds. */
  after: Schema.Finite
}) {
  override get message() {
    return `server "${this.server}" was given up: it was not ready after ${this.after} ms`
  }
}

/** What connects to the server broke down: a fault of a transport, not of the server. */
export class Crashed extends Schema.TaggedError<Crashed>()("Crashed", {
  server: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `connecting to server "${this.server}" broke down: ${this.detail}`
  }
}

/** Why a server is not connected. */
export const Failure = Schema.Union([McpClientError, GaveUp, Crashed])
/** Why a server is not connected. */
export type Failure = typeof Failure.Type

/** There is nothing of that name. */
export class UnknownName extends Schema.TaggedError<UnknownName>()("UnknownName", {
  kind: Schema.Literals(["tool", "prompt", "resource", "server"]),
  /** The name, or the URI. */
  name: Schema.String,
  /** Names that are like it, the nearest first; up to three. */
  near: Schema.Array(Schema.String),
  /** The servers that are not ready: it may be one of theirs. */
  down: Schema.Array(Down)
}) {
  override get message() {
    const near = this.near.length === 0 ? "" : `; did you mean ${quoted(this.near)}?`
    const down = this.down.map(({ server, state }) => `"${server}" (${state.toLowerCase()})`)
    const missing = down.length === 0 ? "" : `; servers that are not ready: ${down.join(", ")}`
    return `no ${this.kind} is called "${this.name}"${near}${missing}`
  }
}

/** The server that has it is not ready. */
export class ServerDown extends Schema.TaggedError<ServerDown>()("ServerDown", {
  server: Schema.String,
  state: Schema.Literals(["Connecting", "Failed", "Closed"]),
  /** Why, where it failed. */
  error: Schema.optionalKey(Failure)
}) {
  override get message() {
    const what = `server "${this.server}"`
    switch (this.state) {
      case "Connecting":
        return `${what} is still connecting; try again later`
      case "Closed":
        return `${what} was closed; reconnect it first`
      case "Failed":
        return `${what} is not connected: ${this.error?.message ?? "it failed"}; reconnect it, or do without it`
    }
  }
}

/** There is a server of that name already. */
export class NameTaken extends Schema.TaggedError<NameTaken>()("NameTaken", { server: Schema.String }) {
  override get message() {
    return `there is a server "${this.server}" already; remove it first, or choose another name`
  }
}

/** Why something failed between a program and its servers. */
export const Reason = Schema.Union([UnknownName, ServerDown, GaveUp, Crashed, NameTaken])
/** Why something failed between a program and its servers. */
export type Reason = typeof Reason.Type

/** The error of many servers. Handle a single reason with `Effect.catchReason("ServersError", "ServerDown", ...)`. */
export class ServersError extends Schema.TaggedError<ServersError>()("ServersError", { reason: Reason }) {
  override get message() {
    return this.reason.message
  }
}
