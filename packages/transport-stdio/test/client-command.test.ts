import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type Host, launch, quoteBatchArgument } from "../src/internal/clientCommand.ts"
import { environment, makeScrubber, variable } from "../src/internal/clientEnv.ts"

const node = "C:\\Program Files\\nodejs"

const windows = (files: ReadonlyArray<string>, env: Host["env"] = {}): Host => ({
  platform: "win32",
  env: { Path: `C:\\Windows;"${node}";`, ...env },
  parentEnv: { ComSpec: "C:\\Windows\\system32\\cmd.exe" },
  cwd: "C:\\work",
  isFile: (path) => files.some((file) => file.toLowerCase() === path.toLowerCase())
})

const start = (host: Host, command: string, ...args: ReadonlyArray<string>) => Result.getOrThrow(launch(host, command, args))

describe("commands on Windows", () => {
  it("programs are found through PATH and PATHEXT, batch files go through cmd.exe", () => {
    const host = windows([`${node}\\npx`, `${node}\\npx.cmd`, `${node}\\npx.ps1`, `${node}\\node.exe`])
    assert.deepStrictEqual(start(host, "node", "a b"), { file: `${node}\\node.exe`, args: ["a b"], verbatim: false })
    assert.deepStrictEqual(start(host, "npx", "-y", "@scope/server@1.0", "C:\\my files"), {
      file: "C:\\Windows\\system32\\cmd.exe",
      args: ["/d", "/e:ON", "/v:OFF", "/s", "/c", `""${node}\\npx.cmd" -y @scope/server@1.0 "C:\\my files""`],
      verbatim: true
    })
    assert.include(start(host, "NPX.CMD").args.at(-1), "NPX.CMD")
  })

  it("a path is taken from the working directory, which is not searched for names", () => {
    const host = windows(["C:\\work\\run.bat", "C:\\work\\server.exe", "D:\\x\\y.z.exe"])
    assert.include(start(host, ".\\run").args.at(-1), '"C:\\work\\run.bat"')
    assert.include(start(host, "./run.bat").args.at(-1), '"C:\\work\\run.bat"')
    assert.strictEqual(start(host, "D:\\x\\y.z").file, "D:\\x\\y.z.exe")
    assert.deepStrictEqual(start(host, "server"), { file: "server", args: [], verbatim: false })
  })

  it("PATHEXT decides the order; what needs an interpreter is left out", () => {
    const files = [`${node}\\x.cmd`, `${node}\\x.exe`, `${node}\\y.js`]
    assert.strictEqual(start(windows(files), "x").file, `${node}\\x.exe`)
    assert.include(start(windows(files, { pathext: ".CMD;.EXE" }), "x").args.at(-1), "x.cmd")
    assert.strictEqual(start(windows(files, { PATHEXT: ".JS" }), "y").file, "y")
  })

  it("what cmd.exe cannot pass on is refused", () => {
    const host = windows([`${node}\\npx.cmd`])
    assert.include(Result.getOrThrow(Result.flip(launch(host, "npx", ["a\nb"]))), "line break")
    assert.include(Result.getOrThrow(Result.flip(launch(host, "npx", ["x".repeat(9000)]))), "cmd.exe takes 8191")
  })

  it("elsewhere a command is what it is", () => {
    const host = { ...windows([]), platform: "linux" } as const
    assert.deepStrictEqual(start(host, "npx", "a b\n"), { file: "npx", args: ["a b\n"], verbatim: false })
  })
})

/** One reading of a line by `cmd.exe`: variables, then quotes and carets. Throws where the line would do something else. */
const readByCmd = (line: string, prompt: boolean): string => {
  let expanded = ""
  for (let at = 0; at < line.length; at++) {
    const match = prompt && line[at] === "%" ? /^%([^%:]+)(:~[^%]*)?%/.exec(line.slice(at)) : null
    const value = match === null ? undefined : { PATH: "EXPANDED", CD: "C:\\EXPANDED" }[match[1]!.toUpperCase()]
    if (match === null || value === undefined) expanded += line[at]
    else {
      assert.isTrue(match[2] === undefined || match[2] === ":~,")
      expanded += match[2] === ":~," ? "" : value
      at += match[0].length - 1
    }
  }
  let quoted = false
  let result = ""
  for (let at = 0; at < expanded.length; at++) {
    const char = expanded[at]!
    if (char === '"') quoted = !quoted
    else if (!quoted && /[&|<>()\r\n]/.test(char)) throw new Error(`${char} has a meaning in: ${expanded}`)
    else if (!quoted && char === "^") at++
    result += expanded[at] ?? ""
  }
  return result
}

