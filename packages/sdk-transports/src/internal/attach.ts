/**
 * Taking and letting go of a transport of the SDK.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { MessageExtra, SdkTransport } from "../SdkTransport.ts"
import { detailOf } from "./messages.ts"

/** Who hears of what happens on a transport. None of it may throw. */
export interface Listener {
  readonly onMessage: (message: unknown, extra: MessageExtra | undefined) => void
  readonly onError: (error: unknown) => void
  readonly onClose: () => void
}

/** Listens to a transport. Callbacks that it had are called first, as the SDK does; what they throw is an error of the transport. */
export const listen = (transport: SdkTransport, { onClose, onError, onMessage }: Listener): void => {
  const before = { close: transport.onclose, error: transport.onerror, message: transport.onmessage }
  const trying = (callback: () => void) => {
    try {
      callback()
    } catch (error) {
      onError(error)
    }
  }
  transport.onmessage = (message, extra) => {
    trying(() => before.message?.(message, extra))
    onMessage(message, extra)
  }
  transport.onerror = (error) => {
    trying(() => before.error?.(error))
    onError(error)
  }
  transport.onclose = () => {
    trying(() => before.close?.())
    onClose()
  }
}

/** Why a transport did not start. */
export class NotStarted {
  readonly detail: string
  readonly cause: unknown
  constructor(detail: string, cause?: unknown) {
    this.detail = detail
    this.cause = cause
  }

  /** The same, as the fields of an error. */
  get fields(): { readonly detail: string; readonly cause?: unknown } {
    return this.cause === undefined ? { detail: this.detail } : { detail: this.detail, cause: this.cause }
  }
}

/** What a function of the SDK threw, or its promise rejected with. */
class Thrown {
  readonly error: unknown
  constructor(error: unknown) {
    this.error = error
  }
}

const calling = (call: () => Promise<void>): Effect.Effect<void, Thrown> =>
  Effect.tryPromise({ try: async () => call(), catch: (error) => new Thrown(error) })

/** Starts a transport, and waits for so long at most. */
export const start = (transport: SdkTransport, timeout: Duration.Input): Effect.Effect<void, NotStarted> =>
  calling(() => transport.start()).pipe(
    Effect.mapError(({ error }) => new NotStarted(detailOf(error), error)),
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () =>
        Effect.fail(new NotStarted(`its \`start\` took longer than ${Duration.format(Duration.fromInputUnsafe(timeout))}`))
    })
  )

/** Closes a transport, and waits for so long at most. What goes wrong is logged: nobody could do anything about it. */
export const close = (transport: SdkTransport, timeout: Duration.Input): Effect.Effect<void> =>
  calling(() => transport.close()).pipe(
    Effect.timeoutOption(timeout),
    Effect.catch(({ error }) => Effect.logDebug(`a transport of the SDK did not close: ${detailOf(error)}`)),
    Effect.asVoid
  )
