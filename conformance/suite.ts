/**
 * The official suite as a program: which scenarios it has, and what it says of one of them.
 */
import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

export const root = resolve(import.meta.dirname, "..")

const program = join(import.meta.dirname, "node_modules/@modelcontextprotocol/conformance/dist/index.js")

/** One thing that a scenario looked at. */
export interface Check {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO"
  readonly errorMessage?: string
  readonly specReferences?: ReadonlyArray<unknown>
  readonly details?: unknown
}

/** How a run of the suite ended. */
export interface Ended {
  readonly code: number
  readonly output: string
  /** The checks of each scenario that it ran. */
  readonly checks: ReadonlyMap<string, ReadonlyArray<Check>>
}

const timeout = 150_000

const execute = (args: ReadonlyArray<string>): Promise<{ readonly code: number; readonly output: string }> =>
  new Promise((settle) => {
    const options = { cwd: root, timeout, killSignal: "SIGKILL", maxBuffer: 2 ** 28 } as const
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1
      const problem = error?.killed === true ? `the suite was still running after ${timeout / 1000} s\n` : ""
      settle({ code, output: `${problem}${stdout}${stderr}` })
    })
  })

/** Where the suite says of a scenario at which revisions it runs. */
const line = /^ {2}- (\S+) \[([^\]]+)\]$/

/** The scenarios of a revision, or those of extensions. */
export const scenarios = async (leg: "server" | "client", of: string): Promise<ReadonlyArray<string>> => {
  const { code, output } = await execute(["list", `--${leg}`])
  if (code !== 0) throw new Error(`the suite does not list its scenarios:\n${output}`)
  return output.split("\n").flatMap((text) => {
    const [, name = "", revisions = ""] = line.exec(text) ?? []
    return revisions.split(",").includes(of) ? [name] : []
  })
}

/** Runs the suite, and reads what it leaves behind: a directory for each scenario, named after it and the time. */
export const run = async (args: ReadonlyArray<string>): Promise<Ended> => {
  const directory = mkdtempSync(join(tmpdir(), "conformance-"))
  try {
    const { code, output } = await execute([...args, "--output-dir", directory])
    const checks = readdirSync(directory).flatMap((name) => {
      const file = join(directory, name, "checks.json")
      if (!existsSync(file)) return []
      const scenario = name.replace(/^server-(?=.*-\d{4}-\d\d-\d\dT)/, "").replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, "")
      return [[scenario, JSON.parse(readFileSync(file, "utf8")) as ReadonlyArray<Check>] as const]
    })
    return { code, output, checks: new Map(checks) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}
