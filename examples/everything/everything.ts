/**
 * The server of the conformance suite, without a transport: everything that the suite calls, under the names that it expects.
 */
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Skills from "@effect-mcp/server/Skills"
import { NodeServices } from "@effect/platform-node"
import { Layer } from "effect"
import { join } from "node:path"
import { Asking, Rounds } from "./asking.ts"
import { AskingLive } from "./askingLive.ts"
import { Changing, withChanges } from "./changing.ts"
import { Jobs } from "./jobs.ts"
import { JobsLive } from "./jobsLive.ts"
import { Prompts, Resources } from "./resources.ts"
import { ReadLive } from "./resourcesLive.ts"
import { RoundsLive } from "./roundsLive.ts"
import { Calls, Contents, Described } from "./tools.ts"
import { ToolsLive } from "./toolsLive.ts"

const Parts = McpServer.layer(
  { name: "everything", version: "1.0.0", title: "The server of the conformance suite" },
  Contents,
  Calls,
  Described,
  Asking,
  Rounds,
  Changing,
  Jobs,
  Resources,
  Prompts,
  Skills.directory(join(import.meta.dirname, "skills"))
)

export const Everything = withChanges(Parts).pipe(
  Layer.provide([ToolsLive, AskingLive, RoundsLive, JobsLive, ReadLive, NodeServices.layer])
)
