/**
 * Mutations of conversations: what broken, hostile and merely unlucky clients send.
 *
 * A conversation is a list of lines. Each is JSON that can still be changed member by member, until it becomes text.
 */
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import { isRecord, type Json, type JsonRecord, put, toText } from "./json.ts"
import { copy, get, hostileKeys, junk, nested, type Place, places, set, unicode, weirdId } from "./junk.ts"
import type { Random } from "./random.ts"
import { toolNames } from "./server.ts"
import * as Transcripts from "./transcripts.ts"

/** A line to be: a value, or a text once it is no JSON any more. */
type Line = { value: Json } | { text: string }

/** The conversation while it is mutated. */
class Patient {
  readonly lines: Array<Line>
  readonly random: Random
  readonly theme: Transcripts.Theme

  constructor(lines: Array<Json>, theme: Transcripts.Theme) {
    this.lines = lines.map((value) => ({ value }))
    this.random = theme.random
    this.theme = theme
  }

  /** One message, also one inside of a batch. */
  message(): JsonRecord | undefined {
    const line = this.random.pick(this.lines)
    if (line === undefined || "text" in line) return undefined
    const value = Array.isArray(line.value) && line.value.length > 0 ? this.random.pick(line.value) : line.value
    return isRecord(value) ? value : undefined
  }

  place(): Place | undefined {
    const line = this.random.pick(this.lines)
    if (line === undefined || "text" in line) return undefined
    const found = places(line.value)
    return found.length === 0 ? undefined : this.random.pick(found)
  }

  /** An id that is in use, most of the time. */
  id(): Json {
    const id = this.random.chance(0.9) ? this.message()?.["id"] : undefined
    return id === undefined ? weirdId(this.random) : id
  }

  insert(value: Json): void {
    this.lines.splice(this.random.below(this.lines.length + 1), 0, { value })
  }

  /** Changes the text of a line. */
  text(change: (text: string) => string): void {
    if (this.lines.length === 0) return
    const at = this.random.below(this.lines.length)
    this.lines[at] = { text: change(textOf(this.lines[at]!)) }
  }
}

const textOf = (line: Line): string => ("text" in line ? line.text : toText(line.value))

type Mutation = (patient: Patient) => void

const paramsOf = (message: JsonRecord | undefined): JsonRecord | undefined => {
  const params = message?.["params"]
  return isRecord(params) ? params : undefined
}

const envelopeKeys = [Key.protocolVersion, Key.clientCapabilities, Key.clientInfo, Key.logLevel, "progressToken", Key.traceparent]

const answer = ({ random }: Patient, id: Json): JsonRecord =>
  random.pick<JsonRecord>([
    { jsonrpc: "2.0", id, result: {} },
    { jsonrpc: "2.0", id, result: { action: "accept", content: { a: 1 } } },
    { jsonrpc: "2.0", id, error: { code: -1, message: "no" } },
    { jsonrpc: "2.0", id, error: { code: 1.5, message: "no" } },
    { jsonrpc: "2.0", id, error: { message: "no" } },
    { jsonrpc: "2.0", id, error: "no" },
    { jsonrpc: "2.0", id, result: 1 },
    { jsonrpc: "2.0", id, result: {}, error: { code: 1, message: "both" } },
    { jsonrpc: "2.0", result: {} },
    { jsonrpc: "2.0", id: null, error: { code: 1, message: "x" } },
    { jsonrpc: "2.0", id, method: "ping", result: {} }
  ])

