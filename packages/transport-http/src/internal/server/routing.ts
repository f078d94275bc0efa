/**
 * The headers that repeat what the body of a request of the request era says: proxies route by them, so they must not differ.
 *
 * Source: "Request Headers" in the transports page of 2026-07-28. `Mcp-Param-*` is the dispatcher's, which knows the tools.
 */
import type { JsonObject, Request } from "@effect-mcp/core/Jsonrpc"
import { decode } from "@effect-mcp/core/MirroredHeaders"
import { mirrored } from "../mirrors.ts"

const paramOf = (params: JsonObject | undefined, name: string): unknown => params?.[name]

/** Tells what is wrong with the headers of a request; `undefined` when nothing is. */
export const routingProblem = (request: Request, header: (name: string) => string | undefined): string | undefined => {
  const method = header("mcp-method")?.trim()
  if (method === undefined) return "the header Mcp-Method is missing"
  if (method !== request.method) return `the header Mcp-Method does not say what the body says, which is "${request.method}"`
  const member = mirrored.get(request.method)
  if (member === undefined) return undefined
  const value = paramOf(request.params, member)
  // What is missing in the body is the dispatcher's to explain.
  if (typeof value !== "string") return undefined
  const name = header("mcp-name")
  if (name === undefined) return `the header Mcp-Name is missing, which repeats params.${member}`
  const said = decode(name.trim())
  if (said === undefined) return "the header Mcp-Name is neither plain ASCII nor padded base64 of UTF-8 in its wrapper"
  return said === value ? undefined : `the header Mcp-Name does not say what params.${member} in the body says`
}
