import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { infer, type Inferred } from "../src/internal/infer.ts"

describe("a text that stands for a server", () => {
  const table: ReadonlyArray<readonly [text: string, file: Inferred, noFile: Inferred]> = [
    ["https://x.example/server.py", "url", "url"],
    ["ws://x", "url", "url"],
    ["server.js", "node", "node"],
    ["./a/server.MTS", "node", "node"],
    ["C:\\a\\server.ts", "node", "node"],
    ["my server.js", "node", "commandLine"],
    ["node server.js", "node", "commandLine"],
    ["/a/server.py", "python", "python"],
    ["uv run server.py", "python", "commandLine"],
    [".mcp.json", "configuration", "configuration"],
    ["npx -y x ./a.json", "configuration", "commandLine"],
    ["server", "program", "commandLine"],
    ["/usr/bin/my server", "program", "commandLine"],
    ["server.rb", "unknownScript", "commandLine"],
    ["server-1.0", "unknownScript", "commandLine"],
    ["npx -y server@1.0", "unknownScript", "commandLine"],
    [".py", "program", "commandLine"]
  ]
  it.each(table)("%j is %s when it is a file, %s otherwise", (text, file, noFile) => {
    assert.strictEqual(infer(text, { isFile: true, platform: "linux" }), file)
    assert.strictEqual(infer(text, { isFile: false, platform: "linux" }), noFile)
  })

  it("is a program on Windows where it is one there", () => {
    for (const text of ["C:\\a b\\server.exe", "server.CMD", "a.bat", "a.com"]) {
      assert.strictEqual(infer(text, { isFile: true, platform: "win32" }), "program")
      assert.strictEqual(infer(text, { isFile: true, platform: "linux" }), "unknownScript")
    }
  })

  it.prop("is always something", { text: Schema.String, isFile: Schema.Boolean }, ({ isFile, text }) => {
    assert.isString(infer(text, { isFile, platform: "linux" }))
  })
})
