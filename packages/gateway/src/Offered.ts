/**
 * What many servers offer together.
 */
import type { Prompt } from "@effect-mcp/core/protocol/Prompts"
import type { Resource, ResourceTemplate } from "@effect-mcp/core/protocol/Resources"
import type { Tool } from "@effect-mcp/core/protocol/Tools"

/** A tool of one of the servers. */
export interface OfferedTool {
  /** The name under which it is offered and called. See `Names`. */
  readonly name: string
  readonly server: string
  /** The name that its server gives it. */
  readonly originalName: string
  /** Its description, with the name under which it is offered. */
  readonly tool: Tool
}

/** A prompt of one of the servers. */
export interface OfferedPrompt {
  /** The name under which it is offered and got. See `Names`. */
  readonly name: string
  readonly server: string
  /** The name that its server gives it. */
  readonly originalName: string
  /** Its description, with the name under which it is offered. */
  readonly prompt: Prompt
}

/** A resource of one of the servers. */
export interface OfferedResource {
  /** Of several servers that list the URI, the first one. */
  readonly server: string
  readonly resource: Resource
}

/** A resource template of one of the servers. */
export interface OfferedTemplate {
  readonly server: string
  readonly template: ResourceTemplate
}

/** What the servers that are ready offer, in the order of the servers and of their lists. */
export interface Offered {
  readonly tools: ReadonlyArray<OfferedTool>
  readonly prompts: ReadonlyArray<OfferedPrompt>
  /** Each URI once. */
  readonly resources: ReadonlyArray<OfferedResource>
  /** Templates of several servers that are the same are all here. */
  readonly resourceTemplates: ReadonlyArray<OfferedTemplate>
}

/** Nothing. */
export const empty: Offered = { tools: [], prompts: [], resources: [], resourceTemplates: [] }
