/**
 * The transform that puts a prefix before all names, so that several servers can be mounted side by side.
 */
import * as Name from "@effect-mcp/core/Name"
import { relocate, rename } from "../Component.ts"
import type { Transform } from "../Transform.ts"

/**
 * Puts `prefix_` before each name, and `prefix/` behind the scheme of each URI. Throws when a name becomes longer than 64 characters, with
 * the name that is too long.
 */
export const make = (prefix: string): Transform => {
  const named = (name: string): string => {
    const full = `${prefix}_${name}`
    const fault = Name.fault(full)
    if (fault !== undefined) throw new Error(`namespace "${prefix}": ${fault}`)
    return full
  }
  // After the scheme, so that the URI stays one of its scheme: `file:///a.txt` becomes `file://prefix/a.txt`.
  const located = (uri: string): string => {
    const [, scheme, rest] = /^([a-z][a-z0-9+.-]*:(?:\/\/)?)(.*)$/is.exec(uri) ?? []
    if (scheme === undefined || rest === undefined) throw new Error(`namespace "${prefix}": "${uri}" is no URI: it has no scheme`)
    return `${scheme}${prefix}${rest.startsWith("/") ? "" : "/"}${rest}`
  }
  return {
    resource: (component) => relocate(component, named(component.name), located(component.uri)),
    tool: (component) => rename(component, named(component.name)),
    prompt: (component) => rename(component, named(component.name))
  }
}
