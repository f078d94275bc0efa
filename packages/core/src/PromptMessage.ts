/**
 * Messages of a prompt.
 */
import type { ContentBlock } from "./protocol/Content.ts"
import type { PromptMessage } from "./protocol/Prompts.ts"

const make =
  (role: PromptMessage["role"]) =>
  (content: string | ContentBlock): PromptMessage => ({
    role,
    content: typeof content === "string" ? { type: "text", text: content } : content
  })

/** A message of the user: a text, or a block of content. */
export const user = make("user")

/** A message of the assistant: a text, or a block of content. */
export const assistant = make("assistant")
