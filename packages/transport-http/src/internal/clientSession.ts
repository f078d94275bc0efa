/**
 * The headers of a connection: those of a session, once there is one. Each list is made once and used for all messages.
 *
 * Source: "Session Management" and "Protocol Version Header" under Streamable HTTP, up to 2025-11-25.
 */
import type { HeaderList } from "./clientHttp.ts"

// Longer ones would not fit into the head of a request everywhere.
const isSessionId = (id: string): boolean => /^[\x21-\x7e]{1,4096}$/.test(id)

const isVersion = (version: unknown): version is string => typeof version === "string" && /^[\x21-\x7e]{1,64}$/.test(version)

/** See the module. */
export class SessionHeaders {
  /** `undefined` before there is one, and with servers that have none. */
  id: string | undefined
  /** Of messages without a session: the first one, and all of the request era. */
  readonly first: HeaderList
  /** Of messages. */
  post: HeaderList
  /** Of streams. */
  get: HeaderList
  /** Of what has no body and wants none. */
  bare: HeaderList
  private readonly base: HeaderList

  constructor(base: HeaderList) {
    this.base = base
    this.post = this.first = this.posting([])
    this.get = this.getting([])
    this.bare = base
  }

  /** A session begins. What is wrong with it, if something is. */
  begin(id: string | undefined, version: unknown): string | undefined {
    if (id !== undefined && !isSessionId(id))
      return "the id of the session has characters that are not visible ASCII, or too many"
    const session = id === undefined ? [] : ["mcp-session-id", id]
    const own = isVersion(version) ? [...session, "mcp-protocol-version", version] : session
    this.id = id
    this.post = this.posting(own)
    this.get = this.getting(own)
    this.bare = [...this.base, ...own]
    return undefined
  }

  private posting(own: HeaderList): HeaderList {
    return ["accept", "application/json, text/event-stream", "content-type", "application/json", ...this.base, ...own]
  }

  private getting(own: HeaderList): HeaderList {
    return ["accept", "text/event-stream", ...this.base, ...own]
  }
}
