/**
 * Mutations of what a server says: by broken, hostile and merely unlucky servers.
 */
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import { isRecord, type Json, type JsonRecord, put, raw, toText } from "./json.ts"
import { copy, get, hostileKeys, junk, nested, type Place, places, set, unicode, weirdId } from "./junk.ts"
import type { Random } from "./random.ts"
import type { Tape } from "./tape.ts"
import { revisions } from "./transcripts.ts"

/** A line to be: a value, or a text once it is no JSON any more; or the end of the connection. */
interface Line {
  value: Json | undefined
  /** The value as text, as long as that is known. */
  text: string | undefined
  /** Whether the value is that of the tape. */
  isShared: boolean
}

/** What is said to one message of the client. */
interface Spot {
  readonly key: string
  lines: Array<Line>
}

/** What is said to one message of the client, as text; `undefined` ends the connection. */
export interface Script {
  readonly key: string
  readonly lines: ReadonlyArray<string | undefined>
}

const fresh = (value: Json): Line => ({ value, text: undefined, isShared: false })

const notifications = [
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/resources/updated",
  "notifications/message",
  "notifications/progress",
  "notifications/cancelled",
  "notifications/subscriptions/acknowledged",
  "notifications/elicitation/complete",
  "notifications/signals/heard",
  "notifications/initialized"
]
const questions = ["elicitation/create", "sampling/createMessage", "roots/list", "ping", "tools/call", "initialize", "toString"]

/** The tape while it is mutated. */
class Patient {
  readonly spots: ReadonlyArray<Spot>
  readonly random: Random
  readonly tapes: ReadonlyArray<Tape>

  constructor(tape: Tape, tapes: ReadonlyArray<Tape>, random: Random) {
    this.spots = tape.cues.map(({ key, lines }) => ({ key, lines: lines.map((line) => ({ ...line, isShared: true })) }))
    this.tapes = tapes
    this.random = random
  }

  /** A spot; that of the negotiation rarely, for without one nothing else is said. */
  spot(): Spot {
    const { random, spots } = this
    const spot = random.pick(spots)
    const opens = spot.key.startsWith("initialize") || spot.key.startsWith("server/discover")
    return opens && random.chance(0.9) ? random.pick(spots) : spot
  }

  line(): Line | undefined {
    const { lines } = this.spot()
    return lines.length === 0 ? undefined : this.random.pick(lines)
  }

  /** The value of a line, to be changed. */
  value(line = this.line()): Json | undefined {
    if (line?.value === undefined) return undefined
    if (line.isShared) line.value = copy(line.value)
    line.isShared = false
    line.text = undefined
    return line.value
  }

  /** One message, also one inside of a batch. */
  message(): JsonRecord | undefined {
    const value = this.value()
    const message = Array.isArray(value) && value.length > 0 ? this.random.pick(value) : value
    return isRecord(message) ? message : undefined
  }

  /** A member of this name of a message, when it is an object. */
  within(name: "params" | "result" | "error"): JsonRecord | undefined {
    const member = this.message()?.[name]
    return isRecord(member) ? member : undefined
  }

  /** Any member. The deeper ones of results are as likely as the ids beside them. */
  place(): Place | undefined {
    const value = this.value()
    if (value === undefined) return undefined
    const found = places(value)
    return found.length === 0 ? undefined : this.random.pick(found)
  }

  /** An id that is in use, most of the time. */
  id(): Json {
    const { random } = this
    if (random.chance(0.1)) return random.between(0, 60)
    const line = random.chance(0.9) ? this.line()?.value : undefined
    const id = isRecord(line) ? line["id"] : undefined
    return id === undefined ? weirdId(random) : id
  }

  insert(value: Json): true {
    const { lines } = this.spot()
    lines.splice(this.random.below(lines.length + 1), 0, fresh(value))
    return true
  }

  /** Changes the text of a line. */
  text(change: (text: string) => string): boolean {
    const line = this.line()
    if (line === undefined) return false
    const before = textOf(line)
    if (before === undefined) return false
    line.text = change(before)
    line.value = undefined
    return true
  }
}

const textOf = (line: Line): string | undefined => (line.value === undefined ? line.text : (line.text ??= toText(line.value)))

