/**
 * Tells of tasks on the subscriptions that want to hear of them.
 *
 * Source: SEP-2663, `notifications/tasks`.
 */
import { notification } from "@effect-mcp/core/Jsonrpc"
import type { DetailedTask } from "@effect-mcp/core/protocol/Tasks"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as Effect from "effect/Effect"
import type { Subscription } from "./changes.ts"

/** See the module. */
export class TaskTelling {
  /** What waits for room, of each subscription: the latest state of each task. */
  private readonly waiting = new WeakMap<Subscription, Map<string, DetailedTask>>()
  private readonly subscriptions: { readonly values: () => Iterable<Subscription> }
  private readonly runFork: (effect: Effect.Effect<void>) => void

  constructor(subscriptions: { readonly values: () => Iterable<Subscription> }, runFork: (effect: Effect.Effect<void>) => void) {
    this.subscriptions = subscriptions
    this.runFork = runFork
  }

  /** Tells all who want to hear of this task. */
  tell(task: DetailedTask): void {
    for (const subscription of this.subscriptions.values()) {
      if (subscription.taskIds.has(task.taskId)) this.tellOn(subscription, task)
    }
  }

  /** Tells one subscription. While its way is full, only the latest state waits: there is no end without it. */
  tellOn(subscription: Subscription, task: DetailedTask): void {
    const held = this.waiting.get(subscription)
    if (held?.has(task.taskId) === true) return void held.set(task.taskId, task)
    if (subscription.call.emit.sendUnsafe(this.message(subscription, task))) return
    const waiting = held ?? new Map<string, DetailedTask>()
    this.waiting.set(subscription, waiting.set(task.taskId, task))
    this.runFork(this.send(subscription, waiting, task))
  }

  private send(subscription: Subscription, waiting: Map<string, DetailedTask>, task: DetailedTask): Effect.Effect<void> {
    return Effect.flatMap(subscription.call.emit.send(this.message(subscription, task)), () => {
      const latest = waiting.get(task.taskId)
      if (latest !== undefined && latest !== task) return this.send(subscription, waiting, latest)
      waiting.delete(task.taskId)
      return Effect.void
    })
  }

  private message({ call }: Subscription, task: DetailedTask) {
    return notification("notifications/tasks", { ...task, _meta: { ...task._meta, [Key.subscriptionId]: call.id } })
  }
}
