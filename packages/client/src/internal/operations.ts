/**
 * What can be asked of a server, made of its requests: what comes back is checked as far as it is relied on.
 */
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Completion } from "@effect-mcp/core/protocol/Completion"
import { type GetPromptResult, Prompt } from "@effect-mcp/core/protocol/Prompts"
import { type ReadResourceResult, Resource, ResourceTemplate } from "@effect-mcp/core/protocol/Resources"
import { Tool } from "@effect-mcp/core/protocol/Tools"
import type { ClientWire } from "@effect-mcp/core/wire/Wire"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { InvalidAnswer, McpClientError } from "../McpClientError.ts"
import type { McpClient } from "./service.ts"

type Client = McpClient["Service"]
type Request = Client["request"]

const maxPages = 1000

const noArguments: Jsonrpc.JsonObject = {}

class CallParams implements Jsonrpc.JsonObject {
  readonly [key: string]: unknown
  readonly name: string
  readonly arguments: Jsonrpc.JsonObject
  constructor(name: string, args: Jsonrpc.JsonObject) {
    this.name = name
    this.arguments = args
  }
}

const invalidAnswer = (method: string, detail: string) => new McpClientError({ reason: new InvalidAnswer({ method, detail }) })

/** What a list holds. */
interface Listed<A> {
  readonly noun: string
  readonly read: (item: unknown) => Exit.Exit<A, Schema.SchemaError>
}

const listed = <A>(noun: string, schema: Schema.Codec<A>): Listed<A> => ({ noun, read: Schema.decodeUnknownExit(schema) })

const decodeCompletion = Schema.decodeUnknownExit(Completion)

const listedTool = listed("tool", Tool)
const listedResource = listed("resource", Resource)
const listedTemplate = listed("resource template", ResourceTemplate)
const listedPrompt = listed("prompt", Prompt)

// Of so many the log says one by one that they cannot be read: a list may be as long as its server likes.
const maxTold = 10

const list = Effect.fnUntraced(function* <A>(
  request: Request,
  method: string,
  kind: "tools" | "resources" | "resourceTemplates" | "prompts",
  { noun, read }: Listed<A>
): Effect.fn.Return<ReadonlyArray<A>, McpClientError> {
  const items: Array<A> = []
  let unreadable = 0
  // What cannot be read is left out: the others are not to blame.
  const take = (item: unknown): Effect.Effect<void> => {
    const decoded = read(item)
    if (Exit.isSuccess(decoded)) return Effect.sync(() => void items.push(decoded.value))
    unreadable++
    if (unreadable > maxTold) return Effect.void
    return Effect.logWarning(`a ${noun} of the server cannot be read and is left out`, decoded.cause)
  }
  let cursor: string | undefined
  for (let pages = 0; pages < maxPages; pages++) {
    const result = yield* request(method, cursor === undefined ? undefined : { cursor })
    const page = result[kind]
    if (!Array.isArray(page)) return yield* invalidAnswer(method, `it has no list of ${kind}`)
    yield* Effect.forEach(page, take, { discard: true })
    const { nextCursor } = result
    cursor = typeof nextCursor === "string" ? nextCursor : undefined
    if (cursor !== undefined) continue
    if (unreadable > maxTold) yield* Effect.logWarning(`${unreadable} ${noun}s of the server cannot be read and are left out`)
    return items
  }
  return yield* invalidAnswer(method, `it has more than ${maxPages} pages`)
})

/** The lists of a server, with all of their pages. */
export const lists = (
  request: Request
): Pick<Client, "listTools" | "listResources" | "listResourceTemplates" | "listPrompts"> => ({
  listTools: list(request, "tools/list", "tools", listedTool),
  listResources: list(request, "resources/list", "resources", listedResource),
  listResourceTemplates: list(request, "resources/templates/list", "resourceTemplates", listedTemplate),
  listPrompts: list(request, "prompts/list", "prompts", listedPrompt)
})

const isList = (u: unknown): boolean => Array.isArray(u) && u.every(Jsonrpc.isObject)

/** What a server does when it is asked to. */
export const calls = (
  request: Request,
  wire: ClientWire
): Pick<
  Client,
  "callTool" | "readResource" | "getPrompt" | "complete" | "ping" | "subscribeResource" | "unsubscribeResource"
> => ({
  callTool: (name, args, call) =>
    Effect.flatMap(request("tools/call", new CallParams(name, args ?? noArguments), call), (result) => {
      const neutral = wire.toolResult(result)
      return isList(neutral.content)
        ? Effect.succeed(neutral)
        : Effect.fail(invalidAnswer("tools/call", `the result of "${name}" has no content`))
    }),
  readResource: (uri, call) =>
    Effect.flatMap(request("resources/read", { uri }, call), (received) => {
      const result = wire.result(received)
      return isList(result["contents"])
        ? Effect.succeed(result as unknown as ReadResourceResult) // servers are trusted no further than that
        : Effect.fail(invalidAnswer("resources/read", `the result of ${uri} has no contents`))
    }),
  getPrompt: (name, args, call) =>
    Effect.flatMap(request("prompts/get", new CallParams(name, args ?? noArguments), call), (received) => {
      const result = wire.result(received)
      return isList(result["messages"])
        ? Effect.succeed(result as unknown as GetPromptResult) // servers are trusted no further than that
        : Effect.fail(invalidAnswer("prompts/get", `the result of "${name}" has no messages`))
    }),
  complete: (ref, argument, known) => {
    const context = known === undefined || !wire.revision.completionContext ? {} : { context: { arguments: known } }
    return Effect.flatMap(request("completion/complete", { ref, argument, ...context }), ({ completion }) => {
      const decoded = decodeCompletion(completion)
      if (Exit.isSuccess(decoded)) return Effect.succeed(decoded.value)
      return Effect.fail(invalidAnswer("completion/complete", "it has no list of values"))
    })
  },
  ping: Effect.asVoid(request("ping")),
  subscribeResource: (uri) => Effect.asVoid(request("resources/subscribe", { uri })),
  unsubscribeResource: (uri) => Effect.asVoid(request("resources/unsubscribe", { uri }))
})
