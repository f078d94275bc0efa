/**
 * What a client takes as an answer, and what it sends, by its headers.
 *
 * Source: RFC 9110, sections 8.3 and 12.5.1; "Sending Messages to the Server" in the transports pages.
 */

/** What a client takes. */
export interface Accepted {
  readonly json: boolean
  readonly stream: boolean
}

const everything: Accepted = { json: true, stream: true }

/** Reads `Accept`. Without one, everything is taken. */
export const accepted = (header: string | undefined): Accepted => {
  // What all clients of the specification send, in this order or the other.
  if (header === undefined || header === "application/json, text/event-stream") return everything
  const ranges = new Map<string, boolean>()
  for (const range of header.split(",")) {
    const [type = "", ...params] = range.split(";").map((part) => part.trim().toLowerCase())
    ranges.set(type, !params.some((param) => /^q=0(\.0*)?$/.test(param)))
  }
  // The most specific range decides.
  const takes = (type: string, group: string) => ranges.get(type) ?? ranges.get(group) ?? ranges.get("*/*") ?? false
  return { json: takes("application/json", "application/*"), stream: takes("text/event-stream", "text/*") }
}

/** Whether a body is JSON, in UTF-8 or without saying. */
export const isJson = (contentType: string | undefined): boolean => {
  if (contentType === "application/json") return true
  const [type = "", ...params] = (contentType ?? "").split(";").map((part) => part.trim().toLowerCase())
  if (type !== "application/json") return false
  return params.every((param) => !param.startsWith("charset=") || /^charset="?utf-?8"?$/.test(param))
}
