import { afterEach, assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { command, ServerProcess } from "./fixtures/serverProcess.ts"
import { line } from "./fixtures/serverStreams.ts"

const servers: Array<ServerProcess> = []
const start = (...args: ConstructorParameters<typeof ServerProcess>): ServerProcess => {
  const server = new ServerProcess(...args)
  servers.push(server)
  return server
}
afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill()
})

const warnings = (text: string) => text.split("stdout carries the MCP protocol").length - 1
const ids = (server: ServerProcess) => server.messages().map((message) => message["id"])

describe("stdout belongs to the protocol", () => {
  it("the global console, also while the server is built", async () => {
    const server = start()
    server.send(line(1, "console"))
    await server.answer(1)
    server.child.stdin!.end()
    assert.strictEqual(await server.end(), 0)
    assert.deepStrictEqual(ids(server), [1])
    for (const text of ["while built", "console.log", "console.table", "while closed"])
      assert.include(server.stderr, `stray ${text}`)
    assert.strictEqual(warnings(server.stderr), 1)
  })

  it("Effect's Console and every logger, which are no reason for a warning", async () => {
    const server = start({ QUIET: "1" })
    server.send(line(1, "log"))
    await server.answer(1)
    server.child.stdin!.end()
    assert.strictEqual(await server.end(), 0)
    assert.deepStrictEqual(ids(server), [1])
    assert.strictEqual(server.stderr.split("stray").length - 1, 2 + 4 + 2, server.stderr) // two while built and closed
    assert.strictEqual(warnings(server.stderr), 0)
  })

  it("stray writes, also by functions of node:fs imported by name", async () => {
    const server = start()
    server.send(line(1, "write"))
    assert.deepStrictEqual((await server.answer(1))["result"], { bytesWritten: 12 })
    assert.deepStrictEqual(ids(server), [1])
    server.child.stdin!.end()
    assert.strictEqual(await server.end(), 0)
    for (const name of ["stdout.write", "writeSync", "writeFileSync", "appendFileSync", "write"]) {
      assert.include(server.stderr, `stray ${name}\n`)
    }
    assert.strictEqual(warnings(server.stderr), 1)
  })

  it("children that inherit it", async () => {
    const server = start()
    server.send(line(1, "child"))
    await server.answer(1)
    assert.deepStrictEqual(ids(server), [1])
    server.child.stdin!.end()
    assert.strictEqual(await server.end(), 0)
    for (const name of ["execSync", "execFileSync", "spawnSync", "spawn", "spawn of 1", "fork"]) {
      assert.include(server.stderr, `stray ${name}\n`)
    }
  })

  it("and stdin too: a child that would inherit it gets an empty one", async () => {
    const server = start()
    server.send(line(1, "thief") + line(2, "echo"))
    assert.deepStrictEqual((await server.answer(1))["result"], { stolen: "" })
    await server.answer(2)
  })

  it("when it is a file", async () => {
    const directory = mkdtempSync(join(tmpdir(), "effect-mcp-"))
    writeFileSync(join(directory, "in"), line(1, "log") + line(2, "write"))
    const input = openSync(join(directory, "in"), "r")
    const output = openSync(join(directory, "out"), "w")
    const server = start({}, [input, output, "pipe"])
    assert.strictEqual(await server.end(), 0)
    const answers = readFileSync(join(directory, "out"), "utf8").trim().split("\n")
    assert.deepStrictEqual(answers.map((text) => JSON.parse(text).id).toSorted(), [1, 2])
    for (const fd of [input, output]) closeSync(fd)
    rmSync(directory, { recursive: true })
  })

  it("until the server has ended, when it gets back what it lost", async () => {
    const server = start({ AFTER: "1" })
    server.child.stdin!.end(line(1, "echo"))
    assert.strictEqual(await server.end(), 0)
    assert.strictEqual(server.stdout.split("\n")[1], "after")
  })

  it("when the server cannot be built, the report of it goes to stderr", async () => {
    const server = start({ FAIL: "1" })
    assert.strictEqual(await server.end(), 1)
    assert.strictEqual(server.stdout, "")
    assert.include(server.stderr, "the database is gone")
  })
})

