/**
 * Where tasks are kept: what a client gets when it asks for one, as plain data. The work itself runs in the process that took the call;
 * any process that reaches the store can tell how it is, and what came of it.
 *
 * Source: SEP-2663, the extension `io.modelcontextprotocol/tasks` of 2026-07-28.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import { bound } from "./internal/bound.ts"
import type { Principal } from "./Principal.ts"
import { DetailedTask, isFinal } from "./protocol/Tasks.ts"
import { bindingOf, SessionPrincipal } from "./SessionStore.ts"
import type { StoreError } from "./StoreError.ts"

/** One task. It is its own JSON: `JSON.stringify` writes it, and decoding what `JSON.parse` read gives it back. */
export const StoredTask = Schema.Struct({
  /** As clients see it. Its id comes from secure random bytes. */
  task: DetailedTask,
  /** Who made it, `null` when nobody was authenticated. See {@link belongsTo}. */
  principal: Schema.NullOr(SessionPrincipal),
  /** When it may be forgotten, in milliseconds since 1970; `null` for never. */
  expiresAt: Schema.NullOr(Schema.Int)
})
export interface StoredTask extends Schema.Schema.Type<typeof StoredTask> {}

/** Whether a principal may use a task: it is the one that made it, or both are anonymous. */
export const belongsTo = ({ principal }: StoredTask, other: Principal): boolean => {
  const binding = bindingOf(other)
  return principal?.subject === binding?.subject && principal?.issuer === binding?.issuer
}

/** Keeps tasks. What `create` and `modify` have done, every later `get` sees. A task whose time is over is never seen again. */
export class TaskStore extends Context.Service<
  TaskStore,
  {
    /** Keeps a new task. False when there is no room for it: nothing was kept. */
    readonly create: (stored: StoredTask) => Effect.Effect<boolean, StoreError>
    /** The task, or `undefined` when there is none, its time is over, or it had to make room. */
    readonly get: (id: string) => Effect.Effect<StoredTask | undefined, StoreError>
    /**
     * Changes a task without losing what others change meanwhile, and returns it as it is then; `undefined` when there is none.
     * `change` must be pure and keep the id: a store that compares and sets may call it more than once.
     */
    readonly modify: (id: string, change: (stored: StoredTask) => StoredTask) => Effect.Effect<StoredTask | undefined, StoreError>
  }
>()("@effect-mcp/core/TaskStore") {}

/** The bounds of {@link layerMemory} by default. */
export const defaults = { maxTasks: 10_000, maxSize: 64 * 1024 * 1024 } as const

/** Options of {@link layerMemory}. */
export interface MemoryOptions {
  /** At least 1. Beyond that the oldest task that is over makes room; when none is, no new task is taken. Default 10 000. */
  readonly maxTasks?: number
  /**
   * Characters of all tasks, as JSON. Beyond that the oldest tasks that are over make room, but never the one that has just grown.
   * Default 64 Mi.
   */
  readonly maxSize?: number
}

/** Counts the tasks that had to make room in a full {@link layerMemory} before their time. */
export const evictions: Metric.Counter<number> = Metric.counter("mcp_tasks_evicted", {
  description: "Tasks that were over and were dropped before their time because the store was full",
  incremental: true
})

interface Entry {
  stored: StoredTask
  size: number
}

const sizeOf = ({ task }: StoredTask): number => JSON.stringify(task).length

const isOver = ({ task }: StoredTask): boolean => isFinal(task.status)

// The tasks, within their bounds.
const makeEntries = (options: MemoryOptions) => {
  const maxTasks = bound("maxTasks", options.maxTasks ?? defaults.maxTasks)
  const maxSize = bound("maxSize", options.maxSize ?? defaults.maxSize)
  const entries = new Map<string, Entry>() // in the order of creation
  const over = new Set<string>() // those that are over, the one that ended first in front
  let size = 0
  // None expires before.
  let earliest = Infinity

  const drop = (id: string): void => {
    size -= entries.get(id)?.size ?? 0
    entries.delete(id)
    over.delete(id)
  }
  const expire = (now: number): void => {
    if (now < earliest) return
    earliest = Infinity
    for (const [id, { stored }] of entries) {
      const expiresAt = stored.expiresAt ?? Infinity
      if (expiresAt <= now) drop(id)
      else earliest = Math.min(earliest, expiresAt)
    }
  }
  return {
    /** A task that has not expired. */
    find: (id: string, now: number): Entry | undefined => {
      expire(now)
      return entries.get(id)
    },
    /** Makes room, for so many more tasks, but not of the task `kept`. Gives how many had to go. */
    makeRoom: (more: number, kept?: string): number => {
      let evicted = 0
      for (const id of over) {
        if (entries.size + more <= maxTasks && size <= maxSize) break
        if (id === kept) continue
        drop(id)
        evicted++
      }
      return evicted
    },
    hasRoom: (): boolean => entries.size < maxTasks && size <= maxSize,
    set: (stored: StoredTask): void => {
      const { taskId } = stored.task
      const entry = { stored, size: sizeOf(stored) }
      size += entry.size - (entries.get(taskId)?.size ?? 0)
      entries.set(taskId, entry)
      if (isOver(stored)) over.add(taskId)
      earliest = Math.min(earliest, stored.expiresAt ?? Infinity)
    }
  }
}

const count = (evicted: number): Effect.Effect<void> => (evicted === 0 ? Effect.void : Metric.update(evictions, evicted))

/**
 * Keeps tasks in this process, for as long as the layer lives. There are no timers: an expired task is dropped when somebody asks for
 * one. {@link evictions} counts those that had to make room before their time.
 */
export const layerMemory = (options: MemoryOptions = {}): Layer.Layer<TaskStore> =>
  Layer.sync(TaskStore, () => {
    const entries = makeEntries(options)
    return TaskStore.of({
      create: (stored) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          entries.find(stored.task.taskId, now)
          const evicted = count(entries.makeRoom(1))
          if (!entries.hasRoom()) return Effect.as(evicted, false)
          entries.set(stored)
          return Effect.as(evicted, true)
        }),
      get: (id) => Effect.map(Clock.currentTimeMillis, (now) => entries.find(id, now)?.stored),
      modify: (id, change) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const entry = entries.find(id, now)
          if (entry === undefined) return Effect.undefined
          const changed = change(entry.stored)
          entries.set(changed)
          return Effect.as(count(entries.makeRoom(0, id)), changed)
        })
    })
  })
