/**
 * `resources/read`: finds the resource of a URI, or the template that it follows, reads the variables, runs the handler inside of its
 * middleware, writes the contents.
 */
import * as CacheHint from "@effect-mcp/core/CacheHint"
import { type Outcome, reply } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { InvalidParams, invalidParams, McpError, Overloaded, resourceNotFound } from "@effect-mcp/core/McpError"
import type { Implementation, ReadResourceRequest } from "@effect-mcp/core/Middleware"
import type { ReadResourceResult } from "@effect-mcp/core/protocol/Resources"
import type { Match } from "@effect-mcp/core/UriTemplate"
import * as Effect from "effect/Effect"
import type { ResourceComponent } from "../Component.ts"
import type { Settings } from "../Settings.ts"
import type { Call } from "./call.ts"
import type { PeerState } from "./peer.ts"
import { type Inner, wrap } from "./chain.ts"
import { callOf, endingsOf, enter, handle, timeoutOf, within } from "./handling.ts"
import { maxUris } from "./listen.ts"
import { isContinued } from "./requestState.ts"
import type { Find, Snapshot } from "./registry.ts"
import { type LogDefect, type Operation, refuse, type Run } from "./run.ts"
import { subject as subjectOf } from "./subject.ts"

/** A resource made ready to be read: what does not depend on the request is done. */
export interface Ready {
  readonly component: ResourceComponent
  readonly operation: Operation<ReadResourceResult>
  readonly invoke: Inner<"resources/read">
  /** The same for a handler that reads it in a call of its own, whose time it leaves alone. */
  readonly within: Inner<"resources/read">
}

/** What `resources/read` works with. */
export interface Options {
  readonly middlewares: ReadonlyArray<Implementation>
  readonly settings: Settings
  readonly run: Run
  readonly logDefect: LogDefect
}

/** What is read from: all resources by their URI, and the templates in the order in which they are tried. */
export interface Source {
  readonly find: Find<Ready>
  readonly templates: { readonly snapshot: Snapshot<ResourceComponent> }
}

const operationOf = (settings: Settings, timeout: number | undefined, name?: string): Operation<ReadResourceResult> => ({
  subject: subjectOf("resources/read", name === undefined ? undefined : { kind: "resource", name }),
  timeout,
  needsPlace: true,
  // What was answered to one user is not kept for others.
  encode: (call, result) =>
    call.engine.wire.readResult(
      call.annotated(result),
      isContinued(call) ? CacheHint.none : (call.cacheHint ?? settings.cacheHint["resources/read"])
    ),
  errorType: () => undefined,
  timedOut: undefined
})

/** See the module. */
export class Request implements ReadResourceRequest {
  readonly method = "resources/read"
  readonly uri: string
  readonly meta: Jsonrpc.JsonObject

  constructor(uri: string, meta: Jsonrpc.JsonObject) {
    this.uri = uri
    this.meta = meta
  }
}

/** A request whose variables were read. Middleware that asks for another URI makes another request, of which they were not. */
class Located extends Request {
  readonly values: Jsonrpc.JsonObject

  constructor(request: ReadResourceRequest, values: Jsonrpc.JsonObject) {
    super(request.uri, request.meta)
    this.values = values
  }
}

const noValues: Jsonrpc.JsonObject = {}

const invalidUri = ({ detail, variable }: Extract<Match, { readonly _tag: "Refused" }>, uri: string): McpError =>
  invalidParams(`Invalid URI: ${variable}: ${detail}`, { uri })

/** The variables of a component's URI, or why it is none of it. */
const valuesOf = ({ template, uri: own }: ResourceComponent, uri: string): Jsonrpc.JsonObject | McpError => {
  if (template === undefined) return uri === own ? noValues : resourceNotFound(uri)
  const match = template.match(uri)
  if (match === undefined) return resourceNotFound(uri)
  return match._tag === "Match" ? match.values : invalidUri(match, uri)
}

/** The resource of a URI: the one that is served under it, otherwise the first template that it follows. */
const locate = (
  { find, templates }: Source,
  uri: string
): { readonly ready: Ready; readonly values: Jsonrpc.JsonObject } | McpError => {
  const exact = find(uri)
  if (exact !== undefined && exact.component.template === undefined) return { ready: exact, values: noValues }
  let refused: McpError | undefined
  for (const component of templates.snapshot.components) {
    const match = component.template?.match(uri)
    if (match === undefined) continue
    const ready = find(component.uri)
    if (match._tag === "Match" && ready !== undefined) return { ready, values: match.values }
    if (match._tag === "Refused") refused ??= invalidUri(match, uri)
  }
  return refused ?? resourceNotFound(uri)
}

/** Whether a URI leads to something. */
export const exists =
  (source: Source) =>
  (uri: string): boolean =>
    !(locate(source, uri) instanceof McpError)

