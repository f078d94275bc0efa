/**
 * Where the two sides say which extensions they know. Revisions whose capabilities have no `extensions` have a place for whatever is
 * not in the specification: `experimental`.
 */
import { isObject, type JsonObject } from "../Jsonrpc.ts"
import type { NamedSettings } from "../protocol/Capabilities.ts"
import type { Revision } from "../Revision.ts"

/** The capabilities of a side, as far as extensions are concerned. */
export interface Declaring {
  readonly experimental?: NamedSettings
  readonly extensions?: NamedSettings
}

const settingsIn = (named: unknown, id: string): JsonObject | undefined => {
  if (!isObject(named) || !Object.hasOwn(named, id)) return undefined
  const settings = named[id]
  return isObject(settings) ? settings : undefined
}

/**
 * What a side that spoke a revision said of an extension; `undefined` when it did not declare it. In the session era both places
 * count: there are peers that declared `extensions` before the specification had them.
 */
export const declaredSettings = (capabilities: Declaring, id: string, revision: Revision): JsonObject | undefined => {
  const settings = settingsIn(capabilities.extensions, id)
  if (settings !== undefined || revision.extensionsCapability) return settings
  return settingsIn(capabilities.experimental, id)
}

/** Capabilities with their extensions where the revision has a place for them. */
export const placed = <C extends Declaring>(capabilities: C, revision: Revision): C => {
  const { extensions, ...rest } = capabilities
  if (extensions === undefined || revision.extensionsCapability) return capabilities
  return { ...rest, experimental: { ...capabilities.experimental, ...extensions } } as unknown as C // both members are optional
}
