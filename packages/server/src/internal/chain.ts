/**
 * The middleware chain. Each hook runs with what its own layer captured; what it provides, and no more, goes on to the inside.
 */
import type { McpError } from "@effect-mcp/core/McpError"
import type { Implementation, Methods } from "@effect-mcp/core/Middleware"
import * as Effect from "effect/Effect"
import { type Brought, over, withChanges } from "./brought.ts"

/** The innermost part of a chain, or the rest of it. */
export type Inner<M extends keyof Methods> = (
  request: Methods[M]["request"],
  brought: Brought | undefined
) => Effect.Effect<Methods[M]["result"], McpError>

type Hook<M extends keyof Methods> = (
  request: Methods[M]["request"],
  next: (request: Methods[M]["request"]) => Effect.Effect<Methods[M]["result"], McpError>
) => Effect.Effect<Methods[M]["result"], McpError>

// The hook of a method, or `all`, as one form. What they require is in their captured context, so the types are forgotten here.
const hookOf = <M extends keyof Methods>(method: M, { hooks }: Implementation): Hook<M> | undefined => {
  const own = hooks[method] as Hook<M> | undefined
  if (own !== undefined) return own
  const all = hooks.all as (<A>(request: unknown, next: Effect.Effect<A, McpError>) => Effect.Effect<A, McpError>) | undefined
  return all === undefined ? undefined : (request, next) => all(request, next(request))
}

/** Puts middleware around `inner`, outermost first. Without any for this method it is `inner` itself. */
export const wrap = <M extends keyof Methods>(method: M, middlewares: ReadonlyArray<Implementation>, inner: Inner<M>): Inner<M> =>
  middlewares.reduceRight<Inner<M>>((rest, middleware) => {
    const hook = hookOf(method, middleware)
    if (hook === undefined) return rest
    const { provides } = middleware
    return (request, brought) => {
      // The scope of a hook is its own, and so is the context that it starts with.
      const run = Effect.withFiber<Methods[M]["result"], McpError>(({ context: entered }) => {
        const next = (replaced: Methods[M]["request"]) =>
          Effect.withFiber<Methods[M]["result"], McpError>(({ context }) => {
            const isSame = context === entered && provides === undefined
            return rest(replaced, isSame ? brought : withChanges(brought, entered, context, provides))
          })
        return hook(request, next)
      })
      return Effect.updateContext(Effect.scoped(run), () => over(middleware.context, brought))
    }
  }, inner)

/** Whether any of the middleware has something to do for the method. */
export const concerns = (method: keyof Methods, middlewares: ReadonlyArray<Implementation>): boolean =>
  middlewares.some((middleware) => hookOf(method, middleware) !== undefined)
