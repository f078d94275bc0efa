/**
 * Looks at every package as its users get it: packs it, then runs publint and attw on the tarball, follows its source maps, and
 * imports each of its modules from the built output. Needs `npm run build`.
 *
 *     npm run check:packages
 */
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, posix, resolve } from "node:path"

const root = resolve(import.meta.dirname, "..")
const bin = (name: string): string => join(root, "node_modules", ".bin", name)

type Problem = string

/** What `npm pack --json` tells about one tarball. */
interface Packed {
  readonly filename: string
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** Runs a command in the root; its whole output is the problem when it fails. */
const attempt = (command: string, ...args: ReadonlyArray<string>): ReadonlyArray<Problem> => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd: root, encoding: "utf8" })
  return status === 0 ? [] : [`${args.join(" ")}\n${error?.message ?? ""}${stdout}${stderr}`]
}

/** Whatever `index.ts` and the modules beside and below it are called by users; what is internal is not theirs. */
const entryPoints = (directory: string): ReadonlyArray<string> =>
  globSync("**/*.ts", { cwd: join(directory, "src"), exclude: ["**/internal/**"] })
    .toSorted()
    .map((file) => (file === "index.ts" ? "." : `./${file.slice(0, -".ts".length)}`))

/** Each map must lead to a source that is shipped, or debuggers and "go to definition" end in nothing. */
const checkMaps = (directory: string, shipped: ReadonlySet<string>): ReadonlyArray<Problem> =>
  [...shipped]
    .filter((file) => file.endsWith(".map"))
    .flatMap((file) => {
      const map: { readonly sourceRoot?: string; readonly sources: ReadonlyArray<string> } = JSON.parse(
        readFileSync(join(directory, file), "utf8")
      )
      return map.sources
        .map((source) => posix.join(posix.dirname(file), map.sourceRoot ?? "", source))
        .filter((source) => !shipped.has(source))
        .map((source) => `${file} leads to ${source}, which is not shipped`)
    })

/** What is built but has no source any more would be shipped all the same. */
const checkStale = (directory: string, shipped: ReadonlySet<string>): ReadonlyArray<Problem> =>
  [...shipped]
    .filter((file) => file.startsWith("dist/") && file.endsWith(".js"))
    .filter((file) => !existsSync(join(directory, file.replace(/^dist\//, "src/").replace(/\.js$/, ".ts"))))
    .map((file) => `${file} has no source: run \`npm run clean\` and build again`)

/** Imports the built modules by their public names, and makes sure that internal ones cannot be. */
const checkImports = (name: string, directory: string): ReadonlyArray<Problem> => {
  const names = entryPoints(directory).map((entry) => posix.join(name, entry))
  const hidden = globSync("**/internal/**/*.ts", { cwd: join(directory, "src") }).map((file) =>
    posix.join(name, file.slice(0, -3))
  )
  const program = `
    for (const name of ${JSON.stringify(names)}) await import(name)
    for (const name of ${JSON.stringify(hidden)}) {
      const problem = await import(name).then(() => "it can be imported", (error) => error.code)
      if (problem !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw new Error(name + " is not hidden: " + problem)
    }`
  return attempt(process.execPath, "--input-type=module", "--eval", program)
}

const checkPackage = (directory: string, name: string, temporary: string): ReadonlyArray<Problem> => {
  if (!existsSync(join(directory, "dist"))) return ["there is no dist: run `npm run build` first"]
  const pack = ["pack", "--json", "--silent", "--ignore-scripts", "--pack-destination", temporary]
  const packed: ReadonlyArray<Packed> = JSON.parse(execFileSync("npm", pack, { cwd: directory, encoding: "utf8" }))
  const { filename, files } = packed[0]!
  const tarball = join(temporary, filename)
  const shipped = new Set(files.map((file) => file.path))
  return [
    ...["README.md", "LICENSE"].flatMap((file) => (shipped.has(file) ? [] : [`${file} is not shipped`])),
    ...checkStale(directory, shipped),
    ...checkMaps(directory, shipped),
    ...attempt(bin("publint"), "run", tarball, "--strict"),
    // attw does not expand wildcards in `exports`, so it is told what there is.
    ...attempt(bin("attw"), tarball, "--profile", "esm-only", "--no-emoji", "--entrypoints", ...entryPoints(directory)),
    ...checkImports(name, directory)
  ]
}

const temporary = mkdtempSync(join(tmpdir(), "effect-mcp-"))
let failed = 0
try {
  for (const file of globSync("packages/*/package.json", { cwd: root }).toSorted()) {
    const { name, private: hidden } = JSON.parse(readFileSync(join(root, file), "utf8"))
    if (hidden === true) continue
    const problems = checkPackage(join(root, dirname(file)), name, temporary)
    console.log(`${problems.length === 0 ? "ok    " : "FAILED"} ${name}`)
    for (const problem of problems) console.log(problem.trimEnd().replaceAll(/^/gm, "    "))
    if (problems.length > 0) failed++
  }
} finally {
  rmSync(temporary, { recursive: true })
}
console.log(`packages: ${failed === 0 ? "all as they should be" : `${failed} with problems`}`)
process.exitCode = failed === 0 ? 0 : 1
