import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { RemoteOptions } from "../src/Remote.ts"
import * as ServersConfig from "../src/ServersConfig.ts"

/** Nothing of the machine. */
const fixed: ServersConfig.Options = {
  env: { TOKEN: "hunter2", EMPTY: "" },
  workspaceFolder: "/projects/space",
  userHome: "/home/me"
}

const parse = (value: unknown, options: ServersConfig.Options = {}) => ServersConfig.parse(value, { ...fixed, ...options })

/** The lines of the error. */
const problems = (value: unknown, options: ServersConfig.Options = {}) =>
  Effect.map(Effect.flip(parse(value, options)), ({ message }) => {
    const [first, ...lines] = message.split("\n- ")
    assert.strictEqual(first, "the configuration cannot be used:")
    return lines
  })

const mcp = (server: unknown) => ({ mcpServers: { files: server } })
const local = { command: "server" }

describe("the shape of a configuration", () => {
  const table: ReadonlyArray<readonly [shape: string, value: unknown]> = [
    ["mcpServers", { mcpServers: { files: local } }],
    ["mcpServers", { mcpServers: { files: local }, servers: { other: local }, more: 1 }],
    ["gemini", { mcpServers: { files: { ...local, trust: false } } }],
    ["gemini", { mcpServers: { files: { httpUrl: "https://x/mcp" } } }],
    ["vscode", { servers: { files: { type: "stdio", ...local } }, inputs: [] }],
    ["vscodeSettings", { "editor.fontSize": 12, mcp: { servers: { files: local } } }],
    ["bare", { files: local }],
    ["bare", { files: { url: "https://x/mcp" } }]
  ]
  it.effect.each(table)("is %s, and is told", ([shape, value]) =>
    Effect.gen(function* () {
      const config = yield* parse(value)
      assert.strictEqual(config.shape, shape)
      assert.deepStrictEqual([...config.servers.keys()], ["files"])
      assert.deepStrictEqual(config.skipped, [])
    })
  )

  it.effect("is bare when servers are called as the members of other shapes", () =>
    Effect.gen(function* () {
      for (const name of ["mcpServers", "servers", "mcp"]) {
        const config = yield* parse({ [name]: local })
        assert.deepStrictEqual([config.shape, ...config.servers.keys()], ["bare", name])
      }
    })
  )

  it.effect("keeps names that every object has, and the order", () =>
    Effect.gen(function* () {
      const config = yield* parse(
        JSON.parse('{"mcpServers":{"z":{"command":"x"},"__proto__":{"command":"x"},"a":{"command":"x"}}}')
      )
      assert.deepStrictEqual([...config.servers.keys()], ["z", "__proto__", "a"])
    })
  )

  it.effect("that is none, or is empty, is an error that says what is expected", () =>
    Effect.gen(function* () {
      const expected = "`mcpServers`, `servers` or `mcp.servers`, or servers by name that have a `command` or a `url`"
      assert.deepStrictEqual(yield* problems({}), [`there are no servers; expected ${expected}`])
      assert.deepStrictEqual(yield* problems({ theme: "dark" }), [`expected ${expected}, got an object`])
      assert.deepStrictEqual(yield* problems("mcpServers"), [`expected ${expected}, got a string`])
      assert.deepStrictEqual(yield* problems(undefined), [`expected ${expected}, got undefined`])
      assert.deepStrictEqual(yield* problems([local]), [`expected ${expected}, got an array`])
      assert.deepStrictEqual(yield* problems({ mcpServers: {} }), ["mcpServers: there are no servers"])
      assert.deepStrictEqual(yield* problems({ mcp: { servers: [] } }), [
        "mcp.servers: expected an object with servers by name, got an array"
      ])
    })
  )

  it.effect("is an object, not an instance of something", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* parse(Object.assign(Object.create(null), mcp(local)))).servers.size, 1)
      assert.deepStrictEqual(yield* problems({ mcpServers: new Map([["files", local]]) }), [
        "mcpServers: expected an object with servers by name, got an object"
      ])
    })
  )

  it.effect("has 256 servers at most", () =>
    Effect.gen(function* () {
      const many = (count: number) => ({
        mcpServers: Object.fromEntries(Array.from({ length: count }, (_, n) => [`s${n}`, local]))
      })
      assert.strictEqual((yield* parse(many(256))).servers.size, 256)
      assert.deepStrictEqual(yield* problems(many(257)), ["mcpServers: there are 257 servers, more than 256"])
    })
  )
})

