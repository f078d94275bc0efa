/**
 * One server of many: how it is reached, and what of it is offered.
 */
import type { ClientTransport, ClientTransportError } from "@effect-mcp/core/ClientTransport"
import type * as Duration from "effect/Duration"
import type * as Layer from "effect/Layer"

/** Which names of a server's tools are offered, and as what. Patterns may have `*` for any text. */
export interface Selection {
  /** Names or patterns of the tools that are offered. All by default. */
  readonly include?: ReadonlyArray<string> | undefined
  /** Names or patterns of tools that are left out, also where `include` has them. None by default. */
  readonly exclude?: ReadonlyArray<string> | undefined
  /** New names by old names. A renamed tool is still included and excluded by its old name. */
  readonly rename?: { readonly [name: string]: string } | undefined
}

/** One server of many. */
export interface ServerSpec extends Selection {
  /** How it is reached. Built when the server is connected to; why that fails is part of the server's state. */
  readonly transport: Layer.Layer<ClientTransport, ClientTransportError>
  /** In place of the client's `timeout` for this server. */
  readonly timeout?: Duration.Input | undefined
}
