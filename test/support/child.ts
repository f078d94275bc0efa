/**
 * Runs a fixture as a process and listens to it.
 */
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { type Id, type Sent, sent } from "./oracle.ts"

export const fixturePath = (fixture: string): string => fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url))

/** The arguments that start a fixture. */
export const argumentsOf = (fixture: string): ReadonlyArray<string> => ["--conditions=@effect-mcp/source", fixturePath(fixture)]

const children = new Set<Child>()

/** Kills what a test has left. For `afterEach`. */
export const killAll = async (): Promise<void> => {
  for (const child of children) await child.kill()
}

/** A process. What it writes is kept, line by line. */
export class Child {
  readonly process: ChildProcess
  /** Whole lines of stdout. */
  readonly lines: Array<string> = []
  /** What stands on stdout after the last line break. */
  rest = ""
  stderr = ""
  private readonly closed: Promise<unknown>
  private readonly decoder = new TextDecoder()
  private looks: Array<() => void> = []

  constructor(args: ReadonlyArray<string>, stdio: StdioOptions = "pipe", env: Readonly<Record<string, string>> = {}) {
    this.process = spawn(process.execPath, args, {
      stdio,
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, ...env }
    })
    this.closed = once(this.process, "close")
    this.process.on("close", () => this.look())
    this.process.stdin?.on("error", () => {}) // it may be gone
    this.process.stdout?.on("data", (chunk: Buffer) => {
      const [first, ...others] = this.decoder.decode(chunk, { stream: true }).split("\n")
      this.rest += first!
      for (const part of others) {
        this.lines.push(this.rest)
        this.rest = part
      }
      this.look()
    })
    this.process.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString("latin1")
      this.look()
    })
    children.add(this)
  }

  get pid(): number {
    return this.process.pid!
  }

  private get isOver(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null
  }

  private look(): void {
    for (const look of this.looks.splice(0)) look()
  }

  /** Waits until something holds. Fails when the process ends before, or after some seconds. */
  async until(what: string, holds: () => boolean, within = 10_000): Promise<void> {
    const deadline = performance.now() + within
    while (!holds()) {
      const left = deadline - performance.now()
      const why = this.isOver ? "the process has ended" : left <= 0 ? "it takes too long" : undefined
      if (why !== undefined) throw new Error(`waiting for ${what}: ${why}\n${this.told()}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 100))
        this.looks.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  /** The last of what it wrote. */
  told(): string {
    return `stdout: ${this.lines.slice(-3).join("\n").slice(-1000)}${this.rest.slice(-500)}\nstderr: ${this.stderr.slice(-3000)}`
  }

  write(text: string | Buffer): void {
    this.process.stdin!.write(text)
  }

  /** Everything that it sent. Throws when something on stdout is no JSON-RPC. */
  messages(): ReadonlyArray<Sent> {
    return this.lines.flatMap(sent)
  }

  /** Waits for the answer to a request; `line` looks at fewer lines than all of them. */
  async answer(id: Id): Promise<Sent> {
    let seen = 0
    let found: Sent | undefined
    await this.until(`the answer to ${id}`, () => {
      while (found === undefined && seen < this.lines.length) {
        found = sent(this.lines[seen++]!).find((message) => message.id === id && message.method === undefined)
      }
      return found !== undefined
    })
    return found!
  }

  /** Waits for the end: the exit code, or the signal. It has so many milliseconds. */
  async end(within = 10_000): Promise<number | string> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<"late">((resolve) => (timer = setTimeout(resolve, within, "late")))
    const first = await Promise.race([this.closed, late])
    clearTimeout(timer)
    if (first === "late") throw new Error(`the process does not end\n${this.told()}`)
    return this.process.exitCode ?? this.process.signalCode!
  }

  async kill(): Promise<void> {
    children.delete(this)
    if (!this.isOver) this.process.kill("SIGKILL")
    this.process.stdout?.destroy()
    this.process.stderr?.destroy()
    if (!this.isOver) await once(this.process, "exit")
  }
}

/** Whether a process is there, and not just waiting to be taken note of. Linux. */
export const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"))
  } catch {
    return false
  }
}

/** Waits until something holds, for a few seconds. */
export const eventually = async (holds: () => boolean): Promise<void> => {
  for (let look = 0; !holds(); look++) {
    if (look === 500) throw new Error("it never held")
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The memory of a process, in MiB. Linux. */
export const memory = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024

/** Waits until a process has stopped working, and tells how much memory it had at most meanwhile. Linux. */
export const idle = async (pid: number): Promise<number> => {
  const worked = () => readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]
  let most = 0
  let quiet = 0
  for (let last = ""; quiet < 3;) {
    most = Math.max(most, memory(pid))
    quiet = worked() === last ? quiet + 1 : 0
    last = worked()!
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
  return most
}
