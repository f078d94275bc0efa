/**
 * What goes wrong between a client and its server over HTTP, in words without what may be secret.
 */
import { AnswerLost, ClientTransportError, ConnectFailed, MessageTooLong, Refused } from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { HttpProblem } from "./clientHttp.ts"
import type { Settings } from "./clientSettings.ts"

// A text of the server, in an error that people read.
const maxShown = 500

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : "the network says no more"

/** Nobody was reached, or the way back broke. */
export const problem = ({ isSecret, shown }: Settings, method: string, found: HttpProblem): ClientTransportError => {
  // The system names the host in what it says.
  const detail = `${method} ${shown}: ${isSecret ? codeOf(found.cause) : found.detail}`
  const cause = isSecret || found.cause === undefined ? {} : { cause: found.cause }
  const reason = found.kind === "connect" ? new ConnectFailed({ detail, ...cause }) : new AnswerLost({ detail, ...cause })
  return new ClientTransportError({ reason })
}

/** The way of an answer ended before it came. */
export const lost = (detail: string): ClientTransportError => new ClientTransportError({ reason: new AnswerLost({ detail }) })

/** There is no way to the server. */
export const unreachable = (detail: string): ClientTransportError =>
  new ClientTransportError({ reason: new ConnectFailed({ detail }) })

/** An answer is longer than the limit. */
export const tooLong = ({ maxMessageBytes: limit }: Settings): ClientTransportError =>
  new ClientTransportError({ reason: new MessageTooLong({ limit }) })

/** The server answered with a status that is an error. */
export const refused = (
  { shown }: Settings,
  method: string,
  status: number,
  words: string | undefined,
  header: (name: string) => string | undefined
): ClientTransportError => {
  const challenge = status === 401 || status === 403 ? header("www-authenticate")?.slice(0, 2 * maxShown) : undefined
  const said = words === undefined ? "" : `: ${words.slice(0, maxShown)}`
  return new ClientTransportError({
    reason: new Refused({
      status,
      detail: `${method} ${shown} was answered with ${status}${said}`,
      ...(challenge === undefined ? {} : { challenge })
    })
  })
}

/** Something that is no answer, as the answer to a request. */
export const unusable = (id: Jsonrpc.RequestId, message: string): Jsonrpc.Invalid => ({
  _tag: "Invalid",
  id: undefined,
  answers: id,
  error: { code: Jsonrpc.ErrorCode.InvalidRequest, message }
})
