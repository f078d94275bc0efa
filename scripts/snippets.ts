/**
 * Type-checks the TypeScript blocks of README and docs. Each block is a complete file.
 */
import { spawnSync } from "node:child_process"
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")
// Inside of examples, so that the packages are found the way an application finds them.
const folder = join(root, "examples", ".snippets")

const blocksOf = (text: string) => [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? "")

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
let count = 0
for (const file of ["README.md", ...globSync("docs/*.md", { cwd: root }), ...globSync("packages/*/README.md", { cwd: root })]) {
  blocksOf(readFileSync(join(root, file), "utf8")).forEach((block, i) => {
    count++
    writeFileSync(join(folder, `${file.replaceAll(/[/.]/g, "-")}-${i + 1}.ts`), `export {}\n${block}`)
  })
}
writeFileSync(
  join(folder, "tsconfig.json"),
  JSON.stringify({
    extends: "../../tsconfig.check.json",
    compilerOptions: { rootDir: "../..", noUnusedLocals: false },
    include: ["*.ts"]
  })
)
const { status } = spawnSync("tsc", ["-p", folder], { stdio: "inherit", shell: process.platform === "win32" })
rmSync(folder, { recursive: true, force: true })
console.log(`${count} snippets ${status === 0 ? "compile" : "were checked: there are errors, see above"}`)
process.exitCode = status ?? 1
