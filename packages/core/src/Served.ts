/**
 * What the server itself serves, for its handlers: a tool that reads a resource, or lists what there is, does so as the client that
 * called it would, through the same middleware and as the same principal. It takes no further place among the calls that run at once, its
 * time is that of the call, and what it puts into `_meta` goes to the result of the call.
 *
 * Handlers of one program can as well share a service, or a function; that is typed, and cheaper.
 */
import * as Effect from "effect/Effect"
import type { McpError } from "./McpError.ts"
import type { GetPromptResult, Prompt } from "./protocol/Prompts.ts"
import type { ReadResourceResult, Resource, ResourceTemplate } from "./protocol/Resources.ts"
import type { Tool } from "./protocol/Tools.ts"
import { RequestContext, type Inside } from "./RequestContext.ts"

const inside = <A>(use: (inside: Inside) => Effect.Effect<A, McpError>): Effect.Effect<A, McpError, RequestContext> =>
  Effect.flatMap(RequestContext, (request) => use(request.inside))

/** Reads a resource of this server. Fails with the `McpError` that a client would get. */
export const readResource = (uri: string): Effect.Effect<ReadResourceResult, McpError, RequestContext> =>
  inside((inside) => inside.readResource(uri))

/** Gets a prompt of this server; arguments are texts, as clients send them. Fails with the `McpError` that a client would get. */
export const getPrompt = (
  name: string,
  args: { readonly [name: string]: string } = {}
): Effect.Effect<GetPromptResult, McpError, RequestContext> => inside((inside) => inside.getPrompt(name, args))

/** All tools that the client is shown. */
export const listTools: Effect.Effect<ReadonlyArray<Tool>, McpError, RequestContext> = inside((inside) => inside.listTools)

/** All resources that the client is shown, those of templates not included. */
export const listResources: Effect.Effect<ReadonlyArray<Resource>, McpError, RequestContext> = inside(
  (inside) => inside.listResources
)

/** All templates that the client is shown. */
export const listResourceTemplates: Effect.Effect<ReadonlyArray<ResourceTemplate>, McpError, RequestContext> = inside(
  (inside) => inside.listResourceTemplates
)

/** All prompts that the client is shown. */
export const listPrompts: Effect.Effect<ReadonlyArray<Prompt>, McpError, RequestContext> = inside((inside) => inside.listPrompts)