const subscriptionOf = ({ params, peer }: Call): { readonly uri: string; readonly peer: PeerState<Call> } | string => {
  const uri = params?.["uri"]
  if (peer.session === undefined) return "Invalid Request: only sessions subscribe"
  return typeof uri === "string" ? { uri, peer } : "Invalid params: `uri` must be a string"
}

/** Serves `resources/subscribe`: from then on, the session is told of updates of that resource. Session era. */
export const subscribe =
  (source: Source) =>
  (call: Call): Outcome => {
    const read = subscriptionOf(call)
    if (typeof read === "string") return refuse(call, new InvalidParams({ detail: read }))
    const located = locate(source, read.uri)
    if (located instanceof McpError) return refuse(call, located.reason)
    const { peer, uri } = read
    if (peer.subscribed.size >= maxUris && !peer.subscribed.has(uri)) {
      return refuse(call, new Overloaded({ detail: `More than ${maxUris} subscriptions to resources` }))
    }
    peer.subscribed = new Set([...peer.subscribed, uri])
    return reply(Jsonrpc.reply(call.id, call.engine.wire.empty))
  }

/** Serves `resources/unsubscribe`. What was not subscribed to is none the less not any more. Session era. */
export const unsubscribe = (call: Call): Outcome => {
  const read = subscriptionOf(call)
  if (typeof read === "string") return refuse(call, new InvalidParams({ detail: read }))
  const { peer, uri } = read
  if (peer.subscribed.has(uri)) peer.subscribed = new Set([...peer.subscribed].filter((other) => other !== uri))
  return reply(Jsonrpc.reply(call.id, call.engine.wire.empty))
}

/** Serves `resources/read`. */
export interface ResourceCalls {
  /** Makes a resource ready to be read. */
  readonly prepare: (component: ResourceComponent) => Ready
  /** Serves one call from what the registry has. */
  readonly serve: (source: Source) => (call: Call) => Effect.Effect<Outcome>
  /** Reads one for a handler of the server. */
  readonly within: (source: Source) => Inner<"resources/read">
}

/** See {@link ResourceCalls}. */
export const makeRead = ({ logDefect, middlewares, run, settings }: Options): ResourceCalls => {
  const { failed, succeeded } = endingsOf("resources/read", logDefect)

  const inner =
    (component: ResourceComponent): Inner<"resources/read"> =>
    (request, brought) => {
      const { uri } = request
      const values = request instanceof Located ? request.values : valuesOf(component, uri)
      if (values instanceof McpError) return Effect.fail(values)
      const decoded = component.codec.decodeVariables(values)
      if (decoded._tag === "Failure") {
        return Effect.fail(invalidParams(`Invalid URI for resource "${component.name}":\n${decoded.text}`, { uri }))
      }
      return Effect.matchCauseEffect(handle(component, decoded.value, brought, uri), {
        onSuccess: (value) => succeeded(component, () => component.codec.encodeSuccess(value, uri)),
        onFailure: (cause) => failed(component, cause, component.codec.encodeFailure)
      })
    }

  const prepare = (component: ResourceComponent): Ready => {
    const chain = wrap("resources/read", component.middlewares, inner(component))
    const timeout = timeoutOf(component, settings)
    const hint = CacheHint.over(settings.cacheHint["resources/read"], component.contract.cache)
    return {
      component,
      operation: operationOf(settings, timeout, component.name),
      within: (request, brought) => within(component, chain(request, brought)),
      invoke: (request, brought) => {
        const call = callOf(brought)
        enter(component, call, timeout)
        // Middleware may read several resources for one result.
        call.cacheHint = call.cacheHint === undefined ? hint : CacheHint.both(call.cacheHint, hint)
        return chain(request, brought)
      }
    }
  }

  const unknown = operationOf(settings, settings.toolTimeout)

  // Middleware may change the URI, so the resource is looked up inside of it.
  const lookUp = (source: Source, how: "invoke" | "within"): Inner<"resources/read"> =>
    wrap("resources/read", middlewares, (request, brought) => {
      const located = locate(source, request.uri)
      if (located instanceof McpError) return Effect.fail(located)
      return located.ready[how](new Located(request, located.values), brought)
    })

  const serve = (source: Source) => {
    const outer = lookUp(source, "invoke")
    return (call: Call): Effect.Effect<Outcome> => {
      const uri = call.params?.["uri"]
      if (typeof uri !== "string") {
        return Effect.succeed(refuse(call, new InvalidParams({ detail: "Invalid params: `uri` must be a string" })))
      }
      const located = locate(source, uri)
      const operation = located instanceof McpError ? unknown : located.ready.operation
      return run(call, operation, (brought) => outer(new Request(uri, call.meta), brought))
    }
  }

  return { prepare, serve, within: (source) => lookUp(source, "within") }
}