/** What can be done to a conversation. */
export const mutations: { readonly [name: string]: Mutation } = {
  // --- order
  drop: ({ lines, random }) => void (lines.length > 1 && lines.splice(random.below(lines.length), 1)),
  duplicate: (patient) => {
    const line = patient.random.pick(patient.lines)
    if (line !== undefined)
      patient.lines.splice(patient.random.below(patient.lines.length + 1), 0, "text" in line ? line : { value: copy(line.value) })
  },
  swap: ({ lines, random }) => {
    if (lines.length < 2) return
    const [a, b] = [random.below(lines.length), random.below(lines.length)]
    const moved = lines[a]!
    lines[a] = lines[b]!
    lines[b] = moved
  },

  // --- members
  replace: (patient) => {
    const place = patient.place()
    if (place !== undefined) set(place, junk(patient.random))
  },
  remove: (patient) => {
    const place = patient.place()
    if (place === undefined) return
    if (Array.isArray(place.holder)) place.holder.splice(place.key as number, 1)
    else delete place.holder[place.key as string]
  },
  add: (patient) => {
    const place = patient.place()
    const target = place === undefined ? undefined : get(place)
    const record = isRecord(target) ? target : patient.message()
    if (record !== undefined)
      put(
        record,
        patient.random.pick([...hostileKeys, "extra", "id", "method", "params", "result", "_meta"]),
        junk(patient.random)
      )
  },
  deepen: (patient) => {
    if (patient.random.chance(0.7)) return
    const place = patient.place()
    if (place !== undefined) set(place, nested(patient.random))
  },
  deepArguments: (patient) => {
    if (patient.random.chance(0.7)) return
    const params = paramsOf(patient.message())
    if (params === undefined) return
    put(params, "name", patient.random.pick(["echo", "open", "tree", "raw", "log"]))
    put(params, "arguments", {
      ...(isRecord(params["arguments"]) ? params["arguments"] : {}),
      [patient.random.pick(["value", "next", "children", "x"])]: nested(patient.random)
    })
  },
  string: (patient) => {
    const place = patient.place()
    if (place !== undefined && typeof get(place) === "string") set(place, `${String(get(place))}${patient.random.pick(unicode)}`)
  },

  // --- the envelope of JSON-RPC
  id: (patient) => {
    const message = patient.message()
    if (message !== undefined) put(message, "id", weirdId(patient.random))
  },
  sameId: (patient) => {
    const message = patient.message()
    if (message !== undefined) put(message, "id", patient.id())
  },
  jsonrpc: (patient) => {
    const message = patient.message()
    if (message !== undefined) put(message, "jsonrpc", patient.random.pick<Json>(["1.0", 2, null, "2.00", "", ["2.0"]]))
  },
  method: (patient) => {
    const message = patient.message()
    const methods = [
      "initialize",
      "ping",
      "tools/list",
      "tools/call",
      "server/discover",
      "subscriptions/listen",
      "logging/setLevel"
    ]
    const others = ["resources/list", "prompts/get", "tasks/get", "notifications/cancelled", "rpc.discover", "TOOLS/CALL"]
    if (message !== undefined)
      put(message, "method", patient.random.pick<Json>([...methods, ...methods, ...others, ...hostileKeys, 7]))
  },
  params: (patient) => {
    const message = patient.message()
    if (message !== undefined) put(message, "params", junk(patient.random))
  },
  nullId: (patient) => {
    const message = patient.message()
    if (message !== undefined) delete message["id"]
  },

  // --- calls
  tool: (patient) => {
    const params = paramsOf(patient.message())
    if (params !== undefined) put(params, "name", patient.random.pick<Json>([...toolNames, ...hostileKeys, "ECHO", 1]))
  },
  arguments: (patient) => {
    const params = paramsOf(patient.message())
    if (params !== undefined) put(params, "arguments", junk(patient.random))
  },
  argument: (patient) => {
    const args = paramsOf(patient.message())?.["arguments"]
    if (isRecord(args)) put(args, patient.random.pick([...hostileKeys, ...Object.keys(args)]), junk(patient.random))
  },
  token: (patient) => {
    const params = paramsOf(patient.message())
    if (params === undefined) return
    const meta = isRecord(params["_meta"]) ? params["_meta"] : {}
    put(meta, "progressToken", patient.random.chance(0.5) ? patient.id() : weirdId(patient.random))
    put(params, "_meta", meta)
  },
  cursor: (patient) => {
    const message = patient.message()
    if (message === undefined) return
    put(message, "method", "tools/list")
    put(message, "params", {
      ...paramsOf(message),
      cursor: patient.random.pick<Json>(["", "MCBlY2hv", "!!!", "MTIzNDU2Nzg5MDEyIHg", ...unicode, 1, null])
    })
  },

  // --- the envelope of the request era
  envelope: (patient) => {
    const params = paramsOf(patient.message())
    const meta = params?.["_meta"]
    if (!isRecord(meta)) return
    const key = patient.random.pick(envelopeKeys)
    if (patient.random.chance(0.4)) delete meta[key]
    else
      put(
        meta,
        key,
        patient.random.chance(0.3)
          ? patient.random.pick<Json>([...Transcripts.revisions, "2099-01-01", "debug"])
          : junk(patient.random)
      )
  },
  otherEra: (patient) => {
    const version = patient.random.pick(Transcripts.revisions)
    patient.insert(Transcripts.anyRequest({ ...patient.theme, version }, patient.random.between(1, 9)))
  },
  bothEras: (patient) => {
    const params = paramsOf(patient.message())
    if (params !== undefined)
      put(params, "_meta", { [Key.protocolVersion]: patient.random.pick(Transcripts.revisions), [Key.clientCapabilities]: {} })
  },
  version: (patient) => {
    const params = paramsOf(patient.message())
    if (params !== undefined)
      put(params, "protocolVersion", patient.random.pick<Json>([...Transcripts.revisions, "", "1.0", 1, "__proto__"]))
  },
  initialize: (patient) => {
    const version = patient.random.pick(Transcripts.revisions)
    patient.insert(Transcripts.initialize({ ...patient.theme, version }, patient.id()))
  },

  // --- what needs no answer
  cancel: (patient) => patient.insert(Transcripts.cancel(patient.id())),
  cancelOften: (patient) => {
    for (let i = 0; i < 3; i++) patient.insert(Transcripts.cancel(patient.id()))
  },
  cancelBadly: (patient) =>
    patient.insert({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: patient.random.pick<Json>([{}, null, [], { requestId: junk(patient.random) }])
    }),
  answer: (patient) => patient.insert(answer(patient, patient.random.chance(0.5) ? patient.random.between(1, 3) : patient.id())),

  // --- batches
  batch: (patient) => {
    const { lines, random } = patient
    const from = random.below(lines.length + 1)
    const taken = lines.slice(from, from + random.between(0, 4))
    if (taken.some((line) => "text" in line)) return
    lines.splice(from, taken.length, {
      value: taken.flatMap((line) => ("value" in line ? (random.chance(0.1) ? [line.value] : line.value) : []))
    })
  },
  nestedBatch: (patient) => {
    const line = patient.random.pick(patient.lines)
    if (line !== undefined && "value" in line) line.value = [[line.value], line.value, junk(patient.random)]
  },
  hugeBatch: (patient) => {
    const { random } = patient
    if (random.chance(0.985)) return
    const theme = { ...patient.theme, version: "2025-03-26" as const }
    const same = random.chance(0.5)
    patient.insert(
      Array.from({ length: random.pick([300, 1000, 1001, 5000]) }, (_, n) =>
        same
          ? { jsonrpc: "2.0", id: 7, method: "ping" }
          : {
              jsonrpc: "2.0",
              id: n,
              method: "tools/call",
              params: { name: "later", arguments: { text: theme.marker, turns: 1 } }
            }
      )
    )
  },

  // --- text
  bytes: (patient) =>
    patient.text((text) => {
      const at = patient.random.below(text.length + 1)
      const made = patient.random.chance(0.5)
        ? String.fromCharCode(patient.random.below(256))
        : patient.random.pick([...'{}[]",:\\0e-'])
      return text.slice(0, at) + made + text.slice(at + patient.random.below(2))
    }),
  truncate: (patient) => patient.text((text) => text.slice(0, patient.random.below(text.length + 1))),
  slice: (patient) =>
    patient.text((text) => {
      const at = patient.random.below(text.length + 1)
      return text.slice(0, at) + text.slice(patient.random.below(text.length + 1))
    }),
  concat: (patient) => patient.text((text) => text + textOf(patient.random.pick(patient.lines)!)),
  space: (patient) => patient.text((text) => text.replaceAll(/([{}[\],:])/g, "$1 \t")),
  wrap: (patient) =>
    patient.text((text) =>
      patient.random.pick([`\ufeff${text}`, `"${text}"`, `${text}\u0000`, `${text} x`, `${text},`, JSON.stringify(text), ""])
    ),
  twice: (patient) => {
    const members = [
      '"id":9',
      '"id":"9"',
      '"id":null',
      '"method":"ping"',
      '"jsonrpc":"2.0"',
      '"params":{}',
      '"__proto__":{"id":3}',
      '"\\u0069d":4'
    ]
    patient.text((text) => {
      const member = patient.random.pick(members)
      return patient.random.chance(0.5) ? text.replace("{", `{${member},`) : text.replace(/\}$/, `,${member}}`)
    })
  }
}