/** False when there was nothing to be changed. */
type Mutation = (patient: Patient) => boolean

/** Changes a member of something, when it is there. */
const change = (target: JsonRecord | undefined, key: string, value: () => Json): boolean => {
  if (target === undefined) return false
  put(target, key, value())
  return true
}

const metaOf = (holder: JsonRecord): JsonRecord => {
  const meta = isRecord(holder["_meta"]) ? holder["_meta"] : {}
  put(holder, "_meta", meta)
  return meta
}

const forms = (random: Random): Json =>
  random.pick<Json>([
    { type: "object", properties: { a: { type: "string", default: 1 } }, required: ["a", "b", "__proto__"] },
    { type: "object", properties: JSON.parse('{"__proto__":{"type":"string"},"constructor":{"type":"boolean"}}') as JsonRecord },
    { type: "object", properties: { a: { type: "string", format: "email", minLength: 9, maxLength: 1 } }, required: ["a"] },
    { type: "object", properties: { a: { type: "array", items: { anyOf: [] } } }, required: ["a"] },
    { type: "object", properties: { a: { type: "integer", minimum: 5, maximum: 4, default: 1e300 } }, required: ["a"] },
    { type: "object", properties: { a: { type: "string", enum: ["x", "x"], enumNames: [1] } }, required: ["a", "a"] },
    { type: "array", properties: [] },
    {}
  ])

const question = ({ random }: Patient): JsonRecord => {
  const method = random.pick(questions)
  const params: Json = random.pick<Json>([
    { message: random.pick(["How?", ...unicode]), requestedSchema: forms(random) },
    {
      mode: "url",
      message: "Go",
      url: random.pick(["https://example.com", "javascript:1", "file:///etc", "", "https://"]),
      elicitationId: "e"
    },
    { maxTokens: 9, messages: [{ role: "user", content: { type: "text", text: "x" } }] },
    {
      maxTokens: -1,
      messages: [{ role: "user", content: [] }],
      tools: [{ name: "a", inputSchema: {} }],
      toolChoice: { mode: "required" }
    },
    { maxTokens: 9, messages: [{ role: "user", content: { type: "tool_result", toolUseId: "1", content: [] } }] },
    {},
    junk(random)
  ])
  return { method, params }
}

