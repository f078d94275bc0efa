/** `@modelcontextprotocol/server-sequential-thinking`. */
import { assert } from "vitest"
import { call, common, failed, noLogs, noPrompts, noQuestions, noRoots, noResources, quick, type Server } from "./Server.ts"

const thought = (thoughtNumber: number, more: object = {}) => ({
  thought: "Let me see",
  nextThoughtNeeded: true,
  thoughtNumber,
  totalThoughts: 2,
  ...more
})
const tool = "sequentialthinking"

export const sequentialThinking: Server = {
  name: "server-sequential-thinking",
  entry: "server-sequential-thinking/dist/index.js",
  cells: {
    ...common,
    ...noResources,
    ...noPrompts,
    ...noQuestions,
    ...noRoots,
    ...quick(({ client }, options) => client.callTool(tool, thought(1), options)),
    "log messages": noLogs,

    negotiation: async ({ client }) => {
      assert.strictEqual(client.revision.version, "2025-11-25")
      assert.strictEqual(client.serverInfo?.name, "sequential-thinking-server")
    },

    list: async ({ client, run }) => {
      const [only, ...more] = await run(client.listTools)
      assert.include(only, { name: tool, title: "Sequential Thinking" })
      assert.deepStrictEqual(more, [])
    },

    call: async (party) => {
      const { content } = await call(party, tool, thought(1))
      assert.include(JSON.parse(content[0].text), { thoughtNumber: 1, thoughtHistoryLength: 1 })
    },

    "structured result": async (party) => {
      const branch = { branchFromThought: 1, branchId: "b", nextThoughtNeeded: "false" } // which it understands
      const { structuredContent } = await call(party, tool, thought(3, branch))
      const expected = { thoughtNumber: 3, totalThoughts: 3, nextThoughtNeeded: false, branches: ["b"], thoughtHistoryLength: 2 }
      assert.deepStrictEqual(structuredContent, expected)
    },

    "kinds of content": {
      because: "it has texts alone",
      proof: async (party) => assert.strictEqual((await call(party, tool, thought(1))).content[0].type, "text")
    },

    // There is a function of that name where it looks for its branches.
    "error of the tool": async (party) => {
      const said = await failed(party, tool, thought(1, { branchFromThought: 1, branchId: "toString" }))
      assert.include(JSON.parse(said), { status: "failed" })
    },

    "bad arguments": async (party) => assert.include(await failed(party, tool, thought(0)), "Input validation error"),

    "changes of lists": {
      because: "its tool stays as it is",
      proof: async ({ told }) => assert.deepStrictEqual(told.all, [])
    }
  }
}
