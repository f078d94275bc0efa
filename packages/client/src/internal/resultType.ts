/**
 * How errors name a type of results that is not known: servers may write anything there.
 */

const maxLength = 80

/** The type as JSON, cut where it is long; what is no value by itself is only called what it is. */
export const shownType = (type: unknown): string => {
  // Writing what is nested too deeply would throw.
  if (typeof type === "object" && type !== null) return Array.isArray(type) ? "an array" : "an object"
  const json = JSON.stringify(type)
  return json.length > maxLength ? `${json.slice(0, maxLength)}...` : json
}
