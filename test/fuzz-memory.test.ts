/**
 * Broken, hostile and unlucky clients of all five revisions against a real server, through the seam of the dispatcher.
 *
 *     npx vitest run test/fuzz-memory                                   the usual seed
 *     FUZZ_SEED=123 FUZZ_RUNS=1000000 npx vitest run test/fuzz-memory    another one, longer
 *     FUZZ_SEED=<seed of a play> FUZZ_RUNS=1 npx vitest run test/fuzz-memory
 */
import { describe, it } from "@effect/vitest"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import { writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { type Json, type JsonRecord, raw, toText } from "./support/json.ts"
import { type Play, Server, type Step } from "./support/memory.ts"
import { mutated } from "./support/mutate.ts"
import { Random } from "./support/random.ts"
import { revisions, type Theme } from "./support/transcripts.ts"

const seed = Number(process.env["FUZZ_SEED"] ?? 20_260_728)
const runs = Number(process.env["FUZZ_RUNS"] ?? 100_000)

/** A request of the request era, of a client that wants every log message. */
const request = (method: string, params: JsonRecord, id: Json): string => {
  const meta = { [Key.protocolVersion]: "2026-07-28", [Key.clientCapabilities]: {}, [Key.logLevel]: "debug" }
  return toText({ jsonrpc: "2.0", id, method, params: { ...params, _meta: meta } })
}

const callOf = (name: string, args: JsonRecord, id: Json = 1): string => request("tools/call", { name, arguments: args }, id)

/** A play in which one client sends these lines. */
const alone = (...lines: ReadonlyArray<string>): Play => ({
  steps: lines.map((line) => ({ client: 0, line })),
  markers: ["peer-a", "peer-b"],
  ends: ["drained", "drained"]
})

const themeOf = (random: Random, marker: string): Theme => ({ random, version: random.pick(revisions), marker })

/** The play of a seed, and how many mutations are in it. */
const playOf = (seed: number): { readonly play: Play; readonly count: number } => {
  const random = new Random(seed)
  const markers = [`peer-a-${seed}`, `peer-b-${seed}`] as const
  const counts = [random.between(1, 8), random.between(1, 8)] as const
  const left = mutated(themeOf(random, markers[0]), counts[0]).lines
  const right = mutated(themeOf(random, markers[1]), counts[1]).lines
  const steps: Array<Step> = []
  let [a, b] = [0, 0]
  while (a < left.length || b < right.length) {
    const first = b >= right.length || (a < left.length && random.chance(0.5))
    steps.push(first ? { client: 0, line: left[a++]! } : { client: 1, line: right[b++]! })
    const roll = random.below(20)
    if (roll < 3) steps.push({ turn: true })
    if (roll === 3) steps.push({ release: true })
  }
  const end = () => (random.chance(0.85) ? "drained" : "closed")
  return { play: { steps, markers, ends: [end(), end()] }, count: counts[0] + counts[1] }
}

const failureOf = async (play: Play): Promise<unknown> => {
  const server = await Server.make()
  try {
    await server.play(play)
    return undefined
  } catch (error) {
    return error
  }
}

/** Leaves out steps as long as it still fails, for a limited time. */
const shrink = async (play: Play): Promise<Play> => {
  const deadline = performance.now() + 10_000
  let best = play
  for (let size = Math.ceil(play.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < best.steps.length && performance.now() < deadline;) {
      const smaller = { ...best, steps: best.steps.toSpliced(from, size) }
      if ((await failureOf(smaller)) === undefined) from += size
      else best = smaller
    }
  }
  return best
}

const show = ({ ends, steps }: Play): string =>
  [
    ...steps.map((step) => ("line" in step ? `${"ab"[step.client]} ${step.line}` : Object.keys(step)[0]!)),
    `ends: ${ends.join(", ")}`
  ].join("\n")

const report = async (seed: number, play: Play, error: unknown): Promise<never> => {
  const alone = await failureOf(play)
  const shown = show(alone === undefined ? play : await shrink(play))
  const file = join(tmpdir(), `fuzz-memory-${seed}.txt`)
  writeFileSync(file, shown)
  throw new Error(
    [
      `${error instanceof Error ? error.message : String(error)}`,
      `replay: FUZZ_SEED=${seed} FUZZ_RUNS=1 npx vitest run test/fuzz-memory`,
      alone === undefined ? "(not alone: only after the plays before it)" : "",
      `the lines, also in ${file}:`,
      shown.length > 6000 ? `${shown.slice(0, 6000)}...` : shown
    ].join("\n"),
    { cause: error }
  )
}

/** Collects garbage now. */
const collector = (): (() => void) => {
  setFlagsFromString("--expose-gc")
  return runInNewContext("gc") as () => void
}

describe("a server in memory", () => {
  it(
    `survives ${runs} mutations of conversations, and answers every request once`,
    { timeout: Math.max(60_000, runs) },
    async () => {
      const server = await Server.make()
      let mutations = 0
      for (let at = seed; mutations < runs; at++) {
        const { count, play } = playOf(at)
        mutations += count
        try {
          await server.play(play)
        } catch (error) {
          await report(at, play, error)
        }
      }
      await server.end(collector())
    }
  )

  it("never answers a message that it cannot read with the id of a request in flight", async () => {
    const server = await Server.make()
    const slow = callOf("slow", { text: "x" })
    await server.play(
      alone(slow, `{"jsonrpc":"1.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}`)
    )
  })

  it("ends a subscription that is still waiting for its place when everything is drained", async () => {
    const server = await Server.make()
    const slow = [1, 2, 3].map((id) => callOf("slow", { text: "x" }, id))
    await server.play(alone(...slow, request("subscriptions/listen", { notifications: { toolsListChanged: true } }, 4)))
  })

  it("never fails a call because of what it logs", async () => {
    const server = await Server.make()
    await server.play(alone(callOf("log", { value: raw(`${"[".repeat(10_000)}${"]".repeat(10_000)}`) })))
  })
})
