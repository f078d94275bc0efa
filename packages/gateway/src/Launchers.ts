/**
 * The usual ways of starting a server as a process, as options of `StdioClientTransport`: packages with `npx` and `uvx`, scripts
 * with Node, Python and `uv run`. A script that is not there is an error before anything is started.
 */
import { resolve } from "node:path"
import type { FileError } from "@effect-mcp/core/FileError"
import type * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import * as Effect from "effect/Effect"
import { host, pythonOf, requireFile } from "./internal/host.ts"

/** How the process is started. `args` are those of the server. */
export interface Options extends Omit<StdioClientTransport.Options, "command"> {}

/** Options of {@link npx}. */
export interface NpxOptions extends Options {
  /** The command of the package, where the package has several or it is called otherwise than the package. */
  readonly bin?: string | undefined
}

/** Options of {@link uvx}. */
export interface UvxOptions extends Options {
  /** The package that has the command, where it is not called as the command. */
  readonly from?: string | undefined
  /** The version of Python, as `3.12`. */
  readonly python?: string | undefined
  /** Packages that are installed as well. */
  readonly with?: ReadonlyArray<string> | undefined
}

/** Options of {@link uvRun}. */
export interface UvRunOptions extends Options {
  /** The directory of the project whose environment is used. */
  readonly project?: string | undefined
  /** The version of Python, as `3.12`. */
  readonly python?: string | undefined
  /** Packages that are installed as well. */
  readonly with?: ReadonlyArray<string> | undefined
}

/** Options of {@link node}. */
export interface NodeOptions extends Options {
  /** Flags of Node itself, as `--conditions=x`. None by default. */
  readonly execArgv?: ReadonlyArray<string> | undefined
}

/** Options of {@link python}. */
export interface PythonOptions extends Options {
  /** The program. `python3` by default, on Windows `python`. */
  readonly python?: string | undefined
}

const flag = (name: string, value: string | undefined): ReadonlyArray<string> => (value === undefined ? [] : [name, value])

const flags = (name: string, values: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  values.flatMap((value) => [name, value])

/**
 * A package of npm, installed without asking when it is not there: `npx("@scope/server", { args: ["/tmp"] })`. A version may follow
 * the name: `server@1.2.0`.
 */
export const npx = (packageName: string, { args = [], bin, ...options }: NpxOptions = {}): StdioClientTransport.Options => ({
  ...options,
  command: "npx",
  args: [...(bin === undefined ? ["-y", packageName] : ["-y", `--package=${packageName}`, bin]), ...args]
})

/** A tool of PyPI, in an environment of its own: `uvx("mcp-server-git")`. */
export const uvx = (tool: string, options: UvxOptions = {}): StdioClientTransport.Options => {
  const { args = [], from, python, with: more, ...rest } = options
  return {
    ...rest,
    command: "uvx",
    args: [...flag("--python", python), ...flag("--from", from), ...flags("--with", more), tool, ...args]
  }
}

/** The absolute path of a script that is there. A relative one starts at `cwd`, or where this program runs. */
const existing = Effect.fnUntraced(function* (script: string, cwd: string | undefined): Effect.fn.Return<string, FileError> {
  const at = yield* host
  const path = resolve(at.cwd, cwd ?? ".", script)
  yield* requireFile(path, script)
  return path
})

/** A Python script with `uv run`, which installs what the script or its project says that it needs. */
export const uvRun = Effect.fnUntraced(function* (
  script: string,
  options: UvRunOptions = {}
): Effect.fn.Return<StdioClientTransport.Options, FileError> {
  const { args = [], project, python, with: more, ...rest } = options
  const path = yield* existing(script, rest.cwd)
  const before = [...flag("--project", project), ...flag("--python", python), ...flags("--with", more)]
  return { ...rest, command: "uv", args: ["run", ...before, path, ...args] }
})

/** A Python script. */
export const python = Effect.fnUntraced(function* (
  script: string,
  options: PythonOptions = {}
): Effect.fn.Return<StdioClientTransport.Options, FileError> {
  const { args = [], python: program, ...rest } = options
  const { platform } = yield* host
  const path = yield* existing(script, rest.cwd)
  return { ...rest, command: program ?? pythonOf(platform), args: [path, ...args] }
})

/** A script of JavaScript or TypeScript, with the Node that runs this program. */
export const node = Effect.fnUntraced(function* (
  script: string,
  options: NodeOptions = {}
): Effect.fn.Return<StdioClientTransport.Options, FileError> {
  const { args = [], execArgv = [], ...rest } = options
  const { execPath } = yield* host
  const path = yield* existing(script, rest.cwd)
  return { ...rest, command: execPath, args: [...execArgv, path, ...args] }
})
