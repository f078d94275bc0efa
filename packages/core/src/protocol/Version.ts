/**
 * The published revisions of MCP, named by their dates. Only this module and `Revision.ts` know how they are ordered; whoever
 * needs to know what a revision can do asks its record in `Revision.ts`.
 *
 * Source: https://modelcontextprotocol.io/specification/versioning
 */

/** Every revision, newest first. */
export const versions = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const

/** The name of a revision as it stands on the wire. */
export type Version = (typeof versions)[number]

/**
 * How a revision talks: in the session era a conversation is opened by `initialize` and has state; since the request era each
 * request stands alone and carries what the server must know in `_meta`.
 */
export type Era = "session" | "request"

/** The session-era revisions, newest first. */
export const sessionVersions = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const satisfies ReadonlyArray<Version>

/** The request-era revisions, newest first. */
export const requestVersions = ["2026-07-28"] as const satisfies ReadonlyArray<Version>

/** A revision of the session era. */
export type SessionVersion = (typeof sessionVersions)[number]

/** A revision of the request era. */
export type RequestVersion = (typeof requestVersions)[number]

/** A number of revisions, newest first. */
export type Versions = ReadonlyArray<Version>

/** The revisions from `first` to `last`, both included, newest first. Without `last`, up to the newest. */
export const span = (first: Version, last: Version = versions[0]): Versions =>
  versions.slice(versions.indexOf(last), versions.indexOf(first) + 1)
