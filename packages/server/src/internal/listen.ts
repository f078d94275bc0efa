/**
 * `subscriptions/listen`: a request that stays open, on which changes are told.
 *
 * Source: "Subscriptions" in the base protocol of 2026-07-28.
 */
import type { Outcome } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { invalidParams, McpError, Overloaded } from "@effect-mcp/core/McpError"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type Kind, kinds as allKinds } from "../Component.ts"
import type { Call } from "./call.ts"
import type { Subscription } from "./changes.ts"
import { type Operation, refuse, type Run } from "./run.ts"
import { subject as subjectOf } from "./subject.ts"
import { type TaskMethods, undeclared } from "./taskMethods.ts"
import { takesTasks } from "./taskWork.ts"

// As many as the official SDK allows.
const maxSubscriptions = 1024

/** The open subscriptions of a server. */
export class Subscriptions {
  private taken = 0
  private readonly open = new Map<Call, Subscription & { readonly end: () => void }>()

  /** Those that are open now. */
  values(): Iterable<Subscription> {
    return this.open.values()
  }

  /** Ends those of a peer as the specification asks for: with their result. */
  end(calls: Iterable<Call>): void {
    for (const call of calls) this.open.get(call)?.end()
  }

  /** Holds a subscription open, once it is acknowledged, until it is ended or interrupted. `opened` is run when it hears of changes. */
  hold(
    subscription: Subscription,
    acknowledge: Effect.Effect<void>,
    opened: Effect.Effect<void> = Effect.void
  ): Effect.Effect<void, McpError> {
    const { call } = subscription
    return Effect.suspend(() => {
      if (this.taken >= maxSubscriptions) {
        return Effect.fail(new McpError({ reason: new Overloaded({ detail: `More than ${maxSubscriptions} subscriptions` }) }))
      }
      this.taken++
      const ended = Deferred.makeUnsafe<void>()
      const open = Effect.sync(() => {
        this.open.set(call, Object.assign(subscription, { end: () => Deferred.doneUnsafe(ended, Exit.void) }))
      })
      return Effect.andThen(acknowledge, open).pipe(
        Effect.andThen(opened),
        Effect.andThen(Deferred.await(ended)),
        Effect.ensuring(
          Effect.sync(() => {
            this.taken--
            this.open.delete(call)
          })
        )
      )
    })
  }
}

const operation: Operation<void> = {
  subject: subjectOf("subscriptions/listen"),
  timeout: undefined,
  needsPlace: false,
  encode: (call) => call.engine.wire.subscriptionEnd(call.id),
  errorType: () => undefined,
  timedOut: undefined
}

/** To how many resources one subscription, or one session, may listen; and to how many tasks. */
export const maxUris = 1024

const isTexts = (u: unknown): u is ReadonlyArray<string> =>
  Array.isArray(u) && u.length <= maxUris && u.every((uri) => typeof uri === "string")

/** What `subscriptions/listen` works with. */
export interface Options {
  readonly subscriptions: Subscriptions
  readonly run: Run
  /** Whether components of a kind are served. */
  readonly offered: (kind: Kind) => boolean
  /** Whether there is a resource under a URI. */
  readonly exists: (uri: string) => boolean
  /** The extensions among what a filter names. */
  readonly extensionsIn: (filter: Jsonrpc.JsonObject, call: Call) => ReadonlyArray<string>
  readonly tasks: Pick<TaskMethods, "known" | "greet"> & { readonly isOffered: () => boolean }
}

const members = { tools: "toolsListChanged", resources: "resourcesListChanged", prompts: "promptsListChanged" } as const

/** Serves `subscriptions/listen`. What is not served is not in the acknowledgement. */
export const makeListen =
  ({ exists, extensionsIn, offered, run, subscriptions, tasks }: Options) =>
  (call: Call): Effect.Effect<Outcome> => {
    const filter = call.params?.["notifications"]
    if (!Jsonrpc.isObject(filter)) {
      return Effect.succeed(refuse(call, invalidParams("Invalid params: `notifications` must be an object").reason))
    }
    const wanted = allKinds.filter((kind) => filter[members[kind]] === true && offered(kind))
    const kinds: ReadonlySet<Kind> = new Set(wanted)
    const wantedUris = filter["resourceSubscriptions"]
    if (wantedUris !== undefined && !isTexts(wantedUris)) {
      const detail = `Invalid params: \`resourceSubscriptions\` must be an array of at most ${maxUris} strings`
      return Effect.succeed(refuse(call, invalidParams(detail).reason))
    }
    const uris = (wantedUris ?? []).filter(exists)
    const extensions = extensionsIn(filter, call)
    const wantedTasks = filter["taskIds"]
    if (wantedTasks !== undefined && !isTexts(wantedTasks)) {
      const detail = `Invalid params: \`taskIds\` must be an array of at most ${maxUris} strings`
      return Effect.succeed(refuse(call, invalidParams(detail).reason))
    }
    if (wantedTasks !== undefined && tasks.isOffered() && !takesTasks(call)) return Effect.succeed(refuse(call, undeclared))
    const acknowledgement = (taskIds: ReadonlyArray<string>) =>
      Jsonrpc.notification("notifications/subscriptions/acknowledged", {
        notifications: {
          ...Object.fromEntries(wanted.map((kind) => [members[kind], true])),
          ...Object.fromEntries(extensions.map((id) => [id, true])),
          ...(uris.length === 0 ? {} : { resourceSubscriptions: uris }),
          ...(taskIds.length === 0 ? {} : { taskIds })
        },
        _meta: { [Key.subscriptionId]: call.id }
      })
    const subscription = { call, kinds, uris: new Set(uris), extensions: new Set(extensions) }
    const ids = wantedTasks === undefined || !tasks.isOffered() ? [] : wantedTasks
    return run(call, operation, () =>
      Effect.flatMap(ids.length === 0 ? Effect.succeed(ids) : tasks.known(ids, call), (known) => {
        const full: Subscription = { ...subscription, taskIds: new Set(known) }
        const acknowledge = Effect.suspend(() => call.emit.send(acknowledgement(known)))
        return subscriptions.hold(full, acknowledge, known.length === 0 ? undefined : tasks.greet(full))
      })
    )
  }
