/**
 * `resources/read`: finds the resource of a URI, or the template that it follows, reads the variables, runs the handler inside of its
 * middleware, writes the contents.
 */
import { type Outcome, reply } from "@effect-mcp/core/Dispatcher"
import type { Deadlines } from "@effect-mcp/core/Deadlines"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { Internal, InvalidParams, invalidParams, McpError, Overloaded, resourceNotFound } from "@effect-mcp/core/McpError"
import type { Implementation, ReadResourceRequest } from "@effect-mcp/core/Middleware"
import type { ReadResourceResult } from "@effect-mcp/core/protocol/Resources"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { ResourceComponent } from "../Component.ts"
import type { Settings } from "../Settings.ts"
import type { Brought } from "./brought.ts"
import type { Call } from "./call.ts"
import { wrap } from "./chain.ts"
import { callOf, enter, handle, timeoutOf } from "./handling.ts"
import { maxUris } from "./listen.ts"
import type { Find, Snapshot } from "./registry.ts"
import { type LogDefect, type Operation, refuse, type Run } from "./run.ts"
import { subject as subjectOf } from "./subject.ts"

/** A resource made ready to be read: what does not depend on the request is done. */
export interface Ready {
  readonly component: ResourceComponent
  readonly isTemplate: boolean
  readonly operation: Operation<ReadResourceResult>
  readonly invoke: (
    request: ReadResourceRequest,
    values: Jsonrpc.JsonObject,
    brought: Brought | undefined
  ) => Effect.Effect<ReadResourceResult, McpError>
}

/** What `resources/read` works with. */
export interface Options {
  readonly middlewares: ReadonlyArray<Implementation>
  readonly settings: Settings
  readonly run: Run
  readonly deadlines: Deadlines
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
  encode: (call, result) => call.engine.wire.readResult(result, settings.cacheHint),
  errorType: () => undefined,
  timedOut: undefined
})

class Request implements ReadResourceRequest {
  readonly method = "resources/read"
  readonly uri: string
  readonly meta: Jsonrpc.JsonObject

  constructor(uri: string, meta: Jsonrpc.JsonObject) {
    this.uri = uri
    this.meta = meta
  }
}

/** What a URI leads to. */
interface Located {
  readonly ready: Ready
  readonly values: Jsonrpc.JsonObject
}

const noValues: Jsonrpc.JsonObject = {}

/** The resource of a URI: the one that is served under it, otherwise the first template that it follows. */
const locate = ({ find, templates }: Source, uri: string): Located | McpError => {
  const exact = find(uri)
  if (exact?.isTemplate === false) return { ready: exact, values: noValues }
  let refused: McpError | undefined
  for (const component of templates.snapshot.components) {
    const match = component.template?.match(uri)
    if (match === undefined) continue
    const ready = find(component.uri)
    if (match._tag === "Match" && ready !== undefined) return { ready, values: match.values }
    if (match._tag === "Refused") refused ??= invalidParams(`Invalid URI: ${match.variable}: ${match.detail}`, { uri })
  }
  return refused ?? resourceNotFound(uri)
}

/** Whether a URI leads to something. */
export const exists =
  (source: Source) =>
  (uri: string): boolean =>
    !(locate(source, uri) instanceof McpError)

const subscriptionOf = (call: Call): { readonly uri: string; readonly subscribed: Set<string> } | string => {
  const uri = call.params?.["uri"]
  const { session } = call.peer
  if (session === undefined) return "Invalid Request: only sessions subscribe"
  return typeof uri === "string" ? { uri, subscribed: session.subscribed } : "Invalid params: `uri` must be a string"
}

/** Serves `resources/subscribe`: from then on, the session is told of updates of that resource. Session era. */
export const subscribe =
  (source: Source) =>
  (call: Call): Outcome => {
    const read = subscriptionOf(call)
    if (typeof read === "string") return refuse(call, new InvalidParams({ detail: read }))
    const located = locate(source, read.uri)
    if (located instanceof McpError) return refuse(call, located.reason)
    if (read.subscribed.size >= maxUris && !read.subscribed.has(read.uri)) {
      return refuse(call, new Overloaded({ detail: `More than ${maxUris} subscriptions to resources` }))
    }
    read.subscribed.add(read.uri)
    return reply(Jsonrpc.reply(call.id, call.engine.wire.empty))
  }

