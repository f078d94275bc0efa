/**
 * Streams of what the server tells by itself.
 */
import { isObject, type Notification } from "@effect-mcp/core/Jsonrpc"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { McpClientError } from "../McpClientError.ts"
import type { Sink } from "./listen.ts"

// Who is that far behind is told less, not more.
const maxWaiting = 1024

class Listener {
  readonly methods: ReadonlySet<string>
  readonly queue: Queue.Queue<Notification, McpClientError | Cause.Done>

  constructor(methods: ReadonlySet<string>, queue: Listener["queue"]) {
    this.methods = methods
    this.queue = queue
  }

  take(notification: Notification): void {
    if (this.methods.has(notification.method)) Queue.offerUnsafe(this.queue, notification)
  }
}

// What comes on a subscription is told to who holds it.
const isOfSubscription = ({ params }: Notification): boolean => {
  const meta = params?.["_meta"]
  return isObject(meta) && meta[Key.subscriptionId] !== undefined
}

/** See the module. */
export class Listeners {
  private readonly all = new Set<Listener>()

  /** Hands a notification to those who listen to it. */
  tell(notification: Notification): void {
    if (this.all.size === 0 || isOfSubscription(notification)) return
    for (const listener of this.all) listener.take(notification)
  }

  /** Ends all streams: nothing comes any more. */
  end(error: McpClientError): void {
    for (const { queue } of this.all) Queue.failCauseUnsafe(queue, Cause.fail(error))
  }

  /**
   * The notifications with these methods, from when the stream is run, and those that a subscription of its own brings. `over` says
   * whether the connection has ended already.
   */
  listen(
    methods: ReadonlyArray<string>,
    over: () => McpClientError | undefined,
    subscribe: ((sink: Sink) => Effect.Effect<unknown, McpClientError, Scope.Scope>) | undefined
  ): Stream.Stream<Notification, McpClientError> {
    const run = (queue: Listener["queue"]) =>
      Effect.suspend((): Effect.Effect<unknown, McpClientError, Scope.Scope> => {
        const error = over()
        if (error !== undefined) return Effect.fail(error)
        const listener = new Listener(new Set(methods), queue)
        const listening = Effect.acquireRelease(
          Effect.sync(() => this.all.add(listener)),
          () => Effect.sync(() => this.all.delete(listener))
        )
        if (subscribe === undefined) return listening
        const held = subscribe({
          take: (notification) => listener.take(notification),
          // When the server ends the subscription, nothing more comes.
          end: () => void Queue.endUnsafe(queue),
          fail: (cause) => void Queue.failCauseUnsafe(queue, cause)
        })
        return Effect.andThen(listening, held)
      })
    return Stream.callback<Notification, McpClientError>(run, { bufferSize: maxWaiting, strategy: "sliding" })
  }
}
