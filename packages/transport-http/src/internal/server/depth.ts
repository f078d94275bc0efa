/**
 * How deep JSON is nested. `JSON.parse` takes any depth; what walks through it later, and calls itself for each level, would not.
 */

/** Whether a value has more levels than the limit. Looks no deeper than that. */
export const isDeeper = (value: unknown, limit: number): boolean => {
  if (typeof value !== "object" || value === null) return false
  if (limit === 0) return true
  if (Array.isArray(value)) {
    for (const item of value) if (isDeeper(item, limit - 1)) return true
    return false
  }
  const members = value as { readonly [key: string]: unknown } // an object that `JSON.parse` made
  for (const key in members) if (isDeeper(members[key], limit - 1)) return true
  return false
}