const all = Object.entries(mutations)

/** A mutated conversation, as lines of text, and the names of the mutations. */
export const mutated = (
  theme: Transcripts.Theme,
  count: number
): { readonly lines: Array<string>; readonly names: Array<string> } => {
  const patient = new Patient(Transcripts.conversation(theme), theme)
  const names: Array<string> = []
  for (let i = 0; i < count; i++) {
    const [name, mutate] = theme.random.pick(all)
    mutate(patient)
    names.push(name)
  }
  return { lines: patient.lines.map(textOf), names }
}

/** One line of a conversation, mutated until it is not what it was. More than one line when messages were put beside it. */
export const mutatedLine = (theme: Transcripts.Theme): ReadonlyArray<string> => {
  const { random } = theme
  const message = random.pick(Transcripts.conversation(theme))
  const before = toText(message)
  const patient = new Patient([message], theme)
  for (let i = 0; i < 20; i++) {
    random.pick(all)[1](patient)
    const lines = patient.lines.map(textOf)
    if ((lines.length > 1 || lines[0] !== before) && random.chance(0.7)) return lines
  }
  return patient.lines.map(textOf)
}

/** What happens to bytes on their way, and what was never text; now and then about as long as `limit`. */
export const mutatedBytes = (line: Buffer, random: Random, limit: number): Buffer => {
  const at = random.below(line.length + 1)
  const insert = (bytes: ReadonlyArray<number>) => Buffer.concat([line.subarray(0, at), Buffer.from(bytes), line.subarray(at)])
  const some = (count: number) => Array.from({ length: count }, () => random.below(256))
  switch (random.below(9)) {
    case 0:
      return insert([0])
    case 1:
      return insert(
        random.pick([[0xff], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0x80, 0x80]])
      )
    case 2:
      return insert([13])
    case 3:
      return Buffer.concat([line, Buffer.from("\r")])
    case 4:
      return Buffer.from(some(random.between(1, 200)))
    case 5:
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), line])
    case 6:
      return Buffer.from(line.toString("utf8"), "utf16le")
    case 7: {
      const bytes = Buffer.from(line)
      if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256)
      return bytes
    }
    default: {
      if (!random.chance(0.03)) return insert(some(3))
      const size = random.chance(0.5) ? random.between(limit - 2, limit + 2) : random.between(limit / 2, limit * 2)
      return Buffer.alloc(size, random.pick(["x", "[", " ", '{"a":', "é"]))
    }
  }
}
