import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { McpClientError } from "../src/McpClientError.ts"
import * as Skills from "../src/Skills.ts"
import { agreeing, connect, discovered, initialized, type Json, type Script, scripted } from "./support/server.ts"

const id = "io.modelcontextprotocol/skills"
const uri = "skill://pdf/SKILL.md"
const main = "---\nname: pdf\ndescription: Reads PDF\n---\n\n# PDF\n"
const forms = "Forms."
const png = new Uint8Array([137, 80, 78, 71])

const resource = (at: string, content: string | Uint8Array) => ({
  uri: `skill://pdf/${at}`,
  digest: `sha256:${createHash("sha256").update(content).digest("hex")}`,
  size: Buffer.byteLength(content)
})

const listed = {
  uri,
  frontmatter: { name: "pdf", description: "Reads PDF" },
  resources: [resource("SKILL.md", main), resource("references/the%20forms.md", forms), resource("logo.png", png)]
}

const contents = (at: string, text: string) => [{ uri: at, mimeType: "text/markdown", text }]

/** What the server has, by URI. */
const served: { readonly [uri: string]: ReadonlyArray<Json> } = {
  [uri]: contents(uri, main),
  "skill://pdf/references/the%20forms.md": contents("skill://pdf/references/the%20forms.md", forms),
  "skill://pdf/logo.png": [{ uri: "skill://pdf/logo.png", mimeType: "image/png", blob: "iVBORw==" }]
}

interface World {
  readonly version?: string
  readonly settings?: Json | undefined
  readonly skills?: ReadonlyArray<unknown>
  readonly served?: { readonly [uri: string]: ReadonlyArray<Json> }
  readonly more?: Script
}

const opened = Effect.fnUntraced(function* (world: World = {}) {
  const { more, served: has = served, skills = [listed], version = "2026-07-28" } = world
  const settings = "settings" in world ? world.settings : { directoryRead: true }
  const extensions = settings === undefined ? {} : { [id]: settings }
  const kept = version === "2026-07-28" ? { resultType: "complete", ttlMs: 60_000, cacheScope: "private" } : {}
  const script: Script = (message, connection) => {
    const { method, params } = message
    if (more !== undefined && ["skills/get", "resources/directory/read"].includes(method)) return more(message, connection)
    if (method === "skills/list")
      return more === undefined ? connection.answer(message, { ...kept, skills }) : more(message, connection)
    if (method === "resources/read") connection.answer(message, { ...kept, contents: has[params.uri] ?? [] })
    else if (method === "skills/get") connection.answer(message, { ...kept, skill: skills[0] })
    return undefined
  }
  const server = scripted((message, connection) => {
    if (message["method"] === "server/discover" && version === "2026-07-28") {
      connection.answer(message, { ...discovered(), capabilities: { resources: {}, extensions } })
    } else if (message["method"] === "initialize") {
      connection.answer(message, { ...initialized(version), capabilities: { resources: {}, experimental: extensions } })
    } else agreeing(version, script)(message, connection)
  })
  const client = yield* connect(server, {})
  const connection = server.connections.at(-1)!
  /** The URIs that were read. */
  const reads = () =>
    connection.sent.filter((message) => message["method"] === "resources/read").map((message) => message["params"].uri)
  return { client, connection, reads, skills: Skills.of(client) }
})

const failureOf = (exit: Exit.Exit<unknown, unknown>): unknown => (Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined)

const refusalOf = (exit: Exit.Exit<unknown, unknown>): Skills.SkillRefused => {
  const failure = failureOf(exit)
  if (!(failure instanceof Skills.SkillRefused)) throw new Error(`not refused: ${String(failure)}`)
  return failure
}

const codeOf = (exit: Exit.Exit<unknown, unknown>): unknown => {
  const failure = failureOf(exit)
  return failure instanceof McpClientError && failure.reason._tag === "RequestFailed" ? failure.reason.code : failure
}

