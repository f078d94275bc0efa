/**
 * What the compiler says of whole programs: how much work a big group is, and that some mistakes are refused.
 */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../..", import.meta.url))

interface Compiled {
  /** The errors, without the name of the file. */
  readonly errors: ReadonlyArray<string>
  readonly instantiations: number
}

/** Checks a program with the compiler and the options of this repository. */
const compile = (program: string): Compiled => {
  const directory = mkdtempSync(join(tmpdir(), "effect-mcp-types-"))
  try {
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"), "dir")
    writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }))
    writeFileSync(join(directory, "program.ts"), program)
    const options = { noEmit: true, composite: false, declaration: false, declarationMap: false, rootDir: "/" }
    const typeRoots = [join(root, "node_modules/@types")]
    writeFileSync(
      join(directory, "tsconfig.json"),
      JSON.stringify({
        extends: join(root, "tsconfig.base.json"),
        compilerOptions: { ...options, typeRoots },
        files: ["program.ts"]
      })
    )
    const { stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", directory, "--extendedDiagnostics"], {
      encoding: "utf8"
    })
    return {
      errors: stdout.split("\n").flatMap((line) => /^.*\(\d+,\d+\): (error .*)$/.exec(line)?.[1] ?? []),
      instantiations: Number(/Instantiations:\s+(\d+)/.exec(stdout)?.[1])
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const imports = `
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Middleware from "@effect-mcp/core/Middleware"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
export const all = [McpGroup, Middleware, Tool, McpClient, McpServer, Context, Effect, Layer, Schema]
`

const repeat = (count: number, line: (i: number) => string): string => Array.from({ length: count }, (_, i) => line(i)).join("\n")

/** A contract of so many tools, their handlers, a server and a typed client that calls each of them. */
const big = (count: number): string => `${imports}
class Db extends Context.Service<Db, { readonly n: number }>()("Db") {}
class Failed extends Schema.TaggedError<Failed>()("Failed", { n: Schema.Int }) {}
export class Big extends McpGroup.make("big",
${repeat(
  count,
  (i) => `  Tool.make("tool_${i}", {
    description: "number ${i}",
    parameters: { city: Schema.String, n${i}: Schema.optionalKey(Schema.Int) },
    success: Schema.Struct({ v${i}: Schema.Finite }),
    failure: Failed
  }),`
)}
) {}
export const BigLive = Big.toLayer({ tools: {
${repeat(
  count,
  (i) =>
    `  tool_${i}: ({ city, n${i} }) => n${i} === 0 ? Effect.fail(new Failed({ n: ${i} })) : Effect.map(Db, ({ n }) => ({ v${i}: n + city.length })),`
)}
} })
export const Server: Layer.Layer<any, never, Db> = McpServer.layer({ name: "big", version: "1" }, Big).pipe(Layer.provide(BigLive))
export const program = Effect.gen(function* () {
  const { tools } = yield* McpClient.of(Big)
  let sum = 0
${repeat(count, (i) => `  sum += (yield* tools.tool_${i}({ city: "Oslo", n${i}: ${i} })).v${i}`)}
  return sum
})
`

describe("a group of 200 tools", () => {
  it("is checked, with its handlers and a typed client, in a bounded number of instantiations", () => {
    const { errors, instantiations } = compile(big(200))
    assert.deepStrictEqual(errors, [])
    // 1,765,000 when this was written: 0.6 s of checking. It grows with the square of the number of tools.
    assert.isBelow(instantiations, 2_300_000)
  })
})

describe("programs that do not compile", () => {
  const program = (text: string) => `${imports}
class User extends Context.Service<User, { readonly id: string }>()("User") {}
export class Auth extends Middleware.make<Auth>()("Auth", { provides: User }) {}
export class Timing extends Middleware.make<Timing>()("Timing") {}
export const One = McpGroup.make("one", Tool.make("a", { parameters: { x: Schema.String }, success: Schema.Finite }))
${text}
`

  it("(this much does)", () => {
    assert.deepStrictEqual(compile(program("")).errors, [])
  })

  const mistakes: ReadonlyArray<readonly [mistake: string, text: string, said: RegExp]> = [
    ["a name with a blank is explained", `Tool.make("bad name")`, /"bad name\\" has characters outside \[A-Za-z0-9_.-\]/],
    [
      "a server without its handlers cannot be built, and the group is named",
      `export const run = Effect.scoped(Layer.build(McpServer.layer({ name: "s", version: "1" }, One))) satisfies Effect.Effect<unknown>`,
      /Handlers<"one">/
    ],
    [
      "a hook for a method that does not exist is refused beside others, too: it would never run",
      `export const live = Timing.layer({
  "tools/call": (request, next) => next(request),
  "tools/lst": (request: never, next: (request: never) => Effect.Effect<never>) => next(request)
})`,
      /tools\/lst/
    ]
  ]

  for (const [mistake, text, said] of mistakes) {
    it(`${mistake}`, () => {
      const { errors } = compile(program(text))
      assert.isAbove(errors.length, 0, "it compiles")
      assert.match(errors.join("\n"), said)
    })
  }
})
