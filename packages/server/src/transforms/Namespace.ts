/**
 * The transform that puts a prefix before all names, so that several servers can be mounted side by side.
 */
import * as Name from "@effect-mcp/core/Name"
import { rename } from "../Component.ts"
import type { Transform } from "../Transform.ts"

/**
 * Puts `prefix_` before each name. Throws when a name becomes longer than 64 characters, with the name that is too long.
 */
export const make = (prefix: string): Transform => {
  const named = (name: string): string => {
    const full = `${prefix}_${name}`
    const fault = Name.fault(full)
    if (fault !== undefined) throw new Error(`namespace "${prefix}": ${fault}`)
    return full
  }
  return {
    tool: (component) => rename(component, named(component.name)),
    prompt: (component) => rename(component, named(component.name))
  }
}
