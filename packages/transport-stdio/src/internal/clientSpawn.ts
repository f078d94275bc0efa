/**
 * Starting a server's process, and saying what to do when that fails.
 *
 * On `node:child_process`, not on Effect's `ChildProcess`: its pipes are streams with a fiber on each side, which costs more than
 * all the rest of a call, and closing a server asks for its process group, its descendants and an order of its own.
 */
import { spawn, type ChildProcessByStdio } from "node:child_process"
import { statSync } from "node:fs"
import { resolve } from "node:path"
import type { Readable, Writable } from "node:stream"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as CommandLine from "effect/process/CommandLine"
import { ClientTransportError, SpawnFailed } from "@effect-mcp/core/ClientTransport"
import { launch, type Launch } from "./clientCommand.ts"
import { environment, makeScrubber, type Inherit, type Scrubber, type Variables } from "./clientEnv.ts"

/** A server's process with its three pipes. */
export type ServerProcess = ChildProcessByStdio<Writable, Readable, Readable>

/** What to start. */
export interface Program {
  readonly command: string
  readonly args: ReadonlyArray<string | Redacted.Redacted<string>>
  readonly cwd: string | undefined
  readonly env: Variables
  readonly inherit: Inherit
}

/** A started server: its process, its command line for error messages, and how to keep secrets out of them. */
export interface Started {
  readonly child: ServerProcess
  readonly command: string
  readonly scrubber: Scrubber
}

const kindOf = (path: string): "file" | "directory" | "other" | undefined => {
  try {
    const stat = statSync(path)
    return stat.isFile() ? "file" : stat.isDirectory() ? "directory" : "other"
  } catch {
    return undefined
  }
}

const notFound = (command: string, cwd: string): string => {
  if (!/[\\/]/.test(command)) {
    const advice = "no program of that name was found in PATH; install it, give its full path, or set PATH in `env`"
    return /\s/.test(command) ? `${advice}; if the command has arguments, give them in \`args\`` : advice
  }
  return kindOf(resolve(cwd, command)) === undefined
    ? "there is no such file"
    : "the file is there, but the interpreter that its first line names is not"
}

/** What the codes of the system mean here. The messages of Node are not used: they may quote arguments and variables. */
const explain = (code: string | undefined, command: string, cwd: string): string => {
  const place = kindOf(cwd)
  if (place === undefined) return `its working directory ${cwd} does not exist`
  if (place !== "directory") return `its working directory ${cwd} is not a directory`
  switch (code) {
    case "ENOENT":
      return `${notFound(command, cwd)} (ENOENT)`
    case "EACCES":
    case "EPERM":
      return /[\\/]/.test(command) && kindOf(resolve(cwd, command)) === "directory"
        ? `it is a directory (${code})`
        : `it may not be executed; make the file executable, or start it through its interpreter (${code})`
    case "E2BIG":
      return "its arguments and environment are larger than the system allows (E2BIG)"
    case "EMFILE":
    case "ENFILE":
      return `too many files are open (${code})`
    case "EAGAIN":
    case "ENOMEM":
      return `the system is out of processes or of memory (${code})`
    default:
      return `the system refused (${code ?? "no reason given"})`
  }
}

const codeOf = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code) : undefined

/**
 * `detached` makes the process the leader of a group of its own on POSIX, so that all of it can be signalled at once. A ctrl-C in
 * the terminal then does not reach it: it ends when its scope closes.
 */
const start = (what: Launch, cwd: string, env: Record<string, string>, platform: NodeJS.Platform): ServerProcess =>
  spawn(what.file, what.args, {
    cwd,
    env,
    stdio: ["pipe", "pipe", "pipe"],
    shell: false,
    detached: platform !== "win32",
    windowsHide: true,
    windowsVerbatimArguments: what.verbatim
  })

/**
 * Starts a program. `onStarted` is called as soon as the process exists and must listen to it at once: Node discards output that
 * nobody reads when the process ends, and a fiber may lose its turn in between.
 */
export const spawnServer = <A>(program: Program, onStarted: (started: Started) => A): Effect.Effect<A, ClientTransportError> =>
  Effect.callback((resume) => {
    const { platform } = process
    const scrubber = makeScrubber([...program.args, ...Object.values(program.env)])
    const format = platform === "win32" ? "windows" : "posix"
    const command = scrubber.scrub(CommandLine.display([program.command, ...program.args], { format })).slice(0, 1000)
    const failed = (detail: string) =>
      resume(Effect.fail(new ClientTransportError({ reason: new SpawnFailed({ command, detail: scrubber.scrub(detail) }) })))

    const cwd = resolve(program.cwd ?? ".")
    const env = environment(program.inherit, program.env, platform, process.env)
    const args = program.args.map((arg) => (Redacted.isRedacted(arg) ? Redacted.value(arg) : arg))
    const host = { platform, env, parentEnv: process.env, cwd, isFile: (path: string) => kindOf(path) === "file" }
    const what = launch(host, program.command, args)
    if (Result.isFailure(what)) return failed(what.failure)

    let child: ServerProcess
    try {
      child = start(what.success, cwd, env, platform)
    } catch (error) {
      return failed(explain(codeOf(error), program.command, cwd))
    }
    // Without a listener a later error, of a signal that could not be sent, would end this process.
    child.on("error", (error) => {
      if (child.pid === undefined) failed(explain(codeOf(error), program.command, cwd))
    })
    if (child.pid !== undefined) resume(Effect.succeed(onStarted({ child, command, scrubber })))
  })
