import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as CommandLine from "effect/process/CommandLine"
import { maxLength, split } from "../src/internal/commandLine.ts"

const words = (line: string) => Result.getOrThrow(split(line))
const fault = (line: string) => Result.getOrThrow(Result.flip(split(line)))

describe("command lines", () => {
  const table: ReadonlyArray<readonly [line: string, words: ReadonlyArray<string>]> = [
    ["npx -y @scope/server /tmp", ["npx", "-y", "@scope/server", "/tmp"]],
    ["  a \t b\n c ", ["a", "b", "c"]],
    ["a 'b c' \"d e\" f\\ g", ["a", "b c", "d e", "f g"]],
    ["a b'c'\"d\"e", ["a", "bcde"]],
    ["a '' \"\"", ["a", "", ""]],
    ['a \'\\\' "\\"\\\\\\x"', ["a", "\\", '"\\\\x']],
    ["a '$HOME' \"\\$HOME\" \\$HOME '*' '~' 'a|b'", ["a", "$HOME", "$HOME", "$HOME", "*", "~", "a|b"]],
    ["a --flag=x https://x.example/mcp", ["a", "--flag=x", "https://x.example/mcp"]],
    ["'/with blank/server' x", ["/with blank/server", "x"]],
    ["C:\\\\tools\\\\server.exe", ["C:\\tools\\server.exe"]],
    ["é 🙂", ["é", "🙂"]]
  ]
  it.each(table)("%j", (line, expected) => {
    assert.deepStrictEqual(words(line), expected)
  })

  const faults: ReadonlyArray<readonly [line: string, why: RegExp]> = [
    ["", /it names no program/],
    ["  ", /it names no program/],
    ["'' a", /it names no program/],
    ["a 'b", /^the quote is not closed$/],
    ['a "b', /the quote is not closed/],
    ["a \\", /a trailing backslash escapes nothing/],
    ["a\0b", /NUL/],
    ["a | b", /^the operator "\|" needs a shell; there is no shell here, so put it in single quotes if it is meant$/],
    ["a && b", /needs a shell/],
    ["a > b", /needs a shell/],
    ["a $HOME", /needs a shell/],
    ['a "${HOME}"', /needs a shell/],
    ["a `b`", /needs a shell/],
    ["a *.js", /needs a shell/],
    ["a ~/b", /needs a shell/],
    ["a # b", /needs a shell/],
    [
      "A=b c",
      /^a variable assignment needs a shell; there is no shell here, so give `\{ command, args, env \}` in place of a text$/
    ]
  ]
  it.each(faults)("%j is refused", (line, why) => {
    assert.match(fault(line), why)
  })

  it("are bounded, and read in a time that is", () => {
    assert.lengthOf(words("a".repeat(maxLength)), 1)
    assert.match(fault("a".repeat(maxLength + 1)), /more than 8191 characters/)
    for (const part of ["a=", "1=", "'", '"', "\\", "a ", "{", "''"]) split(part.repeat(maxLength / part.length))
  })

  const Part = Schema.Literals([..." \t\n'\"\\$`*?[~#={}|&;<>()!aé", "$(x)", "${x}", "🙂", "-"])
  const Word = Schema.Array(Part).check(Schema.isMaxLength(12))

  it.prop(
    "are split into the words that were quoted",
    { program: Word, args: Schema.Array(Word).check(Schema.isMaxLength(20)) },
    ({ args, program }) => {
      const given: [string, ...Array<string>] = [`p${program.join("")}`, ...args.map((arg) => arg.join(""))]
      assert.deepStrictEqual(words(Result.getOrThrow(CommandLine.join(given))), given)
    },
    { arbitrary: { runs: 2000 } }
  )

  it.prop(
    "never throw, and lose no character that is not a blank, a quote or a backslash",
    [Schema.Array(Part)],
    ([parts]) => {
      const line = parts.join("")
      const found = split(line)
      if (Result.isFailure(found)) return
      const bare = (text: string) => text.replace(/[\s'"\\]/g, "")
      assert.strictEqual(bare(found.success.join("")), bare(line))
    },
    { arbitrary: { runs: 2000 } }
  )

  it.prop("never throw, whatever the text", [Schema.String], ([line]) => void split(line))
})
