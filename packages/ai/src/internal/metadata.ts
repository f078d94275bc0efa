/**
 * What tools say of themselves to people and models, on both sides.
 */
import { metaKeys, type Metadata, toMeta } from "@effect-mcp/core/Contract"
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { ToolAnnotations } from "@effect-mcp/core/protocol/Tools"
import * as AiTool from "effect/ai/Tool"
import * as Context from "effect/Context"
import type { Made } from "./origin.ts"

const hints = {
  readOnlyHint: AiTool.Readonly,
  destructiveHint: AiTool.Destructive,
  idempotentHint: AiTool.Idempotent,
  openWorldHint: AiTool.OpenWorld
} as const

const hintNames = Object.keys(hints) as ReadonlyArray<keyof typeof hints> // they are the keys of the literal above

/** What a contract says of itself. */
export interface Said extends Metadata {
  readonly annotations?: ToolAnnotations | undefined
}

/** The title that people see. */
export const titleOf = ({ annotations, title }: Said): string | undefined => title ?? annotations?.title

/** The annotations of a tool of `effect/ai` that say what a contract says. */
export const toContext = (contract: Said): Context.Context<never> => {
  let context = Context.empty()
  const title = titleOf(contract)
  if (title !== undefined) context = Context.add(context, AiTool.Title, title)
  const meta = toMeta(contract)
  if (meta !== undefined) context = Context.add(context, AiTool.Meta, { ...meta })
  for (const name of hintNames) {
    const hint = contract.annotations?.[name]
    if (hint !== undefined) context = Context.add(context, hints[name], hint)
  }
  return context
}

const isTexts = (u: unknown): u is ReadonlyArray<string> => Array.isArray(u) && u.every((text) => typeof text === "string")

// Tags and version travel in `_meta`, see Contract.ts of core.
const metaOf = (shown: JsonObject | undefined): Metadata => {
  if (shown === undefined) return {}
  const { [metaKeys.tags]: tags, [metaKeys.version]: version, ...rest } = shown
  const hasTags = isTexts(tags)
  const hasVersion = typeof version === "string"
  // Under these keys, too, somebody else may have written something else.
  const meta = {
    ...rest,
    ...(hasTags || tags === undefined ? {} : { [metaKeys.tags]: tags }),
    ...(hasVersion || version === undefined ? {} : { [metaKeys.version]: version })
  }
  const isEmpty = Object.keys(meta).length === 0 && (hasTags || hasVersion)
  return { ...(hasTags ? { tags } : {}), ...(hasVersion ? { version } : {}), ...(isEmpty ? {} : { meta }) }
}

const annotationsOf = (tool: AiTool.Any, made: Made | undefined, sameTitle: boolean): ToolAnnotations | undefined => {
  const { mapUnsafe } = tool.annotations
  // What nobody said stays unsaid: the defaults of both sides are the same.
  const said = hintNames.filter((name) => mapUnsafe.has(hints[name].key))
  const before = made?.contract.annotations
  const title = sameTitle ? before?.title : undefined
  if (said.length === 0 && title === undefined)
    return before !== undefined && Object.keys(before).length === 0 ? before : undefined
  return {
    ...(title === undefined ? {} : { title }),
    ...Object.fromEntries(said.map((name) => [name, Context.get(tool.annotations, hints[name])]))
  }
}

/** What a contract says when it is made from a tool of `effect/ai`. */
export const toMetadata = (tool: AiTool.Any, made: Made | undefined): Metadata & { readonly annotations?: ToolAnnotations } => {
  const shownTitle = Context.getOrUndefined(tool.annotations, AiTool.Title)
  const sameTitle = made !== undefined && made.title === shownTitle
  const title = sameTitle ? made.contract.title : shownTitle
  const description = AiTool.getDescription(tool)
  const icons = made?.contract.icons
  const annotations = annotationsOf(tool, made, sameTitle)
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(icons === undefined ? {} : { icons }),
    ...metaOf(Context.getOrUndefined(tool.annotations, AiTool.Meta)),
    ...(annotations === undefined ? {} : { annotations })
  }
}
