/**
 * Who may know whom: reads every import of the packages and of the examples, and fails on each that the house forbids.
 *
 * Type-only imports count like all others: an arrow that is not there at run time still ties two rooms together.
 *
 *     npm run arrows
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { builtinModules } from "node:module"
import { dirname, join, relative, resolve, sep } from "node:path"
import { parseSync } from "vite"

/** What one package may know. */
export interface Room {
  /** The other packages, by directory name. `"*"` is all of them. */
  readonly knows: ReadonlyArray<string> | "*"
  /** Whether it may import the modules of Node. */
  readonly node: boolean
}

/** The house. A new package gets its line here, together with the arrows in the design. */
export const rooms: Readonly<Record<string, Room>> = {
  core: { knows: [], node: false },
  server: { knows: ["core"], node: false },
  client: { knows: ["core"], node: false },
  "transport-stdio": { knows: ["core"], node: true },
  "transport-http": { knows: ["core"], node: true },
  ai: { knows: ["core"], node: false },
  "sdk-transports": { knows: ["core"], node: false },
  auth: { knows: ["core", "transport-http"], node: true },
  gateway: { knows: ["core", "server", "client", "transport-stdio", "transport-http", "ai"], node: true },
  openapi: { knows: ["core", "server", "client"], node: true },
  testing: { knows: ["core", "server", "client"], node: true },
  cli: { knows: "*", node: true },
  examples: { knows: "*", node: true }
}

/** The names of the rules, as they are printed. */
export type Rule =
  | "unknown-room"
  | "arrow"
  | "undeclared"
  | "internal"
  | "own-name"
  | "outside"
  | "node"
  | "barrel"
  | "cycle"
  | "syntax"

/** One import that breaks a rule. */
export interface Finding {
  /** Relative to the root, with forward slashes. */
  readonly file: string
  readonly line: number
  readonly rule: Rule
  readonly problem: string
  readonly advice: string
}

interface Import {
  readonly specifier: string
  readonly line: number
}

interface SourceFile {
  /** Absolute. */
  readonly path: string
  readonly imports: ReadonlyArray<Import>
}

interface Manifest {
  readonly name: string
  readonly declared: ReadonlySet<string>
}

interface Place {
  readonly root: string
  /** Directory name of the package, `examples` for the examples. */
  readonly name: string
  readonly directory: string
  readonly room: Room
  readonly manifest: Manifest
  readonly files: ReadonlyArray<SourceFile>
}

type Report = (file: string, line: number, rule: Rule, problem: string, advice: string) => void

const scope = "@effect-mcp/"

const builtins = new Set(builtinModules)

const isBuiltin = (specifier: string): boolean => specifier.startsWith("node:") || builtins.has(specifier)

/** The roots of Effect packages and the directories of `effect`, such as `effect/http`: each of them loads all that is below. */
const isBarrel = (specifier: string): boolean => /^(effect(\/[a-z][a-z-]*)?|@effect\/[^/]+)$/.test(specifier)

const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/")

const isNode = (u: unknown): u is Readonly<Record<string, unknown>> => typeof u === "object" && u !== null

/** The text of a string literal, also of one in backquotes. */
const literal = (u: unknown): string | undefined => {
  if (!isNode(u)) return undefined
  if (u["type"] === "Literal" && typeof u["value"] === "string") return u["value"]
  if (u["type"] !== "TemplateLiteral" || !Array.isArray(u["quasis"]) || u["quasis"].length !== 1) return undefined
  return u["quasis"][0].value.cooked
}

/** The specifier that a syntax node imports: all forms of import and re-export, `import("x")` as value and as type, `require`. */
const imported = (node: Readonly<Record<string, unknown>>): string | undefined => {
  switch (node["type"]) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
    case "ImportExpression":
    case "TSImportType":
      return literal(node["source"])
    case "TSExternalModuleReference":
      return literal(node["expression"])
    case "CallExpression": {
      const { arguments: args, callee } = node
      return isNode(callee) && callee["name"] === "require" && Array.isArray(args) ? literal(args[0]) : undefined
    }
    default:
      return undefined
  }
}

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split("\n").length

