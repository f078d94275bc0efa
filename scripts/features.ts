/**
 * Holds docs/features.md against the repository: every row of the list is there once, each row names tests that exist, and the API
 * names in it are exports.
 *
 *     npm run check:features
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { parseSync } from "vite"

/** The ids that have to be there, each of them once. */
export interface List {
  /** How many rows each area has, or which ones: `{ PRG: 2, SYS: [30] }` is PRG-01, PRG-02 and SYS-30. */
  readonly areas: Readonly<Record<string, number | ReadonlyArray<number>>>
  /** Those of them that stand in the closed list of what makes sense in another language alone. */
  readonly elsewhere: ReadonlyArray<string>
}

const servers = { TOOL: 20, RES: 8, RSC: 16, PRM: 6, CTX: 17, ELI: 9, SMP: 9, PRG: 2, LOG: 4, PAG: 1, CPL: 1, ICO: 1, EXT: 1 }
const clients = { CLI: 20 }
const http = { HTTP: 14, STA: 4, TSK: 9, PRV: [8, 9, 10] }
const systems = { SYS: [2, 3, 4, 5, 25, 30, 31, 32, 65, 76] }

/** The areas that are on the page. A new area gets its line here. */
export const list: List = {
  areas: { ...servers, ...clients, ...http, ...systems },
  elsewhere: ["TOOL-04", "TOOL-05", "TOOL-07", "CTX-01"]
}

/** One thing that does not hold. */
export interface Finding {
  readonly line: number
  readonly problem: string
}

type Report = (problem: string) => void

const page = "docs/features.md"

/** What the heading of the closed list begins with. */
const elsewhereHeading = "## What belongs to another language"

// A row without a test says why in one of these words.
const excuse = /\bcomes with |\bmissing\b/

const isNode = (u: unknown): u is Readonly<Record<string, unknown>> => typeof u === "object" && u !== null

/** All texts that are written in a file, titles of tests among them; of those with placeholders the static parts. */
const textsOf = (path: string): ReadonlyArray<string> => {
  const texts: Array<string> = []
  const visit = (u: unknown): void => {
    if (Array.isArray(u)) return u.forEach(visit)
    if (!isNode(u)) return
    if (u["type"] === "Literal" && typeof u["value"] === "string") texts.push(u["value"])
    if (u["type"] === "TemplateElement" && isNode(u["value"])) texts.push(String(u["value"]["cooked"]))
    Object.values(u).forEach(visit)
  }
  visit(parseSync(path, readFileSync(path, "utf8")).program)
  return texts
}

const entriesOf = (path: string) =>
  parseSync(path, readFileSync(path, "utf8")).module.staticExports.flatMap(({ entries }) => entries)

/** What a module exports, types too. */
const exportsOf = (path: string): ReadonlyArray<string | null> => entriesOf(path).map(({ exportName }) => exportName.name)

/** The text of the file in which an export of a module is written down. */
const homeOf = (path: string, name: string): string => {
  const from = entriesOf(path).find(({ exportName }) => exportName.name === name)?.moduleRequest?.value
  return readFileSync(from?.startsWith(".") === true ? join(dirname(path), from) : path, "utf8")
}

const once = <A>(make: (path: string) => A): ((path: string) => A) => {
  const made = new Map<string, A>()
  return (path) => {
    if (!made.has(path)) made.set(path, make(path))
    return made.get(path)!
  }
}

const checker = (root: string) => {
  const texts = once(textsOf)
  const exported = once(exportsOf)
  const modules = globSync(["packages/*/src/**/*.ts", "node_modules/effect/src/*.ts"], { cwd: root, exclude: ["**/internal/**"] })
  const modulesOf = (name: string) => modules.filter((path) => basename(path) === `${name}.ts`).map((path) => join(root, path))

  const checkTests = (cell: string, report: Report): void => {
    const named = [...cell.matchAll(/`([^`]+\.test\.ts)`(?: "([^"]+)")?/g)]
    if (named.length === 0) return report("names no test, and does not say that it is missing or what it comes with")
    for (const [, file = "", title] of named) {
      if (!existsSync(join(root, file))) report(`${file} does not exist`)
      else if (title === undefined) report(`${file} stands without the title of a test`)
      else if (!texts(join(root, file)).some((each) => each.includes(title))) report(`${file} has no test "${title}"`)
    }
  }

  const checkNames = (text: string, report: Report): void => {
    for (const [, member, module = "", name = ""] of text.matchAll(/(?:`(\w+)` of )?`([A-Z]\w*)\.(\w+)`/g)) {
      const found = modulesOf(module).find((path) => exported(path).includes(name))
      if (found === undefined) report(`${module}.${name} is not exported`)
      else if (member !== undefined && !new RegExp(`\\b${member}\\b`).test(homeOf(found, name))) {
        report(`${module}.${name} has no ${member}`)
      }
    }
  }
  return { checkTests, checkNames }
}

/** Reads the page under `root` and returns whatever does not hold, in the order of its lines. */
export const check = (root: string, { areas, elsewhere }: List = list): ReadonlyArray<Finding> => {
  const findings: Array<Finding> = []
  const { checkNames, checkTests } = checker(root)
  const wanted = new Set(
    Object.entries(areas).flatMap(([area, rows]) => {
      const numbers = typeof rows === "number" ? Array.from({ length: rows }, (_, i) => i + 1) : rows
      return numbers.map((n) => `${area}-${String(n).padStart(2, "0")}`)
    })
  )
  const seen = new Map<string, number>()
  let isElsewhere = false
  const lines = readFileSync(join(root, page), "utf8").split("\n")
  for (const [i, text] of lines.entries()) {
    if (text.startsWith("## ")) isElsewhere = text.startsWith(elsewhereHeading)
    const [, id] = /^\| *([A-Z]+-\d+) *\|/.exec(text) ?? []
    const report = (problem: string) => findings.push({ line: i + 1, problem: id === undefined ? problem : `${id} ${problem}` })
    checkNames(text, report)
    if (id === undefined) continue
    if (!wanted.has(id)) report("is no row of the list")
    if (seen.has(id)) report(`stands in line ${seen.get(id)} already`)
    seen.set(id, i + 1)
    if (isElsewhere && !elsewhere.includes(id)) report("does not belong into the closed list")
    if (!isElsewhere && elsewhere.includes(id)) report("belongs into the closed list")
    const cells = text.split("|").slice(2, -1)
    const isWhole = cells.length === (isElsewhere ? 2 : 3) && cells.every((cell) => cell.trim() !== "")
    if (!isWhole) report("has not the cells of its table")
    else if (!isElsewhere && (!excuse.test(cells[1] ?? "") || cells[2]?.trim() !== "—")) checkTests(cells[2] ?? "", report)
  }
  for (const id of wanted) if (!seen.has(id)) findings.push({ line: lines.length, problem: `${id} is not there` })
  return findings
}

if (import.meta.main) {
  const findings = check(resolve(import.meta.dirname, ".."))
  for (const { line, problem } of findings) console.error(`${page}:${line} ${problem}`)
  console.log(findings.length === 0 ? "features: every row holds" : `features: ${findings.length} do not hold`)
  process.exitCode = findings.length === 0 ? 0 : 1
}
