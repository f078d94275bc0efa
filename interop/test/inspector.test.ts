/**
 * The Inspector's command line (`--cli`) drives our servers: one process for each request, as people use it in scripts.
 *
 * `@modelcontextprotocol/inspector-cli` is that part alone; the Inspector itself brings a browser's worth of packages with it.
 */
import { execFile } from "node:child_process"
import { resolve } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Endpoint } from "./support/Endpoint.ts"
import { library, ours, type Program } from "./support/programs.ts"
import type { Json } from "./support/Wire.ts"

interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

// It looks for its own package.json next to the working directory.
const build = resolve(import.meta.dirname, "../node_modules/@modelcontextprotocol/inspector-cli/build")

// The program's own options follow after `--`.
const lineOf = (target: Program | Endpoint, options: ReadonlyArray<string>): ReadonlyArray<string> =>
  target instanceof Endpoint
    ? ["index.js", target.url, "--transport", "http", ...options]
    : ["index.js", target.command, ...options, "--", ...target.args]

const run = (target: Program | Endpoint, ...options: ReadonlyArray<string>): Promise<Said> =>
  new Promise((resolve) => {
    const line = lineOf(target, options)
    execFile(process.execPath, line, { cwd: build }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    )
  })

const ask = async (program: Program | Endpoint, method: string, ...options: ReadonlyArray<string>): Promise<Json> => {
  const { code, stderr, stdout } = await run(program, "--method", method, ...options)
  assert.strictEqual(code, 0, stderr)
  return JSON.parse(stdout)
}

const call = (program: Program | Endpoint, tool: string, ...args: ReadonlyArray<string>): Promise<Json> =>
  ask(program, "tools/call", "--tool-name", tool, ...(args.length === 0 ? [] : ["--tool-arg", ...args]))

const names = (items: ReadonlyArray<{ readonly name: string }>): ReadonlyArray<string> => items.map(({ name }) => name)

const testsOf = (target: Program | Endpoint) => {
  it("tools/list", async () => {
    const { tools } = await ask(target, "tools/list")
    assert.includeMembers([...names(tools)], ["add", "show", "raw", "wait"])
  })

  it("tools/call, with arguments that it makes fit the schema", async () => {
    const result = { content: [{ type: "text", text: '{"sum":42}' }], structuredContent: { sum: 42 } }
    assert.deepStrictEqual(await call(target, "add", "a=19", "b=23"), result)
    assert.deepStrictEqual((await call(target, "echo", "text=ä€𝄞 = 1")).content, [{ type: "text", text: "ä€𝄞 = 1" }])
  })

  it("tools/call, with a result that is an error", async () => {
    const failed = await call(target, "find", "id=seven")
    assert.deepStrictEqual([failed.isError, failed.content[0].text], [true, "There is no thing seven"])
    const bad = await call(target, "add", "a=1")
    assert.isTrue(bad.isError)
    assert.include(bad.content[0].text, "b: ")
  })

  it("tools/call, refused", async () => {
    const { code, stderr } = await run(target, "--method", "tools/call", "--tool-name", "nothing")
    assert.strictEqual(code, 1)
    assert.include(stderr, "MCP error -32602")
  })

  it("resources/list", async () => {
    const { resources } = await ask(target, "resources/list")
    assert.deepStrictEqual(names(resources), ["readme", "pixel", "desk"])
  })

  it("resources/read", async () => {
    const [readme] = (await ask(target, "resources/read", "--uri", "interop://readme")).contents
    assert.include(readme, { uri: "interop://readme", mimeType: "text/markdown", text: "hello" })
    const [page] = (await ask(target, "resources/read", "--uri", "interop://pages/a?line=2")).contents
    assert.deepStrictEqual(JSON.parse(page.text), { name: "a", line: 2 })
  })

  it("resources/read, refused", async () => {
    const { code, stderr } = await run(target, "--method", "resources/read", "--uri", "interop://nothing")
    assert.strictEqual(code, 1)
    assert.include(stderr, "MCP error -32002: Resource not found: interop://nothing")
  })

  it("resources/templates/list", async () => {
    const { resourceTemplates } = await ask(target, "resources/templates/list")
    assert.containSubset(resourceTemplates, [{ name: "page", uriTemplate: "interop://pages/{name}{?line}" }])
  })

  it("prompts/list", async () => {
    const { prompts } = await ask(target, "prompts/list")
    assert.deepStrictEqual(names(prompts), ["letter", "draft"])
  })

  it("prompts/get", async () => {
    const { messages } = await ask(target, "prompts/get", "--prompt-name", "letter", "--prompt-args", "to=Ada")
    assert.deepStrictEqual(messages[0], { role: "user", content: { type: "text", text: "Write to Ada about " } })
  })

  it("logging/setLevel", async () => assert.deepStrictEqual(await ask(target, "logging/setLevel", "--log-level", "debug"), {}))
}

describe("the Inspector's command line", { timeout: 60_000 }, () => {
  testsOf(ours)

  it("the library of `examples/`", async () => {
    const { tools } = await ask(library, "tools/list")
    assert.includeMembers([...names(tools)], ["search", "read_file", "status"])
    assert.strictEqual((await call(library, "status")).structuredContent.indexedFiles, 0)
  })

  describe("over HTTP", () => {
    const endpoint = new Endpoint({})
    beforeAll(() => endpoint.start())
    afterAll(() => endpoint.kill())
    testsOf(endpoint)
  })
})