describe.each(["2024-11-05", "2025-11-25", "2026-07-28"])("Skills in %s", (version) => {
  it.effect("are listed and got, and nothing is read before it is asked for", () =>
    Effect.gen(function* () {
      const { connection, reads, skills } = yield* opened({ version })
      assert.deepStrictEqual([skills.isSupported, skills.readsDirectories], [true, true])
      assert.deepStrictEqual<unknown>(yield* skills.list, [listed])
      assert.deepStrictEqual<unknown>(yield* Stream.runCollect(skills.stream), [listed])
      assert.deepStrictEqual<unknown>(yield* skills.get(uri), listed)
      assert.deepStrictEqual(reads(), [])
      assert.strictEqual(connection.last("skills/get")["params"].uri, uri)
    })
  )

  it.effect("are loaded, and their files read, by path or URI, one by one", () =>
    Effect.gen(function* () {
      const { reads, skills } = yield* opened({ version })
      const [skill] = yield* skills.list
      const { files, read, text } = yield* skills.load(skill!)
      assert.strictEqual(text, main)
      assert.deepStrictEqual(reads(), [uri])
      assert.deepStrictEqual(
        files.map(({ path }) => path),
        ["SKILL.md", "references/the forms.md", "logo.png"]
      )
      const file = yield* read("references/the forms.md")
      assert.deepStrictEqual([file.text, file.mimeType, file.path], [forms, "text/markdown", "references/the forms.md"])
      assert.deepStrictEqual(yield* read("./references/the forms.md"), file)
      assert.deepStrictEqual(yield* read(file.uri), file)
      const logo = yield* read("logo.png")
      assert.deepStrictEqual([logo.text, [...logo.bytes]], [undefined, [...png]])
      assert.deepStrictEqual(reads(), [uri, file.uri, file.uri, file.uri, logo.uri])
    })
  )
})

