/**
 * Finding tools by words.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { OfferedTool } from "../src/Offered.ts"
import * as ToolSearch from "../src/ToolSearch.ts"
import { connected } from "./support/connected.ts"
import { fakes } from "./support/fake.ts"

const tool = (server: string, originalName: string, description?: string, title?: string): OfferedTool => {
  const name = `${server}_${originalName}`
  const said = { ...(description === undefined ? {} : { description }), ...(title === undefined ? {} : { title }) }
  return { name, server, originalName, tool: { name, inputSchema: { type: "object" }, ...said } }
}

const tools = [
  tool("github", "search_issues", "Finds issues in a repository"),
  tool("github", "createIssue", "Opens a new issue"),
  tool("files", "read_file", "Reads a file"),
  tool("files", "search", "Looks for text in files"),
  tool("web", "search", "Looks for pages"),
  tool("mail", "send", "Sends a message", "Post a letter")
]
const index = ToolSearch.index(tools)
const find = (query: string, limit = 10) => ToolSearch.search(index, query, limit).map(({ name }) => name)

describe("the search for tools", () => {
  it("finds what is called so, before what has the words", () => {
    assert.deepStrictEqual(find("web_search", 1), ["web_search"])
    assert.deepStrictEqual(find("search"), ["files_search", "web_search", "github_search_issues"])
    assert.deepStrictEqual(
      ToolSearch.search(index, "search", 10).map(({ score }) => score === Infinity),
      [true, true, false]
    )
  })

  it("finds words in names, titles and descriptions, names before descriptions", () => {
    assert.deepStrictEqual(find("letter"), ["mail_send"])
    assert.deepStrictEqual(find("pages"), ["web_search"])
    assert.strictEqual(find("read a file")[0], "files_read_file")
    assert.deepStrictEqual(find("text in files")[0], "files_search")
  })

  it("takes names apart, and does not mind case", () => {
    assert.strictEqual(find("create ISSUE")[0], "github_createIssue")
    assert.deepStrictEqual(ToolSearch.words("getHTTPUrl2Path_of-it.now Größe"), [
      "get",
      "httpurl2",
      "path",
      "of",
      "it",
      "now",
      "größe"
    ])
  })

  it("finds words that begin alike", () => {
    assert.deepStrictEqual(new Set(find("messages")), new Set(["mail_send"]))
    assert.include(find("repo"), "github_search_issues")
    assert.deepStrictEqual(find("zz"), [])
  })

  it("puts first what says more: names, whole words, rare words, short descriptions, and else the first name", () => {
    const order = (query: string, ...all: ReadonlyArray<OfferedTool>) =>
      ToolSearch.search(ToolSearch.index(all), query, 10).map(({ name }) => name)
    const long = "with some more words of no use here"
    assert.deepStrictEqual(order("beta", tool("a", "x", "beta"), tool("b", "beta_y", long)), ["b_beta_y", "a_x"])
    assert.deepStrictEqual(order("an issue", tool("a", "issues"), tool("b", "issue")), ["b_issue", "a_issues"])
    const common = [tool("a", "common"), tool("b", "common"), tool("c", "common"), tool("d", "seldom")]
    assert.strictEqual(order("one common seldom", ...common)[0], "d_seldom")
    assert.deepStrictEqual(order("beta", tool("a", "x", `beta ${long}`), tool("b", "x", "beta")), ["b_x", "a_x"])
    assert.deepStrictEqual(order("beta", tool("b", "x", "beta"), tool("a", "x", "beta")), ["a_x", "b_x"])
    assert.deepStrictEqual(order("fi", tool("a", "file")), [])
  })

  it("finds nothing without words", () => {
    assert.deepStrictEqual(find(""), [])
    assert.deepStrictEqual(find("?!"), [])
    assert.deepStrictEqual(ToolSearch.search(ToolSearch.index([]), "x", 10), [])
  })

  it("gives no more than it is asked for", () => {
    assert.lengthOf(find("search", 2), 2)
    assert.lengthOf(find("search", 0), 0)
  })

  const Words = Schema.Array(Schema.Literals(["search", "file", "issue", "x", "Looks", "mail"]))
  it.prop(
    "does not depend on the order of the tools, nor on that of the words",
    { words: Words },
    ({ words }) => {
      const names = (list: ReadonlyArray<OfferedTool>, query: ReadonlyArray<string>) =>
        ToolSearch.search(ToolSearch.index(list), `? ${query.join(" ")}`, 10).map(({ name }) => name)
      assert.deepStrictEqual(names(tools.toReversed(), words), names(tools, words))
      assert.deepStrictEqual(new Set(names(tools, words.toReversed())), new Set(names(tools, words)))
    },
    { arbitrary: { runs: 100 } }
  )

  it("is bounded, whatever servers and models write", () => {
    const long = tool("a", "b", `${"word ".repeat(2000)}late`)
    const one = ToolSearch.index([long])
    assert.deepStrictEqual(ToolSearch.search(one, "late", 10), [])
    const query = Array.from({ length: 64 }, (_, i) => `x${i}`).join(" ")
    assert.deepStrictEqual(ToolSearch.search(one, `${query} word`, 10), [])
    assert.lengthOf(ToolSearch.search(one, "word", 10), 1)
  })

  it.effect("of the servers finds what is offered now, 10 by default and 100 at most", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 200 }, (_, i) => `run_${i}`)
      const all = fakes({ one: { tools: many }, two: { tools: ["walk"] } })
      const servers = yield* connected(all)
      assert.lengthOf(yield* servers.findTool("run"), 10)
      assert.lengthOf(yield* servers.findTool("run", { limit: 1000 }), 100)
      assert.lengthOf(yield* servers.findTool("run", { limit: -1 }), 0)
      assert.deepStrictEqual(
        (yield* servers.findTool("walk")).map(({ name }) => name),
        ["two_walk"]
      )
      yield* servers.close("two")
      assert.deepStrictEqual(yield* servers.findTool("walk"), [])
    })
  )
})
