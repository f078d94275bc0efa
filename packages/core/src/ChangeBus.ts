/**
 * The way on which news travel between the processes that serve one server: lists that changed, resources that have new contents.
 * Each process tells its own clients.
 *
 * Nothing is kept: who subscribes later hears only what comes later, as MCP wants it; clients list again after a reconnect.
 *
 * Source: `notifications/{tools,prompts,resources}/list_changed` and `notifications/resources/updated` of every revision.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { StoreError } from "./StoreError.ts"

/** Something that clients may want to hear of. Its own JSON, so that a bus between processes can carry it. */
export const Change = Schema.TaggedUnion({
  ToolsChanged: {},
  PromptsChanged: {},
  /** The list of resources, or of resource templates. */
  ResourcesChanged: {},
  /** The contents of one resource. */
  ResourceUpdated: { uri: Schema.String }
})
export type Change = typeof Change.Type

/** The list of tools is not what it was. */
export const toolsChanged: Change = { _tag: "ToolsChanged" }

/** The list of prompts is not what it was. */
export const promptsChanged: Change = { _tag: "PromptsChanged" }

/** The list of resources, or of resource templates, is not what it was. */
export const resourcesChanged: Change = { _tag: "ResourcesChanged" }

/** The resource has new contents. */
export const resourceUpdated = (uri: string): Change => ({ _tag: "ResourceUpdated", uri })

/**
 * Carries changes to all listeners of all processes that share the bus, the publisher's own included. Changes of one publisher
 * arrive in order; a process that is cut off misses some. What is published arrives as an object of its own, the same one at all
 * listeners of a process: a server knows by it what it hears of twice.
 *
 * A bus belongs to one server and its replicas. Servers that share one hear each other: their clients then list again for nothing.
 */
export class ChangeBus extends Context.Service<
  ChangeBus,
  {
    readonly publish: (change: Change) => Effect.Effect<void, StoreError>
    /**
     * Calls `listener` for each change until the scope closes. It is called synchronously and must not block: what takes time it
     * hands over. What it throws is logged and disturbs nobody.
     */
    readonly subscribe: (listener: (change: Change) => void) => Effect.Effect<void, never, Scope.Scope>
  }
>()("@effect-mcp/core/ChangeBus") {}

/**
 * Carries changes within this process. When `publish` is done, all listeners have been called, in the order in which they
 * subscribed. A listener that comes while a change is delivered does not get it; one that goes meanwhile does not get it either.
 */
export const layerMemory: Layer.Layer<ChangeBus> = Layer.sync(ChangeBus, () => {
  const subscriptions = new Set<{ readonly listener: (change: Change) => void }>()

  const deliver = (change: Change): ReadonlyArray<unknown> => {
    const thrown: Array<unknown> = []
    const all = [...subscriptions] // those of now: who comes meanwhile is not among them
    for (const subscription of all) {
      if (!subscriptions.has(subscription)) continue
      try {
        subscription.listener(change)
      } catch (error) {
        thrown.push(error)
      }
    }
    return thrown
  }

  return ChangeBus.of({
    publish: Effect.fnUntraced(function* (change) {
      for (const error of deliver({ ...change })) {
        yield* Effect.logError(`a listener of the change bus threw at ${change._tag}`, Cause.die(error))
      }
    }),
    subscribe: (listener) =>
      Effect.asVoid(
        Effect.acquireRelease(
          Effect.sync(() => {
            const subscription = { listener }
            subscriptions.add(subscription)
            return subscription
          }),
          (subscription) => Effect.sync(() => subscriptions.delete(subscription))
        )
      )
  })
})
