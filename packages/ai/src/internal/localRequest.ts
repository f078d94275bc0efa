/**
 * The request that a handler of a group sees where there is none: outside of a server, called by a language model.
 */
import { type Asking, unavailable } from "@effect-mcp/core/Asking"
import type { Emit } from "@effect-mcp/core/Dispatcher"
import type { JsonObject, RequestId } from "@effect-mcp/core/Jsonrpc"
import type { Principal } from "@effect-mcp/core/Principal"
import { invalidParams, resourceNotFound } from "@effect-mcp/core/McpError"
import type { Inside, RequestContext } from "@effect-mcp/core/RequestContext"
import * as Revision from "@effect-mcp/core/Revision"
import type { Shelf } from "@effect-mcp/core/StateStore"
import * as Effect from "effect/Effect"

const nowhere: Emit = { canAsk: false, send: () => Effect.void, sendUnsafe: () => false }

const noClient = "the tool was called by a toolkit of effect/ai, there is no client"

const none: JsonObject = {}

const noShelf: Shelf = { read: Effect.succeed(undefined), modify: () => Effect.succeed(undefined) }

const noPrompt = Effect.fail(invalidParams("a toolkit has no prompts"))

// There is no server around a toolkit.
const nothing: Inside = {
  readResource: (uri) => Effect.fail(resourceNotFound(uri)),
  getPrompt: () => noPrompt,
  listTools: Effect.succeed([]),
  listResources: Effect.succeed([]),
  listResourceTemplates: Effect.succeed([]),
  listPrompts: Effect.succeed([])
}

/** See the module. */
export class LocalRequest implements Readonly<RequestContext["Service"]> {
  readonly id: RequestId
  readonly principal: Principal
  readonly method = "tools/call"
  readonly revision = Revision.latest
  readonly sessionId = undefined
  readonly clientInfo = undefined
  readonly clientCapabilities = {}
  readonly meta = none
  readonly progressToken = undefined
  readonly logLevel = undefined
  readonly detach = Effect.void
  readonly emit = nowhere
  readonly inside = nothing
  readonly state = { session: noShelf, principal: noShelf }
  /** Of this call alone: it keeps what the handler records. */
  readonly asking: Asking = unavailable(noClient)
  /** Until the handler is done. */
  isOpen = true

  constructor(id: RequestId, principal: Principal) {
    this.id = id
    this.principal = principal
  }

  advance(): boolean {
    return false
  }

  annotateResult(): void {}
}
