/**
 * The configuration in which hosts keep their servers, `mcpServers` and its relatives, as {@link ServerSpec}s.
 *
 * Understood are the files of Claude Desktop and Claude Code, Cursor, VS Code and Gemini CLI, and a bare map of servers by name, as
 * FastMCP takes it. Fields that are not known, or `null`, are ignored. Commands of a configuration are run: read only those that are trusted.
 */
import { basename, dirname, resolve } from "node:path"
import type { FileError } from "@effect-mcp/core/FileError"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Entry from "./internal/configEntry.ts"
import { Problem, Problems } from "./internal/configProblems.ts"
import * as configShape from "./internal/configShape.ts"
import * as configSpec from "./internal/configSpec.ts"
import { host, type Host, readText } from "./internal/host.ts"
import * as jsonc from "./internal/jsonc.ts"
import { http, type Remote } from "./Remote.ts"
import type { ServerSpec } from "./ServerSpec.ts"

export { Malformed, Problem, UnsetVariable } from "./internal/configProblems.ts"

/** 1 MiB: the largest file that is read, in bytes; also of an `envFile`. */
export const maxFileBytes = 1024 * 1024

/** So many servers a configuration may have. */
export const maxServers = 256

/**
 * Where the servers were found:
 * - `mcpServers`: Claude Desktop, Claude Code, Cursor, and all who followed them.
 * - `gemini`: the same of Gemini CLI, known by its directory `.gemini`, or by `httpUrl`, `trust`, `includeTools` or `excludeTools`
 *   of a server. There `$NAME` is a variable too.
 * - `vscode`: `servers` and `inputs`, as in `mcp.json` of VS Code; `vscodeSettings`: the same below `mcp`, as in its settings.
 * - `bare`: servers by name, and nothing around them.
 */
export type Shape = configShape.Shape

/** A server that is not used. */
export interface Skipped {
  readonly name: string
  /** `disabled`: it says so itself. `notAllowed`, `excluded`: the lists `mcp.allowed` and `mcp.excluded` of Gemini CLI say so. */
  readonly reason: "disabled" | "notAllowed" | "excluded"
}

/** What a configuration says. */
export interface ServersConfig {
  readonly shape: Shape
  /** By name, in the order of the configuration. Empty when all are skipped. */
  readonly servers: ReadonlyMap<string, ServerSpec>
  readonly skipped: ReadonlyArray<Skipped>
}

/** What a configuration is read with. */
export interface Options {
  /** What `${NAME}` and `${env:NAME}` stand for. The environment of this process by default. */
  readonly env?: { readonly [name: string]: string | undefined } | undefined
  /** What `${input:id}` stands for. The defaults of the configuration's `inputs` by default. */
  readonly inputs?: { readonly [id: string]: string | Redacted.Redacted<string> } | undefined
  /**
   * What `${workspaceFolder}` stands for, and where a relative `cwd` or `envFile` starts. For a file by default its directory, or the
   * one above where that is `.vscode`, `.cursor`, `.gemini` or `.claude`; for a value the working directory.
   */
  readonly workspaceFolder?: string | undefined
  /** What `${userHome}` stands for. The home directory of the user by default. */
  readonly userHome?: string | undefined
  /** Whether `$NAME` is a variable as well. By default where the shape is `gemini`. */
  readonly bareVariables?: boolean | undefined
  /** The transport for servers with a URL; `Remote.http` by default. */
  readonly remote?: Remote | undefined
  /** How processes are started, beside what the configuration says of each; for example `inheritEnv`, `onStderr`. */
  readonly stdio?: configSpec.Stdio | undefined
}

const textOf = (problem: Problem): string => {
  if (problem._tag === "Malformed") return `${problem.path === "" ? "" : `${problem.path}: `}${problem.detail}`
  const { path, variable } = problem
  return variable.startsWith("input:")
    ? `${path}: the input ${JSON.stringify(variable.slice("input:".length))} has no value; give it one with the option \`inputs\``
    : `${path}: the variable ${variable} is not set; set it, or write a default: \${${variable}:-...}`
}

/** A configuration that cannot be used, with everything that is wrong with it. It quotes no text of the configuration but names, and the path of
 * an `envFile`. */
export class ServersConfigError extends Schema.TaggedError<ServersConfigError>()("ServersConfigError", {
  /** The path of the file, or `the configuration`. */
  source: Schema.String,
  /** The first 100 problems. */
  problems: Schema.NonEmptyArray(Problem),
  /** How many more there are. */
  omitted: Schema.Int
}) {
  override get message() {
    const more = this.omitted === 0 ? "" : `\n- and ${this.omitted} more`
    return `${this.source} cannot be used:\n${this.problems.map((problem) => `- ${textOf(problem)}`).join("\n")}${more}`
  }
}

/** What is read, and where it comes from. */
interface Source {
  readonly named: string
  readonly workspaceFolder: string
  readonly isGemini: boolean
}

const fail = (source: Source, { count, kept }: Problems): Effect.Effect<never, ServersConfigError> => {
  // Called when there is at least one.
  const problems = kept as [Problem, ...Array<Problem>]
  return Effect.fail(new ServersConfigError({ source: source.named, problems, omitted: count - kept.length }))
}

const expectedShape = "`mcpServers`, `servers` or `mcp.servers`, or servers by name that have a `command` or a `url`"

