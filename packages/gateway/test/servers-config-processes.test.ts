import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import type { FileError } from "@effect-mcp/core/FileError"
import * as ServersConfig from "../src/ServersConfig.ts"
import { directory } from "./support/files.ts"
import { fixture, seenOver } from "./support/mirror.ts"

const mirror = { command: process.execPath, args: [fixture("mirror.mjs")] }

/** The only server of a configuration. */
const only = ({ servers }: ServersConfig.ServersConfig) => {
  assert.strictEqual(servers.size, 1)
  return [...servers.values()][0]!.transport
}

const seen = (value: unknown, options?: ServersConfig.Options) =>
  Effect.flatMap(ServersConfig.parse(value, options), (config) => seenOver(only(config)))

const seenByFile = (path: string, options?: ServersConfig.Options) =>
  Effect.flatMap(ServersConfig.file(path, options), (config) => seenOver(only(config)))

describe("a process of a configuration", () => {
  it.live("is started as Claude Code would", () =>
    Effect.gen(function* () {
      const args = [...mirror.args, "${TOKEN}", "${NONE:-none}", "$TOKEN"]
      const { args: given, env } = yield* seen(
        { mcpServers: { mirror: { ...mirror, type: "stdio", args, env: { KEY: "k-${TOKEN}", PORT: "80" } } } },
        { env: { TOKEN: "t" } }
      )
      assert.deepStrictEqual(given, ["t", "none", "$TOKEN"])
      assert.strictEqual(env["KEY"], "k-t")
      assert.strictEqual(env["PORT"], "80")
      assert.isUndefined(env["TOKEN"])
    })
  )

  it.live("is started as Cursor would, from its file", () =>
    Effect.gen(function* () {
      const args = [...mirror.args, "${env:TOKEN}", "${userHome}", "${workspaceFolder}", "${workspaceFolderBasename}"]
      const root = yield* directory({
        ".cursor/mcp.json": JSON.stringify({ mcpServers: { mirror: { ...mirror, args, envFile: "${workspaceFolder}/.env" } } }),
        ".env": "# variables\nKEY=of-file\nQUOTED='a b'\n"
      })
      const { args: given, env } = yield* seenByFile(`${root}/.cursor/mcp.json`, { env: { TOKEN: "t" }, userHome: "/home/me" })
      assert.deepStrictEqual(given, ["t", "/home/me", root, root.slice(root.lastIndexOf("/") + 1)])
      assert.strictEqual(env["KEY"], "of-file")
      assert.strictEqual(env["QUOTED"], "a b")
    })
  )

  it.live("is started as VS Code would, with comments and inputs", () =>
    Effect.gen(function* () {
      const text = `{
        // asked for once
        "inputs": [
          { "id": "key", "type": "promptString", "password": true, "description": "Key" },
          { "id": "mode", "type": "pickString", "options": ["fast", "slow"], "default": "fast" },
          { "id": "size", "type": "pickString", "options": ["small", "large"], "default": "small" },
        ],
        "servers": {
          "mirror": {
            "type": "stdio", /* as always */
            "command": ${JSON.stringify(mirror.command)},
            "args": ${JSON.stringify([...mirror.args, "${input:key}", "${input:mode}", "${input:size}"])},
            "env": { "A": "of env", "NUMBER": 5, "HOME": null },
            "envFile": ".env",
            "cwd": "sub",
          },
        },
      }`
      const root = yield* directory({ ".vscode/mcp.json": `\ufeff${text}`, ".env": "A=of file\nB=of file", "sub/x": "" })
      const config = yield* ServersConfig.file(`${root}/.vscode/mcp.json`, {
        inputs: { key: Redacted.make("secret"), size: "large" }
      })
      assert.strictEqual(config.shape, "vscode")
      const { args, cwd, env } = yield* seenOver(only(config))
      assert.deepStrictEqual(args, ["secret", "fast", "large"])
      assert.deepStrictEqual([env["A"], env["B"], env["NUMBER"], env["HOME"]], ["of env", "of file", "5", undefined])
      assert.strictEqual(cwd, `${root}/sub`)
    })
  )

  it.live("is started as Gemini CLI would, which has $NAME", () =>
    Effect.gen(function* () {
      const value = { mcpServers: { mirror: { ...mirror, cwd: ".", env: { KEY: "$TOKEN", OTHER: "${TOKEN}" } } } }
      const root = yield* directory({ ".gemini/settings.json": JSON.stringify(value), "settings.json": JSON.stringify(value) })
      const env = { TOKEN: "t" }
      const seenThere = yield* seenByFile(`${root}/.gemini/settings.json`, { env })
      assert.deepStrictEqual([seenThere.env["KEY"], seenThere.env["OTHER"], seenThere.cwd], ["t", "t", root])
      assert.strictEqual((yield* seenByFile(`${root}/settings.json`, { env })).env["KEY"], "$TOKEN")
      assert.strictEqual((yield* seenByFile(`${root}/settings.json`, { env, bareVariables: true })).env["KEY"], "t")
    })
  )

  it.live("inherits what the options say", () =>
    Effect.gen(function* () {
      const value = { mirror: { ...mirror, env: { PATH: "/nowhere" } } }
      assert.property((yield* seen(value)).env, "HOME")
      assert.deepStrictEqual(Object.keys((yield* seen(value, { stdio: { inheritEnv: "none" } })).env), ["PATH"])
    })
  )

  it.live("shows nothing of the environment when it cannot be started", () =>
    Effect.gen(function* () {
      const root = yield* directory({ ".env": "FILE=hunter4" })
      const { servers } = yield* ServersConfig.parse(
        {
          servers: {
            a: {
              command: "no-such-program",
              args: ["--token=${TOKEN}", "${input:key}", "${X:-plain}", "literal"],
              env: { A: "${TOKEN}" },
              envFile: ".env"
            }
          }
        },
        { env: { TOKEN: "hunter2" }, inputs: { key: "hunter3" }, workspaceFolder: root }
      )
      const error = yield* Effect.flip(seenOver(servers.get("a")!.transport))
      assert.include(error.message, "`no-such-program <redacted> <redacted> plain literal`")
      assert.notMatch(error.message + JSON.stringify(error) + JSON.stringify([...servers]), /hunter/)
    })
  )

  it.live("says nothing of the environment on stderr either", () =>
    Effect.gen(function* () {
      const root = yield* directory({ ".env": "FILE=hunter4" })
      const print = "console.error(process.env.FILE, process.env.A, process.env.B, process.argv[1])"
      const server = { command: process.execPath, args: ["-e", print, "${TOKEN}"], env: { A: "${input:key}", B: "plain" } }
      const { servers } = yield* ServersConfig.parse(
        { a: { ...server, envFile: ".env" } },
        { env: { TOKEN: "hunter2" }, inputs: { key: "hunter3" }, workspaceFolder: root }
      )
      const error = yield* Effect.flip(seenOver(servers.get("a")!.transport))
      assert.include(error.message, "its last words on stderr:\n<redacted> <redacted> plain <redacted>")
    })
  )

  it.live("is not started by reading its configuration, nor by building its transport", () =>
    Effect.gen(function* () {
      const config = yield* ServersConfig.parse({ a: { command: "no-such-program" } })
      yield* Effect.scoped(Effect.provide(Effect.asVoid(ClientTransport), only(config)))
      yield* Effect.scoped(Layer.build(only(config)))
    })
  )
})

