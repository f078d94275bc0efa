import { assert, describe, it } from "@effect/vitest"
import childProcess, { execSync } from "node:child_process"
import fs, { writeSync } from "node:fs"
import { guardStdout, redirectStdio } from "../src/internal/serverStdout.ts"

const state = () => [
  process.stdout.write,
  Object.hasOwn(process.stdout, "write"),
  Object.getOwnPropertyDescriptor(childProcess.ChildProcess.prototype, "spawn"),
  ...["write", "writeSync", "writev", "writevSync", "writeFile", "writeFileSync", "appendFile", "appendFileSync"].map((name) =>
    Object.getOwnPropertyDescriptor(fs, name)
  ),
  ...["spawnSync", "execSync", "execFileSync"].map((name) => Object.getOwnPropertyDescriptor(childProcess, name)),
  writeSync,
  execSync
]

describe("the stdout guard", () => {
  it("restores everything, names imported from built-in modules too", () => {
    const before = state()
    const guard = guardStdout()
    const during = state()
    assert.notStrictEqual(during.at(-1), before.at(-1))
    assert.notStrictEqual(during.at(-2), before.at(-2))
    guard.restore()
    assert.deepStrictEqual(state(), before)
  })

  it("leaves alone what somebody else has patched since, and is out of its way", () => {
    const original = fs.writeSync
    const guard = guardStdout()
    const guarded = fs.writeSync
    const theirs = guarded.bind(fs) as typeof guarded // `bind` keeps one of the overloads only
    fs.writeSync = theirs
    guard.restore()
    assert.strictEqual(fs.writeSync, theirs)
    assert.strictEqual(fs.writeSync(1, ""), 0)
    fs.writeSync = original
  })

  it("redirects each form of stdio", () => {
    assert.deepStrictEqual(redirectStdio("inherit"), ["ignore", 2, 2])
    assert.deepStrictEqual(redirectStdio("pipe"), "pipe")
    assert.deepStrictEqual(redirectStdio(undefined), undefined)
    assert.deepStrictEqual(redirectStdio(["inherit", "inherit", "inherit"]), ["ignore", 2, "inherit"])
    assert.deepStrictEqual(redirectStdio([0, 1, 1, 1, "ipc"]), ["ignore", 2, 2, 2, "ipc"])
    assert.deepStrictEqual(redirectStdio([{ fd: 0 }, { fd: 1 }, { fd: 7 }]), ["ignore", 2, { fd: 7 }])
    assert.deepStrictEqual(redirectStdio(["pipe", null, undefined]), ["pipe", null, undefined])
  })
})