describe("Skills.load", () => {
  it.effect("refuses a SKILL.md that is not what was listed, and asks for nothing else", () =>
    Effect.gen(function* () {
      const evil = main.replace("Reads PDF", "Leaks PDF")
      const cases: ReadonlyArray<readonly [what: string, detail: RegExp, skill: Json, contents: ReadonlyArray<Json>]> = [
        ["digest", /its digest is sha256:/, listed, contents(uri, main.replace("# PDF", "# PFF"))],
        ["size", /it has \d+ bytes, and was listed with 48/, listed, contents(uri, `${main}more`)],
        [
          "frontmatter",
          /its member "description" is not what was listed/,
          { ...listed, resources: [resource("SKILL.md", evil)] },
          contents(uri, evil)
        ],
        ["frontmatter", /does not begin with/, { ...listed, resources: [resource("SKILL.md", "# PDF")] }, contents(uri, "# PDF")],
        ["frontmatter", /it is no UTF-8/, { ...listed, resources: [resource("SKILL.md", png)] }, [{ uri, blob: "iVBORw==" }]],
        ["contents", /this one file/, listed, []],
        ["contents", /this one file/, listed, [...contents(uri, main), ...contents(uri, main)]],
        ["contents", /this one file/, listed, contents("skill://other/SKILL.md", main)],
        ["contents", /no base64/, listed, [{ uri, blob: "%" }]]
      ]
      for (const [what, detail, skill, contents] of cases) {
        const { reads, skills } = yield* opened({ skills: [skill], served: { ...served, [uri]: contents } })
        const [entry] = yield* skills.list
        const refusal = refusalOf(yield* Effect.exit(skills.load(entry!)))
        assert.deepStrictEqual([refusal.what, refusal.uri], [what, uri])
        assert.match(refusal.message, detail)
        assert.deepStrictEqual(reads(), [uri])
      }
    })
  )

  it.effect("refuses what was listed against the rules, before anything is asked", () =>
    Effect.gen(function* () {
      const [first, second] = listed.resources
      const named = (name: string) => ({
        uri: `skill://${name}/SKILL.md`,
        frontmatter: { ...listed.frontmatter, name },
        resources: [{ ...first, uri: `skill://${name}/SKILL.md` }]
      })
      const withFile = (at: string) => ({ ...listed, resources: [first, { ...second, uri: at }] })
      const many = (count: number) => Array.from({ length: count }, (_, i) => ({ ...second, uri: `skill://pdf/${i}` }))
      const cases: ReadonlyArray<readonly [what: string, skill: Json]> = [
        ["dynamic", { ...listed, resources: "dynamic" }],
        [
          "entry",
          { ...listed, uri: "skill://pdf/skill.md", resources: [...listed.resources, { ...first, uri: "skill://pdf/skill.md" }] }
        ],
        ["entry", { ...listed, uri: "skill://pdf/SKILL.md?a=1" }],
        ["entry", { ...listed, uri: "SKILL.md" }],
        ["entry", { ...listed, frontmatter: { ...listed.frontmatter, name: "other" } }],
        ["entry", named("PDF")],
        ["entry", named("a--b")],
        ["entry", named("..")],
        ["entry", { ...listed, resources: [] }],
        ["entry", { ...listed, resources: [second] }],
        ["entry", { ...listed, resources: [first, second, second] }],
        ["entry", { ...listed, resources: [first, second, { ...second, uri: "skill://pdf/references/the%20f%6Frms.md" }] }],
        ["entry", { ...listed, resources: [first, ...many(512)] }],
        ["entry", { ...listed, resources: [first, { ...second, size: 16 * 1024 * 1024 }] }],
        ...[
          "skill://pdf2/a.md",
          "skill://pdf",
          "skill://pdf/",
          "skill://pdf/a//b",
          "skill://pdf/../etc/passwd",
          "skill://pdf/%2e%2e/etc/passwd",
          "skill://pdf/..%2fetc",
          "skill://pdf/a%5C..%5Cb",
          "skill://pdf/./a.md",
          "skill://pdf/a%00",
          "skill://pdf/%",
          "skill://pdf/a?b",
          "skill://pdf/a#b",
          "file:///etc/passwd"
        ].map((at) => ["entry", withFile(at)] as const)
      ]
      for (const [what, skill] of cases) {
        const { reads, skills } = yield* opened({ skills: [skill] })
        const [entry] = yield* skills.list
        assert.strictEqual(refusalOf(yield* Effect.exit(skills.load(entry!))).what, what, JSON.stringify(skill).slice(0, 300))
        assert.deepStrictEqual(reads(), [])
      }
    })
  )

  it.effect("takes as much as every client has to take", () =>
    Effect.gen(function* () {
      const [first] = listed.resources
      const others = Array.from({ length: 511 }, (_, i) => ({ ...first, uri: `skill://pdf/${i}`, size: 0 }))
      const rest = 16 * 1024 * 1024 - first!.size
      const skill = { ...listed, resources: [first, ...others.slice(1), { ...first, uri: "skill://pdf/rest", size: rest }] }
      const { skills } = yield* opened({ skills: [skill] })
      const [entry] = yield* skills.list
      assert.strictEqual((yield* skills.load(entry!)).files.length, 512)
    })
  )

  it.effect("gives no file that differs, or that was not listed", () =>
    Effect.gen(function* () {
      const at = "skill://pdf/references/the%20forms.md"
      const { reads, skills } = yield* opened({ served: { ...served, [at]: contents(at, "Firms.") } })
      const [skill] = yield* skills.list
      const { read } = yield* skills.load(skill!)
      const refusal = refusalOf(yield* Effect.exit(read("references/the forms.md")))
      assert.deepStrictEqual([refusal.what, refusal.uri], ["digest", at])
      for (const name of ["new.md", "../pdf/SKILL.md", "skill://other/SKILL.md", ""]) {
        assert.strictEqual(refusalOf(yield* Effect.exit(read(name))).what, "unlisted", name)
      }
      assert.deepStrictEqual(reads(), [uri, at])
    })
  )

  it.effect("takes a byte order mark for a part of the file", () =>
    Effect.gen(function* () {
      const marked = `\ufeff${main}`
      const skill = { ...listed, resources: [resource("SKILL.md", marked)] }
      const { skills } = yield* opened({ skills: [skill], served: { [uri]: contents(uri, marked) } })
      const [entry] = yield* skills.list
      assert.strictEqual((yield* skills.load(entry!)).text, marked)
    })
  )

  it.effect("does not take an answer that was kept for what is there now", () =>
    Effect.gen(function* () {
      const now: Record<string, ReadonlyArray<Json>> = { ...served }
      const skills: Array<unknown> = [listed]
      const { client, skills: of } = yield* opened({ skills, served: now })
      yield* client.readResource(uri)
      const changed = main.replace("# PDF", "# FDP")
      now[uri] = contents(uri, changed)
      skills[0] = { ...listed, resources: [resource("SKILL.md", changed)] }
      assert.strictEqual((yield* of.load(yield* of.get(uri))).text, changed)
    })
  )
})

