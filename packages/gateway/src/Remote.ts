/**
 * Servers that are reached over HTTP: how they are described, and the one place where a transport for them plugs in.
 */
import { ClientTransport, ClientTransportError, Unsupported } from "@effect-mcp/core/ClientTransport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

/** A server with a URL. */
export interface RemoteOptions {
  /** An absolute `http:` or `https:` URL. `Redacted` where a part of it comes from the environment. */
  readonly url: string | Redacted.Redacted<string>
  /** What was said of the transport: Streamable HTTP, or HTTP+SSE. `undefined` where nothing was said. */
  readonly kind: "http" | "sse" | undefined
  /** Headers for every request. `Redacted` where a part of one comes from the environment. */
  readonly headers: { readonly [name: string]: string | Redacted.Redacted<string> }
}

/** Makes the transport to a server with a URL. */
export type Remote = (options: RemoteOptions) => Layer.Layer<ClientTransport, ClientTransportError>

/** A URL without what may be secret: user, password, query and fragment. */
const shown = (url: RemoteOptions["url"]): string => {
  if (Redacted.isRedacted(url)) return "a server whose URL is redacted"
  const parsed = URL.parse(url)
  return parsed === null ? "a server whose URL is not valid" : `${parsed.origin}${parsed.pathname}`
}

/** The transport when no other one is given: it fails with `Unsupported` when it is built. */
export const unsupported: Remote = ({ url }) =>
  Layer.effect(
    ClientTransport,
    Effect.suspend(() =>
      Effect.fail(
        new ClientTransportError({
          reason: new Unsupported({
            server: shown(url),
            detail: "there is no HTTP transport in this program; give one with the option `remote`"
          })
        })
      )
    )
  )