describe("servers that are not used", () => {
  it.effect("are told, with the reason, and not looked at", () =>
    Effect.gen(function* () {
      const config = yield* parse({
        mcpServers: { a: { disabled: true, args: 5, env: { X: "${UNSET}" } }, b: { ...local, disabled: false } }
      })
      assert.deepStrictEqual(config.skipped, [{ name: "a", reason: "disabled" }])
      assert.deepStrictEqual([...config.servers.keys()], ["b"])
      assert.deepStrictEqual(yield* problems(mcp({ ...local, disabled: "yes" })), [
        "mcpServers.files.disabled: expected true or false, got a string"
      ])
    })
  )

  it.effect("may be all of them", () =>
    Effect.gen(function* () {
      const config = yield* parse(mcp({ disabled: true }))
      assert.strictEqual(config.servers.size, 0)
      assert.strictEqual(config.skipped.length, 1)
    })
  )

  it.effect("are those that the lists of Gemini CLI leave out", () =>
    Effect.gen(function* () {
      const config = yield* parse({
        mcp: { allowed: ["a", "b"], excluded: ["b"] },
        mcpServers: { a: local, b: local, c: local }
      })
      assert.deepStrictEqual([...config.servers.keys()], ["a"])
      assert.deepStrictEqual(config.skipped, [
        { name: "b", reason: "excluded" },
        { name: "c", reason: "notAllowed" }
      ])
    })
  )
})

describe("a member that is null", () => {
  it.effect("is none, as programs write it that have a member for everything", () =>
    Effect.gen(function* () {
      const none = { type: null, args: null, env: null, cwd: null, headers: null, timeout: null, include: null, disabled: null }
      const { servers, skipped } = yield* parse({ servers: { files: { command: "server", url: null, ...none } }, inputs: null })
      assert.deepStrictEqual([[...servers.keys()], skipped], [["files"], []])
      assert.deepStrictEqual(Object.keys(servers.get("files")!), ["transport"])
      assert.deepStrictEqual(yield* problems(mcp({ command: null, url: null })), [
        "mcpServers.files: expected `command` or `url`"
      ])
      assert.deepStrictEqual(yield* problems(mcp(null)), ["mcpServers.files: expected an object, got null"])
    })
  )
})