/** Serves `resources/unsubscribe`. What was not subscribed to is none the less not any more. Session era. */
export const unsubscribe = (call: Call): Outcome => {
  const read = subscriptionOf(call)
  if (typeof read === "string") return refuse(call, new InvalidParams({ detail: read }))
  read.subscribed.delete(read.uri)
  return reply(Jsonrpc.reply(call.id, call.engine.wire.empty))
}

/** Serves `resources/read`. */
export interface ResourceCalls {
  /** Makes a resource ready to be read. */
  readonly prepare: (component: ResourceComponent) => Ready
  /** Serves one call from what the registry has. */
  readonly serve: (source: Source) => (call: Call) => Effect.Effect<Outcome>
}

/** See {@link ResourceCalls}. */
export const makeRead = ({ deadlines, logDefect, middlewares, run, settings }: Options): ResourceCalls => {
  // Contents that are none are a defect like any other; so is a failure that the contract does not declare.
  const broken = ({ name }: ResourceComponent, cause: Cause.Cause<unknown>) =>
    Effect.fail(new McpError({ reason: new Internal({ id: logDefect(`resources/read ${name}`, cause) }) }))

  const succeeded = (component: ResourceComponent, value: unknown, uri: string): Effect.Effect<ReadResourceResult, McpError> => {
    try {
      return Effect.succeed(component.codec.encodeSuccess(value, uri))
    } catch (error) {
      return broken(component, Cause.die(error))
    }
  }

  const failed = (component: ResourceComponent, cause: Cause.Cause<unknown>): Effect.Effect<ReadResourceResult, McpError> => {
    const reason = cause.reasons.find(Cause.isFailReason)
    if (reason === undefined) {
      return Cause.hasInterruptsOnly(cause)
        ? Effect.failCause(cause as Cause.Cause<never>) // it holds no failure
        : broken(component, cause)
    }
    if (reason.error instanceof McpError) return Effect.fail(reason.error)
    const declared = component.codec.encodeFailure(reason.error)
    return declared === undefined ? broken(component, cause) : Effect.fail(new McpError({ reason: declared }))
  }

  const read = (
    component: ResourceComponent,
    uri: string,
    values: Jsonrpc.JsonObject,
    brought: Brought | undefined
  ): Effect.Effect<ReadResourceResult, McpError> => {
    const decoded = component.codec.decodeVariables(values)
    if (decoded._tag === "Failure") {
      return Effect.fail(invalidParams(`Invalid URI for resource "${component.name}":\n${decoded.text}`, { uri }))
    }
    return Effect.matchCauseEffect(handle(component, decoded.value, brought), {
      onSuccess: (value) => succeeded(component, value, uri),
      onFailure: (cause) => failed(component, cause)
    })
  }

  const prepare = (component: ResourceComponent): Ready => {
    const timeout = timeoutOf(component, settings)
    return {
      component,
      isTemplate: component.template !== undefined,
      operation: operationOf(settings, timeout, component.name),
      invoke: (request, values, brought) => {
        enter(component, callOf(brought), timeout, deadlines)
        // Middleware of the group may ask for another URI, of the same resource.
        const inner = (asked: ReadResourceRequest, inside: Brought | undefined) => {
          const match = asked.uri === request.uri ? undefined : component.template?.match(asked.uri)
          return read(component, asked.uri, match?._tag === "Match" ? match.values : values, inside)
        }
        return wrap("resources/read", component.middlewares, inner)(request, brought)
      }
    }
  }

  const unknown = operationOf(settings, settings.toolTimeout)

  const serve = (source: Source) => {
    // Middleware may change the URI, so the resource is looked up inside of it.
    const outer = wrap("resources/read", middlewares, (request, brought) => {
      const located = locate(source, request.uri)
      return located instanceof McpError ? Effect.fail(located) : located.ready.invoke(request, located.values, brought)
    })
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

  return { prepare, serve }
}
