/**
 * Runs every `examples/<name>/main.ts` as its user would and expects it to end by itself, with exit code 0. An example checks
 * itself: it exits with another code when what it shows did not happen.
 *
 *     npm run examples             # all
 *     npm run examples -- library  # those whose name contains "library"
 */
import { spawn } from "node:child_process"
import { globSync } from "node:fs"
import { basename, dirname, resolve } from "node:path"

const root = resolve(import.meta.dirname, "..")
const timeout = 60_000

interface Outcome {
  /** What went wrong, if anything did. */
  readonly problem: string | undefined
  readonly output: string
  readonly milliseconds: number
}

const run = (file: string): Promise<Outcome> =>
  new Promise((settle) => {
    const started = performance.now()
    // Its own process group, so that what it started itself does not outlive it.
    const child = spawn(process.execPath, ["--conditions=@effect-mcp/source", file], {
      cwd: root,
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe"]
    })
    let output = ""
    let problem: string | undefined
    const take = (chunk: string) => void (output += chunk)
    child.stdout.setEncoding("utf8").on("data", take)
    child.stderr.setEncoding("utf8").on("data", take)
    const end = () => {
      if (child.pid === undefined) return
      try {
        process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL")
      } catch {
        // It is gone already.
      }
    }
    const timer = setTimeout(() => {
      problem = `still running after ${timeout / 1000} s`
      end()
    }, timeout)
    child.on("error", (error) => void (problem ??= error.message))
    child.on("exit", (code, signal) => {
      if (code !== 0) problem ??= signal === null ? `exit code ${code}` : `killed by ${signal}`
      end()
    })
    child.on("close", () => {
      clearTimeout(timer)
      settle({ problem, output, milliseconds: performance.now() - started })
    })
  })

const words = process.argv.slice(2)
const found = globSync("examples/*/main.ts", { cwd: root }).toSorted()
const chosen = found.filter((file) => words.length === 0 || words.some((word) => basename(dirname(file)).includes(word)))

let failed = 0
for (const file of chosen) {
  const { milliseconds, output, problem } = await run(file)
  const name = basename(dirname(file))
  console.log(`${problem === undefined ? "ok    " : "FAILED"} ${name} (${(milliseconds / 1000).toFixed(1)} s)`)
  if (problem === undefined) continue
  failed++
  console.log(`${output.trimEnd()}\n${file}: ${problem}`)
}
console.log(`examples: ${chosen.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 || (chosen.length === 0 && words.length > 0) ? 1 : 0
