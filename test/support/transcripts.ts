/**
 * Valid conversations in all five revisions: what mutations start from.
 */
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import type { Json, JsonRecord } from "./json.ts"
import type { Random } from "./random.ts"
import { promptNames, uris } from "./server.ts"

export const revisions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] as const
export type Version = (typeof revisions)[number]

/** A conversation to be; `marker` is in it wherever there is room, so that its answers can be told from those of others. */
export interface Theme {
  readonly random: Random
  readonly version: Version
  readonly marker: string
}

const argumentsOf = (name: string, { marker, random }: Theme): JsonRecord => {
  const text = `${marker} ${random.below(1000)}`
  switch (name) {
    case "echo":
    case "log":
      return { value: random.pick<Json>([text, 1.5, null, true, [text, { a: text }], { deep: { er: [text] } }]) }
    case "open":
      return { text, list: [1, 2, 3] }
    case "add":
      return random.chance(0.5) ? { a: 1, b: 2.5 } : { a: "4" }
    case "text":
    case "slow":
    case "ask":
      return { text }
    case "later":
      return { text, turns: random.between(0, 3) }
    case "fail":
      return { city: text }
    case "progress":
      return { steps: random.between(0, 4) }
    case "tree":
      return {
        name: text,
        children: [
          { name: "a", children: [] },
          { name: "b", children: [{ name: "c", children: [] }] }
        ]
      }
    case "raw":
      return { next: { next: { tag: "abc" } }, tag: "abc", x: [1] }
    default:
      return {}
  }
}

// Cheap ones are as likely as all the others together; one that waits for a timer is rare.
const names = (
  "echo open add text nothing later slow deaf stubborn fail die throw lie progress log who tree raw ask " +
  "later later slow slow slow stubborn progress text who log"
).split(" ")

const nextId = (random: Random, n: number): Json => (random.chance(0.8) ? n : random.pick<Json>([`id-${n}`, String(n), -n]))

const isModern = (version: Version): boolean => version === "2026-07-28"

/** The `_meta` of a request. */
const metaOf = (theme: Theme, token: Json | undefined): JsonRecord | undefined => {
  const { random, version } = theme
  const own: JsonRecord = token === undefined ? {} : { progressToken: token }
  if (!isModern(version)) return token === undefined ? undefined : own
  return {
    ...own,
    [Key.protocolVersion]: version,
    [Key.clientCapabilities]: random.chance(0.5) ? {} : { elicitation: { form: {} }, roots: {} },
    ...(random.chance(0.5) ? { [Key.clientInfo]: { name: "fuzz", version: "1" } } : {}),
    ...(random.chance(0.3) ? { [Key.logLevel]: random.pick(["debug", "info", "error"]) } : {})
  }
}

const request = (theme: Theme, id: Json, method: string, params: JsonRecord, token?: Json): JsonRecord => {
  const meta = metaOf(theme, token)
  const all = meta === undefined ? params : { ...params, _meta: meta }
  return { jsonrpc: "2.0", id, method, ...(Object.keys(all).length === 0 ? {} : { params: all }) }
}

/** What a request would bring from an earlier round: the state is none. */
const broughtOf = ({ marker, random }: Theme): JsonRecord => ({
  ...(random.chance(0.7) ? { requestState: random.pick<Json>([`1.AAAAAAAAAAA.${"A".repeat(80)}`, marker, "", 1]) } : {}),
  ...(random.chance(0.7)
    ? { inputResponses: random.pick<Json>([{ q: { action: "accept", content: { text: marker } } }, {}, []]) }
    : {})
})

/** A request of the middle of a conversation. */
export const anyRequest = (theme: Theme, n: number): JsonRecord => {
  const { random, version } = theme
  const id = nextId(random, n)
  const roll = random.below(20)
  if (roll === 0) return request(theme, id, "tools/list", {})
  if (roll === 1 && !isModern(version)) return request(theme, id, "ping", {})
  if (roll === 2 && !isModern(version))
    return request(theme, id, "logging/setLevel", { level: random.pick(["debug", "warning"]) })
  if (roll === 1) return request(theme, id, "server/discover", {})
  if (roll < 4 && isModern(version))
    return request(theme, id, "subscriptions/listen", {
      notifications: { toolsListChanged: true, resourcesListChanged: true, promptsListChanged: true }
    })
  if (roll === 4) return request(theme, id, random.pick(["resources/list", "resources/templates/list", "prompts/list"]), {})
  if (roll === 5 || roll === 6) return request(theme, id, "resources/read", { uri: random.pick(uris) })
  if (roll === 8) {
    const ref = random.pick<Json>([
      { type: "ref/prompt", name: "greet" },
      { type: "ref/resource", uri: random.pick(uris) }
    ])
    return request(theme, id, "completion/complete", { ref, argument: { name: "text", value: theme.marker } })
  }
  if (roll === 7) {
    const args = random.chance(0.8) ? { text: `${theme.marker} ${n}`, times: random.pick(["1", "2", "many"]) } : {}
    return request(theme, id, "prompts/get", { name: random.pick(promptNames), arguments: args })
  }
  const name = random.chance(0.01) ? "late" : random.pick(names)
  const token = random.chance(0.4) ? (random.chance(0.5) ? `t${n}` : n) : undefined
  const params = { name, arguments: argumentsOf(name, theme) }
  if (!isModern(version) || random.chance(0.8)) return request(theme, id, "tools/call", params, token)
  return request(theme, id, "tools/call", { ...params, ...broughtOf(theme) }, token)
}

/** The cancellation of a request. */
export const cancel = (id: Json): JsonRecord => ({
  jsonrpc: "2.0",
  method: "notifications/cancelled",
  params: { requestId: id, reason: "fuzz" }
})

/** Opens a session. */
export const initialize = ({ marker, random, version }: Theme, id: Json): JsonRecord => ({
  jsonrpc: "2.0",
  id,
  method: "initialize",
  params: {
    protocolVersion: version,
    capabilities: random.chance(0.5) ? {} : { elicitation: {}, roots: { listChanged: true }, experimental: { x: { y: 1 } } },
    clientInfo: { name: marker, version: "1" }
  }
})

export const initialized: JsonRecord = { jsonrpc: "2.0", method: "notifications/initialized" }

/** A whole conversation of a client that behaves. */
export const conversation = (theme: Theme): Array<Json> => {
  const { random, version } = theme
  const lines: Array<Json> = isModern(version) ? [] : [initialize(theme, 0), { ...initialized }]
  const requests: Array<JsonRecord> = []
  for (let n = 1; n <= random.between(2, 6); n++) {
    const made = anyRequest(theme, n)
    requests.push(made)
    if (version === "2025-03-26" && random.chance(0.3)) lines.push([made, { ...initialized }, anyRequest(theme, 100 + n)])
    else lines.push(made)
    if (random.chance(0.15)) lines.push(cancel(random.pick(requests)["id"]!))
  }
  return lines
}