/** What can be done to what a server says. */
const mutations: { readonly [name: string]: Mutation } = {
  // --- order
  drop: (patient) => {
    const { lines } = patient.spot()
    if (lines.length === 0) return false
    lines.splice(patient.random.below(lines.length), 1)
    return true
  },
  silence: (patient) => {
    if (patient.random.chance(0.5)) return false
    patient.spot().lines = []
    return true
  },
  twice: (patient) => {
    const { lines } = patient.spot()
    if (lines.length === 0) return false
    lines.push({ ...patient.random.pick(lines), isShared: true })
    return true
  },
  elsewhere: (patient) => {
    const line = patient.line()
    if (line === undefined) return false
    line.isShared = true
    const { lines } = patient.spot()
    lines.splice(patient.random.below(lines.length + 1), 0, { ...line })
    return true
  },
  swap: (patient) => {
    const [a, b] = [patient.spot(), patient.spot()]
    const kept = a.lines
    a.lines = b.lines
    b.lines = kept
    return true
  },
  reverse: (patient) => {
    const { lines } = patient.spot()
    if (lines.length < 2) return false
    lines.reverse()
    return true
  },

  // --- members
  replace: (patient) => {
    const place = patient.place()
    if (place === undefined) return false
    set(place, junk(patient.random))
    return true
  },
  remove: (patient) => {
    const place = patient.place()
    if (place === undefined) return false
    if (Array.isArray(place.holder)) place.holder.splice(place.key as number, 1)
    else delete place.holder[place.key as string]
    return true
  },
  add: (patient) => {
    const place = patient.place()
    const target = place === undefined ? undefined : get(place)
    const names = [...hostileKeys, "extra", "id", "method", "params", "result", "error", "_meta", "resultType", "nextCursor"]
    return change(isRecord(target) ? target : patient.message(), patient.random.pick(names), () => junk(patient.random))
  },
  deepen: (patient) => {
    if (patient.random.chance(0.8)) return false
    const place = patient.place()
    if (place === undefined) return false
    set(place, nested(patient.random))
    return true
  },
  string: (patient) => {
    const place = patient.place()
    if (place === undefined || typeof get(place) !== "string") return false
    set(place, `${String(get(place))}${patient.random.pick(unicode)}`)
    return true
  },
  number: (patient) => {
    const place = patient.place()
    if (place === undefined || typeof get(place) !== "number") return false
    set(place, patient.random.pick<Json>([-1, 0, 0.5, 2 ** 53, raw("1e400"), raw("-0"), raw("1e21")]))
    return true
  },

  // --- the envelope of JSON-RPC
  id: (patient) => change(patient.message(), "id", () => weirdId(patient.random)),
  sameId: (patient) => change(patient.message(), "id", () => patient.id()),
  noId: (patient) => {
    const message = patient.message()
    return message !== undefined && delete message["id"]
  },
  textId: (patient) => change(patient.message(), "id", () => String(patient.random.between(1, 40))),
  jsonrpc: (patient) => change(patient.message(), "jsonrpc", () => patient.random.pick<Json>(["1.0", 2, null, "", ["2.0"]])),
  method: (patient) =>
    change(patient.message(), "method", () => patient.random.pick<Json>([...notifications, ...questions, ...hostileKeys, 7])),
  params: (patient) => change(patient.message(), "params", () => junk(patient.random)),
  result: (patient) => change(patient.message(), "result", () => junk(patient.random)),
  emptyResult: (patient) => change(patient.message(), "result", () => ({})),
  error: (patient) => {
    const { random } = patient
    const code = random.pick<Json>([-32601, -32022, -32021, -32020, -32042, -32002, 1, 0, 1.5, "1", raw("1e400")])
    const data = random.pick<Json>([{ supported: [random.pick(revisions), 1] }, { _tag: "Broke", how: 1 }, junk(random)])
    const message = patient.message()
    if (message === undefined) return false
    if (random.chance(0.8)) delete message["result"]
    put(message, "error", random.chance(0.8) ? { code, message: random.pick(["no", ...unicode]), data } : junk(random))
    return true
  },

  // --- what the protocol says
  version: (patient) =>
    change(patient.within("result"), "protocolVersion", () =>
      patient.random.pick<Json>([...revisions, "2099-01-01", 1, "__proto__"])
    ),
  supported: (patient) =>
    change(patient.within("result"), "supportedVersions", () =>
      patient.random.pick<Json>([
        [...revisions],
        [],
        [1, null],
        [patient.random.pick(revisions)],
        "2026-07-28",
        junk(patient.random)
      ])
    ),
  resultType: (patient) =>
    change(patient.within("result"), "resultType", () =>
      patient.random.pick<Json>(["complete", "input_required", "task", "", 1, junk(patient.random)])
    ),
  inputRequests: (patient) => {
    const result = patient.within("result")
    if (result === undefined) return false
    put(result, "resultType", "input_required")
    const asked: JsonRecord = {}
    for (let i = patient.random.pick([0, 1, 2, 3, 101]); i > 0; i--)
      put(asked, patient.random.chance(0.2) ? patient.random.pick(hostileKeys) : `q${i}`, question(patient))
    put(result, "inputRequests", patient.random.chance(0.8) ? asked : junk(patient.random))
    if (patient.random.chance(0.3)) put(result, "requestState", junk(patient.random))
    return true
  },
  cursor: (patient) =>
    change(patient.within("result"), "nextCursor", () => patient.random.pick<Json>(["", "again", 1, null, ...unicode])),
  progress: (patient) => {
    const params = {
      progressToken: patient.id(),
      progress: patient.random.pick<Json>([1, -1, raw("1e400"), "1", null]),
      total: junk(patient.random)
    }
    patient.insert({ jsonrpc: "2.0", method: "notifications/progress", params })
    return true
  },
  subscription: (patient) => {
    const params = patient.within("params")
    return params !== undefined && change(metaOf(params), Key.subscriptionId, () => patient.id())
  },
  cancel: (patient) =>
    patient.insert({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: patient.id(), reason: "fuzz" } }),
  tell: (patient) => {
    const params: JsonRecord = { uri: "rich://front", level: "info", data: junk(patient.random) }
    if (patient.random.chance(0.5)) put(params, "_meta", { [Key.subscriptionId]: patient.id() })
    patient.insert({
      jsonrpc: "2.0",
      method: patient.random.pick(notifications),
      params: patient.random.chance(0.8) ? params : junk(patient.random)
    })
    return true
  },
  ask: (patient) =>
    patient.insert({
      jsonrpc: "2.0",
      id: patient.random.chance(0.5) ? patient.id() : weirdId(patient.random),
      ...question(patient)
    }),
  answer: (patient) => patient.insert({ jsonrpc: "2.0", id: patient.id(), result: junk(patient.random) }),
  form: (patient) => change(patient.within("params"), "requestedSchema", () => forms(patient.random)),
  otherEra: (patient) => {
    const spot = patient.spot()
    const other = patient.random.pick(patient.tapes).cues.find(({ key }) => key === spot.key)
    if (other === undefined) return false
    spot.lines = other.lines.map((line) => ({ ...line, isShared: true }))
    return true
  },

  // --- batches
  batch: (patient) => {
    const spot = patient.spot()
    if (spot.lines.length === 0 || spot.lines.some(({ value }) => value === undefined)) return false
    const more = patient.random.chance(0.3) ? [junk(patient.random)] : []
    spot.lines = [fresh([...spot.lines.map(({ value }) => copy(value!)), ...more])]
    return true
  },
  nestedBatch: (patient) => {
    const line = patient.line()
    if (line?.value === undefined) return false
    const value = copy(line.value)
    Object.assign(line, fresh([[value], copy(value), junk(patient.random), []]))
    return true
  },
  flood: (patient) => {
    if (patient.random.chance(0.995)) return false
    const told = {
      jsonrpc: "2.0",
      method: patient.random.pick(notifications),
      params: { progressToken: patient.id(), progress: 1, requestId: 1 }
    }
    patient.insert(Array.from({ length: 1500 }, () => told))
    return true
  },

  // --- text
  bytes: (patient) =>
    patient.text((text) => {
      const at = patient.random.below(text.length + 1)
      const made = patient.random.pick([...'{}[]",:\\0e-', "\u0000", "é"])
      return text.slice(0, at) + made + text.slice(at + patient.random.below(2))
    }),
  truncate: (patient) => patient.text((text) => text.slice(0, patient.random.below(text.length + 1))),
  wrap: (patient) =>
    patient.text((text) =>
      patient.random.pick([
        `\ufeff${text}`,
        `"${text}"`,
        `[${text}]`,
        `${text}\u0000`,
        `${text},`,
        "",
        "null",
        "[]",
        "1",
        '"x"',
        "{}"
      ])
    ),
  concat: (patient) => patient.text((text) => text + text),
  sameMember: (patient) =>
    patient.text((text) => {
      const members = [
        '"id":9',
        '"id":null',
        '"method":"ping"',
        '"result":{}',
        '"error":{"code":1,"message":"x"}',
        '"__proto__":{"id":3}'
      ]
      return text.replace(/\}$/, `,${patient.random.pick(members)}}`)
    }),

  // --- the connection
  end: (patient) => {
    if (patient.random.chance(0.8)) return false
    const { lines } = patient.spot()
    lines.splice(patient.random.below(lines.length + 1), 0, { value: undefined, text: undefined, isShared: false })
    return true
  }
}

const all = Object.entries(mutations)

/** A tape after this many mutations. `tapes` are those from which lines of other revisions are taken. */
export const mutated = (
  tape: Tape,
  tapes: ReadonlyArray<Tape>,
  random: Random,
  count: number
): { readonly scripts: ReadonlyArray<Script>; readonly names: ReadonlyArray<string> } => {
  const patient = new Patient(tape, tapes, random)
  const names: Array<string> = []
  while (names.length < count) {
    const [name, mutate] = random.pick(all)
    if (mutate(patient) !== false) names.push(name)
  }
  return { scripts: patient.spots.map(({ key, lines }) => ({ key, lines: lines.map(textOf) })), names }
}
