import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { join } from "node:path"
import type { RemoteOptions } from "../src/Remote.ts"
import * as Target from "../src/Target.ts"
import { directory } from "./support/files.ts"
import { fixture, seenOver } from "./support/mirror.ts"

const refused = (target: Target.Target, options?: Target.Options) =>
  Effect.map(Effect.flip(Target.spec(target, options)), (error) => {
    if (error._tag !== "TargetError") throw error
    return error
  })

/** What would be started: the program does not exist, and the error has the command line. */
const wouldStart = Effect.fnUntraced(function* (target: Target.Target) {
  const { transport } = yield* Target.spec(target)
  const error = yield* Effect.flip(seenOver(transport))
  return error.message.split("`")[1]
})

const missing = Effect.fnUntraced(function* (target: string) {
  const error = yield* Effect.flip(Target.spec(target))
  return error._tag === "FileError" ? error.reason : error.message
})

describe("a text", () => {
  it.live("that is an http(s) URL is given to `remote`", () =>
    Effect.gen(function* () {
      const found: Array<RemoteOptions> = []
      const remote = (options: RemoteOptions) => {
        found.push(options)
        return Layer.succeed(ClientTransport, { kind: "http", connect: () => Effect.never })
      }
      for (const target of ["https://x.example/mcp", " HTTP://x.example/a.py ", new URL("https://x.example/?a=b")]) {
        yield* Target.spec(target, { remote })
      }
      assert.deepStrictEqual(
        found,
        ["https://x.example/mcp", "http://x.example/a.py", "https://x.example/?a=b"].map((url) => ({
          url,
          kind: undefined,
          headers: {}
        }))
      )
    })
  )

  it.live("that is one is reached over HTTP, without what may be secret in the name of the endpoint", () =>
    Effect.gen(function* () {
      const endpoint = Effect.fnUntraced(function* (target: string) {
        const { transport } = yield* Target.spec(target)
        const context = yield* Effect.scoped(Layer.build(transport))
        const { endpoint, kind } = Context.get(context, ClientTransport)
        assert.strictEqual(kind, "http")
        return endpoint
      })
      assert.strictEqual(yield* endpoint("https://me:hunter2@x.example/mcp"), "https://x.example/mcp")
      assert.isUndefined(yield* endpoint("https://x.example/mcp?key=hunter2"))
    })
  )

  it.live("that is another URL, or none, is refused", () =>
    Effect.gen(function* () {
      for (const target of ["ws://x", "file:///x/server.js", new URL("file:///x/server.js"), "ftp://x y"]) {
        assert.strictEqual((yield* refused(target)).reason, "notUnderstood")
      }
      assert.match(
        (yield* refused("ws://x")).message,
        /^cannot connect to "ws:\/\/x": a URL is understood with http: and https:, not with ws:$/
      )
      for (const target of ["http://", "https://a b", "https://x/mcp --flag"]) {
        assert.match((yield* refused(target)).message, /it is not a valid URL/)
      }
    })
  )

  it.live("that is refused is named without what may be secret", () =>
    Effect.gen(function* () {
      for (const [target, named] of [
        ["ws://me:hunter2@x.example/mcp?key=hunter2#hunter2", '"ws://x.example/mcp"'],
        [new URL("ws://me:hunter2@x.example/mcp?key=hunter2"), '"ws://x.example/mcp"'],
        ["https://me:hunter2@x.example:port/mcp", '"https://..."'],
        ["https://x.example/ ?key=hunter2", '"https://..."'],
        ["npx server --key=hunter2 | tee", '"npx ..."'],
        ["npx server --key='hunter2", '"npx ..."'],
        ["KEY=hunter2 npx server", '"KEY ..."'],
        [`${"x".repeat(300)} | tee`, `"${"x".repeat(200)}..."`],
        ["|", '"|"']
      ] as const) {
        const { message, target: told } = yield* refused(target)
        assert.notInclude(message, "hunter2")
        assert.strictEqual(told, named)
      }
    })
  )

  it.live("is a script when it ends as one and is a file, also with blanks", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "with blank/server.mjs": "process.exit(5)", "server.CJS": "process.exit(6)" })
      for (const [path, code] of [
        ["with blank/server.mjs", 5],
        ["server.CJS", 6]
      ] as const) {
        const { transport } = yield* Target.spec(` ${root}/${path} `)
        const error = yield* Effect.flip(seenOver(transport))
        assert.include(error.message, `exit code ${code}`)
        assert.include(error.message, process.execPath)
      }
      const { args } = yield* seenOver((yield* Target.spec(fixture("mirror.mjs"))).transport)
      assert.deepStrictEqual(args, [])
    })
  )

  it.live("that ends as a script and has no blank must be one that is there", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "dir.js/x": "" })
      for (const extension of ["js", "mjs", "cjs", "ts", "mts", "cts", "py", "json"]) {
        assert.strictEqual(yield* missing(`${root}/none.${extension}`), "missing")
      }
      assert.strictEqual(yield* missing("none.js"), "missing")
      assert.strictEqual(yield* missing("a\0.js"), "missing")
      assert.strictEqual(yield* missing(`${root}/dir.js`), "notAFile")
    })
  )

  it.live("that is a file with another extension is refused, with the known ones", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "server.rb": "", "a b.sh": "" })
      for (const name of ["server.rb", "a b.sh"]) {
        const error = yield* refused(`${root}/${name}`)
        assert.strictEqual(error.reason, "unknownScript")
        assert.match(
          error.message,
          /a \.(rb|sh) file \(\.js, \.mjs, \.cjs, \.ts, \.mts, \.cts and \.py are run, \.json is read\)/
        )
      }
    })
  )

  it.live("is a command line otherwise", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* wouldStart("no-such -y @scope/server '/a b'"), "no-such -y @scope/server '/a b'")
      assert.strictEqual(yield* wouldStart("no-such none.py"), "no-such none.py")
      assert.strictEqual(yield* wouldStart("no-such-1.0"), "no-such-1.0")
      const { args } = yield* seenOver((yield* Target.spec(`'${process.execPath}' ${fixture("mirror.mjs")} "a b"`)).transport)
      assert.deepStrictEqual(args, ["a b"])
    })
  )

  it.live("is a program without arguments when it is a file without extension", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "my program": "" })
      // This one may not be executed.
      assert.strictEqual(yield* wouldStart(join(root, "my program")), `'${join(root, "my program")}'`)
    })
  )

  it.live("that is nothing of all this is refused with what would be understood", () =>
    Effect.gen(function* () {
      for (const target of ["", "  ", "a 'b", "a | b", "a\0b", `a ${"b".repeat(9000)}`]) {
        const error = yield* refused(target)
        assert.strictEqual(error.reason, "notUnderstood")
        assert.include(
          error.message,
          "understood are an http(s) URL, a command line such as `npx -y @scope/server`, the path of a script"
        )
        assert.isBelow(error.message.length, 1000)
      }
    })
  )

  it.live.prop("never throws, whatever it is", { text: Schema.String }, ({ text }) => Effect.result(Target.spec(text)))
})