const readSource = (path: string, onSyntaxError: (line: number, message: string) => void): SourceFile => {
  const text = readFileSync(path, "utf8")
  const parsed = parseSync(path, text)
  const error = parsed.errors[0]
  if (error !== undefined) onSyntaxError(lineAt(text, error.labels[0]?.start ?? 0), error.message)
  const imports: Array<Import> = []
  const visit = (u: unknown): void => {
    if (Array.isArray(u)) return u.forEach(visit)
    if (!isNode(u)) return
    const specifier = imported(u)
    if (specifier !== undefined) imports.push({ specifier, line: lineAt(text, Number(u["start"])) })
    for (const child of Object.values(u)) visit(child)
  }
  visit(parsed.program)
  return { path, imports }
}

const readManifest = (directory: string, ...fields: ReadonlyArray<string>): Manifest => {
  const json = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"))
  return { name: json.name, declared: new Set(fields.flatMap((field) => Object.keys(json[field] ?? {}))) }
}

const advise = {
  room: "give it a line in `rooms` of scripts/arrows.ts and its arrows in the design",
  arrow: "let both sides meet in a service that `core` defines, or move the code to a room that may know both",
  internal: "use what the package exports; if it lacks something, export it there from a module of its own",
  ownName: "import it relatively, with the extension `.ts`",
  node: "take what you need from a service (effect/FileSystem, effect/Stdio, ...) or put the code into a room that may know Node",
  barrel: 'import the module itself, as in `import * as Effect from "effect/Effect"`',
  cycle: "move what both need into a third file, or let the lower one take it as an argument"
} as const

/** A relative import: it must stay in its own package, and out of the package's own barrel. */
const checkRelative = (place: Place, file: string, { line, specifier }: Import, report: Report): void => {
  const target = resolve(dirname(file), specifier)
  const inside = place.name === "examples" ? place.directory : join(place.directory, "src")
  if (!target.startsWith(inside + sep)) {
    report(file, line, "outside", `"${specifier}" leaves ${relative(place.root, inside)}`, "import the package by its name")
  } else if (target === join(place.directory, "src", "index.ts")) {
    report(file, line, "barrel", `"${specifier}" is the barrel of its own package`, advise.barrel)
  }
}

/** An import of a package of this house. */
const checkSibling = (place: Place, file: string, { line, specifier }: Import, report: Report): void => {
  const [name = "", ...path] = specifier.slice(scope.length).split("/")
  if (place.manifest.name === scope + name) {
    report(file, line, "own-name", `"${specifier}" is the package itself`, advise.ownName)
    return
  }
  if (place.room.knows !== "*" && !place.room.knows.includes(name)) {
    const known = place.room.knows.length === 0 ? "nobody" : `only ${place.room.knows.join(", ")}`
    report(file, line, "arrow", `${place.name} must not know ${name}: it knows ${known}`, advise.arrow)
  } else if (!place.manifest.declared.has(scope + name)) {
    report(file, line, "undeclared", `${scope}${name} is not declared`, `add it to the package.json of ${place.name}`)
  }
  if (path.includes("internal") || path[0] === "src" || path[0] === "dist") {
    report(file, line, "internal", `"${specifier}" reaches into ${name}`, advise.internal)
  } else if (path.length === 0 && place.name !== "examples") {
    report(file, line, "barrel", `"${specifier}" loads the whole package`, advise.barrel)
  }
}

/** An import of anything else. */
const checkForeign = (place: Place, file: string, { line, specifier }: Import, report: Report): void => {
  if (isBuiltin(specifier)) {
    if (!place.room.node) report(file, line, "node", `${place.name} must not know Node, this is "${specifier}"`, advise.node)
    return
  }
  const name = packageOf(specifier)
  if (!place.manifest.declared.has(name)) {
    report(file, line, "undeclared", `${name} is not declared`, `add it to the package.json of ${place.name}, or do without it`)
  }
  if (specifier.startsWith("effect/") && specifier.includes("/internal/")) {
    report(file, line, "internal", `"${specifier}" reaches into effect`, advise.internal)
  } else if (place.name !== "examples" && isBarrel(specifier)) {
    report(file, line, "barrel", `"${specifier}" loads everything below it`, advise.barrel)
  }
}

/** The shortest way along `edges` from a file back to itself. */
const wayBack = (start: string, edges: ReadonlyMap<string, ReadonlyArray<string>>): ReadonlyArray<string> | undefined => {
  const from = new Map<string, string>()
  const queue = [start]
  for (const at of queue) {
    for (const next of edges.get(at) ?? []) {
      if (next === start) {
        const way = [start]
        for (let step = at; step !== start; step = from.get(step)!) way.unshift(step)
        return [start, ...way]
      }
      if (!from.has(next)) {
        from.set(next, at)
        queue.push(next)
      }
    }
  }
  return undefined
}

