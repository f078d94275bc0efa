import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import { pythonOf } from "../src/internal/host.ts"
import * as Launchers from "../src/Launchers.ts"
import { directory } from "./support/files.ts"
import { fixture, seenOver } from "./support/mirror.ts"

describe("packages", () => {
  it("of npm are run by npx, which does not ask", () => {
    assert.deepStrictEqual(Launchers.npx("@scope/server@1.2.0"), { command: "npx", args: ["-y", "@scope/server@1.2.0"] })
    assert.deepStrictEqual(Launchers.npx("pkg", { bin: "serve", args: ["-v"], env: { A: "1" }, cwd: "/x" }), {
      command: "npx",
      args: ["-y", "--package=pkg", "serve", "-v"],
      env: { A: "1" },
      cwd: "/x"
    })
  })

  it("of PyPI are run by uvx", () => {
    assert.deepStrictEqual(Launchers.uvx("mcp-server-git", { args: ["--repository", "."] }), {
      command: "uvx",
      args: ["mcp-server-git", "--repository", "."]
    })
    assert.deepStrictEqual(Launchers.uvx("serve", { from: "pkg==1", python: "3.12", with: ["a", "b"], inheritEnv: "all" }), {
      command: "uvx",
      args: ["--python", "3.12", "--from", "pkg==1", "--with", "a", "--with", "b", "serve"],
      inheritEnv: "all"
    })
  })
})

describe("scripts", () => {
  it.live("get their absolute path, which starts where the process does", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "server.py": "", "sub/server.mjs": "" })
      const cwd = root
      const py = `${root}/server.py`
      const before = ["run", "--project", "/p", "--python", "3.12", "--with", "a"]
      assert.deepStrictEqual(
        yield* Launchers.uvRun("server.py", { cwd, project: "/p", python: "3.12", with: ["a"], args: ["x"] }),
        { cwd, command: "uv", args: [...before, py, "x"] }
      )
      assert.deepStrictEqual(yield* Launchers.python(py, { args: ["x"] }), {
        command: pythonOf(process.platform),
        args: [py, "x"]
      })
      assert.strictEqual((yield* Launchers.python(py, { python: "pypy3" })).command, "pypy3")
      assert.deepStrictEqual(yield* Launchers.node("sub/server.mjs", { cwd, execArgv: ["--no-warnings"], args: ["x"] }), {
        cwd,
        command: process.execPath,
        args: ["--no-warnings", `${root}/sub/server.mjs`, "x"]
      })
    })
  )

  it.live("that are no files fail before anything is started", () =>
    Effect.gen(function* () {
      const root = yield* directory({ "sub/x": "" })
      for (const launch of [Launchers.node, Launchers.python, Launchers.uvRun]) {
        const missing = yield* Effect.flip(launch("none.py", { cwd: root }))
        assert.strictEqual(missing.reason, "missing")
        assert.strictEqual(missing.message, `"none.py" was not read: there is no such file; it was looked for at ${root}/none.py`)
        assert.strictEqual((yield* Effect.flip(launch(`${root}/sub`))).reason, "notAFile")
        assert.strictEqual((yield* Effect.flip(launch("/dev/null"))).reason, "notAFile")
      }
    })
  )

  it("of Python have another name for it on Windows", () => {
    assert.deepStrictEqual([pythonOf("win32"), pythonOf("linux"), pythonOf("darwin")], ["python", "python3", "python3"])
  })

  it.live("run, with their arguments", () =>
    Effect.gen(function* () {
      const options = yield* Launchers.node(fixture("mirror.mjs"), { args: ["a b", "$HOME"] })
      assert.deepStrictEqual((yield* seenOver(StdioClientTransport.layer(options))).args, ["a b", "$HOME"])
    })
  )
})
