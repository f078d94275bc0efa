/**
 * A message that wants no answer, as a POST.
 */
import type { ClientTransportError } from "@effect-mcp/core/ClientTransport"
import { call } from "./clientCall.ts"
import { problem, refused } from "./clientErrors.ts"
import type { HttpRequest } from "./clientHttp.ts"
import type { Settings } from "./clientSettings.ts"

/** What became of it: `undefined` where the server took it. `status` is there when the server refused it. */
export type Posted = (error: ClientTransportError | undefined, status: number | undefined) => void

/** Posts it; `done` is called once. What it gives gives it up: nothing is told then. */
export const post = (settings: Settings, request: HttpRequest, done: Posted): (() => void) => {
  let isDone = false
  const end: Posted = (error, status) => {
    if (isDone) return
    isDone = true
    done(error, status)
  }
  let length = 0
  const giveUp = call(settings, request, {
    onHead: (status, header) => {
      if (status >= 200 && status < 300) return end(undefined, status)
      end(refused(settings, "POST", status, undefined, header), status)
    },
    // There is nothing to read. Reading a little of it keeps the connection alive.
    onBytes: (bytes) => {
      length += bytes.length
      if (length > 65536) giveUp()
    },
    onEnd: () => end(undefined, undefined),
    onProblem: (found) => end(problem(settings, "POST", found), undefined),
    onFailed: (error) => end(error, undefined)
  })
  return () => {
    isDone = true
    giveUp()
  }
}
