/**
 * What serves one revision: its wire codec and its methods. A method that is not in the map does not exist.
 */
import type { Deadlines } from "@effect-mcp/core/Deadlines"
import type { Outcome } from "@effect-mcp/core/Dispatcher"
import type { Inside } from "@effect-mcp/core/RequestContext"
import type { Revision } from "@effect-mcp/core/Revision"
import type { ServerWire } from "@effect-mcp/core/wire/Wire"
import type { Shelves } from "@effect-mcp/core/StateStore"
import type { Places } from "./places.ts"
import type * as Effect from "effect/Effect"

/** Serves one request. */
export type Serve<C> = (call: C) => Effect.Effect<Outcome>

/** See the module. */
export interface Engine<C> {
  readonly revision: Revision
  readonly wire: ServerWire
  readonly deadlines: Deadlines
  readonly places: Places
  /** For how long a question may wait for its answer, in milliseconds; `undefined` for ever. */
  readonly answerTimeout: number | undefined
  /** What the server serves, for the handler of a call. */
  readonly inside: (call: C) => Inside
  /** Where what handlers remember is. */
  readonly state: (call: C) => Shelves
  readonly methods: ReadonlyMap<string, Serve<C>>
}
