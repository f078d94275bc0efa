/**
 * Messages that want no answer, each as a POST.
 */
import type { ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { call } from "./clientCall.ts"
import { problem, refused } from "./clientErrors.ts"
import type { HttpRequest } from "./clientHttp.ts"
import { Lingering } from "./clientLingering.ts"
import { Room } from "./clientRoom.ts"
import type { Settings } from "./clientSettings.ts"

// So many are on their way; others wait.
const maxPosts = 1024
// There is nothing to read. Reading a little of it keeps the connection alive.
const maxIgnoredBytes = 64 * 1024

/** See the module. */
export class Posts {
  private readonly room = new Room(maxPosts)
  private readonly lingering = new Lingering()
  private readonly settings: Settings
  private readonly onNotFound: () => void
  private over: Exit.Exit<never, ClientTransportError> | undefined

  /** `onNotFound` is told of each one that is answered with 404; it must not throw. */
  constructor(settings: Settings, onNotFound: () => void) {
    this.settings = settings
    this.onNotFound = onNotFound
  }

  /** Posts it if there is room now; false when there is none. What becomes of it is not told. */
  sendUnsafe(request: HttpRequest): boolean {
    if (!this.room.isFree) return false
    this.post(request, () => {})
    return true
  }

  /** Posts it as soon as there is room, and waits until the server has taken it. Interrupting that gives it up. */
  send(request: HttpRequest): Effect.Effect<void, ClientTransportError> {
    const begun = this.room.whenFree((): Effect.Effect<void, ClientTransportError> => {
      if (this.over !== undefined) return this.over
      const told = Deferred.makeUnsafe<void, ClientTransportError>()
      const giveUp = this.post(request, (exit) => Deferred.doneUnsafe(told, exit))
      return Effect.onInterrupt(Deferred.await(told), () => Effect.sync(giveUp))
    })
    return Effect.flatten(begun)
  }

  /** Those who wait for room fail with this; what is on its way arrives. */
  end(over: Exit.Exit<never, ClientTransportError>): void {
    this.over = over
    this.room.dismiss()
    this.lingering.abort()
  }

  private post(request: HttpRequest, done: (exit: Exit.Exit<void, ClientTransportError>) => void): () => void {
    const { lingering, room, settings } = this
    let isTold = false
    const tell = (exit: Exit.Exit<void, ClientTransportError>) => {
      if (isTold) return
      isTold = true
      room.leave()
      done(exit)
    }
    let length = 0
    room.enter()
    const response = {
      abort: call(settings, request, {
        onHead: (status, header) => {
          lingering.add(response)
          if (status === 404) this.onNotFound()
          if (status >= 200 && status < 300) return tell(Exit.void)
          tell(Exit.fail(refused(settings, "POST", status, undefined, header)))
        },
        onBytes: (bytes) => {
          length += bytes.length
          if (length <= maxIgnoredBytes) return
          lingering.delete(response)
          response.abort()
        },
        onEnd: () => lingering.delete(response),
        onProblem: (found) => {
          lingering.delete(response)
          tell(Exit.fail(problem(settings, "POST", found)))
        },
        onFailed: (error) => tell(Exit.fail(error))
      })
    }
    return () => {
      lingering.delete(response)
      response.abort()
      tell(Exit.void)
    }
  }
}
