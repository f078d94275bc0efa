/**
 * What a request and its middleware bring to the code that serves it: a short list over the context that the code captured.
 */
import * as Context from "effect/Context"

/** One service more than `outer` has. */
export class Brought {
  readonly key: string
  readonly value: unknown
  readonly outer: Brought | undefined

  constructor(key: string, value: unknown, outer: Brought | undefined) {
    this.key = key
    this.value = value
    this.outer = outer
  }
}

/** The context in which code runs: what it captured, then what was brought, the latest last. */
export const over = (captured: Context.Context<never>, brought: Brought | undefined): Context.Context<never> =>
  brought === undefined ? captured : Context.addUnsafe(over(captured, brought.outer), brought.key, brought.value)

/**
 * What was brought, and whatever was changed between two contexts: services, log annotations, spans. The service `provided` counts as
 * changed even when it is the one that was there.
 */
export const withChanges = (
  brought: Brought | undefined,
  before: Context.Context<never>,
  now: Context.Context<never>,
  provided: string | undefined
): Brought | undefined => {
  let next = brought
  for (const [key, value] of now.mapUnsafe) {
    if (key === provided || before.mapUnsafe.get(key) !== value) next = new Brought(key, value, next)
  }
  return next
}
