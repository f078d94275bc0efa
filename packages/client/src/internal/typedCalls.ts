/**
 * The functions of a typed client, one for each contract.
 */
import type * as Prompt from "@effect-mcp/core/Prompt"
import * as PromptCodec from "@effect-mcp/core/PromptCodec"
import type { CompletionReference } from "@effect-mcp/core/protocol/Completion"
import type * as Resource from "@effect-mcp/core/Resource"
import * as ResourceCodec from "@effect-mcp/core/ResourceCodec"
import type * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import type { FailureDecoder } from "@effect-mcp/core/wire/declared"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type { McpClientError } from "../McpClientError.ts"
import { invalidAnswer, invalidArguments, settled } from "./outcomes.ts"
import { isRepeatable } from "./repeatable.ts"
import type { CallOptions, McpClient } from "./service.ts"

type Client = McpClient["Service"]
type Call = (args?: unknown, options?: CallOptions) => Effect.Effect<unknown, unknown>

/** A tool as a function; `name` is what the server calls it. */
export const tool = (client: Client, contract: Tool.Any, name: string): Call => {
  const codec = ToolCodec.client(contract)
  const { mirrored } = codec
  const known: CallOptions = {
    ...(isRepeatable(contract) ? { idempotent: true } : {}),
    ...(mirrored === undefined ? {} : { mirrored })
  }
  const usual = Object.keys(known).length === 0 ? undefined : known
  return (args, options) => {
    const encoded = codec.encodeArguments(args ?? {})
    if (encoded._tag === "Failure") return Effect.fail(invalidArguments(`tool "${name}"`, encoded.text))
    const call = usual === undefined || options === undefined ? (options ?? usual) : { ...usual, ...options }
    return Effect.flatMap(client.callTool(name, encoded.value, call), (result) =>
      settled(name, codec.decodeResult(result, client.revision.structuredContent === "object"))
    )
  }
}

// A failure that the contract declares, found again in an error of the server.
const declaredIn =
  (decode: FailureDecoder) =>
  (error: McpClientError): Effect.Effect<never, unknown> => {
    const { reason } = error
    const declared = reason._tag === "RequestFailed" ? decode(reason.code, reason.data) : undefined
    return Effect.fail(declared === undefined ? error : declared.failure)
  }

const completing =
  ({ complete }: Client, ref: CompletionReference): unknown =>
  (name: string, value: string, known?: { readonly [name: string]: string }, options?: CallOptions) =>
    complete(ref, { name, value }, known, options)

/** A resource as a function that reads it; `uris` says where the server has it. */
export const resource = (client: Client, contract: Resource.Any, uris: (uri: string) => string): Call => {
  const codec = ResourceCodec.client(contract)
  const target = `resource "${contract.name}"`
  const read: Call = (args, options) => {
    const encoded = codec.encodeUri(args ?? {})
    if (encoded._tag === "Failure") return Effect.fail(invalidArguments(target, encoded.text))
    return client.readResource(uris(encoded.uri), options).pipe(
      Effect.catch(declaredIn(codec.decodeFailure)),
      Effect.flatMap((result): Effect.Effect<unknown, McpClientError> => {
        const exit = codec.decodeResult(result)
        if (Exit.isSuccess(exit)) return Effect.succeed(exit.value)
        return Effect.fail(invalidAnswer(target, String(Cause.squash(exit.cause))))
      })
    )
  }
  const updates = (args?: unknown): Stream.Stream<string, McpClientError> => {
    const encoded = codec.encodeUri(args ?? {})
    return encoded._tag === "Failure"
      ? Stream.fail(invalidArguments(target, encoded.text))
      : client.resourceUpdates(uris(encoded.uri))
  }
  return Object.assign(read, { updates, complete: completing(client, { type: "ref/resource", uri: uris(contract.uri) }) })
}

/** A prompt as a function; `name` is what the server calls it. */
export const prompt = (client: Client, contract: Prompt.Any, name: string): Call => {
  const codec = PromptCodec.client(contract)
  const get: Call = (args, options) => {
    const encoded = codec.encodeArguments(args ?? {})
    if (encoded._tag === "Failure") return Effect.fail(invalidArguments(`prompt "${name}"`, encoded.text))
    return Effect.catch(client.getPrompt(name, encoded.value, options), declaredIn(codec.decodeFailure))
  }
  return Object.assign(get, { complete: completing(client, { type: "ref/prompt", name }) })
}