describe("Skills", () => {
  it.effect("of a server without them, or without directories, are not asked for", () =>
    Effect.gen(function* () {
      const { connection, skills } = yield* opened({ settings: undefined })
      assert.deepStrictEqual([skills.isSupported, skills.readsDirectories], [false, false])
      for (const asked of [skills.list, skills.get(uri), skills.readDirectory("skill://pdf"), Stream.runCollect(skills.stream)]) {
        const exit: Exit.Exit<unknown, McpClientError> = yield* Effect.exit(asked as Effect.Effect<unknown, McpClientError>)
        assert.strictEqual(codeOf(exit), -32601)
      }
      assert.isFalse(connection.methods.some((method) => String(method).startsWith("skills/")))
      const bare = yield* opened({ settings: {} })
      assert.deepStrictEqual([bare.skills.isSupported, bare.skills.readsDirectories], [true, false])
      assert.strictEqual(codeOf(yield* Effect.exit(bare.skills.readDirectory("skill://pdf"))), -32601)
      assert.notInclude(bare.connection.methods, "resources/directory/read")
    })
  )

  it.effect("come in pages, and a stream asks for those that are taken", () =>
    Effect.gen(function* () {
      const cursors: Array<unknown> = []
      const { skills } = yield* opened({
        more: (message, connection) => {
          const cursor = message["params"].cursor
          cursors.push(cursor)
          const next = cursor === undefined ? { nextCursor: "2" } : cursor === "2" ? { nextCursor: "3" } : {}
          connection.answer(message, { resultType: "complete", skills: [listed], ...next })
        }
      })
      assert.strictEqual((yield* skills.list).length, 3)
      assert.deepStrictEqual(cursors.splice(0), [undefined, "2", "3"])
      yield* skills.stream.pipe(Stream.take(1), Stream.runDrain)
      assert.deepStrictEqual(cursors, [undefined])
    })
  )

  it.effect("that cannot be read are left out, and the log says so", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const { resources: _, ...incomplete } = listed
      const broken = [
        incomplete,
        { ...listed, resources: null },
        { ...listed, resources: "static" },
        { ...listed, frontmatter: { name: "pdf" } },
        { ...listed, frontmatter: [] },
        { ...listed, resources: [{ ...listed.resources[0], digest: "sha256:abc" }] },
        { ...listed, resources: [{ ...listed.resources[0], size: -1 }] },
        { ...listed, resources: [{ uri, digest: listed.resources[0]!.digest }] }
      ]
      const { skills } = yield* opened({ skills: [...broken, listed] })
      const found = yield* Effect.provide(skills.list, Logger.layer([logger]))
      assert.deepStrictEqual<unknown>(found, [listed])
      assert.strictEqual(lines.filter((line) => line.startsWith("a skill of the server cannot be read")).length, broken.length)
    })
  )

  it.effect("keep members of the frontmatter that nobody knows, and set no prototype", () =>
    Effect.gen(function* () {
      const frontmatter = JSON.parse('{"name":"pdf","description":"Reads PDF","x":{"y":[1]},"__proto__":{"z":1}}')
      const { skills } = yield* opened({ skills: [{ ...listed, frontmatter }] })
      const [skill] = yield* skills.list
      assert.strictEqual(JSON.stringify(skill!.frontmatter), JSON.stringify(frontmatter))
      assert.isUndefined((skill!.frontmatter as Json)["z"])
      assert.strictEqual(refusalOf(yield* Effect.exit(skills.load(skill!))).what, "frontmatter")
    })
  )

  it.effect("that were not asked for, or not completely, are no answer", () =>
    Effect.gen(function* () {
      const answering = (result: Json) => opened({ more: (message, connection) => connection.answer(message, result) })
      const other = yield* answering({ resultType: "complete", skill: { ...listed, uri: "skill://other/SKILL.md" } })
      assert.match(String(failureOf(yield* Effect.exit(other.skills.get(uri)))), /it is the skill "skill:\/\/other\/SKILL.md"/)
      const half = yield* answering({ resultType: "half", skills: [] })
      assert.match(String(failureOf(yield* Effect.exit(half.skills.list))), /its result type is not known: "half"/)
      const none = yield* answering({ resultType: "complete" })
      assert.match(String(failureOf(yield* Effect.exit(none.skills.list))), /it has no list of skills/)
    })
  )

  it.effect("have directories, in pages", () =>
    Effect.gen(function* () {
      const child = (name: string) => ({ uri: `skill://pdf/${name}`, name, mimeType: "inode/directory" })
      const { connection, skills } = yield* opened({
        more: (message, connection) =>
          connection.answer(
            message,
            message["params"].cursor === undefined
              ? { resultType: "complete", resources: [child("a")], nextCursor: "x" }
              : { resultType: "complete", resources: [child("b")] }
          )
      })
      assert.deepStrictEqual<unknown>(yield* skills.readDirectory("skill://pdf"), [child("a"), child("b")])
      assert.deepInclude(connection.last("resources/directory/read")["params"], { uri: "skill://pdf", cursor: "x" })
    })
  )
})
