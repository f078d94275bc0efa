/**
 * The server that is tested, as a program of its own: `examples/everything`, on a free port.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { root } from "./suite.ts"

/** A server that runs. */
export interface Running {
  /** Where it listens. `localhost`, because the suite looks at names of hosts. */
  readonly url: string
  /** Ends it as a supervisor would, once, and gives what is wrong with how it ended, if anything is. */
  readonly stop: () => Promise<string | undefined>
}

const program = ["--conditions=@effect-mcp/source", "examples/everything/server.ts"]

const timeout = 20_000

/** Starts the server, and waits until it says where it listens. */
export const start = async (): Promise<Running> => {
  const child = spawn(process.execPath, program, {
    cwd: root,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  const ended = once(child, "exit")
  const url = await new Promise<string>((settle, fail) => {
    const timer = setTimeout(() => fail(new Error(`the server does not listen after ${timeout / 1000} s:\n${output}`)), timeout)
    const take = (chunk: string) => {
      output += chunk
      const [, port] = /http:\/\/\S+:(\d+)\/mcp/.exec(output) ?? []
      if (port === undefined) return
      clearTimeout(timer)
      settle(`http://localhost:${port}/mcp`)
    }
    child.stdout.setEncoding("utf8").on("data", take)
    child.stderr.setEncoding("utf8").on("data", take)
    void ended.then(() => fail(new Error(`the server ended by itself:\n${output}`)))
  })
  const end = async () => {
    if (child.exitCode !== null) return `the server ended by itself, with exit code ${child.exitCode}:\n${output}`
    const timer = setTimeout(() => child.kill("SIGKILL"), timeout)
    child.kill("SIGTERM")
    await ended
    clearTimeout(timer)
    if (child.signalCode === "SIGKILL") return `the server did not end within ${timeout / 1000} s of SIGTERM:\n${output}`
    return child.exitCode === 0 ? undefined : `the server ended with exit code ${child.exitCode}:\n${output}`
  }
  let stopped: Promise<string | undefined> | undefined
  return { url, stop: () => (stopped ??= end()) }
}
