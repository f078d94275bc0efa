/**
 * What a toolkit gives to a handler besides its arguments, on its way through a handler of a group.
 */
import type * as Toolkit from "effect/ai/Toolkit"
import type * as AiTool from "effect/ai/Tool"
import * as Context from "effect/Context"

/** The context that a toolkit gave to the handler of a group; `undefined` in a server. */
export const Given = Context.Reference<Toolkit.HandlerContext<AiTool.Any> | undefined>("@effect-mcp/ai/Given", {
  defaultValue: () => undefined
})