/** How the C runtime makes arguments of a command line. */
const splitByRuntime = (line: string): ReadonlyArray<string> => {
  const args: Array<string> = []
  for (let at = 0; at < line.length;) {
    while (line[at] === " " || line[at] === "\t") at++
    if (at >= line.length) break
    let arg = ""
    for (let quoted = false; at < line.length && (quoted || (line[at] !== " " && line[at] !== "\t"));) {
      let slashes = 0
      while (line[at + slashes] === "\\") slashes++
      at += slashes
      if (line[at] !== '"') {
        arg += "\\".repeat(slashes)
        if (slashes === 0) arg += line[at++]
        continue
      }
      arg += "\\".repeat(slashes >> 1)
      if (slashes % 2 === 1) arg += '"'
      else if (quoted && line[at + 1] === '"') arg += line[at++]
      else quoted = !quoted
      at++
    }
    args.push(arg)
  }
  return args
}

/** What a program receives that `shim.cmd` starts with `%*`. */
const throughShim = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const line = args.map(quoteBatchArgument).join(" ")
  const received = readByCmd(`"C:\\shim.cmd" ${line}`, true).slice('"C:\\shim.cmd" '.length)
  return splitByRuntime(readByCmd(`"C:\\node.exe" "cli.js" ${received}`, false)).slice(2)
}

describe("arguments of batch files", () => {
  const table: ReadonlyArray<readonly [arg: string, quoted: string]> = [
    ["-y", "-y"],
    ["@scope/pkg@1.2.3", "@scope/pkg@1.2.3"],
    ["", '""'],
    ["a b", '"a b"'],
    ["a&calc.exe", '"a&calc.exe"'],
    ['a"&calc.exe', '"a""&calc.exe"'],
    ['"', '""""'],
    ["C:\\dir\\", '"C:\\dir\\\\"'],
    ['a\\"b', '"a\\\\""b"'],
    ["%PATH%", '"%%cd:~,%PATH%%cd:~,%"'],
    ["^", '"^"'],
    ['{"a":1}', '"{""a"":1}"'],
    ["!x!", '"!x!"']
  ]
  it.each(table)("%j", (arg, quoted) => {
    assert.strictEqual(quoteBatchArgument(arg), quoted)
    assert.deepStrictEqual(throughShim(["before", arg, "after"]), ["before", arg, "after"])
  })

  const nasty = Schema.Array(Schema.Literals([...'\\"%^&|<>()! \t;,=a:~', "%PATH%", "%cd%", '\\"', '""', "é"]))
  it.prop(
    "survive cmd.exe and the runtime, whatever they are",
    [Schema.Array(nasty)],
    ([words]) => {
      const args = words.map((parts) => parts.join(""))
      assert.deepStrictEqual(throughShim(args), args)
    },
    { arbitrary: { runs: 2000 } }
  )
})

describe("the environment", () => {
  const parent = {
    Path: "C:\\Windows",
    SystemRoot: "C:\\Windows",
    ComSpec: "cmd",
    SECRET: "1",
    TEMP: "() { :; }",
    "ProgramFiles(x86)": "p"
  }

  it("names do not depend on case on Windows", () => {
    assert.deepStrictEqual(environment("minimal", { PATH: "D:\\bin", systemroot: undefined }, "win32", parent), {
      PATH: "D:\\bin",
      ComSpec: "cmd",
      "ProgramFiles(x86)": "p"
    })
    assert.strictEqual(variable(parent, "PATH", "win32"), "C:\\Windows")
    assert.isUndefined(variable(parent, "PATH", "linux"))
  })

  it("where certificates are is passed on by `minimal`, where proxies are is not", () => {
    const certificates = {
      NODE_EXTRA_CA_CERTS: "a",
      SSL_CERT_FILE: "b",
      SSL_CERT_DIR: "c",
      REQUESTS_CA_BUNDLE: "d",
      CURL_CA_BUNDLE: "e"
    }
    for (const platform of ["linux", "darwin", "win32"] as const) {
      assert.deepStrictEqual(
        environment("minimal", {}, platform, { ...certificates, HTTPS_PROXY: "http://ada:secret@proxy" }),
        certificates
      )
    }
  })

  it("exported shell functions are not passed on by `minimal`", () => {
    const parent = { HOME: "/root", USER: "() { :; }", SHELL: undefined, OTHER: "x" }
    assert.deepStrictEqual(environment("minimal", {}, "linux", parent), { HOME: "/root" })
    assert.deepStrictEqual(environment("all", {}, "linux", parent), { HOME: "/root", USER: "() { :; }", OTHER: "x" })
    assert.deepStrictEqual(environment("none", { A: Redacted.make("1"), B: undefined }, "linux", parent), { A: "1" })
  })

  it("secrets are taken out, also one that is a part of another", () => {
    const { longest, scrub } = makeScrubber([Redacted.make("abc"), "plain", Redacted.make("xabcx"), Redacted.make(""), undefined])
    assert.strictEqual(scrub("abc xabcx plain"), "<redacted> <redacted> plain")
    assert.strictEqual(longest, 5)
  })
})