describe("what is wrong", () => {
  it.effect("is said all at once, with paths", () =>
    Effect.gen(function* () {
      const value = {
        mcpServers: {
          files: { command: "server", args: ["a", 5, null], env: { A: true, "B-C": {}, "D.E": [] }, timeout: 0 },
          "my server": "npx",
          both: { command: "x", url: "https://x" },
          nothing: { args: [] },
          wrong: { type: "websocket", url: "https://x" },
          http: { type: "http", command: "x" },
          stdio: { type: "stdio", url: "https://x" },
          web: { url: "ftp://x/y", headers: { a: 1 } },
          relative: { url: "/mcp" },
          empty: { command: "", cwd: "" },
          offer: { command: "x", include: "a", rename: { a: 1 } },
          unset: { command: "${A}", args: ["${B}"], env: { C: "${env:C}" }, cwd: "${D}" },
          "": { command: "x" }
        }
      }
      assert.deepStrictEqual(yield* problems(value), [
        "mcpServers.files.args[1]: expected a string, got 5",
        "mcpServers.files.args[2]: expected a string, got null",
        "mcpServers.files.env.A: expected a string, got true",
        "mcpServers.files.env.B-C: expected a string, got an object",
        'mcpServers.files.env["D.E"]: expected a string, got an array',
        "mcpServers.files.timeout: expected a number of milliseconds above 0, got 0",
        'mcpServers["my server"]: expected an object, got a string',
        "mcpServers.both: there are both `command` and `url`: leave one out, or say with `type` which one is meant",
        "mcpServers.nothing: expected `command` or `url`",
        'mcpServers.wrong.type: expected one of "stdio", "local", "http", "streamable-http", "streamableHttp", "streamable_http", "sse", got a string',
        "mcpServers.http: expected `url`",
        "mcpServers.stdio: expected `command`, since it is reached by stdio",
        "mcpServers.web.headers.a: expected a string, got 1",
        "mcpServers.relative.url: expected an absolute URL with http: or https:",
        "mcpServers.empty.command: expected a string that is not empty, got an empty string",
        "mcpServers.empty.cwd: expected a string that is not empty, got an empty string",
        "mcpServers.offer.include: expected an array, got a string",
        "mcpServers.offer.rename.a: expected a string, got 1",
        "mcpServers.unset.env.C: the variable C is not set; set it, or write a default: ${C:-...}",
        "mcpServers.unset.cwd: the variable D is not set; set it, or write a default: ${D:-...}",
        "mcpServers.unset.command: the variable A is not set; set it, or write a default: ${A:-...}",
        "mcpServers.unset.args[0]: the variable B is not set; set it, or write a default: ${B:-...}",
        'mcpServers[""]: a server needs a name'
      ])
    })
  )

  it.effect("is data: a variable that is not set has its server, its field and its name", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(parse({ servers: { git: { command: "x", env: { KEY: "${input:key}-${NONE}" } } } }))
      assert.strictEqual(error._tag, "ServersConfigError")
      const at = { _tag: "UnsetVariable" as const, path: "servers.git.env.KEY", server: "git", field: "env.KEY" }
      assert.deepStrictEqual(error.problems, [
        { ...at, variable: "input:key" },
        { ...at, variable: "NONE" }
      ])
      assert.include(error.message, 'the input "key" has no value; give it one with the option `inputs`')
      const encoded = yield* Schema.encodeEffect(ServersConfig.ServersConfigError)(error)
      const decoded = yield* Schema.decodeUnknownEffect(ServersConfig.ServersConfigError)(JSON.parse(JSON.stringify(encoded)))
      assert.strictEqual(decoded.message, error.message)
    })
  )

  it.effect("may be the inputs", () =>
    Effect.gen(function* () {
      const servers = { a: local }
      assert.deepStrictEqual(yield* problems({ servers, inputs: "key" }), ["inputs: expected an array, got a string"])
      assert.deepStrictEqual(yield* problems({ mcp: { servers, inputs: [{ id: "a" }, { default: "x" }] } }), [
        "mcp.inputs[1].id: expected a string, got undefined"
      ])
    })
  )

  it.effect("is said once, also where one fault leads to another", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* problems(mcp({ url: "${NONE}" })), [
        "mcpServers.files.url: the variable NONE is not set; set it, or write a default: ${NONE:-...}"
      ])
      assert.lengthOf(yield* problems(mcp({ command: "x", envFile: "${NONE}" })), 1)
      const remote = () => assert.fail("it was asked for what is not valid")
      assert.lengthOf(yield* problems(mcp({ url: "x", headers: { a: "b" } }), { remote }), 1)
      assert.lengthOf(yield* problems(mcp({ url: "https://x", headers: { a: "${NONE}" } }), { remote }), 1)
    })
  )

  it.effect("is cut after 100 problems, and the rest is counted", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(parse(mcp({ command: "x", args: Array.from({ length: 130 }, () => 1) })))
      assert.strictEqual(error.problems.length, 100)
      assert.strictEqual(error.omitted, 30)
      assert.match(error.message, /\n- and 30 more$/)
    })
  )

  it.effect("is said without what stands in the configuration, or in the environment", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        parse(mcp({ command: "x", args: "hunter2", env: "hunter2", headers: "hunter2", type: "hunter2", url: ["hunter2"] }))
      )
      assert.strictEqual(error.problems.length, 5)
      const url = yield* Effect.flip(parse(mcp({ url: "ftp://${TOKEN}" })))
      const form = yield* Effect.flip(parse(mcp({ command: "x", env: { A: "hunter2${a b}" } })))
      for (const each of [error, url, form]) assert.notInclude(each.message + JSON.stringify(each), "hunter2")
    })
  )

  it.effect.prop("never throws on JSON, whatever it is", { json: Schema.Json }, ({ json }) =>
    Effect.gen(function* () {
      for (const value of [
        json,
        { mcpServers: json },
        { servers: json, inputs: json },
        { mcp: { servers: { a: json } } },
        mcp(json)
      ]) {
        const result = yield* Effect.result(parse(value))
        if (result._tag === "Failure") assert.isAtLeast(result.failure.message.split("\n").length, 2)
        else assert.isAtLeast(result.success.servers.size + result.success.skipped.length, 1)
      }
    })
  )

  const Field = Schema.Literals([
    "type",
    "command",
    "args",
    "env",
    "envFile",
    "cwd",
    "url",
    "httpUrl",
    "headers",
    "timeout",
    "disabled"
  ])
  const fieldsOf = Schema.Array(Schema.Tuple([Field, Schema.Json]))
  it.effect.prop("never throws on servers with fields that are anything", { fields: fieldsOf }, ({ fields }) =>
    Effect.result(parse(mcp({ command: "x", ...Object.fromEntries(fields) })))
  )
})

