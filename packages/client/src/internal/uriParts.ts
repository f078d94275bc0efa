/**
 * Which URIs name parts of what others name: a server may tell of changes of a part of what was subscribed to.
 *
 * Source: "Subscriptions" in server/resources.
 */

/** Whether a URI names a part of another one. */
export const isPart = (uri: string, of: string): boolean =>
  uri.startsWith(of) && (of.endsWith("/") || /^[/?#]/.test(uri.slice(of.length)))
