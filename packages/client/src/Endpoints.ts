/**
 * What clients of this program remember of the servers at an endpoint: the revision that they agreed on last. It is tried first the next
 * time; when it does not hold, everything is tried as if nothing were known.
 *
 * Source: "Versioning" in the base protocol of 2026-07-28.
 */
import type * as Revision from "@effect-mcp/core/Revision"
import * as Context from "effect/Context"

/** Memory of endpoints, by what a `ClientTransport` says as its `endpoint`. */
export interface Memory {
  readonly get: (endpoint: string) => Revision.Version | undefined
  readonly set: (endpoint: string, version: Revision.Version) => void
  readonly delete: (endpoint: string) => void
}

/** A memory of so many endpoints, 1,000 by default; beyond that, the one that was used longest ago is forgotten. */
export const make = (capacity = 1000): Memory => {
  const versions = new Map<string, Revision.Version>()
  return {
    get: (endpoint) => {
      const version = versions.get(endpoint)
      if (version === undefined) return undefined
      versions.delete(endpoint)
      versions.set(endpoint, version)
      return version
    },
    set: (endpoint, version) => {
      versions.delete(endpoint)
      versions.set(endpoint, version)
      for (const oldest of versions.keys()) {
        if (versions.size <= capacity) return
        versions.delete(oldest)
      }
    },
    delete: (endpoint) => void versions.delete(endpoint)
  }
}

/** The memory that clients use: one for all of the program, unless another one is provided. */
export const Endpoints = Context.Reference<Memory>("@effect-mcp/client/Endpoints", { defaultValue: () => make() })
