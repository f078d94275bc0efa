/**
 * The headers of requests: those of the revision, those that repeat the body, and those of the program.
 *
 * Source: "Protocol Version Header" of 2025-06-18, "Request Headers" and "Value Encoding" under Streamable HTTP of 2026-07-28.
 */
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { isObject } from "@effect-mcp/core/Jsonrpc"
import * as MirroredHeaders from "@effect-mcp/core/MirroredHeaders"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as Redacted from "effect/Redacted"
import type { Headers } from "../HttpCredentials.ts"
import type { HeaderList } from "./clientHttp.ts"
import { mirrored } from "./mirrors.ts"

/** The revision that a message of the request era names; `undefined` in the session era. */
export const revisionOf = (params: Jsonrpc.JsonObject | undefined): string | undefined => {
  const meta = params?.["_meta"]
  const version = isObject(meta) ? meta[Key.protocolVersion] : undefined
  return typeof version === "string" ? version : undefined
}

/** The headers with which a message of the request era is routed. `own` is what it brings besides, such as `Mcp-Param-*`. */
export const routing = (
  method: string,
  params: Jsonrpc.JsonObject | undefined,
  version: string,
  own: Jsonrpc.Headers | undefined
): ReadonlyArray<string> => {
  const member = mirrored.get(method)
  const name = member === undefined ? undefined : params?.[member]
  const headers = ["mcp-protocol-version", version, "mcp-method", method]
  if (typeof name === "string") headers.push("mcp-name", MirroredHeaders.encode(name))
  for (const header in own) headers.push(header, own[header] ?? "")
  return headers
}

// They are part of the protocol, or of HTTP itself.
const reserved =
  /^(?:accept|accept-encoding|content-type|content-length|transfer-encoding|connection|keep-alive|upgrade|expect|te|trailer|host|last-event-id|mcp-.*)$/

const isName = (name: string): boolean => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)
const isValue = (value: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(value)

/** Whether a list has a header, by its name in lower case. */
export const hasHeader = (list: HeaderList, name: string): boolean => {
  for (let at = 0; at < list.length; at += 2) if (list[at] === name) return true
  return false
}

/** The headers of both lists; where both have one, that of the second list counts. */
export const merge = (list: HeaderList, more: HeaderList): HeaderList => {
  if (more.length === 0) return list
  const merged: Array<string> = []
  for (let at = 0; at + 1 < list.length; at += 2) {
    const name = list[at] ?? ""
    if (!hasHeader(more, name)) merged.push(name, list[at + 1] ?? "")
  }
  return [...merged, ...more]
}

/** A list of headers of the program, or what is wrong with them, without a value. Those that the protocol has are left out. */
export const listOf = (headers: Headers): HeaderList | string => {
  const list: Array<string> = []
  for (const [name, given] of Object.entries(headers)) {
    const value = Redacted.isRedacted(given) ? Redacted.value(given) : given
    if (!isName(name)) return `${JSON.stringify(name)} is not the name of a header`
    if (!isValue(value)) return `the value of the header ${name} has characters that no header can have`
    if (!reserved.test(name.toLowerCase())) list.push(name.toLowerCase(), value)
  }
  return list
}
