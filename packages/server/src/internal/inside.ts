/**
 * What a server serves, for its own handlers: through the same middleware, with what the request of the handler brings.
 */
import { type Inside, RequestContext } from "@effect-mcp/core/RequestContext"
import type { Prompt } from "@effect-mcp/core/protocol/Prompts"
import type { Resource, ResourceTemplate } from "@effect-mcp/core/protocol/Resources"
import type { Tool } from "@effect-mcp/core/protocol/Tools"
import * as Tracer from "effect/Tracer"
import { Brought } from "./brought.ts"
import type { Call } from "./call.ts"
import type { Inner } from "./chain.ts"
import { NamedRequest } from "./handling.ts"
import type { Served } from "./lists.ts"
import { Request } from "./resources.ts"

/** What is served. */
export interface Options {
  readonly read: Inner<"resources/read">
  readonly get: Inner<"prompts/get">
  readonly tools: Served<Tool>
  readonly resources: Served<Resource>
  readonly templates: Served<ResourceTemplate>
  readonly prompts: Served<Prompt>
}

/** See the module. */
export const makeInside =
  ({ get, prompts, read, resources, templates, tools }: Options) =>
  (call: Call): Inside => {
    const request = new Brought(RequestContext.key, call, undefined)
    const brought = call.span === undefined ? request : new Brought(Tracer.ParentSpan.key, call.span, request)
    return {
      readResource: (uri) => read(new Request(uri, call.meta), brought),
      getPrompt: (name, args) => get(new NamedRequest("prompts/get", name, args, call.meta), brought),
      listTools: tools.within(brought),
      listResources: resources.within(brought),
      listResourceTemplates: templates.within(brought),
      listPrompts: prompts.within(brought)
    }
  }
