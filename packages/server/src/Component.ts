/**
 * A component: a contract together with its handler and what was there when its layer was built. It is what a server serves.
 */
import type * as Middleware from "@effect-mcp/core/Middleware"
import type { Handler } from "@effect-mcp/core/Handlers"
import type * as Prompt from "@effect-mcp/core/Prompt"
import type { ServerPrompt } from "@effect-mcp/core/PromptCodec"
import type * as Resource from "@effect-mcp/core/Resource"
import type { ServerResource } from "@effect-mcp/core/ResourceCodec"
import type * as Tool from "@effect-mcp/core/Tool"
import type { ServerTool } from "@effect-mcp/core/ToolCodec"
import * as UriTemplate from "@effect-mcp/core/UriTemplate"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** The calls of components that come and go together. */
export class Running {
  private count = 0
  private readonly waiting: Array<() => void> = []

  enter(): void {
    this.count++
  }

  leave(): void {
    if (--this.count === 0) for (const go of this.waiting.splice(0)) go()
  }

  /** Waits until no call is running. */
  readonly idle: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.count === 0) return resume(Effect.void)
    this.waiting.push(() => resume(Effect.void))
  })
}

/** What components of all kinds have. */
export interface Component {
  /** The name under which it is served; transforms may change it. */
  readonly name: string
  readonly handler: Handler
  /** Where the handler's fibers start from. */
  readonly context: Context.Context<never>
  /** The middleware around it, outermost first; those of the server come before them. */
  readonly middlewares: ReadonlyArray<Middleware.Implementation>
  /** After which time a call is interrupted, in milliseconds; `undefined` for the server's default, `Infinity` for never. */
  readonly timeout: number | undefined
  /** Counts its calls, so that what it uses is released after the last one. */
  readonly running: Running
}

/** A tool that can be called. */
export interface ToolComponent extends Component {
  /** The contract it was made from. */
  readonly contract: Tool.Any
  /** How its arguments are read and its results written. */
  readonly codec: ServerTool
}

/** A resource, or the resources of a template, that can be read. */
export interface ResourceComponent extends Component {
  /** The URI or the template under which it is served; transforms may change it. */
  readonly uri: string
  /** What `uri` is when it is a template. */
  readonly template: UriTemplate.UriTemplate | undefined
  /** The contract it was made from. */
  readonly contract: Resource.Any
  /** How its variables are read and its contents written. */
  readonly codec: ServerResource
}

/** A prompt that can be got. */
export interface PromptComponent extends Component {
  /** The contract it was made from. */
  readonly contract: Prompt.Any
  /** How its arguments are read and its messages written. */
  readonly codec: ServerPrompt
}

/** The kinds of components. */
export interface Kinds {
  readonly tools: ToolComponent
  readonly resources: ResourceComponent
  readonly prompts: PromptComponent
}

/** A kind of components. */
export type Kind = keyof Kinds

/** All kinds, in the order in which servers look at them. */
export const kinds: ReadonlyArray<Kind> = ["tools", "resources", "prompts"]

/** What identifies a component among those of its kind: the URI of a resource, otherwise the name. */
export const keyOf = <K extends Kind>(component: Kinds[K]): string => ("uri" in component ? component.uri : component.name)

/** A resource under another name and URI. Throws when a template cannot be read. */
export const relocate = (component: ResourceComponent, name: string, uri: string): ResourceComponent => ({
  ...component,
  name,
  uri,
  template: component.template === undefined ? undefined : UriTemplate.parse(uri, { unsafe: component.contract.unsafe })
})

/** A component under another name. */
export const rename = <C extends Component>(component: C, name: string): C => ({ ...component, name })