describe("a configuration file", () => {
  const failure = (path: string, options?: ServersConfig.Options) => Effect.flip(ServersConfig.file(path, options))

  it.live("that cannot be read fails with what is wrong", () =>
    Effect.gen(function* () {
      const root = yield* directory({
        "large.json": " ".repeat(ServersConfig.maxFileBytes + 1),
        "full.json": JSON.stringify({ a: { command: "x" } }).padEnd(ServersConfig.maxFileBytes),
        "utf16.json": Buffer.from('\ufeff{"a":{"command":"x"}}', "utf16le"),
        "sub/x": ""
      })
      const missing = yield* failure(`${root}/none.json`)
      assert.strictEqual(missing._tag === "FileError" && missing.reason, "missing")
      assert.include(missing.message, `"${root}/none.json" was not read: there is no such file`)
      const reasons: ReadonlyArray<readonly [name: string, reason: FileError["reason"], message: RegExp]> = [
        ["sub", "notAFile", /it is a directory/],
        ["large.json", "tooLarge", /larger than 1048576 bytes/],
        ["utf16.json", "unreadable", /it is not UTF-8/]
      ]
      for (const [name, reason, message] of reasons) {
        const error = yield* failure(`${root}/${name}`)
        assert.strictEqual(error._tag === "FileError" && error.reason, reason)
        assert.match(error.message, message)
      }
      const device = yield* failure("/dev/null")
      assert.strictEqual(device._tag === "FileError" && device.reason, "notAFile")
      assert.strictEqual((yield* ServersConfig.file(`${root}/full.json`)).servers.size, 1)
    })
  )

  it.live("that is no JSON fails with the place, and does not quote it", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "a.json": '{\n  "mcpServers": {\n    "a": { "env": hunter2 }\n  }\n}' })
      const error = yield* failure(`${root}/a.json`)
      assert.strictEqual(error._tag, "ServersConfigError")
      assert.include(error.message, `${root}/a.json cannot be used:\n- line 3, column 19: expected a value`)
      assert.notInclude(error.message, "hunter2")
    })
  )

  it.live("that names a file of variables which is not there fails with its path in the JSON", () =>
    Effect.gen(function* () {
      const root = yield* directory({
        "a.json": JSON.stringify({
          a: { command: "x", envFile: ".env" },
          b: { command: "x", envFile: "large" },
          c: { args: [], url: 5 }
        }),
        large: "A".repeat(1024 * 1024 + 1)
      })
      const error = yield* failure(`${root}/a.json`)
      assert.include(error.message, `- a.envFile: ".env" was not read: there is no such file; it was looked for at ${root}/.env`)
      assert.include(error.message, `- b.envFile: "large" was not read: it is larger than 1048576 bytes`)
      assert.include(error.message, "- c.url: expected a string, got 5")
    })
  )
})
