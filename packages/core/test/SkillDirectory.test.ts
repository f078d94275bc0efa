import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Logger from "effect/Logger"
import { TestClock } from "effect/testing"
import { McpError } from "../src/McpError.ts"
import * as SkillDirectory from "../src/SkillDirectory.ts"
import type { Skill } from "../src/SkillsExtension.ts"
import { type Content, directory, files } from "./support/files.ts"

const main = (name: string, more = "") => `---\nname: ${name}\ndescription: About ${name}\n${more}---\n\n# ${name}\n`

const digestOf = (content: string | Uint8Array) => `sha256:${createHash("sha256").update(content).digest("hex")}`

const resource = (uri: string, content: string | Uint8Array) => ({
  uri,
  digest: digestOf(content),
  size: Buffer.byteLength(content)
})

/** A log, and its layer. */
const captured = () => {
  const lines: Array<string> = []
  return { lines, layer: Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))]) }
}

const opened = Effect.fnUntraced(function* (
  content: { readonly [path: string]: Content },
  options: SkillDirectory.Options = {},
  onChange?: (mains: ReadonlyArray<SkillDirectory.Main>) => void
) {
  const root = yield* directory({ "skills/README.md": "no skill", ...content })
  const skills = yield* SkillDirectory.make(`${root}/skills`, { refresh: 0, ...options }, onChange)
  const uris = Effect.map(skills.list(undefined), ({ items }) => items.map(({ uri }) => uri))
  return { ...skills, root: `${root}/skills`, uris }
})

const failureOf = (exit: Exit.Exit<unknown, unknown>): unknown => (Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined)

const reasonOf = (exit: Exit.Exit<unknown, unknown>): string => {
  const failure = failureOf(exit)
  return failure instanceof McpError ? failure.reason._tag : String(failure)
}

const filesOf = ({ resources }: Skill): ReadonlyArray<string> => (resources === "dynamic" ? [] : resources.map(({ uri }) => uri))

const png = new Uint8Array([137, 80, 78, 71])

const tree: { readonly [path: string]: Content } = {
  "skills/pdf/SKILL.md": main("pdf", "metadata: { version: 2 }\n"),
  "skills/pdf/references/FORMS.md": "forms",
  "skills/pdf/references/deep/logo.png": png,
  "skills/pdf/scripts/with space#.py": "print()",
  "skills/pdf/.env": "SECRET",
  "skills/acme/billing/refunds/SKILL.md": main("refunds"),
  "skills/acme/notes.md": "in no skill",
  "skills/bom/SKILL.md": `\ufeff${main("bom")}`
}

const provide = <A, E>(effect: Effect.Effect<A, E, Effect.Services<ReturnType<typeof opened>>>) => Effect.provide(effect, files)

