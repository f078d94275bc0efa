/**
 * Asks the model of the client.
 *
 * The same code works in every era. In a session the handler waits; in the request era it runs again with the answer, see `Replay`.
 * Where the client has no model to ask, a {@link Fallback} answers when there is one, and otherwise the question fails with
 * `Unsupported`. A handler may fail with that, whatever its contract declares.
 *
 * Source: "Sampling" in the client features of every revision. Deprecated since 2026-07-28, and part of it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { AskingFailed, Unsupported } from "./Asking.ts"
import type { JsonObject } from "./Jsonrpc.ts"
import type { ContentBlock } from "./protocol/Content.ts"
import {
  blocksOf,
  type CreateMessageParams,
  CreateMessageResult,
  type SamplingBlock,
  type SamplingMessage
} from "./protocol/Sampling.ts"
import { RequestContext } from "./RequestContext.ts"
import type { Revision } from "./Revision.ts"

export type { CreateMessageResult, ModelPreferences, SamplingBlock, SamplingMessage, ToolChoice } from "./protocol/Sampling.ts"

/** How many tokens a model may answer with, unless the question says otherwise. */
export const defaultMaxTokens = 1024

const method = "sampling/createMessage"

/** What a model is asked. */
export interface Options extends Omit<CreateMessageParams, "messages" | "maxTokens" | "_meta" | "task"> {
  /** Tells the question from the others of the same request. */
  readonly key: string
  /** What was said so far; a text is one message of the user. */
  readonly messages: string | ReadonlyArray<SamplingMessage>
  /** 1024 by default. */
  readonly maxTokens?: number
}

/**
 * A model that answers where the client has none. It is looked up in the context of the handler, so put its layer under that of the
 * handlers, or of the server. Its answers are recorded for the rounds of a request.
 */
export class Fallback extends Context.Service<
  Fallback,
  { readonly create: (params: CreateMessageParams) => Effect.Effect<CreateMessageResult, AskingFailed> }
>()("@effect-mcp/core/Sampling/Fallback") {}

const says =
  (role: SamplingMessage["role"]) =>
  (content: string | SamplingBlock | ReadonlyArray<SamplingBlock>): SamplingMessage => ({
    role,
    content: typeof content === "string" ? { type: "text", text: content } : content
  })

/** A message of the user: a text, or blocks of content. */
export const user = says("user")

/** A message of the model: a text, or blocks of content. */
export const assistant = says("assistant")

/** The texts of an answer, a line break between them. */
export const textOf = (message: Pick<SamplingMessage, "content">): string =>
  blocksOf(message)
    .flatMap((block) => (block.type === "text" ? [block.text] : []))
    .join("\n")

const toMessages = (messages: Options["messages"]): ReadonlyArray<SamplingMessage> =>
  typeof messages === "string" ? [user(messages)] : messages

const unsupported = (revision: Revision, what: string) =>
  new Unsupported({ method, detail: `revision ${revision.version} has no ${what}` })

/** Messages as the revision can say them: where a message has one block, several become several messages. */
const said = (messages: ReadonlyArray<SamplingMessage>, revision: Revision): ReadonlyArray<SamplingMessage> | Unsupported => {
  if (revision.samplingTools) return messages
  const single = messages.flatMap((message) => blocksOf(message).map((content) => ({ ...message, content })))
  const types = new Set(single.map(({ content }) => content.type))
  if (types.has("tool_use") || types.has("tool_result")) return unsupported(revision, "tools in sampling")
  return types.has("audio") && !revision.audio ? unsupported(revision, "audio") : single
}

const decode = Schema.decodeUnknownExit(CreateMessageResult)

const read = (answer: unknown): Effect.Effect<CreateMessageResult, AskingFailed> => {
  const decoded = decode(answer)
  if (Exit.isSuccess(decoded)) return Effect.succeed(decoded.value)
  return Effect.fail(new AskingFailed({ method, code: 0, detail: "its answer is not what the protocol says" }))
}

/**
 * Asks for a message. Fails with `Unsupported` when neither the client nor a {@link Fallback} has a model, or the client's has no tools
 * where they are asked for, and with `AskingFailed` when the client refuses.
 *
 * @example
 * const { content } = yield* Sampling.create({ key: "summary", messages: `Summarize:\n${text}`, maxTokens: 200 })
 */
export const create = ({
  key,
  maxTokens = defaultMaxTokens,
  messages,
  ...options
}: Options): Effect.Effect<CreateMessageResult, Unsupported | AskingFailed, RequestContext> =>
  Effect.flatMap(RequestContext, ({ asking, revision }) => {
    const params = { ...options, maxTokens, messages: toMessages(messages) }
    const ask = Effect.suspend((): Effect.Effect<CreateMessageResult, Unsupported | AskingFailed> => {
      const words = said(params.messages, revision)
      if (words instanceof Unsupported) return Effect.fail(words)
      const json = { ...params, messages: words } as unknown as JsonObject // by the Schema of params
      return Effect.flatMap(asking.ask({ key, method, params: json }), read)
    })
    return Effect.catchTag(ask, "Unsupported", (error) =>
      Effect.flatMap(Effect.serviceOption(Fallback), (fallback): Effect.Effect<CreateMessageResult, Unsupported | AskingFailed> =>
        fallback._tag === "None"
          ? Effect.fail(error)
          : Effect.flatMap(asking.once(`${method} ${key}`, fallback.value.create(params)), read)
      )
    )
  })

/**
 * Asks for a text; otherwise like {@link create}.
 *
 * @example
 * const summary = yield* Sampling.text({ key: "summary", messages: `Summarize:\n${text}` })
 */
export const text = (options: Options): Effect.Effect<string, Unsupported | AskingFailed, RequestContext> =>
  Effect.map(create(options), textOf)

/** Content of a prompt or a tool as a model is told it; links and resources become texts. */
export const blockOf = (block: ContentBlock): SamplingBlock => {
  switch (block.type) {
    case "text":
    case "image":
    case "audio":
      return block
    case "resource_link":
      return { type: "text", text: `[${block.title ?? block.name}](${block.uri})` }
    case "resource": {
      const { resource } = block
      return { type: "text", text: "text" in resource ? resource.text : `${resource.uri}: ${resource.mimeType ?? "bytes"}` }
    }
  }
}