describe("options of the stdio transport", () => {
  it.live("are what they are, over those for all processes", () =>
    Effect.gen(function* () {
      const mirror = { command: process.execPath, args: [fixture("mirror.mjs")] }
      const plain = yield* seenOver((yield* Target.spec(mirror, { stdio: { inheritEnv: "none" } })).transport)
      assert.notProperty(plain.env, "PATH")
      const own = yield* seenOver(
        (yield* Target.spec({ ...mirror, inheritEnv: "minimal" }, { stdio: { inheritEnv: "none" } })).transport
      )
      assert.property(own.env, "PATH")
    })
  )
})

describe("a configuration", () => {
  it.live("with one server is that server, with what of it is offered", () =>
    Effect.gen(function* () {
      const value = { mcpServers: { a: { command: "${X}", include: ["x"], timeout: 5 }, b: { disabled: true } } }
      const root = yield* directory({ "my servers.json": `${JSON.stringify(value)} // one` })
      for (const target of [value, `${root}/my servers.json`]) {
        const { transport: _, ...rest } = yield* Target.spec(target, { env: { X: "x" } })
        assert.deepStrictEqual(rest, { include: ["x"], timeout: Duration.millis(5) })
      }
    })
  )

  it.live("with several points at `Servers`, with none says why", () =>
    Effect.gen(function* () {
      const value = { a: { command: "x" }, b: { command: "x" } }
      const several = yield* refused(value)
      assert.strictEqual(several.reason, "notOneServer")
      assert.strictEqual(
        several.message,
        "cannot connect to the configuration: it has 2 servers (a, b); one client over several is made by `Servers`"
      )
      const root = yield* directory({ "a.json": JSON.stringify(value) })
      assert.include((yield* refused(`${root}/a.json`)).message, `cannot connect to "${root}/a.json": it has 2 servers`)
      assert.match(
        (yield* refused({ servers: { a: { disabled: true } } })).message,
        /none of its servers is used: a \(disabled\)$/
      )
    })
  )

  it.live("that cannot be read fails as ServersConfig does", () =>
    Effect.gen(function* () {
      for (const target of [{}, { servers: 5 }, { a: { command: 5 } }, { mcpServers: { a: { command: "${X}" } } }]) {
        assert.strictEqual((yield* Effect.flip(Target.spec(target, { env: {} })))._tag, "ServersConfigError")
      }
    })
  )
})
