/**
 * From a command and its arguments to what is handed to the operating system. Everywhere but on Windows that is the same; there
 * `npx` is a batch file, `npx.cmd`, which only `cmd.exe` can run, and `cmd.exe` has rules of its own for arguments.
 *
 * Pure: the platform, the environment and the file system are given, so that all of it is tested anywhere.
 */
import { win32 } from "node:path"
import * as Result from "effect/Result"
import { variable } from "./clientEnv.ts"

/** What {@link launch} has to know of the machine. */
export interface Host {
  readonly platform: NodeJS.Platform
  /** The environment of the process to be. */
  readonly env: { readonly [name: string]: string | undefined }
  /** This process's own environment: Windows falls back on it for `PATH` and `COMSPEC`. */
  readonly parentEnv: { readonly [name: string]: string | undefined }
  /** The working directory of the process to be; absolute. */
  readonly cwd: string
  readonly isFile: (path: string) => boolean
}

/** What to spawn. */
export interface Launch {
  readonly file: string
  readonly args: ReadonlyArray<string>
  /** The arguments form the command line as they are: Node must not quote them (Windows). */
  readonly verbatim: boolean
}

/** The longest command line that `cmd.exe` takes, in characters. */
const maxCmdLine = 8191

const startable = [".com", ".exe", ".bat", ".cmd"]

const lookup = (host: Host, name: string): string | undefined =>
  variable(host.env, name, host.platform) ?? variable(host.parentEnv, name, host.platform)

/** The extensions to try, in the order of PATHEXT; scripts that need an interpreter of their own are left out. */
const extensions = (host: Host): ReadonlyArray<string> => {
  const listed = (lookup(host, "PATHEXT") ?? "")
    .toLowerCase()
    .split(";")
    .filter((extension) => startable.includes(extension))
  return listed.length === 0 ? startable : listed
}

/**
 * The file that a command names on Windows. `PATH` alone is searched, not the working directory: a server's program is not
 * picked up from wherever a client happens to run. A file without extension is a shell script there, so `npx` is `npx.cmd`.
 */
const resolveWindows = (host: Host, command: string): string | undefined => {
  const tried = extensions(host)
  const candidates = tried.map((extension) => command + extension)
  if (startable.includes(win32.extname(command).toLowerCase())) candidates.unshift(command)
  const directories = /[\\/:]/.test(command)
    ? [host.cwd]
    : (lookup(host, "PATH") ?? "")
        .split(";")
        .map((entry) => entry.replaceAll('"', ""))
        .filter((entry) => entry !== "")
  for (const directory of directories) {
    for (const candidate of candidates) {
      const path = win32.resolve(host.cwd, directory, candidate)
      if (host.isFile(path)) return path
    }
  }
  return undefined
}

/** `%` starts a variable for `cmd.exe`, in quotes too; this one is followed by a variable that is always empty. */
const escapePercent = (text: string): string => text.replaceAll("%", "%%cd:~,%")

/**
 * Quotes one argument of a batch file so that the program which the batch file starts with `%*` receives it unchanged.
 *
 * The line is read twice by `cmd.exe`, then split by the C runtime. A quote within quotes is written twice: for `cmd.exe` the
 * text stays quoted all the way, so that `& | < > ^ ( )` mean nothing, however often it is read; for the C runtime it is one
 * quote. Backslashes before a quote are doubled. The same rules as Rust's `std::process::Command` uses since CVE-2024-24576.
 */
export const quoteBatchArgument = (arg: string): string => {
  if (/^[A-Za-z0-9#$*+\-./:?@\\_]+$/.test(arg) && !arg.endsWith("\\")) return arg
  const quoted = arg.replace(/(\\*)("|$)/g, (_, slashes: string, end: string) => slashes + slashes + (end === "" ? "" : '""'))
  return `"${escapePercent(quoted)}"`
}

const launchBatch = (host: Host, script: string, args: ReadonlyArray<string>): Result.Result<Launch, string> => {
  if ([script, ...args].some((text) => /[\r\n]/.test(text))) {
    return Result.fail("it is a batch file, and an argument contains a line break, which cmd.exe cannot pass on")
  }
  const inner = [`"${escapePercent(script)}"`, ...args.map(quoteBatchArgument)].join(" ")
  const file = lookup(host, "COMSPEC") ?? "cmd.exe"
  // no AutoRun commands, extensions on (`%cd:~,%` needs them), no `!variables!`, strip exactly the outermost quotes
  const parts = ["/d", "/e:ON", "/v:OFF", "/s", "/c", `"${inner}"`]
  const length = file.length + parts.join(" ").length + 1
  if (length > maxCmdLine) {
    return Result.fail(`it is a batch file, and its command line would have ${length} characters: cmd.exe takes ${maxCmdLine}`)
  }
  return Result.succeed({ file, args: parts, verbatim: true })
}

/** Decides what to spawn for a command, or tells why it cannot be started. */
export const launch = (host: Host, command: string, args: ReadonlyArray<string>): Result.Result<Launch, string> => {
  if (command === "") return Result.fail("the command is empty")
  if ([command, host.cwd, ...args].some((text) => text.includes("\0"))) {
    return Result.fail("the command, its directory or an argument contains a NUL character, which no process can be given")
  }
  if (Object.entries(host.env).some(([name, value]) => name.includes("\0") || value?.includes("\0") === true)) {
    return Result.fail("an environment variable contains a NUL character, which no process can be given")
  }
  if (host.platform !== "win32") return Result.succeed({ file: command, args, verbatim: false })
  const file = resolveWindows(host, command)
  if (file === undefined) return Result.succeed({ file: command, args, verbatim: false }) // the system says it best
  return /\.(cmd|bat)$/i.test(file) ? launchBatch(host, file, args) : Result.succeed({ file, args, verbatim: false })
}
