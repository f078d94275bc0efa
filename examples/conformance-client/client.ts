/**
 * The client that the conformance suite starts, with the URL of its server as the last argument. The scenario and the revision are in
 * the environment; the exit code says whether it went well.
 *
 *     MCP_CONFORMANCE_SCENARIO=tools_call npm run -s conformance:client -- http://localhost:3000/mcp
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import * as Revision from "@effect-mcp/core/Revision"
import * as HttpClientTransport from "@effect-mcp/transport-http/HttpClientTransport"
import { NodeRuntime } from "@effect/platform-node"
import { Config, Effect, Layer, Record, Schema } from "effect"
import { AnswersLive } from "./answers.ts"
import { scenarios } from "./scenarios.ts"

const url = process.argv.at(-1) ?? ""

const Scenario = Schema.Literals(Record.keys(scenarios))

const Client = Layer.unwrap(
  Effect.gen(function* () {
    const newest = yield* Config.schema(Schema.Literals(Revision.versions), "MCP_CONFORMANCE_PROTOCOL_VERSION").pipe(
      Config.withDefault(Revision.latest.version)
    )
    // That one, and all before it: the client agrees with the server on one of them.
    const versions = Revision.versions.slice(Revision.versions.indexOf(newest))
    return McpClient.layer({ name: "conformance-client", version: "1.0.0", versions })
  })
).pipe(Layer.provide(AnswersLive), Layer.provide(HttpClientTransport.layer({ url })))

const program = Effect.gen(function* () {
  const scenario = yield* Config.schema(Scenario, "MCP_CONFORMANCE_SCENARIO")
  yield* scenarios[scenario]
})

program.pipe(Effect.timeout("25 seconds"), Effect.provide(Client), NodeRuntime.runMain)