describe("SkillDirectory", () => {
  it.effect("lists each directory with a SKILL.md, wherever it is, with all of its files", () =>
    Effect.gen(function* () {
      const { list } = yield* opened(tree)
      const { items, nextCursor } = yield* list(undefined)
      assert.isUndefined(nextCursor)
      assert.deepStrictEqual<unknown>(items, [
        {
          uri: "skill://acme/billing/refunds/SKILL.md",
          frontmatter: { name: "refunds", description: "About refunds" },
          resources: [resource("skill://acme/billing/refunds/SKILL.md", main("refunds"))]
        },
        {
          uri: "skill://bom/SKILL.md",
          frontmatter: { name: "bom", description: "About bom" },
          resources: [resource("skill://bom/SKILL.md", `\ufeff${main("bom")}`)]
        },
        {
          uri: "skill://pdf/SKILL.md",
          frontmatter: { name: "pdf", description: "About pdf", metadata: { version: 2 } },
          resources: [
            resource("skill://pdf/SKILL.md", main("pdf", "metadata: { version: 2 }\n")),
            resource("skill://pdf/references/FORMS.md", "forms"),
            resource("skill://pdf/references/deep/logo.png", png),
            resource("skill://pdf/scripts/with%20space%23.py", "print()")
          ]
        }
      ])
    }).pipe(provide)
  )

  it.effect("gets a skill by its URI, and knows no other", () =>
    Effect.gen(function* () {
      const { get, list } = yield* opened(tree)
      const [first] = (yield* list(undefined)).items
      assert.deepStrictEqual(yield* get("skill://acme/billing/refunds/SKILL.md"), first)
      for (const uri of ["skill://acme/SKILL.md", "skill://pdf", "skill://PDF/SKILL.md", "", "skill://pdf/references/FORMS.md"]) {
        assert.strictEqual(reasonOf(yield* Effect.exit(get(uri))), "InvalidParams", uri)
      }
    }).pipe(provide)
  )

  it.effect("reads the files of skills to the byte, and no others", () =>
    Effect.gen(function* () {
      const { read } = yield* opened(tree)
      const uri = "skill://asked"
      const cases: ReadonlyArray<readonly [path: string, content: object]> = [
        ["bom/SKILL.md", { mimeType: "text/markdown", text: `\ufeff${main("bom")}` }],
        ["pdf/references/deep/logo.png", { mimeType: "image/png", blob: "iVBORw==" }],
        ["pdf/scripts/with space#.py", { mimeType: "text/x-python", text: "print()" }]
      ]
      for (const [path, content] of cases) assert.deepStrictEqual<unknown>(yield* read(path, uri), [{ uri, ...content }], path)
      const none = [
        "README.md",
        "acme/notes.md",
        "pdf",
        "pdf/.env",
        "pdf/none.md",
        "../skills/pdf/SKILL.md",
        "pdf/../pdf/SKILL.md"
      ]
      for (const path of none) assert.strictEqual(reasonOf(yield* Effect.exit(read(path, uri))), "ResourceNotFound", path)
    }).pipe(provide)
  )

  it.effect("lists directories, those above skills and empty ones too", () =>
    Effect.gen(function* () {
      const { children, root } = yield* opened(tree)
      const fs = yield* FileSystem.FileSystem
      yield* fs.makeDirectory(`${root}/pdf/empty/inner`, { recursive: true })
      yield* fs.makeDirectory(`${root}/nothing`)
      const type = { mimeType: "inode/directory" }
      const cases: ReadonlyArray<readonly [uri: string, children: ReadonlyArray<object>]> = [
        [
          "skill://pdf",
          [
            {
              uri: "skill://pdf/SKILL.md",
              name: "pdf",
              description: "About pdf",
              mimeType: "text/markdown",
              size: Buffer.byteLength(main("pdf", "metadata: { version: 2 }\n"))
            },
            { uri: "skill://pdf/empty", name: "empty", ...type },
            { uri: "skill://pdf/references", name: "references", ...type },
            { uri: "skill://pdf/scripts", name: "scripts", ...type }
          ]
        ],
        [
          "skill://pdf/references",
          [
            { uri: "skill://pdf/references/FORMS.md", name: "FORMS.md", mimeType: "text/markdown", size: 5 },
            { uri: "skill://pdf/references/deep", name: "deep", ...type }
          ]
        ],
        ["skill://pdf/empty", [{ uri: "skill://pdf/empty/inner", name: "inner", ...type }]],
        ["skill://pdf/empty/inner", []],
        ["skill://acme", [{ uri: "skill://acme/billing", name: "billing", ...type }]]
      ]
      for (const [uri, items] of cases) {
        assert.deepStrictEqual<unknown>(yield* children(uri, undefined), { items, nextCursor: undefined }, uri)
      }
      for (const uri of [
        "skill://pdf/SKILL.md",
        "skill://pdf/",
        "skill://",
        "skill://nothing",
        "skill://none",
        "skill://pdf/.."
      ]) {
        assert.strictEqual(reasonOf(yield* Effect.exit(children(uri, undefined))), "InvalidParams", uri)
      }
    }).pipe(provide)
  )

  it.effect("gives pages that stay right when skills come and go", () =>
    Effect.gen(function* () {
      const names = ["a", "b", "c", "d", "e"]
      const { list, root } = yield* opened(Object.fromEntries(names.map((name) => [`skills/${name}/SKILL.md`, main(name)])), {
        pageSize: 2
      })
      const fs = yield* FileSystem.FileSystem
      const namesOf = (page: SkillDirectory.Page<Skill>) => page.items.map(({ frontmatter }) => frontmatter.name)
      const first = yield* list(undefined)
      assert.deepStrictEqual(namesOf(first), ["a", "b"])
      yield* fs.remove(`${root}/b`, { recursive: true })
      yield* fs.remove(`${root}/a`, { recursive: true })
      const second = yield* list(first.nextCursor)
      assert.deepStrictEqual(namesOf(second), ["c", "d"])
      const third = yield* list(second.nextCursor)
      assert.deepStrictEqual([namesOf(third), third.nextCursor], [["e"], undefined])
      for (const cursor of ["", "x", "YWZ0ZXI", "%%"]) {
        assert.strictEqual(reasonOf(yield* Effect.exit(list(cursor))), "InvalidParams", cursor)
      }
    }).pipe(provide)
  )

  it.effect("gives large directories in pages", () =>
    Effect.gen(function* () {
      const { children, root } = yield* opened({ "skills/a/SKILL.md": main("a") }, { refresh: "1 minute" })
      const fs = yield* FileSystem.FileSystem
      const names = Array.from({ length: 1000 }, (_, i) => `s${String(i).padStart(4, "0")}`)
      yield* Effect.forEach(names, (name) => fs.makeDirectory(`${root}/a/${name}`), { concurrency: 32, discard: true })
      const first = yield* children("skill://a", undefined)
      assert.strictEqual(first.items.length, 1000)
      const { items, nextCursor } = yield* children("skill://a", first.nextCursor)
      assert.deepStrictEqual([items.map(({ name }) => name), nextCursor], [["s0999"], undefined])
      assert.strictEqual(reasonOf(yield* Effect.exit(children("skill://a", "x"))), "InvalidParams")
    }).pipe(provide)
  )

  it.effect("counts the files of a skill within a skill for both, and lists both", () =>
    Effect.gen(function* () {
      const { children, list } = yield* opened({
        "skills/outer/SKILL.md": main("outer"),
        "skills/outer/inner/SKILL.md": main("inner"),
        "skills/outer/inner/a.md": "a"
      })
      const { items } = yield* list(undefined)
      const inner = ["skill://outer/inner/SKILL.md", "skill://outer/inner/a.md"]
      assert.deepStrictEqual(items.map(filesOf), [["skill://outer/SKILL.md", ...inner], inner])
      assert.strictEqual((yield* children("skill://outer/inner", undefined)).items[0]?.name, "inner")
    }).pipe(provide)
  )

  it.effect("leaves out what is no good skill, and says why once", () =>
    Effect.gen(function* () {
      const log = captured()
      const { list, uris } = yield* opened({
        "skills/good/SKILL.md": main("good"),
        "skills/SKILL.md": main("skills"),
        "skills/other/SKILL.md": main("another"),
        "skills/Upper/SKILL.md": main("Upper"),
        "skills/plain/SKILL.md": "# no frontmatter",
        "skills/latin/SKILL.md": new Uint8Array([0x2d, 0xe9]),
        "skills/lower/skill.md": main("lower")
      })
      const provided = Effect.provide(uris, log.layer)
      assert.deepStrictEqual(yield* provided, ["skill://good/SKILL.md"])
      const told = log.lines.map((line) => line.slice(line.indexOf(": ") + 2)).toSorted()
      assert.deepStrictEqual(told, [
        "the SKILL.md directly in it is not served: each skill is a directory of its own",
        'the skill "Upper" is not served: SKILL.md: `name` must be 1 to 64 lower-case letters, digits and single hyphens, with no hyphen at an end',
        'the skill "latin" is not served: SKILL.md: it is no UTF-8',
        'the skill "other" is not served: its name is "another", and must be that of its directory',
        'the skill "plain" is not served: SKILL.md: it does not begin with a line `---`'
      ])
      yield* provided
      yield* Effect.provide(list(undefined), log.layer)
      assert.strictEqual(log.lines.length, 5)
    }).pipe(provide)
  )

  it.effect("tells at most 20 of many warnings", () =>
    Effect.gen(function* () {
      const log = captured()
      const names = Array.from({ length: 25 }, (_, i) => `s${i}`)
      const { uris } = yield* opened(Object.fromEntries(names.map((name) => [`skills/${name}/SKILL.md`, "bad"])))
      assert.deepStrictEqual(yield* Effect.provide(uris, log.layer), [])
      assert.strictEqual(log.lines.length, 21)
      assert.match(log.lines.at(-1) ?? "", /: 5 more of that kind$/)
    }).pipe(provide)
  )

  it.effect("follows links to files that stay inside, and nothing else", () =>
    Effect.gen(function* () {
      const { children, list, read, root } = yield* opened({
        "secret.md": "secret",
        "outside/SKILL.md": main("outside"),
        "skills/good/SKILL.md": main("good"),
        "skills/good/shared.md": { link: "../README.md" },
        "skills/good/secret.md": { link: "../../secret.md" },
        "skills/good/absolute.md": { link: "/etc/hostname" },
        "skills/good/broken.md": { link: "nothing" },
        "skills/good/round": { link: "round" },
        "skills/good/up": { link: ".." },
        "skills/good/out": { link: "../../outside" },
        "skills/outside": { link: "../outside" },
        "skills/again": { link: "good" },
        "skills/linked/SKILL.md": { link: "../../outside/SKILL.md" }
      })
      const { items } = yield* list(undefined)
      assert.deepStrictEqual(items.map(filesOf), [["skill://good/SKILL.md", "skill://good/shared.md"]])
      assert.deepStrictEqual(
        (yield* children("skill://good", undefined)).items.map(({ uri }) => uri),
        ["skill://good/SKILL.md", "skill://good/shared.md"]
      )
      const none = [
        "good/secret.md",
        "good/absolute.md",
        "good/up/README.md",
        "outside/SKILL.md",
        "again/SKILL.md",
        "linked/SKILL.md"
      ]
      for (const path of none) assert.strictEqual(reasonOf(yield* Effect.exit(read(path, "skill://x"))), "ResourceNotFound", path)
      // One that is turned after it was seen leads nowhere either.
      const fs = yield* FileSystem.FileSystem
      yield* fs.remove(`${root}/good/shared.md`)
      yield* fs.symlink("../../secret.md", `${root}/good/shared.md`)
      assert.strictEqual(reasonOf(yield* Effect.exit(read("good/shared.md", "skill://x"))), "ResourceNotFound")
    }).pipe(provide)
  )

  it.effect("leaves out skills of more than 512 files, and takes those of 512", () =>
    Effect.gen(function* () {
      const log = captured()
      const many = (name: string, count: number) =>
        Object.fromEntries(Array.from({ length: count - 1 }, (_, i) => [`skills/${name}/${i}.md`, ""]))
      const { uris } = yield* opened({
        "skills/full/SKILL.md": main("full"),
        ...many("full", 512),
        "skills/over/SKILL.md": main("over"),
        ...many("over", 513)
      })
      assert.deepStrictEqual(yield* Effect.provide(uris, log.layer), ["skill://full/SKILL.md"])
      assert.match(log.lines.join(), /the skill "over" is not served: it has more than 512 files/)
    }).pipe(provide)
  )

  it.effect("leaves out skills of more than 16 MiB without reading them, and takes those of 16 MiB", () =>
    Effect.gen(function* () {
      const log = captured()
      const fs = yield* FileSystem.FileSystem
      const half = 8 * 1024 * 1024
      const { root, uris } = yield* opened({
        "skills/full/SKILL.md": main("full"),
        "skills/over/SKILL.md": main("over"),
        "skills/huge/SKILL.md": main("huge")
      })
      const size = Buffer.byteLength(main("full"))
      yield* fs.writeFile(`${root}/full/a`, new Uint8Array(half))
      yield* fs.writeFile(`${root}/full/b`, new Uint8Array(half - size))
      yield* fs.writeFile(`${root}/over/a`, new Uint8Array(half))
      yield* fs.writeFile(`${root}/over/b`, new Uint8Array(half - size + 1))
      yield* fs.writeFile(`${root}/huge/a`, new Uint8Array(0))
      yield* fs.truncate(`${root}/huge/a`, 1_000_000_000_000)
      assert.deepStrictEqual(yield* Effect.provide(uris, log.layer), ["skill://full/SKILL.md"])
      assert.strictEqual(log.lines.filter((line) => line.includes("larger than 16777216 bytes together")).length, 2)
    }).pipe(provide)
  )

  it.effect("leaves out skills that it has not seen to their end", () =>
    Effect.gen(function* () {
      const log = captured()
      const { list } = yield* opened(
        {
          "skills/a/SKILL.md": main("a"),
          "skills/b/SKILL.md": main("b"),
          "skills/b/inner/SKILL.md": main("inner"),
          "skills/b/inner/x.md": "x",
          "skills/c/SKILL.md": main("c")
        },
        // README.md, a and its file, b, its SKILL.md, inner and its SKILL.md: one before the end of it.
        { maxEntries: 7 }
      )
      const { items } = yield* Effect.provide(list(undefined), log.layer)
      assert.deepStrictEqual(
        items.map(({ uri }) => uri),
        ["skill://a/SKILL.md"]
      )
      assert.match(log.lines.join("\n"), /only its first 7 entries were looked at, up to "b\/inner\/x.md"; raise `maxEntries`/)
      assert.match(log.lines.join("\n"), /"b" is not served: not all of it was looked at/)
      assert.match(log.lines.join("\n"), /"b\/inner" is not served: not all of it was looked at/)
    }).pipe(provide)
  )

  it.effect("serves the first skills of too many, and refuses limits that are none", () =>
    Effect.gen(function* () {
      const log = captured()
      const names = ["c", "a", "b"]
      const { uris } = yield* opened(Object.fromEntries(names.map((name) => [`skills/${name}/SKILL.md`, main(name)])), {
        maxSkills: 2
      })
      assert.deepStrictEqual(yield* Effect.provide(uris, log.layer), ["skill://a/SKILL.md", "skill://b/SKILL.md"])
      assert.match(log.lines.join(), /only the first 2 skills are served; raise `maxSkills`/)
      for (const limit of ["maxSkills", "maxEntries", "pageSize"] as const) {
        assert.match(String(failureOf(yield* Effect.exit(opened({}, { [limit]: 0 })))), new RegExp(`${limit} must be at least 1`))
      }
    }).pipe(provide)
  )

  it.effect("leaves out a skill that goes deeper than is looked", () =>
    Effect.gen(function* () {
      const log = captured()
      const { uris } = yield* opened({
        "skills/a/SKILL.md": main("a"),
        [`skills/a/${"d/".repeat(62)}x.md`]: "64 levels",
        "skills/b/SKILL.md": main("b"),
        [`skills/b/${"d/".repeat(63)}x.md`]: "65 levels"
      })
      assert.deepStrictEqual(yield* Effect.provide(uris, log.layer), ["skill://a/SKILL.md"])
      assert.match(log.lines.join(), /"b" is not served: it is nested too deeply/)
    }).pipe(provide)
  )

  it.effect(
    "looks through 10,000 entries in a bounded time",
    () =>
      Effect.gen(function* () {
        const { root, uris } = yield* opened({ "skills/a/SKILL.md": main("a"), "skills/heap/x": "" })
        const fs = yield* FileSystem.FileSystem
        yield* Effect.forEach(
          Array.from({ length: 9990 }, (_, i) => i),
          (i) => fs.writeFileString(`${root}/heap/${i}`, ""),
          {
            concurrency: 32,
            discard: true
          }
        )
        assert.deepStrictEqual(yield* uris, ["skill://a/SKILL.md"])
      }).pipe(provide),
    30_000
  )
})