describe("the end of the process", () => {
  it("the end of input: calls in flight are answered first", async () => {
    const server = start()
    server.child.stdin!.end(Array.from({ length: 50 }, (_, id) => line(id, "sleep", { ms: 50 })).join(""))
    assert.strictEqual(await server.end(), 0)
    assert.strictEqual(server.messages().length, 50)
  })

  it("the end of input: calls that do not end are interrupted after the drain timeout", async () => {
    const server = start({ DRAIN_MS: "50" })
    server.child.stdin!.end(line(1, "never") + line(2, "echo"))
    assert.strictEqual(await server.end(), 0)
    assert.deepStrictEqual(ids(server), [2])
    assert.include(server.stderr, "interrupted\n")
  })

  it("an empty input", async () => {
    const server = start({}, ["ignore", "pipe", "pipe"])
    assert.strictEqual(await server.end(), 0)
  })

  it("a broken pipe, although stdin stays open and calls are running", async () => {
    const server = start()
    server.send(line(1, "echo") + line(2, "never"))
    await server.answer(1)
    server.child.stdout!.destroy()
    server.send(line(3, "log"))
    assert.strictEqual(await server.end(), 0)
    assert.include(server.stderr, "interrupted\n")
  })

  it("a client that is gone, with all its pipes", async () => {
    const server = start()
    server.send(line(1, "echo"))
    await server.answer(1)
    server.send(line(2, "log") + line(3, "sleep", { ms: 50 }))
    server.child.stdout!.destroy()
    server.child.stderr!.destroy()
    server.child.stdin!.destroy()
    assert.strictEqual(await server.end(), 0)
  })

  it.runIf(process.platform !== "win32")("a signal interrupts at once", async () => {
    const server = start()
    server.send(line(1, "echo") + line(2, "never"))
    await server.answer(1)
    server.child.kill("SIGTERM")
    assert.strictEqual(await server.end(), 130)
    assert.include(server.stderr, "interrupted\n")
  })

  it.runIf(process.platform !== "win32")("a parent that is gone, while another process keeps stdin open", async () => {
    const directory = mkdtempSync(join(tmpdir(), "effect-mcp-"))
    spawnSync("mkfifo", [join(directory, "in")])
    const input = openSync(join(directory, "in"), "r+") // the server can write to it, so it never ends
    const code = `require("node:child_process").spawn(process.execPath, ${JSON.stringify(command)}, { stdio: "inherit" })`
    const parent = start({}, [input, "pipe", "pipe"], ["-e", code])
    writeSync(input, line(1, "echo") + line(2, "sleep", { ms: 3000 }))
    await parent.answer(1)
    parent.child.kill("SIGKILL")
    await parent.closed // comes when the server has let go of the pipes
    assert.deepStrictEqual(ids(parent), [1, 2])
    closeSync(input)
    rmSync(directory, { recursive: true })
  })
})

describe("a client that stops reading", () => {
  const rss = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024
  const cpu = (pid: number) => readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]

  it.runIf(process.platform === "linux")("costs bounded memory, and gets all answers when it reads again", async () => {
    const server = start()
    server.send(line(-1, "echo"))
    await server.answer(-1)
    server.child.stdout!.pause()
    const pid = server.child.pid!
    const before = rss(pid)
    // 400 MB of answers
    server.send(Array.from({ length: 4000 }, (_, id) => line(id, "big", { size: 100_000 })).join(""))
    for (let last = ""; last !== cpu(pid);) {
      last = cpu(pid)!
      await new Promise((resolve) => setTimeout(resolve, 200)) // there is nothing to wait for but that it has stopped working
    }
    assert.isBelow(rss(pid) - before, 60)
    let bytes = 0
    server.child.stdout!.removeAllListeners("data")
    server.child.stdout!.on("data", (chunk: Buffer) => (bytes += chunk.length))
    server.child.stdout!.resume()
    server.child.stdin!.end()
    assert.strictEqual(await server.end(), 0)
    assert.isAbove(bytes, 4000 * 100_000)
  })
})
