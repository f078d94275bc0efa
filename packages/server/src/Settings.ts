/**
 * The limits and policies of a server, with their defaults.
 */
import * as CacheHint from "@effect-mcp/core/CacheHint"
import { toMillis } from "@effect-mcp/core/Deadlines"
import * as SessionStore from "@effect-mcp/core/SessionStore"
import * as Duration from "effect/Duration"

/** What a server does when two components have the same name. */
export type OnDuplicate =
  /** The server does not start; adding at run time fails. */
  | "error"
  /** The later one replaces the earlier one, with a warning in the log. */
  | "warn"
  /** The later one replaces the earlier one. */
  | "replace"
  /** The earlier one stays. */
  | "ignore"

/** How the tasks of a server are kept, where their tools do not say otherwise. See `Task.ts` of core. */
export interface TaskOptions {
  /** How long the work of a task may take, the time of its questions not included. 1 hour by default; `Duration.infinity` switches it off. */
  readonly timeout?: Duration.Input
  /**
   * How long a task is kept, from its creation: after that it is ended and forgotten. 1 day by default; `Duration.infinity` keeps it as
   * long as the store does.
   */
  readonly ttl?: Duration.Input
  /** How often clients are told to ask how a task is. 1 second by default, at least 1 millisecond. */
  readonly pollInterval?: Duration.Input
  /** How many tasks run at once. 1,000 by default; calls that would become more are refused. */
  readonly concurrency?: number
}

/** What may be set; everything has a default. */
export interface Options {
  /**
   * How long a request may take, waiting for a place included, when its tool has no timeout of its own. 10 minutes by default;
   * `Duration.infinity` switches it off.
   */
  readonly toolTimeout?: Duration.Input
  /**
   * How long a question may wait for its answer: in a session the handler's question fails then, in the request era the client's state
   * expires. 1 hour by default; `Duration.infinity` switches it off. The time of a call stands still meanwhile.
   */
  readonly answerTimeout?: Duration.Input
  /** How many rounds of questions one request may take in the request era. 32 by default; there are clients that stop after 10. */
  readonly maxRounds?: number
  /** How long the state may be that a request carries from round to round, in characters. 256 Ki by default. */
  readonly stateSize?: number
  /** How many calls run at once, over all peers. 4,096 by default; more wait. */
  readonly concurrency?: number
  /** How many calls run at once for one peer. 1,024 by default; more wait. */
  readonly concurrencyPerPeer?: number
  /** How many calls may wait, per peer and over all peers each. 4,096 by default; more are refused. */
  readonly waiting?: number
  /**
   * How long a session may be idle before it is forgotten, on transports that keep sessions, such as HTTP. 30 minutes by default;
   * `Duration.infinity` keeps sessions until their store has to make room.
   */
  readonly sessionTimeout?: Duration.Input
  /** How many components one page of a list holds. 1,000 by default. */
  readonly pageSize?: number
  /** What happens when two components have the same name. `"error"` by default. */
  readonly onDuplicate?: OnDuplicate
  /**
   * Whether arguments may arrive as JSON in a string where the Schema wants something else. True by default; it is counted. Does not
   * hold for tools that are described by JSON Schema.
   */
  readonly lenientArguments?: boolean
  /**
   * What happens to arguments that a tool does not have. `"error"`, the default, explains them, as the JSON Schema that clients see
   * says; `"ignore"` drops them.
   */
  readonly excessArguments?: "error" | "ignore"
  /**
   * How bad arguments are answered. `"revision"`: as a result that the model can read since 2025-11-25, as an error before, as the
   * specification says. `"result"`: always as a result. `"revision"` by default.
   */
  readonly badArguments?: "revision" | "result"
  /** Whether arguments and results are recorded in spans. False by default: they may hold secrets. */
  readonly recordArguments?: boolean
  /**
   * For how long clients of 2026-07-28 may keep results, and whether they may share them: all, or those of single methods. Not at all,
   * `{ ttlMs: 0, scope: "private" }`, by default. Lists that middleware makes different for each principal must not be `"public"`.
   */
  readonly cacheHint?: CacheHint.Settings
  /** How tasks are kept. */
  readonly tasks?: TaskOptions
}

/** The options of tasks with their defaults filled in: milliseconds, infinity is `undefined`. */
export interface TaskSettings {
  readonly timeout: number | undefined
  readonly ttl: number | undefined
  readonly pollInterval: number
  readonly concurrency: number
}

/** The options with their defaults filled in. Durations are milliseconds, infinity is `undefined`. */
export interface Settings extends Required<
  Omit<Options, "toolTimeout" | "answerTimeout" | "cacheHint" | "sessionTimeout" | "tasks">
> {
  readonly sessionTimeout: Duration.Duration
  readonly answerTimeout: number | undefined
  readonly toolTimeout: number | undefined
  readonly cacheHint: CacheHint.ByMethod
  readonly tasks: TaskSettings
}

const positive = (name: string, value: number): number => {
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`McpServer: ${name} must be a positive integer, not ${value}`)
  return value
}

const taskSettings = (options: TaskOptions): TaskSettings => ({
  timeout: toMillis(options.timeout ?? "1 hour"),
  ttl: toMillis(options.ttl ?? "1 day"),
  pollInterval: positive("tasks.pollInterval", toMillis(options.pollInterval ?? "1 second") ?? Infinity),
  concurrency: positive("tasks.concurrency", options.concurrency ?? 1000)
})

/** Fills in the defaults. Throws on values that make no sense. */
export const make = (options: Options): Settings => ({
  toolTimeout: toMillis(options.toolTimeout ?? "10 minutes"),
  answerTimeout: toMillis(options.answerTimeout ?? "1 hour"),
  sessionTimeout: Duration.fromInputUnsafe(options.sessionTimeout ?? SessionStore.defaultTtl),
  maxRounds: positive("maxRounds", options.maxRounds ?? 32),
  stateSize: positive("stateSize", options.stateSize ?? 262_144),
  concurrency: positive("concurrency", options.concurrency ?? 4096),
  concurrencyPerPeer: positive("concurrencyPerPeer", options.concurrencyPerPeer ?? 1024),
  waiting: positive("waiting", options.waiting ?? 4096),
  pageSize: positive("pageSize", options.pageSize ?? 1000),
  onDuplicate: options.onDuplicate ?? "error",
  lenientArguments: options.lenientArguments ?? true,
  excessArguments: options.excessArguments ?? "error",
  badArguments: options.badArguments ?? "revision",
  recordArguments: options.recordArguments ?? false,
  cacheHint: CacheHint.byMethod(options.cacheHint ?? {}, "McpServer: cacheHint"),
  tasks: taskSettings(options.tasks ?? {})
})
