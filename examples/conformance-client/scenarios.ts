/**
 * What the suite wants a client to do, by the name of the scenario. Each is a program over any transport.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Skills from "@effect-mcp/client/Skills"
import { Config, Effect, Schema } from "effect"

/** A call of a tool. */
const Call = Schema.Struct({ name: Schema.String, arguments: Schema.Record(Schema.String, Schema.Json) })

/** What the suite says beside the name: only some scenarios have a context. */
const Context = Schema.fromJsonString(Schema.Struct({ toolCalls: Schema.Array(Call) }))

const listTools = Effect.flatMap(McpClient.McpClient, (client) => client.listTools)

const call = (name: string, args: { readonly [name: string]: unknown } = {}) =>
  Effect.flatMap(McpClient.McpClient, (client) => client.callTool(name, args))

/** Tools are called after they were listed, as programs do that let a model choose. */
const listAndCall = (calls: ReadonlyArray<typeof Call.Type>) =>
  Effect.andThen(
    listTools,
    Effect.forEach(calls, ({ arguments: args, name }) => call(name, args), { discard: true })
  )

const listAndCallBare = (...names: ReadonlyArray<string>) => listAndCall(names.map((name) => ({ name, arguments: {} })))

/** One tool shows the other's schema to the server, as it has arrived. */
const echoSchema = Effect.gen(function* () {
  const tools = yield* listTools
  const shown = tools.find(({ name }) => name === "json_schema_2020_12_tool")
  yield* call("json_schema_echo", { schema: shown?.inputSchema })
})

const useEverything = Effect.gen(function* () {
  const client = yield* McpClient.McpClient
  yield* Effect.forEach(yield* client.listTools, ({ name }) => client.callTool(name))
  yield* Effect.forEach(yield* client.listResources, ({ uri }) => client.readResource(uri))
  yield* Effect.forEach(yield* client.listPrompts, ({ name }) => client.getPrompt(name))
})

const callWhatIsAsked = Effect.gen(function* () {
  const { toolCalls } = yield* Config.schema(Context, "MCP_CONFORMANCE_CONTEXT")
  yield* listAndCall(toolCalls)
})

/** Tools whose annotations are not valid are not listed, so nobody can call them. */
const callWhatIsLeft = Effect.gen(function* () {
  const tools = yield* listTools
  yield* Effect.forEach(tools, ({ name }) => call(name, { region: "us-west1" }))
})

const listSkills = Effect.flatMap(Skills.make, (skills) => skills.list)

/** Reads a skill and what it refers to. The suite has tampered with it, so it is refused before the second file is read. */
const loadSkill = Effect.gen(function* () {
  const skills = yield* Skills.make
  for (const skill of yield* skills.list) {
    const { read } = yield* skills.load(skill)
    yield* read("references/FORMS.md")
  }
  return yield* Effect.die("a skill that was tampered with was taken for what was listed")
}).pipe(Effect.catchTag("SkillRefused", ({ message }) => Effect.logInfo(message)))

export const scenarios = {
  initialize: listTools,
  tools_call: listAndCall([{ name: "add_numbers", arguments: { a: 5, b: 3 } }]),
  "json-schema-2020-12-preservation": echoSchema,
  "json-schema-ref-no-deref": listTools,
  "elicitation-sep1034-client-defaults": listAndCallBare("test_client_elicitation_defaults"),
  "sse-retry": listAndCallBare("test_reconnection"),
  "request-metadata": listTools,
  "sep-2322-client-request-state": listAndCallBare(
    "test_mrtr_echo_state",
    "test_mrtr_no_state",
    "test_mrtr_unrelated",
    "test_mrtr_no_result_type"
  ),
  "http-standard-headers": useEverything,
  "http-custom-headers": callWhatIsAsked,
  "http-invalid-tool-headers": callWhatIsLeft,
  "sep-2640-client-no-prefetch": listSkills,
  "sep-2640-client-verify-digest": loadSkill,
  "sep-2640-client-verify-size": loadSkill,
  "sep-2640-client-verify-frontmatter": loadSkill
}
