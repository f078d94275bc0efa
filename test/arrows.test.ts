import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { check, format, type Finding } from "../scripts/arrows.ts"

type Tree = Readonly<Record<string, string>>

const manifest = (name: string, ...dependencies: ReadonlyArray<string>): string =>
  JSON.stringify({
    name: `@effect-mcp/${name}`,
    peerDependencies: { effect: "~4.1.0" },
    dependencies: Object.fromEntries(dependencies.map((dependency) => [dependency, "0.1.0"]))
  })

/** A house in which every arrow points as written. */
const sound: Tree = {
  "package.json": JSON.stringify({ name: "effect-mcp", devDependencies: { vitest: "5.1.0" } }),
  "packages/core/package.json": manifest("core"),
  "packages/core/src/index.ts": 'export * from "./A.ts"',
  "packages/core/src/A.ts":
    'import * as Effect from "effect/Effect"\nexport * as B from "./internal/b.ts"\nexport const a = Effect.void',
  "packages/core/src/internal/b.ts": 'import type * as Http from "effect/http/HttpClient"\nexport type B = Http.HttpClient',
  "packages/server/package.json": manifest("server", "@effect-mcp/core"),
  "packages/server/src/Server.ts": 'import * as A from "@effect-mcp/core/A"\nexport const server = A.a',
  "packages/client/package.json": manifest("client", "@effect-mcp/core"),
  "packages/client/src/Client.ts": 'import type * as A from "@effect-mcp/core/A"\nexport type Client = typeof A.a',
  "packages/transport-stdio/package.json": manifest("transport-stdio", "@effect-mcp/core"),
  "packages/transport-stdio/src/Stdio.ts": 'import { spawn } from "node:child_process"\nexport const stdio = spawn',
  "examples/package.json": manifest("examples", "effect", "@effect-mcp/core", "@effect-mcp/server", "@effect-mcp/client"),
  "examples/one/main.ts":
    'import { Effect } from "effect"\nimport * as Server from "@effect-mcp/server"\nconsole.log(Effect, Server)',
  "examples/test/one.test.ts": 'import { it } from "vitest"\nit("runs", () => {})'
}