describe("changes in a SkillDirectory", () => {
  it.effect("are seen without a restart", () =>
    Effect.gen(function* () {
      const changes: Array<ReadonlyArray<string>> = []
      const { get, list, read, root, uris } = yield* opened(tree, {}, (mains) => changes.push(mains.map(({ path }) => path)))
      const fs = yield* FileSystem.FileSystem
      yield* list(undefined)
      yield* fs.makeDirectory(`${root}/new`)
      yield* fs.writeFileString(`${root}/new/SKILL.md`, main("new"))
      yield* fs.remove(`${root}/bom`, { recursive: true })
      yield* fs.writeFileString(`${root}/pdf/references/FORMS.md`, "other")
      assert.deepStrictEqual(yield* uris, [
        "skill://acme/billing/refunds/SKILL.md",
        "skill://new/SKILL.md",
        "skill://pdf/SKILL.md"
      ])
      const { resources } = yield* get("skill://pdf/SKILL.md")
      assert.deepInclude<unknown>(resources, resource("skill://pdf/references/FORMS.md", "other"))
      assert.deepInclude((yield* read("pdf/references/FORMS.md", "u"))[0], { text: "other" })
      assert.strictEqual(reasonOf(yield* Effect.exit(read("bom/SKILL.md", "u"))), "ResourceNotFound")
      yield* fs.writeFileString(`${root}/new/SKILL.md`, main("new").replace("About", "Of"))
      yield* list(undefined)
      const [first, second, third, more] = changes
      assert.deepStrictEqual(first, ["acme/billing/refunds/SKILL.md", "bom/SKILL.md", "pdf/SKILL.md"])
      assert.deepStrictEqual(second, ["acme/billing/refunds/SKILL.md", "new/SKILL.md", "pdf/SKILL.md"])
      assert.deepStrictEqual([third, more], [second, undefined])
    }).pipe(provide)
  )

  it.effect("are seen after a second, by default", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "a/SKILL.md": main("a") })
      const { list } = yield* SkillDirectory.make(root)
      const fs = yield* FileSystem.FileSystem
      const count = Effect.map(list(undefined), ({ items }) => items.length)
      assert.strictEqual(yield* count, 1)
      yield* fs.makeDirectory(`${root}/b`)
      yield* fs.writeFileString(`${root}/b/SKILL.md`, main("b"))
      yield* TestClock.adjust(999)
      assert.strictEqual(yield* count, 1)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* count, 2)
    }).pipe(provide)
  )

  it.effect("are digested anew, and files that have not changed are not read again", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const reads: Array<string> = []
      const counting = FileSystem.FileSystem.of({
        ...fs,
        open: (path, options) => {
          reads.push(path.slice(path.lastIndexOf("/") + 1))
          return fs.open(path, options)
        }
      })
      const { list, root } = yield* opened({ "skills/a/SKILL.md": main("a"), "skills/a/b.md": "1" }).pipe(
        Effect.provideService(FileSystem.FileSystem, counting)
      )
      const listed = Effect.flatMap(
        Effect.sync(() => reads.splice(0)),
        () => Effect.map(list(undefined), ({ items }) => [reads.toSorted(), items[0]?.resources[1]] as const)
      )
      const mtime = 1_000_000_000
      yield* fs.utimes(`${root}/a/SKILL.md`, mtime, mtime)
      yield* fs.utimes(`${root}/a/b.md`, mtime, mtime)
      // Both were modified as long ago as it takes, or shorter.
      yield* TestClock.setTime(mtime * 1000 + 1999)
      assert.deepStrictEqual((yield* listed)[0], ["SKILL.md", "SKILL.md", "b.md"])
      yield* TestClock.setTime(mtime * 1000 + 2000)
      assert.deepStrictEqual((yield* listed)[0], ["SKILL.md", "b.md"])
      assert.deepStrictEqual((yield* listed)[0], [])
      yield* fs.writeFileString(`${root}/a/b.md`, "2")
      yield* fs.utimes(`${root}/a/b.md`, mtime - 1, mtime - 1)
      assert.deepStrictEqual(yield* listed, [["b.md"], resource("skill://a/b.md", "2")])
      assert.deepStrictEqual((yield* listed)[0], [])
    }).pipe(provide)
  )

  it.effect("while it is looked are taken as they come: files that are gone, and skills that are", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      let onOpen: (path: string) => Effect.Effect<void> = () => Effect.void
      const racing = FileSystem.FileSystem.of({
        ...fs,
        open: (path, options) => Effect.andThen(onOpen(path), fs.open(path, options))
      })
      const { list, root } = yield* opened({
        "skills/a/SKILL.md": main("a"),
        "skills/a/b.md": "1",
        "skills/z/SKILL.md": main("z")
      }).pipe(Effect.provideService(FileSystem.FileSystem, racing))
      const remove = (path: string) => Effect.ignore(fs.remove(`${root}/${path}`))
      onOpen = (path) => (path.endsWith("a/SKILL.md") ? remove("a/b.md") : Effect.void)
      assert.deepStrictEqual((yield* list(undefined)).items.map(filesOf), [["skill://a/SKILL.md"], ["skill://z/SKILL.md"]])
      // It has another name when it is digested than when it was found.
      let opens = 0
      onOpen = (path) =>
        path.endsWith("a/SKILL.md") && ++opens === 2
          ? Effect.orDie(fs.writeFileString(`${root}/a/SKILL.md`, main("b")))
          : Effect.void
      assert.deepStrictEqual((yield* list(undefined)).items.map(filesOf), [["skill://z/SKILL.md"]])
    }).pipe(provide)
  )

  it.effect("are looked for once for all who ask at the same time, and again when who looks is interrupted", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const started = yield* Deferred.make<void>()
      let looks = 0
      const slow = FileSystem.FileSystem.of({
        ...fs,
        readDirectoryEntries: (path) =>
          Effect.suspend(() => {
            if (!path.endsWith("/skills")) return fs.readDirectoryEntries(path)
            return ++looks === 1
              ? Effect.andThen(Deferred.succeed(started, undefined), Effect.never)
              : fs.readDirectoryEntries(path)
          })
      })
      const { list } = yield* opened({ "skills/a/SKILL.md": main("a") }, { refresh: "1 second" }).pipe(
        Effect.provideService(FileSystem.FileSystem, slow)
      )
      const first = yield* Effect.forkChild(list(undefined))
      yield* Deferred.await(started)
      const others = yield* Effect.forkChild(Effect.all([list(undefined), list(undefined)], { concurrency: 2 }))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(first)
      assert.deepStrictEqual(
        (yield* Fiber.join(others)).map(({ items }) => items.length),
        [1, 1]
      )
      assert.strictEqual(looks, 2)
    }).pipe(provide)
  )

  it.effect("that take the directory away are a defect", () =>
    Effect.gen(function* () {
      const { list, root } = yield* opened(tree)
      yield* list(undefined)
      yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(root, { recursive: true }))
      assert.match(String(failureOf(yield* Effect.exit(list(undefined)))), /was not read/)
    }).pipe(provide)
  )
})
