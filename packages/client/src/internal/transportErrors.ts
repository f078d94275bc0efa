/**
 * What goes wrong between a client and its transport, as errors of the client.
 */
import { ClientTransportError, ConnectFailed } from "@effect-mcp/core/ClientTransport"
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import { InvalidArguments, McpClientError, TransportFailed } from "../McpClientError.ts"

/** What a transport says. */
export const failedTransport = (error: ClientTransportError) => new McpClientError({ reason: new TransportFailed({ error }) })

/** Why a transport does not work, also where it does not say so itself. */
export const brokenTransport = (cause: Cause.Cause<McpClientError>): McpClientError =>
  Option.getOrElse(Cause.findErrorOption(cause), () => {
    const defect = Cause.squash(cause)
    const detail = `the transport broke: ${defect instanceof Error ? defect.message : String(defect)}`
    return failedTransport(new ClientTransportError({ reason: new ConnectFailed({ detail, cause: defect }) }))
  })

/** What the arguments hold cannot be written as JSON. */
export const unsendable = ({ method }: { readonly method: string }, error: unknown): McpClientError => {
  const detail = error instanceof Error ? error.message : String(error)
  return new McpClientError({ reason: new InvalidArguments({ target: method, detail }) })
}
