/**
 * A component: a contract together with its handler and what was there when its layer was built. It is what a server serves.
 */
import type * as Middleware from "@effect-mcp/core/Middleware"
import type { Handler } from "@effect-mcp/core/Handlers"
import type * as Tool from "@effect-mcp/core/Tool"
import type { ServerTool } from "@effect-mcp/core/ToolCodec"
import type * as Context from "effect/Context"

/** A tool that can be called. */
export interface ToolComponent {
  /** The name under which it is served; transforms may change it. */
  readonly name: string
  /** The contract it was made from. */
  readonly contract: Tool.Any
  /** How its arguments are read and its results written. */
  readonly codec: ServerTool
  readonly handler: Handler
  /** Where the handler's fibers start from. */
  readonly context: Context.Context<never>
  /** The middleware around it, outermost first; those of the server come before them. */
  readonly middlewares: ReadonlyArray<Middleware.Implementation>
  /** After which time a call is interrupted, in milliseconds; `undefined` for the server's default, `Infinity` for never. */
  readonly timeout: number | undefined
}

/** A tool's component under another name. */
export const rename = (component: ToolComponent, name: string): ToolComponent => ({ ...component, name })
