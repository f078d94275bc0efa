/**
 * Models that are scripted: what they say when a server asks the client's model.
 *
 * A script is a value without state; each client that is made with it starts it anew.
 */
import type { Asker } from "@effect-mcp/client/Asker"
import type { Rejected } from "@effect-mcp/client/Rejected"
import * as SamplingHandler from "@effect-mcp/client/SamplingHandler"
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { McpError } from "@effect-mcp/core/McpError"
import type { CreateMessageParams, CreateMessageResult } from "@effect-mcp/core/protocol/Sampling"
import * as Effect from "effect/Effect"
import type { Received } from "./Received.ts"

/**
 * What a model says: a text, a whole message, or an Effect that makes one of them, which may take its time, fail with what the server gets
 * as an error, or never end.
 */
export type Said = string | CreateMessageResult | Effect.Effect<string | CreateMessageResult, McpError | Rejected>

/** What a server asks of the model. */
export interface Prompted {
  readonly params: CreateMessageParams
  /** The server, and the revision. */
  readonly asker: Asker
}

/** What a script does once a client has started it. */
export interface RunningModel {
  /** `undefined` where the script has nothing to say. */
  readonly say: (prompted: Prompted) => Said | undefined
  /** What was not said so far, a line for each. */
  readonly remaining: () => ReadonlyArray<string>
}

/** What a model says. */
export interface ModelScript {
  readonly start: () => RunningModel
}

/** The model of a client. */
export interface ScriptedModel {
  /** What was asked, as soon as it is. */
  readonly asked: Received<Prompted>
  /** Replies of the list that were not given. */
  readonly remaining: ReadonlyArray<string>
}

/** The name of a scripted model, as servers see it. */
export const name = "scripted"

const shown = (said: Said): string => {
  const text = Effect.isEffect(said) ? "an Effect" : JSON.stringify(said)
  return text.length > 100 ? `${text.slice(0, 100)}...` : text
}

/**
 * Says this, one after the other.
 *
 * @example
 * const model = McpTest.replies(McpTest.toolUse("add", { a: 1, b: 2 }), "It is 3.")
 */
export const replies = (...said: ReadonlyArray<Said>): ModelScript => ({
  start: () => {
    let next = 0
    return {
      say: () => said[next++],
      remaining: () => said.slice(next).map((reply, i) => `reply ${next + i + 1} of the list: ${shown(reply)}`)
    }
  }
})

/** Thinks about what it is asked; `undefined` for what it has no answer to. */
export const model = (think: (params: CreateMessageParams, asker: Asker) => Said | undefined): ModelScript => ({
  start: () => ({ say: ({ asker, params }) => think(params, asker), remaining: () => [] })
})

/** A message that uses a tool. The id is `use-` and the name of the tool, unless it is given. Since 2025-11-25. */
export const toolUse = (tool: string, input: JsonObject = {}, id: string = `use-${tool}`): CreateMessageResult => ({
  role: "assistant",
  content: [{ type: "tool_use", id, name: tool, input }],
  model: name,
  stopReason: "toolUse"
})

/** A text that is JSON, as servers without tools ask for values. */
export const json = (value: unknown): CreateMessageResult => SamplingHandler.text(JSON.stringify(value), { model: name })
