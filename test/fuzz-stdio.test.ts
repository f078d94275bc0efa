/**
 * Broken lines and broken bytes against a server process, with valid requests between them that have to be answered.
 *
 *     npx vitest run test/fuzz-stdio                                     the usual seed
 *     FUZZ_SEED=123 FUZZ_RUNS=100000 npx vitest run test/fuzz-stdio       another one, more lines
 *
 * After a failure the bytes are in a file; `node --conditions=@effect-mcp/source test/fixtures/fuzzServer.ts < file` replays them.
 */
import { assert, describe, it } from "@effect/vitest"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import { writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { argumentsOf, Child } from "./support/child.ts"
import { mutatedBytes, mutatedLine } from "./support/mutate.ts"
import { type Expected, expected, type Id, type Sent, sent } from "./support/oracle.ts"
import { Random } from "./support/random.ts"
import { revisions, type Version } from "./support/transcripts.ts"

const seed = Number(process.env["FUZZ_SEED"] ?? 20_260_728)
const runs = Number(process.env["FUZZ_RUNS"] ?? 10_000)
const maxMessageBytes = 1024 * 1024

interface Valid {
  readonly id: string
  readonly text: string
}

/** What is sent: the chunks in which it is written, and the requests in it that must be answered. */
interface Input {
  readonly chunks: ReadonlyArray<Buffer>
  readonly bytes: Buffer
  readonly valid: ReadonlyArray<Valid>
}

/** A request that has to be answered with its text, in one of the eras. */
const validLine = ({ id, text }: Valid, version: Version, random: Random): string => {
  const name = random.pick(["text", "later", "slow"])
  const modern = version === "2026-07-28" || random.chance(0.5)
  const meta = modern ? { _meta: { [Key.protocolVersion]: "2026-07-28", [Key.clientCapabilities]: {} } } : {}
  const args = name === "later" ? { text, turns: random.below(4) } : { text }
  const call = { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args, ...meta } }
  if (version === "2025-03-26" && random.chance(0.2)) return JSON.stringify([{ jsonrpc: "2.0", method: "x" }, call, 1])
  return JSON.stringify(call) + random.pick(["", "", "\r", " ", "\t\r"])
}

const inputOf = (seed: number, version: Version, count: number): Input => {
  const random = new Random(seed)
  const valid: Array<Valid> = []
  const lines: Array<Buffer> = []
  const addValid = () => {
    const made = {
      id: `v:${valid.length}`,
      text: `v:${valid.length} ${random.pick(["", "é", "😀", "\u2028", "\\", "x".repeat(3000), "é😀".repeat(3000)])}`
    }
    valid.push(made)
    lines.push(Buffer.from(validLine(made, version, random)))
  }
  if (version !== "2026-07-28") {
    const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: "fuzz", version: "1" } }
    lines.push(Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: "v:initialize", method: "initialize", params })))
  }
  for (let broken = 0; broken < count;) {
    for (const line of mutatedLine({ random, version: random.pick(revisions), marker: "peer" })) {
      const bytes = Buffer.from(line)
      lines.push(random.chance(0.3) ? mutatedBytes(bytes, random, maxMessageBytes) : bytes)
      broken++
    }
    if (random.chance(0.2)) addValid()
  }
  addValid()
  const ending = random.below(3)
  if (ending > 0) lines.push(Buffer.from(ending === 1 ? '{"jsonrpc":"2.0","id":"v:half","meth' : "\r"))
  const feed = Buffer.from("\n")
  const bytes = Buffer.concat(lines.flatMap((line, at) => (at === 0 ? [line] : [feed, line])))
  const chunks: Array<Buffer> = []
  for (let at = 0; at < bytes.length;) {
    const size = random.chance(0.2) ? random.between(1, 50) : random.between(1, 60_000)
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return { bytes, chunks, valid }
}

