/**
 * What can be asked of a server, made of its requests: what comes back is checked as far as it is relied on.
 */
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Completion } from "@effect-mcp/core/protocol/Completion"
import type { GetPromptResult } from "@effect-mcp/core/protocol/Prompts"
import type { ReadResourceResult } from "@effect-mcp/core/protocol/Resources"
import type { CallToolResult } from "@effect-mcp/core/protocol/Tools"
import type { ClientWire } from "@effect-mcp/core/wire/Wire"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type { McpClientError } from "../McpClientError.ts"
import { invalidAnswer } from "./outcomes.ts"
import type { CallOptions, McpClient } from "./service.ts"

type Client = McpClient["Service"]
type Request = Client["request"]

const noArguments: Jsonrpc.JsonObject = {}

/** The params of requests that name something, and have arguments for it. */
export class CallParams implements Jsonrpc.JsonObject {
  readonly [key: string]: unknown
  readonly name: string
  readonly arguments: Jsonrpc.JsonObject
  constructor(name: string, args: Jsonrpc.JsonObject) {
    this.name = name
    this.arguments = args
  }
}

const decodeCompletion = Schema.decodeUnknownExit(Completion)

const isList = (u: unknown): boolean => Array.isArray(u) && u.every(Jsonrpc.isObject)

/** Reads the result of a call in an answer to `method`; `subject` says whose it is. */
export const readCall = (
  wire: ClientWire,
  method: string,
  subject: string,
  result: Jsonrpc.JsonObject
): Effect.Effect<CallToolResult, McpClientError> => {
  const neutral = wire.toolResult(result)
  return isList(neutral.content)
    ? Effect.succeed(neutral)
    : Effect.fail(invalidAnswer(method, `the result of ${subject} has no content`))
}

/** What a server does when it is asked to. */
export const calls = (
  request: Request,
  wire: () => ClientWire,
  read: (uri: string, options: CallOptions | undefined) => ReturnType<Request>
): Pick<Client, "readResource" | "getPrompt" | "complete" | "ping"> => ({
  readResource: (uri, call) =>
    Effect.flatMap(read(uri, call), (received) => {
      const result = wire().result(received)
      return isList(result["contents"])
        ? Effect.succeed(result as unknown as ReadResourceResult) // servers are trusted no further than that
        : Effect.fail(invalidAnswer("resources/read", `the result of ${uri} has no contents`))
    }),
  getPrompt: (name, args, call) =>
    Effect.flatMap(request("prompts/get", new CallParams(name, args ?? noArguments), call), (received) => {
      const result = wire().result(received)
      return isList(result["messages"])
        ? Effect.succeed(result as unknown as GetPromptResult) // servers are trusted no further than that
        : Effect.fail(invalidAnswer("prompts/get", `the result of "${name}" has no messages`))
    }),
  complete: (ref, argument, known, call) => {
    const context = known === undefined || !wire().revision.completionContext ? {} : { context: { arguments: known } }
    return Effect.flatMap(request("completion/complete", { ref, argument, ...context }, call), ({ completion }) => {
      const decoded = decodeCompletion(completion)
      if (Exit.isSuccess(decoded)) return Effect.succeed(decoded.value)
      return Effect.fail(invalidAnswer("completion/complete", "it has no list of values"))
    })
  },
  ping: Effect.suspend(() => Effect.asVoid(request("ping")))
})
