/**
 * Runs the official conformance suite against `examples/everything` and `examples/conformance-client`: all of it but OAuth.
 *
 *     npm run conformance                      # all
 *     npm run conformance -- client sse-retry  # what has all of these words in its name
 *
 * The last line is "N passed, N failed". There is no list of expected failures.
 */
import { availableParallelism } from "node:os"
import * as Proxy from "./proxy.ts"
import * as Server from "./server.ts"
import * as Suite from "./suite.ts"
import { problemsOf } from "./verdict.ts"

/** Scenarios that belong together. */
interface Part {
  readonly name: string
  readonly scenarios: ReadonlyArray<string>
  /** How many there have to be: one that vanishes from the suite is noticed. */
  readonly expected: number
  /** The arguments of the suite for one scenario, or for all of them in one process. */
  readonly args: ReadonlyArray<string> | ((scenario: string) => ReadonlyArray<string>)
}

/** What the proxy offers. */
const older = "2025-06-18"

/** Scenarios that the suite skips for everybody, and why. */
const leftOut = new Map([["tasks-status-notifications", "pending the suite's rewrite for subscriptions/listen"]])

const client = `${process.execPath} --conditions=@effect-mcp/source examples/conformance-client/client.ts`

const serverPart = async (name: string, revision: string, expected: number, url: string): Promise<Part> => ({
  name: `server, ${name}`,
  scenarios: await Suite.scenarios("server", revision),
  expected,
  args: ["server", "--url", url, "--suite", "all", "--spec-version", revision]
})

const serverExtensions = async (expected: number, url: string): Promise<Part> => ({
  name: "server, extensions",
  scenarios: (await Suite.scenarios("server", "extension")).filter((scenario) => !leftOut.has(scenario)),
  expected,
  args: (scenario) => ["server", "--url", url, "--scenario", scenario]
})

// One by one: `--suite` does not look at how the client ended, `--scenario` does.
const clientPart = async (name: string, of: string, expected: number, ...more: ReadonlyArray<string>): Promise<Part> => ({
  name: `client, ${name}`,
  scenarios: (await Suite.scenarios("client", of)).filter((scenario) => !scenario.startsWith("auth/")),
  expected,
  args: (scenario) => ["client", "--command", client, "--scenario", scenario, ...more]
})

const partsOf = async (url: string, proxied: string): Promise<ReadonlyArray<Part>> => [
  await serverPart("2026-07-28", "2026-07-28", 40, url),
  await serverPart("2025-11-25", "2025-11-25", 33, url),
  await serverPart("2025-06-18", "2025-06-18", 27, url),
  await serverPart(`${older} through the proxy`, older, 27, proxied),
  await serverExtensions(12, url),
  await clientPart("2026-07-28", "2026-07-28", 8, "--spec-version", "2026-07-28"),
  await clientPart("2025-11-25", "2025-11-25", 5, "--spec-version", "2025-11-25"),
  await clientPart("2025-06-18", "2025-06-18", 2, "--spec-version", "2025-06-18"),
  await clientPart("extensions at 2025-11-25", "extension", 4),
  await clientPart("extensions at 2026-07-28", "extension", 4, "--force", "--spec-version", "2026-07-28")
]

/** How something went: well, where there is no problem. */
interface Outcome {
  readonly title: string
  readonly problem: string | undefined
}

/** One run of the suite. */
interface Job {
  readonly run: () => Promise<ReadonlyArray<Outcome>>
  /** Whether nothing else may run beside it. */
  readonly isAlone: boolean
}

/** Scenarios that hold a client against the clock: it comes back after 500 ms, at most 50 too early or 200 too late. */
const timed = new Set(["sse-retry"])

/** The jobs of a part. */
const jobsOf = ({ args, name, scenarios }: Part, words: ReadonlyArray<string>): ReadonlyArray<Job> => {
  const titleOf = (scenario: string) => `${name}: ${scenario}`
  const chosen = scenarios.filter((scenario) => words.every((word) => titleOf(scenario).includes(word)))
  const judged = (scenario: string, { checks, output }: Suite.Ended, ...problems: ReadonlyArray<string>): Outcome => {
    const all = [...problemsOf(scenario, checks.get(scenario)), ...problems]
    return { title: titleOf(scenario), problem: all.length === 0 ? undefined : [...all, output.slice(-8000)].join("\n") }
  }
  if (typeof args === "function") {
    const run = async (scenario: string) => {
      const ended = await Suite.run(args(scenario))
      return [judged(scenario, ended, ...(ended.code === 0 ? [] : [`the suite ended with exit code ${ended.code}`]))]
    }
    return chosen.map((scenario) => ({ run: () => run(scenario), isAlone: timed.has(scenario) }))
  }
  if (chosen.length === 0) return []
  const together = async () => {
    const ended = await Suite.run(args)
    return chosen.map((scenario) => judged(scenario, ended))
  }
  return [{ run: together, isAlone: false }]
}

/** Runs as many jobs at once as there is room for, which is more than there are processors: most of them wait most of the time. */
const runAll = async (jobs: ReadonlyArray<Job>): Promise<ReadonlyArray<Outcome>> => {
  const outcomes: Array<Outcome> = []
  const work = async (queue: Iterable<Job>) => {
    for (const { run } of queue) outcomes.push(...(await run()))
  }
  const queue = jobs.filter(({ isAlone }) => !isAlone).values()
  await Promise.all(Array.from({ length: 2 * availableParallelism() }, () => work(queue)))
  await work(jobs.filter(({ isAlone }) => isAlone))
  return outcomes
}

/** What has to hold for a run to mean anything: the suite has what it had, and speaks what it should. */
const premises = (parts: ReadonlyArray<Part>, spoken: ReadonlySet<string>): ReadonlyArray<Outcome> => {
  const versions = [...spoken].join(", ")
  const proxied = versions === older ? undefined : `${versions === "" ? "nothing" : versions} was spoken`
  return [
    ...parts.map(({ expected, name, scenarios: { length } }) => ({
      title: `${name}: ${expected} scenarios`,
      problem: length === expected ? undefined : `the suite has ${length}`
    })),
    { title: `${older} is spoken through the proxy`, problem: proxied }
  ]
}

const report = (outcomes: ReadonlyArray<Outcome>): void => {
  for (const [scenario, reason] of leftOut) console.log(`left out: ${scenario} (${reason})`)
  for (const { problem, title } of outcomes) {
    if (problem === undefined) console.log(`ok      ${title}`)
    else console.log(`FAILED  ${title}\n${problem.trimEnd().replaceAll(/^/gm, "        ")}`)
  }
  const failed = outcomes.filter(({ problem }) => problem !== undefined).length
  console.log(`${outcomes.length - failed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

const main = async (words: ReadonlyArray<string>): Promise<ReadonlyArray<Outcome>> => {
  const server = await Server.start()
  const proxy = await Proxy.start(server.url, older)
  try {
    const parts = await partsOf(server.url, proxy.url)
    const outcomes = await runAll(parts.flatMap((part) => jobsOf(part, words)))
    const ending = { title: "the server ends on SIGTERM", problem: await server.stop() }
    return words.length > 0 ? [...outcomes, ending] : [...outcomes, ...premises(parts, proxy.spoken), ending]
  } finally {
    proxy.stop()
    await server.stop()
  }
}

report(await main(process.argv.slice(2)))
