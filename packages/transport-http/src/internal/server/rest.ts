/**
 * Plain HTTP as requests of the protocol, and their answers as plain HTTP.
 */
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { Principal } from "@effect-mcp/core/Principal"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as Revision from "@effect-mcp/core/Revision"
import type { Exchange, Handle, Reply } from "../../Exchange.ts"
import { isDeeper } from "./depth.ts"
import type { Built } from "./makeEndpoint.ts"
import { decodeUtf8 } from "../bytes.ts"
import * as replies from "./replies.ts"

const { ErrorCode } = Jsonrpc

const meta: Jsonrpc.JsonObject = {
  [Key.protocolVersion]: Revision.latest.version,
  [Key.clientInfo]: { name: "rest", version: "1.0.0" },
  [Key.clientCapabilities]: {}
}

const failure = (status: number, code: number, message: string): Reply =>
  replies.json(status, JSON.stringify({ error: { code, message } }))

const statusOfError = ({ code, data }: Jsonrpc.ErrorObject, tool: string | undefined): number => {
  if (code === ErrorCode.MethodNotFound) return 404
  if (code === ErrorCode.MissingClientCapability) return 501
  if (code !== ErrorCode.InvalidParams) return code === ErrorCode.InternalError ? 500 : 400
  // The server names the tool that it does not know.
  return tool !== undefined && Jsonrpc.isObject(data) && data["name"] === tool ? 404 : 400
}

// What only a client of the protocol has a use for stays out.
const shown = ({ _meta, cacheScope, resultType, ttlMs, ...rest }: Jsonrpc.JsonObject): Jsonrpc.JsonObject => rest

const toReply = (answer: Reply, tool: string | undefined): Reply => {
  const text = answer.body instanceof Uint8Array ? decodeUtf8(answer.body) : answer.body
  if (typeof text !== "string" || answer.headers["content-type"] !== "application/json") return answer
  const message = Jsonrpc.parse(text)
  if (message._tag === "Failure") {
    return replies.json(statusOfError(message.error, tool), JSON.stringify({ error: message.error }))
  }
  if (message._tag !== "Success") return answer
  const { result } = message
  if (result["resultType"] === "input_required") {
    return failure(501, ErrorCode.MissingClientCapability, "the tool asks its user, which only a client of MCP can do")
  }
  return replies.json(result["isError"] === true ? 422 : 200, JSON.stringify(shown(result)))
}

const cursorOf = (query: string): Jsonrpc.JsonObject => {
  const cursor = new URLSearchParams(query).get("cursor")
  return cursor === null ? {} : { cursor }
}

const nameOf = (path: string): string | undefined => {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

const argumentsOf = (text: string): Jsonrpc.JsonObject | undefined => {
  try {
    const value: unknown = text === "" ? {} : JSON.parse(text)
    return Jsonrpc.isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** See the module. */
export class Rest {
  private readonly endpoint: Built
  private readonly prefix: string
  readonly handle: Handle

  constructor(endpoint: Built, prefix: string) {
    this.endpoint = endpoint
    this.prefix = prefix
    this.handle = endpoint.entrance.guard((exchange, principal, reply) => this.route(exchange, principal, reply))
  }

  private route(exchange: Exchange, principal: Principal | undefined, reply: (reply: Reply) => void): void {
    const { method, target } = exchange
    const [path = "", query = ""] = target.slice(this.prefix.length).split("?", 2)
    const list = /^\/(tools|resources)\/?$/.exec(path)?.[1]
    if (list !== undefined) {
      if (method !== "GET") return reply(replies.text(405, "Method not allowed: lists are only read", { allow: "GET" }))
      return this.ask(exchange, principal, `${list}/list`, cursorOf(query), reply, undefined)
    }
    if (!path.startsWith("/tools/")) return reply(replies.text(404, "Not found"))
    if (method !== "POST") return reply(replies.text(405, "Method not allowed: tools are called with POST", { allow: "POST" }))
    const name = nameOf(path.slice("/tools/".length))
    if (name === undefined)
      return reply(failure(400, ErrorCode.InvalidParams, "the name in the path is not UTF-8, percent-encoded"))
    this.call(exchange, principal, name, reply)
  }

  private call(exchange: Exchange, principal: Principal | undefined, name: string, reply: (reply: Reply) => void): void {
    const { entrance, settings } = this.endpoint
    const { maxDepth } = settings
    entrance.readJson(exchange, reply, (text) => {
      const args = argumentsOf(text)
      if (args === undefined) return reply(failure(400, ErrorCode.ParseError, "the body must be a JSON object: the arguments"))
      if (text.length > 2 * maxDepth && isDeeper(args, maxDepth)) {
        return reply(failure(400, ErrorCode.ParseError, `the JSON is nested deeper than ${maxDepth} levels`))
      }
      this.ask(exchange, principal, "tools/call", { name, arguments: args }, reply, name)
    })
  }

  private ask(
    exchange: Exchange,
    principal: Principal | undefined,
    method: string,
    params: Jsonrpc.JsonObject,
    reply: (reply: Reply) => void,
    tool: string | undefined
  ): void {
    const { load, posts } = this.endpoint
    if (load.isFull) return reply(replies.unavailable(`more than ${load.limit} requests at once`))
    posts.single(Jsonrpc.request(1, method, { ...params, _meta: meta }), {
      exchange,
      principal,
      takes: { json: true, stream: false },
      reply: (answer) => reply(toReply(answer, tool))
    })
  }
}
