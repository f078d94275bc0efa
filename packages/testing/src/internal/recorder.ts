/**
 * Keeps what reaches a client: notifications, log messages and progress.
 */
import type * as McpClient from "@effect-mcp/client/McpClient"
import type { Notification } from "@effect-mcp/core/Jsonrpc"
import type { LoggingLevel } from "@effect-mcp/core/protocol/Common"
import { LogMessageParams } from "@effect-mcp/core/protocol/Logging"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Received } from "../Received.ts"
import { Collector } from "./collector.ts"
import { extended } from "./extended.ts"

/** A log message of the server. */
export interface LogMessage {
  readonly level: LoggingLevel
  /** The logger's name. */
  readonly logger: string | undefined
  readonly data: unknown
}

/** Progress, and of which call it is. */
export interface Reported extends McpClient.Progress {
  readonly method: string
  /** The tool, the prompt, or the URI of the resource. */
  readonly name: string
}

/** What reached a client. */
export interface Arrivals {
  /** All notifications but progress: log messages, changes of lists and resources. */
  readonly notifications: Received<Notification>
  /** The log messages among them. */
  readonly logs: Received<LogMessage>
  /** Progress of calls of tools, reads of resources and prompts. */
  readonly progress: Received<Reported>
}

type Client = McpClient.McpClient["Service"]
type Watch = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

const decodeLog = Schema.decodeUnknownResult(LogMessageParams)

/** See the module. */
export class Recorder implements Arrivals {
  readonly notifications: Collector<Notification>
  readonly logs: Collector<LogMessage>
  readonly progress: Collector<Reported>

  constructor(keep: number | undefined) {
    this.notifications = new Collector(keep)
    this.logs = new Collector(keep)
    this.progress = new Collector(keep)
  }

  /** What the client does with notifications: keeps them, then does what the test says. */
  notified(then: McpClient.Options["onNotification"]): (notification: Notification) => Effect.Effect<void> {
    return (notification) =>
      Effect.suspend(() => {
        this.take(notification)
        return then?.(notification) ?? Effect.void
      })
  }

  private take(notification: Notification): void {
    this.notifications.push(notification)
    if (notification.method !== "notifications/message") return
    const decoded = decodeLog(notification.params)
    if (Result.isFailure(decoded)) return // it stands among the notifications
    const { data, level, logger } = decoded.success
    this.logs.push({ level, logger, data })
  }

  /** The client, with its calls watched and their progress kept. */
  around(client: Client, watch: Watch): Client {
    const told = (method: string, name: string, options: McpClient.CallOptions | undefined): McpClient.CallOptions => ({
      ...options,
      onProgress: (progress) =>
        Effect.suspend(() => {
          this.progress.push({ method, name, ...progress })
          return options?.onProgress?.(progress) ?? Effect.void
        })
    })
    const watched: Pick<Client, "callTool" | "readResource" | "getPrompt" | "request"> = {
      callTool: (name, args, options) => watch(client.callTool(name, args, told("tools/call", name, options))),
      readResource: (uri, options) => watch(client.readResource(uri, told("resources/read", uri, options))),
      getPrompt: (name, args, options) => watch(client.getPrompt(name, args, told("prompts/get", name, options))),
      request: (method, params, options) => watch(client.request(method, params, options))
    }
    return extended(client, watched)
  }
}
