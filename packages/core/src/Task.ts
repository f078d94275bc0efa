/**
 * Calls that are answered at once and finish later, as their handlers see it.
 *
 * A tool that may be a task says so in its contract, with `task: "optional"` or `"required"`. Its handler is written as any other: where
 * the client takes tasks (it says so with each request), the call is answered with a task, and the client asks for its state, answers
 * what the handler asks, and fetches the result. Elsewhere the same handler serves an ordinary call.
 *
 * In a task a question waits for its answer, as it does in a session: the handler is not run again. Progress and log messages of a
 * task reach nobody; {@link status} says how it is.
 *
 * Source: SEP-2663, the extension `io.modelcontextprotocol/tasks` of 2026-07-28.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/**
 * Who may call a tool: with `"optional"` clients without tasks get an ordinary call, with `"required"` they are refused, with -32021 in
 * the request era.
 */
export type Support = "optional" | "required"

/** How the calls of a tool become tasks. */
export interface Options {
  readonly support: Support
  /**
   * When a call becomes a task: `"atOnce"`, the default, before the handler runs; `"later"` when the handler runs {@link begin}, so that it
   * can ask before that, in rounds, or give its result without a task.
   */
  readonly start?: "atOnce" | "later"
  /** How long a task is kept, from its creation, in place of the server's `tasks.ttl`. `Duration.infinity` for ever. */
  readonly ttl?: Duration.Input
  /** How often clients shall ask for its state, in place of the server's `tasks.pollInterval`. */
  readonly pollInterval?: Duration.Input
}

/** The options, in full. Throws for what is none. */
export const options = (task: Support | Options): Options => {
  const full = typeof task === "string" ? { support: task } : task
  if (full.support === "optional" || full.support === "required") return full
  throw new Error(`\`task\` must be "optional" or "required", not ${JSON.stringify(full.support)}`)
}

/** What a server lets a handler do with the task that its call is, or may become. For implementers of servers. */
export interface Control {
  /** `undefined` until it is a task. */
  readonly id: string | undefined
  readonly begin: Effect.Effect<void>
  readonly status: (message: string) => Effect.Effect<void>
}

/** The task of the call that runs; `undefined` where there will be none. For implementers of servers. */
export const Current = Context.Reference<Control | undefined>("@effect-mcp/core/Task", { defaultValue: () => undefined })

const withCurrent = (use: (control: Control) => Effect.Effect<void>): Effect.Effect<void> =>
  Effect.flatMap(Current, (control) => (control === undefined ? Effect.void : use(control)))

/**
 * Makes a task of the call, from here on: the client is told of it, and what the handler still does, it does after the answer. Nothing
 * happens where the client takes no tasks, where the tool does not have `task`, and the second time. A server that has no room for
 * another task refuses the call, and the handler is interrupted here.
 *
 * @example
 * const { name } = yield* Elicitation.form({ key: "name", message: "Who are you?", schema: { name: Schema.String } })
 * yield* Task.begin
 * return yield* longWork(name)
 */
export const begin: Effect.Effect<void> = withCurrent((control) => control.begin)

/**
 * Says how the task is, for people, of which the first 1,000 characters are kept: the `statusMessage`, until the next one. Nothing
 * happens while the call is no task.
 */
export const status = (message: string): Effect.Effect<void> => withCurrent((control) => control.status(message))

/** The id of the task; `undefined` while the call is none. */
export const id: Effect.Effect<string | undefined> = Effect.map(Current, (control) => control?.id)
