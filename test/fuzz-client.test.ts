/**
 * Broken, hostile and unlucky servers of all five revisions against a real client.
 *
 *     npx vitest run test/fuzz-client                                   the usual seed
 *     FUZZ_SEED=123 FUZZ_RUNS=1000000 npx vitest run test/fuzz-client    another one, longer
 *     FUZZ_SEED=<seed of a play> FUZZ_RUNS=1 npx vitest run test/fuzz-client -t "<title>"
 *
 * What servers say was recorded from our own a moment ago; see `support/tape.ts`.
 */
import { beforeAll, describe, it } from "@effect/vitest"
import * as Revision from "@effect-mcp/core/Revision"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { type Play, play } from "./support/clientPlay.ts"
import { mutated, type Script } from "./support/mutateServer.ts"
import { Random } from "./support/random.ts"
import { operations } from "./support/richClient.ts"
import { recordAll, type Tape } from "./support/tape.ts"
import { World } from "./support/world.ts"

const seed = Number(process.env["FUZZ_SEED"] ?? 20_260_728)
const runs = Number(process.env["FUZZ_RUNS"] ?? 100_000)

let tapes: ReadonlyArray<Tape> = []
beforeAll(async () => {
  tapes = await Effect.runPromise(recordAll)
})

const isModern = ({ version }: Tape): boolean => version === "2026-07-28"

/** What a server of the session era says to the first question of a client that knows both eras. */
const refusal = (code: number): Script => ({
  key: "server/discover [null,null,null,null]",
  lines: [`{"jsonrpc":"2.0","id":"\\u0000id:0 server/discover [null,null,null,null]","error":{"code":${code},"message":"no"}}`]
})

/** A mix of servers and clients. */
interface Mix {
  readonly title: string
  readonly pick: (random: Random) => { readonly tape: Tape; readonly versions: ReadonlyArray<Revision.Version> }
}

const mixes: ReadonlyArray<Mix> = [
  {
    title: "sessions",
    pick: (random) => {
      const tape = random.pick(tapes.filter((tape) => !isModern(tape)))
      return { tape, versions: [tape.version] }
    }
  },
  {
    title: "the request era",
    pick: () => {
      const tape = tapes.find(isModern)!
      return { tape, versions: [tape.version] }
    }
  },
  { title: "clients of all revisions", pick: (random) => ({ tape: random.pick(tapes), versions: Revision.versions }) },
  {
    title: "servers of one era, clients of another",
    pick: (random) => ({ tape: random.pick(tapes), versions: [random.pick(Revision.versions), random.pick(Revision.versions)] })
  }
]

/** The play of a seed, how many mutations are in it, and which. */
const playOf = (seed: number, { pick }: Mix) => {
  const random = new Random(seed)
  const { tape, versions } = pick(random)
  const count = random.between(1, 30)
  const { names, scripts } = mutated(tape, tapes, random, count)
  const made: Play = {
    scripts: isModern(tape) ? scripts : [...scripts, refusal(random.pick([-32601, -32600, -32022, -32602]))],
    versions,
    operations: operations.filter(() => random.chance(0.25)),
    together: random.chance(0.7),
    closesEarly: random.chance(0.15)
  }
  return { made, names, count, random }
}

const shown = ({ closesEarly, operations, scripts, together, versions }: Play, names: ReadonlyArray<string>): string =>
  [
    `versions: ${versions.join()}; ${together ? "together" : "in order"}${closesEarly ? "; closed early" : ""}`,
    `operations: ${operations.map(({ name }) => name).join()}`,
    `mutations: ${names.join()}`,
    ...scripts.flatMap(({ key, lines }) => [`> ${key}`, ...lines.map((line) => `  ${line ?? "(the end)"}`)])
  ].join("\n")

/** Leaves out operations as long as it still fails. */
const shrink = (seed: number, mix: Mix): { readonly made: Play; readonly isAlone: boolean } => {
  const { made, random } = playOf(seed, mix)
  const state = structuredClone({ ...random }) as object
  const fails = (candidate: Play): boolean => {
    try {
      // As many choices were made before it as in the play itself.
      play(new World(), candidate, Object.assign(new Random(0), state))
      return false
    } catch {
      return true
    }
  }
  if (!fails(made)) return { made, isAlone: false }
  let best = made
  for (const operation of made.operations) {
    const smaller = { ...best, operations: best.operations.filter((other) => other !== operation) }
    if (fails(smaller)) best = smaller
  }
  return { made: best, isAlone: true }
}

const report = (seed: number, mix: Mix, names: ReadonlyArray<string>, error: unknown): never => {
  const { isAlone, made } = shrink(seed, mix)
  const text = shown(made, names)
  const file = join(tmpdir(), `fuzz-client-${seed}.txt`)
  writeFileSync(file, text)
  throw new Error(
    [
      error instanceof Error ? error.message : String(error),
      `replay: FUZZ_SEED=${seed} FUZZ_RUNS=1 npx vitest run test/fuzz-client -t "${mix.title}"`,
      isAlone ? "" : "(not alone: only after the plays before it)",
      `operations: ${made.operations.map(({ name }) => name).join()}`,
      `what the server says is in ${file}`
    ].join("\n"),
    { cause: error }
  )
}

/** Collects garbage now. */
const collector = (): (() => void) => {
  setFlagsFromString("--expose-gc")
  return runInNewContext("gc") as () => void
}

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve))

// What a world may hold after thousands of clients more than after some of them, in bytes.
const slack = 32 * 1024 * 1024

describe(`a client, seed ${seed}`, () => {
  const collect = collector()
  for (const mix of mixes) {
    const share = Math.ceil(runs / mixes.length)
    it(`survives ${share} mutations of what servers say: ${mix.title}`, { timeout: 60_000 + share * 10 }, async () => {
      const world = new World()
      const left: Array<WeakRef<object>> = []
      let before = 0
      let plays = 0
      for (let at = seed, mutations = 0; mutations < share; at++, plays++) {
        const { count, made, names, random } = playOf(at, mix)
        mutations += count
        try {
          const client = play(world, made, random)
          if (client !== undefined && plays % 32 === 0) left.push(client)
        } catch (error) {
          report(at, mix, names, error)
        }
        // What was rejected and not handled comes to light.
        if (plays % 64 === 0) await turn()
        if (plays === 200) {
          collect()
          before = process.memoryUsage().heapUsed
        }
      }
      await turn()
      collect()
      const kept = left.filter((client) => client.deref() !== undefined).length
      if (kept > 1) throw new Error(`${kept} of ${left.length} clients are still in memory`)
      const grown = process.memoryUsage().heapUsed - before
      if (plays > 200 && grown > slack) throw new Error(`the heap has grown by ${grown} bytes`)
    })
  }
})
