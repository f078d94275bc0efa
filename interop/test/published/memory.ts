/** `@modelcontextprotocol/server-memory`, with a file of its own. */
import { join } from "node:path"
import { assert } from "vitest"
import {
  call,
  common,
  failed,
  noLogs,
  noPrompts,
  noQuestions,
  noRoots,
  notified,
  type Party,
  quick,
  refusal,
  type Server
} from "./Server.ts"

const uri = "memory://knowledge-graph"
const ada = { name: "Ada", entityType: "person", observations: ["writes programs"] }
const grace = { name: "Grace", entityType: "person", observations: ["finds moths"] }

const graph = async ({ client, run }: Party) => {
  const [contents] = (await run(client.readResource(uri))).contents
  return JSON.parse("text" in contents! ? contents.text : "")
}

export const memory: Server = {
  name: "server-memory",
  entry: "server-memory/dist/index.js",
  env: (directory) => ({ MEMORY_FILE_PATH: join(directory, "memory.jsonl") }),
  cells: {
    ...common,
    ...noPrompts,
    ...noQuestions,
    ...noRoots,
    ...quick(({ client }, options) => client.callTool("read_graph", {}, options)),
    "log messages": noLogs,

    negotiation: async ({ client }) => {
      assert.strictEqual(client.revision.version, "2025-11-25")
      assert.strictEqual(client.serverInfo?.name, "memory-server")
      assert.containSubset(client.capabilities, { resources: { subscribe: true } })
    },

    list: async ({ client, run }) => {
      const tools = (await run(client.listTools)).map(({ name }) => name)
      assert.includeMembers(tools, ["create_entities", "create_relations", "read_graph", "search_nodes", "delete_entities"])
    },

    call: async (party) => {
      await call(party, "create_entities", { entities: [ada] })
      const relation = { from: "Ada", to: "Charles", relationType: "knows" }
      await call(party, "create_relations", { relations: [relation] })
      assert.deepStrictEqual(await graph(party), { entities: [ada], relations: [relation] })
    },

    "structured result": async (party) => {
      const { structuredContent } = await call(party, "search_nodes", { query: "programs" })
      assert.deepStrictEqual(structuredContent.entities, [ada])
    },

    "kinds of content": {
      because: "it has texts alone",
      proof: async (party) => {
        const { content } = await call(party, "read_graph")
        assert.deepStrictEqual(
          content.map(({ type }: { readonly type: string }) => type),
          ["text"]
        )
      }
    },

    "error of the tool": async (party) => {
      const observations = [{ entityName: "Nobody", contents: ["is not there"] }]
      assert.include(await failed(party, "add_observations", { observations }), "Entity with name Nobody not found")
    },

    "bad arguments": async (party) =>
      assert.include(await failed(party, "create_entities", { entities: "Ada" }), "Input validation error"),

    resources: async ({ client, run }) => {
      const [only, ...more] = await run(client.listResources)
      assert.include(only, { uri, title: "Knowledge Graph", mimeType: "application/json" })
      assert.deepStrictEqual(more, [])
    },

    templates: {
      because: "its one resource has a name",
      proof: async ({ client, run }) => assert.deepStrictEqual(await run(client.listResourceTemplates), [])
    },

    read: async (party) => assert.deepStrictEqual((await graph(party)).entities, [ada]),

    "unknown resource": async (party) =>
      assert.include(await refusal(party, party.client.readResource("memory://nothing")), {
        _tag: "RequestFailed",
        code: -32602
      }),

    updates: async (party) => {
      const { client, run, told } = party
      const updates = () => told.all.filter(({ method }) => method === "notifications/resources/updated").length
      assert.strictEqual(updates(), 0) // nobody has asked by now
      await run(client.subscribeResource(uri))
      await call(party, "create_entities", { entities: [grace] })
      assert.strictEqual((await notified(party, "notifications/resources/updated")).uri, uri)
      assert.deepStrictEqual((await graph(party)).entities, [ada, grace])
      await run(client.unsubscribeResource(uri))
      await call(party, "delete_entities", { entityNames: ["Grace"] })
      await run(client.ping)
      assert.strictEqual(updates(), 1)
    },

    "changes of lists": {
      because: "its tools and its resource stay as they are",
      proof: async ({ told }) => assert.isFalse(told.all.some(({ method }) => method.endsWith("list_changed")))
    }
  }
}
