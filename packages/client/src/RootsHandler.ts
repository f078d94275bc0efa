/**
 * Answers servers that ask which directories and files the user has opened. Name only what the server may see.
 *
 * Source: "Roots" in the client features of every revision. Deprecated since 2026-07-28.
 */
import type { McpError } from "@effect-mcp/core/McpError"
import { ListRootsResult, type Root } from "@effect-mcp/core/protocol/Roots"
import type { Revision } from "@effect-mcp/core/Revision"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { RootsHandler } from "./internal/handlers.ts"
import { answer, captured, describe, Misfit } from "./internal/responder.ts"
import type { Rejected } from "./Rejected.ts"

export { RootsHandler } from "./internal/handlers.ts"

/** Directories and files, by `file://` URIs. */
export type Roots = ReadonlyArray<Root>

const method = "roots/list"
const decodeResult = Schema.decodeUnknownResult(ListRootsResult)
const told = "the client's roots cannot be used"

const finish =
  ({ metaOnTypes }: Revision) =>
  (given: Roots): ListRootsResult | Misfit => {
    const decoded = decodeResult({ roots: given })
    if (Result.isFailure(decoded)) return new Misfit({ told, detail: describe(decoded.failure.issue) })
    const { roots } = decoded.success
    const other = roots.findIndex(({ uri }) => !/^file:\/\//i.test(uri))
    if (other !== -1) return new Misfit({ told, detail: `roots.${other}.uri: expected a file:// URI` })
    return metaOnTypes ? { roots } : { roots: roots.map(({ _meta, ...root }) => root) }
  }

const make = (list: Effect.Effect<Roots, unknown>, announce: RootsHandler["Service"]["announce"]): RootsHandler["Service"] => ({
  capability: ({ rootsListChanged }) => (announce !== undefined && rootsListChanged ? { listChanged: true } : {}),
  read: (_params, asker) => Result.succeed(answer(method, asker, list, finish(asker.revision))),
  announce
})

/**
 * Answers with these roots, or with what the effect gives each time. It may require services, and is given a `Scope` of its own. It
 * may fail with an `McpError` or with `Rejected`; the server gets that as an error. Defects, and URIs that are not `file://`, are
 * logged, and the server gets -32603.
 *
 * @example
 * const Roots = RootsHandler.layer([{ uri: "file:///home/me/project", name: "project" }])
 */
export const layer = <R = never>(
  roots: Roots | Effect.Effect<Roots, McpError | Rejected, R>
): Layer.Layer<RootsHandler, never, Exclude<R, Scope.Scope>> => {
  const list = Effect.isEffect(roots) ? roots : Effect.succeed(roots)
  return Layer.effect(
    RootsHandler,
    Effect.map(Effect.context<R>(), (context) =>
      make(
        captured(context)(() => list),
        undefined
      )
    )
  )
}

/**
 * Answers with the roots that are there at the time, and tells servers of the session era when they have changed. Those of the
 * request era ask when they want to know. Changes in quick succession may be told as one.
 */
export const layerLive = (roots: SubscriptionRef.SubscriptionRef<Roots>): Layer.Layer<RootsHandler> => {
  // The first one is what is there already. A server that does not read must not make changes pile up.
  const changes = SubscriptionRef.changes(roots).pipe(Stream.drop(1), Stream.buffer({ capacity: 1, strategy: "sliding" }))
  return Layer.succeed(
    RootsHandler,
    make(SubscriptionRef.get(roots), (tell) => Stream.runForEach(changes, () => tell))
  )
}