/** The defaults of `inputs`, with what the program gives on top. */
const inputsOf = (found: configShape.Found, given: Options["inputs"], problems: Problems) => {
  const inputs: Record<string, string | Redacted.Redacted<string> | undefined> = {}
  const path = found.inputs?.path ?? []
  const value = found.inputs?.value ?? []
  if (!Array.isArray(value)) problems.expected(path, "an array", value)
  else {
    for (const [index, input] of value.entries()) {
      const id = configShape.member(input, "id")
      const otherwise = configShape.member(input, "default")
      if (typeof id !== "string") problems.expected([...path, index, "id"], "a string", id)
      else if (typeof otherwise === "string") inputs[id] = otherwise
    }
  }
  return { ...inputs, ...given }
}

/** Why a server is not used, if it is not. */
const skip = ({ allowed, excluded }: configShape.Found, name: string, server: unknown): Skipped["reason"] | undefined => {
  if (configShape.member(server, "disabled") === true) return "disabled"
  if (Array.isArray(excluded) && excluded.includes(name)) return "excluded"
  return Array.isArray(allowed) && !allowed.includes(name) ? "notAllowed" : undefined
}

const check = (value: unknown, problems: Problems) => {
  const found = configShape.find(value)
  if (found === undefined) {
    const isEmpty = configShape.isRecord(value) && Object.keys(value).length === 0
    if (isEmpty) problems.malformed([], `there are no servers; expected ${expectedShape}`)
    else problems.expected([], expectedShape, value)
    return undefined
  }
  if (!configShape.isRecord(found.servers)) {
    problems.expected(found.path, "an object with servers by name", found.servers)
    return undefined
  }
  const entries = Object.entries(found.servers)
  if (entries.length === 0) problems.malformed(found.path, "there are no servers")
  if (entries.length > maxServers) problems.malformed(found.path, `there are ${entries.length} servers, more than ${maxServers}`)
  return problems.count === 0 ? { found, entries } : undefined
}

const read = Effect.fnUntraced(function* (
  value: unknown,
  source: Source,
  options: Options,
  at: Host
): Effect.fn.Return<ServersConfig, ServersConfigError> {
  const problems = new Problems()
  const checked = check(value, problems)
  if (checked === undefined) return yield* fail(source, problems)
  const { entries, found } = checked
  const shape = found.shape === "mcpServers" && source.isGemini ? "gemini" : found.shape
  const workspaceFolder = resolve(at.cwd, options.workspaceFolder ?? source.workspaceFolder)
  const making: configSpec.Making = {
    lookup: {
      env: options.env ?? at.env,
      inputs: inputsOf(found, options.inputs, problems),
      predefined: configSpec.predefined(at, workspaceFolder, options.userHome ?? at.home),
      bare: options.bareVariables ?? shape === "gemini"
    },
    workspaceFolder,
    remote: options.remote ?? http,
    stdio: options.stdio ?? {},
    problems
  }
  const servers = new Map<string, ServerSpec>()
  const skipped: Array<Skipped> = []
  for (const [name, server] of entries) {
    const path = [...found.path, name]
    const reason = skip(found, name, server)
    const disabled = configShape.member(server, "disabled") ?? undefined
    if (name === "") problems.malformed(path, "a server needs a name")
    if (disabled !== undefined && typeof disabled !== "boolean")
      problems.expected([...path, "disabled"], "true or false", disabled)
    if (reason !== undefined) {
      skipped.push({ name, reason })
      continue
    }
    const entry = Entry.read(server, path, problems)
    const spec = entry === undefined ? undefined : yield* configSpec.make(name, path, entry, making)
    if (spec !== undefined) servers.set(name, spec)
  }
  return problems.count === 0 ? { shape, servers, skipped } : yield* fail(source, problems)
})

/**
 * Reads a configuration that is a value: parsed JSON, or the like of it. Fails with everything that is wrong at once, also with
 * variables that are not set. No server is started; an `envFile` is read.
 *
 * What comes from the environment, from inputs or from an `envFile` is `Redacted` in arguments, variables, headers and URLs, so no
 * error and no line of a server's stderr shows it.
 *
 * @example
 * const { servers, skipped } = yield* ServersConfig.parse({
 *   mcpServers: { files: { command: "npx", args: ["-y", "@modelcontextprotocol/server-filesystem", "/tmp"] } }
 * })
 */
export const parse = (value: unknown, options: Options = {}): Effect.Effect<ServersConfig, ServersConfigError> =>
  Effect.flatMap(host, (at) => read(value, { named: "the configuration", workspaceFolder: at.cwd, isGemini: false }, options, at))

// Where hosts keep their settings within a workspace.
const settingsFolders = [".vscode", ".cursor", ".gemini", ".claude"]

/**
 * Reads a configuration file: JSON, in which comments and commas after the last member are allowed. Fails with `FileError` when there
 * is no such file, it is not UTF-8, or has more than 1 MiB; otherwise as {@link parse}.
 */
export const file = Effect.fnUntraced(function* (
  path: string,
  options: Options = {}
): Effect.fn.Return<ServersConfig, FileError | ServersConfigError> {
  const at = yield* host
  const absolute = resolve(at.cwd, path)
  const folder = dirname(absolute)
  const workspaceFolder = settingsFolders.includes(basename(folder)) ? dirname(folder) : folder
  const source = { named: path, workspaceFolder, isGemini: basename(folder) === ".gemini" }
  const parsed = jsonc.parse(yield* readText(absolute, path, maxFileBytes))
  if (Result.isSuccess(parsed)) return yield* read(parsed.success, source, options, at)
  const { column, detail, line } = parsed.failure
  const problems = new Problems()
  problems.malformed([], `line ${line}, column ${column}: ${detail}`)
  return yield* fail(source, problems)
})
