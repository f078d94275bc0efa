/**
 * From one server as it is written to how it is reached.
 */
import { basename, resolve } from "node:path"
import { parseEnv } from "node:util"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Remote } from "../Remote.ts"
import type { Selection, ServerSpec } from "../ServerSpec.ts"
import { type Entry, kindOf } from "./configEntry.ts"
import { type Path, type Problems, render } from "./configProblems.ts"
import { expand, type Lookup } from "./expand.ts"
import { type Host, readText } from "./host.ts"

/** What every process is started with, beside what its server says. */
export type Stdio = Omit<StdioClientTransport.Options, "command" | "args" | "env" | "cwd">

/** What the servers of one configuration have in common. */
export interface Making {
  readonly lookup: Lookup
  /** Absolute. Relative paths start here. */
  readonly workspaceFolder: string
  readonly remote: Remote
  readonly stdio: Stdio
  readonly problems: Problems
}

/** What the names that are predefined stand for. Source: "Variables reference" of VS Code. */
export const predefined = (host: Host, workspaceFolder: string, userHome: string): Lookup["predefined"] => ({
  userHome,
  workspaceFolder,
  workspaceFolderBasename: basename(workspaceFolder),
  cwd: host.cwd,
  pathSeparator: host.platform === "win32" ? "\\" : "/",
  "/": host.platform === "win32" ? "\\" : "/"
})

/** How long a file of variables may be, in bytes. */
export const maxEnvFileBytes = 1024 * 1024

type Value = string | Redacted.Redacted<string>

/** The fields of one server, with their references replaced. */
class Fields {
  readonly making: Making
  readonly name: string
  readonly path: Path
  constructor(making: Making, name: string, path: Path) {
    this.making = making
    this.name = name
    this.path = path
  }

  problem(field: Path, detail: string): void {
    this.making.problems.malformed([...this.path, ...field], detail)
  }

  /** A text that is no secret, or cannot be treated as one. */
  plain(field: Path, text: string): string {
    return this.expanded(field, text).text
  }

  /** A text that is `Redacted` when a part of it comes from the environment. */
  value(field: Path, text: string): Value {
    const expanded = this.expanded(field, text)
    return expanded.secret ? Redacted.make(expanded.text) : expanded.text
  }

  private expanded(field: Path, text: string) {
    const expanded = expand(text, this.making.lookup)
    const path = render([...this.path, ...field])
    for (const fault of expanded.faults) {
      if (fault._tag === "Malformed") this.problem(field, fault.detail)
      else this.making.problems.add({ ...fault, _tag: "UnsetVariable", path, server: this.name, field: render(field) })
    }
    return expanded
  }
}

const readEnvFile = (fields: Fields, envFile: string): Effect.Effect<{ readonly [name: string]: Value }> => {
  const before = fields.making.problems.count
  const named = fields.plain(["envFile"], envFile)
  if (fields.making.problems.count > before) return Effect.succeed({})
  return readText(resolve(fields.making.workspaceFolder, named), named, maxEnvFileBytes).pipe(
    Effect.map((text) =>
      Object.fromEntries(Object.entries(parseEnv(text)).map(([name, value]) => [name, Redacted.make(value ?? "")] as const))
    ),
    Effect.catch((error) =>
      Effect.sync(() => {
        fields.problem(["envFile"], error.message)
        return {}
      })
    )
  )
}

const stdio = Effect.fnUntraced(function* (fields: Fields, command: string, entry: Entry) {
  const { making } = fields
  const fromFile = entry.envFile === undefined ? {} : yield* readEnvFile(fields, entry.envFile)
  const own = Object.entries(entry.env ?? {}).map(
    ([name, value]) => [name, value === null ? undefined : fields.value(["env", name], String(value))] as const
  )
  const cwd = entry.cwd === undefined ? undefined : resolve(making.workspaceFolder, fields.plain(["cwd"], entry.cwd))
  return StdioClientTransport.layer({
    ...making.stdio,
    command: fields.plain(["command"], command),
    args: (entry.args ?? []).map((arg, index) => fields.value(["args", index], arg)),
    env: { ...fromFile, ...Object.fromEntries(own) },
    cwd
  })
})

const remote = (fields: Fields, field: "url" | "httpUrl", written: string, entry: Entry) => {
  const before = fields.making.problems.count
  const url = fields.value([field], written)
  const headers = Object.entries(entry.headers ?? {}).map(
    ([name, text]) => [name, fields.value(["headers", name], text)] as const
  )
  const parsed = URL.parse(Redacted.isRedacted(url) ? Redacted.value(url) : url)
  if (fields.making.problems.count === before && parsed?.protocol !== "http:" && parsed?.protocol !== "https:") {
    fields.problem([field], "expected an absolute URL with http: or https:")
  }
  // What is given to `remote` is valid.
  if (fields.making.problems.count > before) return undefined
  const kind = kindOf(entry)
  const known = kind === "http" || kind === "sse" ? kind : field === "httpUrl" ? "http" : undefined
  return fields.making.remote({ url, kind: known, headers: Object.fromEntries(headers) })
}

const transport = (fields: Fields, entry: Entry): Effect.Effect<ServerSpec["transport"] | undefined> => {
  const { command, httpUrl, url } = entry
  const kind = kindOf(entry)
  const field = httpUrl === undefined ? "url" : "httpUrl"
  const written = httpUrl ?? url
  if (kind === undefined && command !== undefined && written !== undefined) {
    fields.problem([], `there are both \`command\` and \`${field}\`: leave one out, or say with \`type\` which one is meant`)
  } else if (command !== undefined && (kind === undefined || kind === "stdio")) {
    return stdio(fields, command, entry)
  } else if (written !== undefined && kind !== "stdio") {
    return Effect.sync(() => remote(fields, field, written, entry))
  } else {
    const needed =
      kind === undefined ? "`command` or `url`" : kind === "stdio" ? "`command`, since it is reached by stdio" : "`url`"
    fields.problem([], `expected ${needed}`)
  }
  return Effect.undefined
}

const selection = ({ exclude, excludeTools, include, includeTools, rename }: Entry): Selection => {
  const included = include ?? includeTools
  const excluded = [...(exclude ?? []), ...(excludeTools ?? [])]
  return {
    ...(included === undefined ? {} : { include: included }),
    ...(excluded.length === 0 ? {} : { exclude: excluded }),
    ...(rename === undefined ? {} : { rename })
  }
}

/** How a server is reached, and what of it is offered; or adds what is wrong with it. */
export const make = Effect.fnUntraced(function* (
  name: string,
  path: Path,
  entry: Entry,
  making: Making
): Effect.fn.Return<ServerSpec | undefined> {
  const made = yield* transport(new Fields(making, name, path), entry)
  if (made === undefined) return undefined
  const { timeout } = entry
  return { transport: made, ...selection(entry), ...(timeout === undefined ? {} : { timeout: Duration.millis(timeout) }) }
})