describe("what of a server is offered, and for how long it may be silent", () => {
  it.effect("is ours, or that of Gemini CLI", () =>
    Effect.gen(function* () {
      const rename = { old: "new" }
      const { servers } = yield* parse({
        ours: { ...local, include: ["a*"], exclude: ["ab"], rename, timeout: 1500 },
        gemini: { ...local, includeTools: ["a"], excludeTools: ["b"] },
        both: { ...local, include: ["a"], includeTools: ["x"], exclude: ["b"], excludeTools: ["c"] },
        none: local
      })
      const offered = [...servers.values()].map(({ transport: _, ...rest }) => rest)
      assert.deepStrictEqual(offered, [
        { include: ["a*"], exclude: ["ab"], rename, timeout: Duration.millis(1500) },
        { include: ["a"], exclude: ["b"] },
        { include: ["a"], exclude: ["b", "c"] },
        {}
      ])
    })
  )
})

describe("servers with a URL", () => {
  const seen = Effect.fnUntraced(function* (server: unknown, options: ServersConfig.Options = {}) {
    let found: RemoteOptions | undefined
    const remote = (options: RemoteOptions) => {
      found = options
      return Layer.succeed(ClientTransport, { kind: "http", connect: () => Effect.never })
    }
    const { servers } = yield* parse(mcp(server), { ...options, remote })
    assert.deepStrictEqual([...servers.keys()], ["files"])
    yield* Effect.scoped(Layer.build(servers.get("files")!.transport))
    return found
  })

  it.effect("are given to `remote`, with what is said of them", () =>
    Effect.gen(function* () {
      const headers = { a: "b" }
      const plain = { url: "https://x/mcp", headers: {} }
      assert.deepStrictEqual(yield* seen({ url: "https://x/mcp", headers }), { ...plain, kind: undefined, headers })
      assert.deepStrictEqual(yield* seen({ httpUrl: "https://x/mcp", url: "https://x/sse" }), { ...plain, kind: "http" })
      for (const type of ["http", "streamable-http", "streamableHttp", "streamable_http"]) {
        assert.deepStrictEqual(yield* seen({ type, url: "https://x/mcp", command: "x" }), { ...plain, kind: "http" })
      }
      assert.deepStrictEqual(yield* seen({ transport: "sse", url: "https://x/mcp" }), { ...plain, kind: "sse" })
      assert.deepStrictEqual(yield* seen({ url: "${SCHEME:-https}://x/mcp" }), { ...plain, kind: undefined })
    })
  )

  it.effect("have secrets where a part comes from the environment", () =>
    Effect.gen(function* () {
      const found = yield* seen({ url: "https://x/mcp?key=${TOKEN}", headers: { Authorization: "Bearer ${env:TOKEN}", a: "b" } })
      assert.isTrue(Redacted.isRedacted(found?.url))
      assert.strictEqual(Redacted.value(found?.url as Redacted.Redacted<string>), "https://x/mcp?key=hunter2") // as was checked
      assert.deepStrictEqual(found?.headers, { Authorization: Redacted.make("Bearer hunter2"), a: "b" })
    })
  )

  it.live("are reached over HTTP, and what may be secret is not shown when they are not", () =>
    Effect.gen(function* () {
      const failure = Effect.fnUntraced(function* (url: string) {
        const { servers } = yield* parse(mcp({ url }))
        const client = McpClient.layer({ name: "test", version: "1" }).pipe(Layer.provide(servers.get("files")!.transport))
        return yield* Effect.flip(Effect.scoped(Layer.build(client)))
      })
      const error = yield* failure("http://user:hunter2@127.0.0.1:1/mcp?key=hunter2#hunter2")
      assert.include(error.message, "could not connect: POST http://127.0.0.1:1/mcp")
      assert.notInclude(JSON.stringify(error), "hunter2")
      const redacted = yield* failure("http://127.0.0.1:1/${TOKEN}")
      assert.include(redacted.message, "the server, whose URL is redacted")
      assert.notInclude(JSON.stringify(redacted), "hunter2")
    })
  )
})