/** What must come back, told from the bytes alone. */
const askedOf = (bytes: Buffer, version: Version) => {
  // Where no session was opened before, one of the lines may open one, with batches.
  let batches = version === "2025-03-26"
  const opens = (item: Expected): boolean =>
    version === "2026-07-28" &&
    item._tag === "Request" &&
    item.method === "initialize" &&
    item.params["protocolVersion"] === "2025-03-26"
  let noJson = 0
  let tooLong = 0
  const singles: Array<Expected> = []
  const known = new Set<unknown>()
  const cancelled = new Set<unknown>()
  const take = (item: Expected) => {
    if (item._tag === "Request" || item._tag === "Refused") known.add(item.id)
    if (item._tag === "Notification" && item.method === "notifications/cancelled") cancelled.add(item.params["requestId"])
  }
  for (let from = 0; from <= bytes.length;) {
    const feed = bytes.indexOf(10, from)
    const to = feed < 0 ? bytes.length : feed
    const line = bytes.subarray(from, to)
    from = to + 1
    if (line.length > maxMessageBytes) {
      tooLong++
      continue
    }
    const text = line.toString("utf8").replace(/\r$/, "")
    if (/^[ \t\r]*$/.test(text)) continue
    const asked = expected(text)
    if (asked._tag === "Batch") {
      if (batches) asked.items.forEach(take)
      continue
    }
    take(asked)
    batches ||= opens(asked)
    singles.push(asked)
    if (asked._tag === "Refused" && asked.code === -32700) noJson++
  }
  return { noJson, tooLong, singles, known, cancelled }
}

const textOf = ({ result }: Sent): unknown => {
  const content = result?.["content"] as ReadonlyArray<{ readonly text?: string }> | undefined
  return content?.[0]?.text
}

const check = (child: Child, { bytes, valid }: Input, version: Version): void => {
  assert.strictEqual(child.rest, "")
  const answers = new Map<Id | undefined, Array<Sent>>()
  let refusals = 0
  let skipped = 0
  for (const line of child.lines) {
    for (const message of sent(line)) {
      if (message.method !== undefined) continue
      if (message.error?.code === -32700) refusals++
      if (message.error?.message.includes("longer than")) skipped++
      const same = answers.get(message.id)
      if (same === undefined) answers.set(message.id, [message])
      else same.push(message)
    }
  }
  for (const { id, text } of valid) assert.deepStrictEqual(answers.get(id)?.map(textOf), [text], `the answers to ${id}`)
  const { cancelled, known, noJson, singles, tooLong } = askedOf(bytes, version)
  assert.strictEqual(refusals, noJson, "lines that are no JSON")
  assert.strictEqual(skipped, tooLong, "lines that are too long")
  for (const item of singles) {
    if (item._tag !== "Request" || cancelled.has(item.id)) continue
    assert.isTrue(answers.has(item.id), `${JSON.stringify(item.id)} was not answered`)
  }
  for (const id of answers.keys())
    assert.isTrue(id === undefined || known.has(id), `an answer to ${JSON.stringify(id)}, which nobody asked for`)
}

const fuzz = async (version: Version, seed: number, count: number): Promise<void> => {
  const input = inputOf(seed, version, count)
  const child = new Child(argumentsOf("fuzzServer.ts"))
  const pace = new Random(seed)
  try {
    for (const chunk of input.chunks) {
      await new Promise((resolve) => child.process.stdin!.write(chunk, resolve))
      if (pace.chance(0.05)) await new Promise((resolve) => setImmediate(resolve))
    }
    child.process.stdin!.end()
    const code = await child.end(20_000)
    if (code !== 0) assert.fail(`the exit code is ${code}\n${child.told()}`)
    check(child, input, version)
  } catch (error) {
    const file = join(tmpdir(), `fuzz-stdio-${seed}.bin`)
    writeFileSync(file, input.bytes)
    throw new Error(`${String(error).slice(0, 3000)}\nseed of ${version}: ${seed}; the bytes are in ${file}`, { cause: error })
  } finally {
    await child.kill()
  }
}

describe("a server process", () => {
  const share = Math.ceil(runs / revisions.length)
  for (const [at, version] of revisions.entries()) {
    it.concurrent(`survives ${share} broken lines, ${version}`, { timeout: 60_000 + runs }, () => fuzz(version, seed + at, share))
  }
})