/** Reports each circle of files once, at its first file in alphabetical order. */
const checkCycles = (place: Place, report: Report): void => {
  const targetOf = (file: SourceFile, { specifier }: Import) => resolve(dirname(file.path), specifier)
  const edges = new Map(
    place.files.map((file) => [file.path, file.imports.filter((i) => i.specifier.startsWith(".")).map((i) => targetOf(file, i))])
  )
  const reported = new Set<string>()
  for (const file of place.files) {
    if (reported.has(file.path)) continue
    const way = wayBack(file.path, edges)
    if (way === undefined) continue
    for (const path of way) reported.add(path)
    const line = file.imports.find((i) => i.specifier.startsWith(".") && targetOf(file, i) === way[1])!.line
    const names = way.map((path) => relative(place.directory, path).split(sep).join("/"))
    report(file.path, line, "cycle", names.join(" -> "), advise.cycle)
  }
}

const checkPlace = (place: Place, report: Report): void => {
  for (const declared of place.manifest.declared) {
    if (!declared.startsWith(scope) || place.room.knows === "*") continue
    const name = declared.slice(scope.length)
    if (!place.room.knows.includes(name)) {
      const file = join(place.directory, "package.json")
      report(file, 1, "arrow", `${place.name} must not know ${name}, but depends on it`, advise.arrow)
    }
  }
  for (const file of place.files) {
    for (const each of file.imports) {
      if (each.specifier.startsWith(".")) checkRelative(place, file.path, each, report)
      else if (each.specifier.startsWith(scope)) checkSibling(place, file.path, each, report)
      else checkForeign(place, file.path, each, report)
    }
  }
  checkCycles(place, report)
}

/** Reads the tree under `root` and returns whatever breaks a rule, in the order of files and lines. */
export const check = (root: string, house: Readonly<Record<string, Room>> = rooms): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = []
  const report: Report = (file, line, rule, problem, advice) =>
    findings.push({ file: relative(root, file).split(sep).join("/"), line, rule, problem, advice })
  const read = (path: string): SourceFile =>
    readSource(path, (line, message) => report(path, line, "syntax", message, "make it parse"))
  const sources = (...patterns: ReadonlyArray<string>): ReadonlyArray<SourceFile> =>
    globSync(patterns, { cwd: root, exclude: ["**/node_modules/**"] })
      .toSorted()
      .map((path) => read(join(root, path)))

  for (const path of globSync("packages/*/package.json", { cwd: root }).toSorted()) {
    const directory = join(root, dirname(path))
    const name = relative(join(root, "packages"), directory)
    const room = house[name]
    if (room === undefined) {
      report(join(root, path), 1, "unknown-room", `nobody said whom ${name} may know`, advise.room)
      continue
    }
    const manifest = readManifest(directory, "dependencies", "peerDependencies")
    checkPlace({ root, name, directory, room, manifest, files: sources(`packages/${name}/src/**/*.ts`) }, report)
  }

  const examples = join(root, "examples")
  if (existsSync(join(examples, "package.json"))) {
    const own = readManifest(examples, "dependencies", "devDependencies")
    // Their tests run with the tools of the root.
    const tools = readManifest(root, "devDependencies")
    const manifest = { name: own.name, declared: new Set([...own.declared, ...tools.declared]) }
    const room = house["examples"] ?? { knows: "*", node: true }
    const files = sources("examples/**/*.ts")
    checkPlace({ root, name: "examples", directory: examples, room, manifest, files }, report)
  }
  return findings.toSorted((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1))
}

/** One finding as two lines of text. */
export const format = ({ advice, file, line, problem, rule }: Finding): string =>
  `${file}:${line} [${rule}] ${problem}\n    ${advice}`

if (import.meta.main) {
  const findings = check(resolve(import.meta.dirname, ".."))
  for (const finding of findings) console.error(format(finding))
  console.log(findings.length === 0 ? "arrows: all point as written" : `arrows: ${findings.length} point the wrong way`)
  process.exitCode = findings.length === 0 ? 0 : 1
}
