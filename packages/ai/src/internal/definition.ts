/**
 * What the description of a tool says beside its name and its schema.
 */
import type { Tool } from "@effect-mcp/core/protocol/Tools"
import * as AiTool from "effect/ai/Tool"
import * as Context from "effect/Context"
import { toContext } from "./metadata.ts"

/** The annotations of a tool of `effect/ai` that somebody else has described. */
export const said = ({ _meta: meta, annotations, title }: Tool): Context.Context<never> => {
  const context = toContext({
    ...(title === undefined ? {} : { title }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(meta === undefined ? {} : { meta })
  })
  // Somebody else's schema need not keep to what strict modes of providers ask for.
  return Context.add(context, AiTool.Strict, false)
}
