/**
 * What a server serves, for its own handlers: through the same middleware, with what the request of the handler brings.
 */
import type { Inside } from "@effect-mcp/core/RequestContext"
import type { Prompt } from "@effect-mcp/core/protocol/Prompts"
import type { Resource, ResourceTemplate } from "@effect-mcp/core/protocol/Resources"
import type { Tool } from "@effect-mcp/core/protocol/Tools"
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import type { Call } from "./call.ts"
import type { Inner } from "./chain.ts"
import { NamedRequest } from "./handling.ts"
import type { Served } from "./lists.ts"
import { Request } from "./resources.ts"
import { broughtBy } from "./run.ts"

/** What is served. */
export interface Options {
  readonly read: Inner<"resources/read">
  readonly get: Inner<"prompts/get">
  readonly tools: Served<Tool>
  readonly resources: Served<Resource>
  readonly templates: Served<ResourceTemplate>
  readonly prompts: Served<Prompt>
  /** What the program logs by itself. */
  readonly minimumLogLevel: LogLevel.LogLevel
}

/** See the module. */
export const makeInside =
  ({ get, minimumLogLevel, prompts, read, resources, templates, tools }: Options) =>
  (call: Call): Inside => {
    const brought = broughtBy(call, minimumLogLevel)
    return {
      readResource: (uri) => Effect.suspend(() => read(new Request(uri, call.meta), brought)),
      getPrompt: (name, args) => Effect.suspend(() => get(new NamedRequest("prompts/get", name, args, call.meta), brought)),
      listTools: tools.within(brought),
      listResources: resources.within(brought),
      listResourceTemplates: templates.within(brought),
      listPrompts: prompts.within(brought)
    }
  }
