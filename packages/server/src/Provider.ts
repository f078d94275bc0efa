/**
 * Providers: sources of components. The server's own registry is one, a mounted server another; proxied servers, OpenAPI documents
 * and directories are more of the same.
 *
 * What a provider offers is a snapshot that is there at once. A source that has to wait for its components keeps a catalogue and
 * tells when it has changed, so that a call never waits for a list.
 */
import type { ToolComponent } from "./Component.ts"

/** What kinds of components a change was about. */
export type Kind = "tools" | "resources" | "prompts"

/** Told after the components of a kind have changed. */
export type ChangeListener = (kind: Kind) => void

/** A source of components. */
export interface Provider {
  /** All tools, in the order in which they are listed. The array is never changed: a change makes a new one. */
  readonly tools: () => ReadonlyArray<ToolComponent>
  /** Calls the listener after each change, until the returned function is called. The listener must not throw. */
  readonly onChange: (listener: ChangeListener) => () => void
}

/** A provider of components that never change. */
export const fixed = (tools: ReadonlyArray<ToolComponent>): Provider => ({ tools: () => tools, onChange: () => () => {} })