const findingsOf = (changes: Tree): ReadonlyArray<Finding> => {
  const root = mkdtempSync(join(tmpdir(), "arrows-"))
  try {
    for (const [file, text] of Object.entries({ ...sound, ...changes })) {
      mkdirSync(join(root, dirname(file)), { recursive: true })
      writeFileSync(join(root, file), text)
    }
    return check(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

/** The findings as `file:line rule`. */
const brief = (changes: Tree): ReadonlyArray<string> =>
  findingsOf(changes).map(({ file, line, rule }) => `${file}:${line} ${rule}`)

const core = "packages/core/src/C.ts"
const server = "packages/server/src/S.ts"

describe("arrows", () => {
  it("finds nothing in a sound house", () => {
    assert.deepStrictEqual(brief({}), [])
  })

  describe("arrow", () => {
    it("core knows nobody", () => {
      assert.deepStrictEqual(brief({ [core]: '\nimport "@effect-mcp/server/Server"' }), [`${core}:2 arrow`])
    })

    it("server, client and transports know core alone", () => {
      const text = [
        'import * as A from "@effect-mcp/core/A"',
        'import * as B from "@effect-mcp/client/Client"',
        'import * as C from "@effect-mcp/transport-stdio/Stdio"',
        "console.log(A, B, C)"
      ].join("\n")
      assert.deepStrictEqual(brief({ [server]: text }), [`${server}:2 arrow`, `${server}:3 arrow`])
      const stdio = "packages/transport-stdio/src/T.ts"
      assert.deepStrictEqual(brief({ [stdio]: 'import "@effect-mcp/server/Server"' }), [`${stdio}:1 arrow`])
      const client = "packages/client/src/D.ts"
      assert.deepStrictEqual(brief({ [client]: 'import "@effect-mcp/server/Server"' }), [`${client}:1 arrow`])
    })

    for (const [form, text] of Object.entries({
      "import type": 'import type * as X from "@effect-mcp/client/Client"',
      "import of a type by name": 'import { type X } from "@effect-mcp/client/Client"',
      "export from": 'export { x } from "@effect-mcp/client/Client"',
      "export type from": 'export type { X } from "@effect-mcp/client/Client"',
      "export all": 'export * from "@effect-mcp/client/Client"',
      "import() as a type": 'export type X = import("@effect-mcp/client/Client").X',
      "typeof import()": 'export type X = typeof import("@effect-mcp/client/Client")',
      "dynamic import()": 'export const x = () => import("@effect-mcp/client/Client")',
      "dynamic import() with backquotes": "export const x = () => import(`@effect-mcp/client/Client`)",
      "require()": 'export const x = require("@effect-mcp/client/Client")',
      "import = require()": 'import X = require("@effect-mcp/client/Client")\nexport default X',
      "several lines": 'import {\n  x\n} from "@effect-mcp/client/Client"\nexport default x'
    })) {
      it(`sees ${form}`, () => {
        assert.deepStrictEqual(brief({ [server]: text }), [`${server}:1 arrow`])
      })
    }

    it("is not fooled by comments and strings", () => {
      const text =
        '// import "@effect-mcp/client"\n/* import "node:fs" */\nexport const x = `import "@effect-mcp/client"` + "//" + /"/.source'
      assert.deepStrictEqual(brief({ [server]: text }), [])
    })

    it("reads package.json too", () => {
      const file = "packages/server/package.json"
      const text = manifest("server", "@effect-mcp/core", "@effect-mcp/client")
      assert.deepStrictEqual(brief({ [file]: text }), [`${file}:1 arrow`])
    })
  })

  it("unknown-room: a new package needs its line in the table", () => {
    const file = "packages/attic/package.json"
    assert.deepStrictEqual(brief({ [file]: manifest("attic") }), [`${file}:1 unknown-room`])
  })

  it("undeclared: what is imported is in package.json", () => {
    assert.deepStrictEqual(brief({ [core]: 'import "zod/v4"\nimport "@scope/name/deep"' }), [
      `${core}:1 undeclared`,
      `${core}:2 undeclared`
    ])
    assert.deepStrictEqual(brief({ "packages/server/package.json": manifest("server") }), [
      "packages/server/src/Server.ts:1 undeclared"
    ])
  })

  it("internal: nobody reaches into another package", () => {
    const text = [
      'import "@effect-mcp/core/internal/b"',
      'import "@effect-mcp/core/wire/internal/b"',
      'import "@effect-mcp/core/src/A.ts"',
      'import "effect/http/internal/x"'
    ].join("\n")
    const lines = (file: string) => [1, 2, 3, 4].map((line) => `${file}:${line} internal`)
    assert.deepStrictEqual(brief({ [server]: text }), lines(server))
    const example = "examples/two/main.ts"
    assert.deepStrictEqual(brief({ [example]: text }), lines(example))
  })

  it("outside: relative imports stay in their package", () => {
    assert.deepStrictEqual(brief({ [server]: 'import "../../core/src/A.ts"' }), [`${server}:1 outside`])
    assert.deepStrictEqual(brief({ [server]: 'import "../test/fixture.ts"' }), [`${server}:1 outside`])
    const example = "examples/two/main.ts"
    assert.deepStrictEqual(brief({ [example]: 'import "../../packages/core/src/A.ts"' }), [`${example}:1 outside`])
    assert.deepStrictEqual(brief({ [example]: 'import "../one/main.ts"' }), [])
  })

  it("own-name: a package imports itself relatively", () => {
    assert.deepStrictEqual(brief({ [core]: 'import "@effect-mcp/core/A"' }), [`${core}:1 own-name`])
  })

  it("node: core, server and client know nothing of Node, transports may", () => {
    for (const name of ["core", "server", "client"]) {
      const file = `packages/${name}/src/N.ts`
      const text = 'import type { Socket } from "node:net"\nimport "fs"\nimport "fs/promises"\nexport type S = Socket'
      assert.deepStrictEqual(brief({ [file]: text }), [`${file}:1 node`, `${file}:2 node`, `${file}:3 node`])
    }
  })

  it("barrel: packages import modules, never what gathers them", () => {
    const text = [
      'import { Effect } from "effect"',
      'import type { HttpClient } from "effect/http"',
      'import * as Core from "@effect-mcp/core"',
      "console.log(Effect, Core, {} as HttpClient)"
    ].join("\n")
    assert.deepStrictEqual(brief({ [server]: text }), [`${server}:1 barrel`, `${server}:2 barrel`, `${server}:3 barrel`])
    const inside = "packages/core/src/internal/d.ts"
    assert.include(brief({ [inside]: 'import "../index.ts"' }), `${inside}:1 barrel`)
  })

  describe("cycle", () => {
    const file = (name: string) => `packages/core/src/${name}.ts`

    it("is found once, with the whole way", () => {
      const findings = findingsOf({
        [file("K")]: 'import "./A.ts"\nimport "./L.ts"',
        [file("L")]: 'import "./sub/M.ts"',
        [file("sub/M")]: 'import "../K.ts"'
      })
      assert.deepStrictEqual(
        findings.map(({ file, line, problem, rule }) => [file, line, rule, problem]),
        [[file("K"), 2, "cycle", "src/K.ts -> src/L.ts -> src/sub/M.ts -> src/K.ts"]]
      )
    })

    it("counts type-only imports", () => {
      assert.deepStrictEqual(
        brief({
          [file("K")]: 'import type * as L from "./L.ts"\nexport type K = L.L',
          [file("L")]: 'export type L = import("./K.ts").K'
        }),
        [`${file("K")}:1 cycle`]
      )
    })

    it("may be one file that imports itself", () => {
      assert.deepStrictEqual(brief({ [file("K")]: 'import * as K from "./K.ts"\nexport const k = () => K' }), [
        `${file("K")}:1 cycle`
      ])
    })

    it("is not what two files that share a third are", () => {
      assert.deepStrictEqual(brief({ [file("K")]: 'import "./L.ts"\nimport "./A.ts"', [file("L")]: 'import "./A.ts"' }), [])
    })
  })

  it("syntax: a file that does not parse is not passed over", () => {
    assert.deepStrictEqual(brief({ [core]: "export const a = 1\nimport {" }), [`${core}:2 syntax`])
  })

  it("says where, which rule, and what to do", () => {
    const [finding] = findingsOf({ [core]: 'import "node:fs"' })
    assert.match(
      format(finding!),
      /^packages\/core\/src\/C\.ts:1 \[node\] core must not know Node, this is "node:fs"\n {4}take what you need/
    )
  })
})
