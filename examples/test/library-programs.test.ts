import { spawn } from "node:child_process"
import { tmpdir } from "node:os"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { configuration, hosts } from "../library/hosts.ts"

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, from a directory that has nothing to do with it. */
const run = (command: string, args: ReadonlyArray<string>, stdin: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  new Promise((settle, fail) => {
    const child = spawn(command, args, { cwd: tmpdir(), env })
    const said = { stdout: "", stderr: "" }
    child.stdout.setEncoding("utf8").on("data", (text: string) => void (said.stdout += text))
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (said.stderr += text))
    child.on("error", fail).on("close", (code) => settle({ code, ...said }))
    child.stdin.end(stdin)
  })

const message = (fields: object): string => `${JSON.stringify({ jsonrpc: "2.0", ...fields })}\n`

describe("the configuration of hosts", () => {
  const { mcpServers } = configuration("mcpServers")
  const { servers } = configuration("servers")

  it("has the shape that each of them reads", () => {
    const program = { command: mcpServers!.library.command, args: mcpServers!.library.args }
    assert.deepStrictEqual(configuration("mcpServers"), { mcpServers: { library: program } })
    assert.deepStrictEqual(configuration("servers"), { servers: { library: { type: "stdio", ...program } } })
    assert.deepStrictEqual(
      hosts.filter(({ key }) => key === "servers").map(({ name }) => name),
      ["VS Code"]
    )
    assert.isDefined(servers)
  })

  it("starts a server that answers, from anywhere and without an environment", async () => {
    const { args, command } = mcpServers!.library
    const { code, stderr, stdout } = await run(
      command,
      args,
      message({
        id: 1,
        method: "initialize",
        params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "host", version: "1" } }
      }) +
        message({ method: "notifications/initialized" }) +
        message({ id: 2, method: "tools/call", params: { name: "index_files", arguments: {}, _meta: { progressToken: "p" } } })
    )
    const messages = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
    assert.strictEqual(code, 0)
    assert.strictEqual(messages[0].result.serverInfo.name, "library")
    assert.isAbove(messages.filter(({ params }) => params?.progressToken === "p").length, 3)
    assert.isAbove(messages.at(-1).result.structuredContent.indexed, 100)
    assert.match(stderr, /^\S+ INFO \S+ indexed \d+ of \d+ files\n$/)
  })
})

describe("the tour", () => {
  it("ends by itself, in 80 columns and without styles where there is no terminal", async () => {
    const { args, command } = configuration("mcpServers").mcpServers!.library
    const tour = resolve(import.meta.dirname, "../library/tour.ts")
    const { code, stderr, stdout } = await run(command, [args[0]!, tour], "", { PATH: process.env["PATH"] })
    assert.deepStrictEqual([code, stderr], [0, ""])
    for (const heading of ["Connect", "Index", "Search", "Notes", "Failures", "Cancel", "Bad calls", "Speed", "Use it"]) {
      assert.include(stdout, `  ${heading}  `)
    }
    assert.include(stdout, "last run cancelled")
    assert.notInclude(stdout, "\u001b")
    const isPath = (line: string): boolean => line.includes('"/')
    assert.deepStrictEqual(
      stdout.split("\n").filter((line) => line.length > 80 && !isPath(line)),
      []
    )
  })
})
