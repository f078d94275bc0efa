/**
 * Providers: sources of components. The server's own registry is one, a mounted server another; proxied servers, OpenAPI documents
 * and directories are more of the same.
 *
 * What a provider offers is a snapshot that is there at once. A source that has to wait for its components keeps a catalogue and
 * tells when it has changed, so that a call never waits for a list.
 */
import type { Kind, Kinds } from "./Component.ts"

/** Told after the components of a kind have changed. */
export type ChangeListener = (kind: Kind) => void

/** A resource that has new contents. */
export interface Update {
  readonly uri: string
  /**
   * What was said, the same object on whichever way it comes: a server that hears of it from its own bus and from a server that it
   * mounts tells it once. A source that says it itself makes a new one each time.
   */
  readonly origin: object
}

/** Told of resources that have new contents. */
export type UpdateListener = (update: Update) => void

/** The components of all kinds. */
export type Offer = { readonly [K in Kind]: ReadonlyArray<Kinds[K]> }

/** A source of components. */
export interface Provider {
  /** All components of a kind, in the order in which they are listed. The array is never changed: a change makes a new one. */
  readonly list: <K extends Kind>(kind: K) => ReadonlyArray<Kinds[K]>
  /** Calls the listener after each change, until the returned function is called. The listener must not throw. */
  readonly onChange: (listener: ChangeListener) => () => void
  /**
   * Calls the listener for each resource that has new contents, under the URI that this provider has for it, until the returned function
   * is called. The listener must not throw. Left out by sources that do not know.
   */
  readonly onUpdate?: (listener: UpdateListener) => () => void
}

const none: Offer = { tools: [], resources: [], prompts: [] }

/** A provider of components that never change. */
export const fixed = (offer: Partial<Offer>): Provider => {
  const all: Offer = { ...none, ...offer }
  return { list: (kind) => all[kind], onChange: () => () => {} }
}
