/**
 * Where a configuration has its servers: every host has its own place.
 */

/** See `ServersConfig.Shape`. */
export type Shape = "mcpServers" | "gemini" | "vscode" | "vscodeSettings" | "bare"

/** The servers of a configuration, and what is said of them beside them. Nothing of it has been checked. */
export interface Found {
  readonly shape: Shape
  readonly path: ReadonlyArray<string>
  readonly servers: unknown
  /** The definitions of `${input:id}`, and where they are. */
  readonly inputs: { readonly path: ReadonlyArray<string>; readonly value: unknown } | undefined
  /** Names of servers that alone are used, and that are not used. Gemini CLI. */
  readonly allowed: unknown
  readonly excluded: unknown
}

/** An object as JSON has them. */
export type JsonRecord = { readonly [key: string]: unknown }

/** Whether a value is an object of JSON: neither an array nor an instance of something. */
export const isRecord = (u: unknown): u is JsonRecord => {
  if (typeof u !== "object" || u === null || Array.isArray(u)) return false
  const prototype: unknown = Object.getPrototypeOf(u)
  return prototype === null || prototype === Object.prototype
}

/** An own member: `constructor` is none. */
export const member = (u: unknown, key: string): unknown => (isRecord(u) && Object.hasOwn(u, key) ? u[key] : undefined)

const reach = ["command", "url", "httpUrl"]

const isServer = (u: unknown): boolean => reach.some((key) => typeof member(u, key) === "string")

const geminiOnly = ["httpUrl", "trust", "includeTools", "excludeTools"]

const isGemini = (servers: unknown): boolean =>
  isRecord(servers) &&
  Object.values(servers).some((server) => isRecord(server) && geminiOnly.some((key) => Object.hasOwn(server, key)))

/** A member that holds servers: not a server that happens to be called so. */
const holds = (u: unknown, key: string): boolean => isRecord(u) && Object.hasOwn(u, key) && !isServer(u[key])

/** Finds the servers. `undefined` where there is nothing like them. */
export const find = (value: unknown): Found | undefined => {
  if (!isRecord(value)) return undefined
  const nothing = { inputs: undefined, allowed: undefined, excluded: undefined }
  const { mcp, mcpServers } = value
  if (holds(value, "mcpServers")) {
    const shape = isGemini(mcpServers) ? "gemini" : "mcpServers"
    const rules = { allowed: member(mcp, "allowed"), excluded: member(mcp, "excluded") }
    return { ...nothing, ...rules, shape, path: ["mcpServers"], servers: mcpServers }
  }
  if (holds(value, "servers")) {
    const inputs = { path: ["inputs"], value: value["inputs"] }
    return { ...nothing, shape: "vscode", path: ["servers"], servers: value["servers"], inputs }
  }
  if (holds(value, "mcp") && holds(mcp, "servers")) {
    const inputs = { path: ["mcp", "inputs"], value: member(mcp, "inputs") }
    return { ...nothing, shape: "vscodeSettings", path: ["mcp", "servers"], servers: member(mcp, "servers"), inputs }
  }
  return Object.values(value).some(isServer) ? { ...nothing, shape: "bare", path: [], servers: value } : undefined
}
