/**
 * `tools/call`: finds the component, reads the arguments, runs the handler inside of its middleware, writes the result.
 */
import type { Outcome } from "@effect-mcp/core/Dispatcher"
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { Deadlines } from "@effect-mcp/core/Deadlines"
import { InvalidParams, invalidParams, McpError } from "@effect-mcp/core/McpError"
import type { CallToolRequest, Implementation } from "@effect-mcp/core/Middleware"
import type { CallToolResult } from "@effect-mcp/core/protocol/Tools"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { ToolComponent } from "../Component.ts"
import type { Settings } from "../Settings.ts"
import { type Brought, over } from "./brought.ts"
import type { Call } from "./call.ts"
import { type Inner, wrap } from "./chain.ts"
import type { Registry } from "./registry.ts"
import { type LogDefect, type Operation, refuse, type Run, setTimeoutOf } from "./run.ts"
import { subject as subjectOf } from "./subject.ts"

type Result = CallToolResult

/** A result that tells the model what went wrong. */
const errorResult = (text: string): Result => ({ content: [{ type: "text", text }], isError: true })

const late = (after: string): Result => errorResult(`It took longer than ${after} and was stopped`)

const encode = (call: Call, result: Result): string => call.engine.wire.toolResult(result, call.wraps)
const errorType = (result: Result): string | undefined => (result.isError === true ? "tool_error" : undefined)

/** A component made ready to be called: what does not depend on the request is done. */
export interface Ready {
  readonly operation: Operation<Result>
  readonly invoke: Inner<"tools/call">
}

/** What `tools/call` works with. */
export interface Options {
  readonly middlewares: ReadonlyArray<Implementation>
  readonly settings: Settings
  readonly run: Run
  readonly deadlines: Deadlines
  readonly logDefect: LogDefect
}

const noArguments: JsonObject = {}

class Request implements CallToolRequest {
  readonly method = "tools/call"
  readonly name: string
  readonly arguments: JsonObject
  readonly meta: JsonObject
  constructor(name: string, args: JsonObject, meta: JsonObject) {
    this.name = name
    this.arguments = args
    this.meta = meta
  }
}

// The request is the first thing that is brought.
const callOf = (brought: Brought | undefined): Call => {
  let first = brought
  while (first?.outer !== undefined) first = first.outer
  return first?.value as Call
}

const requestOf = (call: Call): CallToolRequest | string => {
  const name = call.params?.["name"]
  const args = call.params?.["arguments"]
  if (typeof name !== "string") return "Invalid params: `name` must be a string"
  if (args !== undefined && !isObject(args)) return "Invalid params: `arguments` must be an object"
  return new Request(name, args ?? noArguments, call.meta)
}

/** Serves `tools/call`. */
export interface ToolCalls {
  /** Makes a component ready to be called. */
  readonly prepare: (component: ToolComponent) => Ready
  /** Serves one call from what the registry has. */
  readonly serve: (registry: Registry<Ready>) => (call: Call) => Effect.Effect<Outcome>
}

/** See {@link ToolCalls}. */
export const makeCall = ({ deadlines, logDefect, middlewares, run, settings }: Options): ToolCalls => {
  const badArguments = (name: string, text: string, call: Call) =>
    settings.badArguments === "result" || call.revision.argumentErrors !== "protocol"
      ? Effect.succeed(errorResult(`Invalid arguments:\n${text}`))
      : Effect.fail(invalidParams(`Invalid arguments for tool "${name}":\n${text}`))

  // A result that is not what the contract says is a defect like any other.
  const succeeded = (component: ToolComponent, value: unknown): Effect.Effect<Result, McpError> => {
    try {
      return Effect.succeed(component.codec.encodeSuccess(value))
    } catch (error) {
      return failed(component, Cause.die(error))
    }
  }

  // A failure that cannot be written is a defect, too.
  const declaredFailure = (component: ToolComponent, error: unknown): Result | undefined => {
    try {
      return component.codec.encodeFailure(error)
    } catch {
      return undefined
    }
  }

  const failed = (component: ToolComponent, cause: Cause.Cause<unknown>): Effect.Effect<Result, McpError> => {
    const reason = cause.reasons.find(Cause.isFailReason)
    if (reason !== undefined) {
      const declared = declaredFailure(component, reason.error)
      if (declared !== undefined) return Effect.succeed(declared)
    } else if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>) // it holds no failure
    const id = logDefect(`tools/call ${component.name}`, cause)
    return Effect.succeed(errorResult(`Internal error (${id})`))
  }

  const start = (component: ToolComponent, args: unknown): Effect.Effect<unknown, unknown> => {
    try {
      // The arguments were decoded by the contract's Schema, and the context below has what the handler requires.
      const effect = component.handler(args as never) as Effect.Effect<unknown, unknown>
      return Effect.isEffect(effect) ? effect : Effect.die(new Error("the handler returned something that is no Effect"))
    } catch (error) {
      return Effect.die(error)
    }
  }

  const handle = (component: ToolComponent): Inner<"tools/call"> => {
    const toResult = {
      onSuccess: (value: unknown) => succeeded(component, value),
      onFailure: (cause: Cause.Cause<unknown>) => failed(component, cause)
    }
    return (request, brought) => {
      const call = callOf(brought)
      const decoded = component.codec.decodeArguments(request.arguments)
      if (decoded._tag === "Failure") return badArguments(component.name, decoded.text, call)
      const handled = Effect.scoped(start(component, decoded.value))
      const provided = Effect.updateContext(handled, (_: Context.Context<never>) => over(component.context, brought))
      return Effect.matchCauseEffect(provided, toResult)
    }
  }

  const prepare = (component: ToolComponent): Ready => {
    const chain = wrap("tools/call", component.middlewares, handle(component))
    const own = component.timeout ?? settings.toolTimeout
    const timeout = own === Infinity ? undefined : own
    return {
      operation: {
        subject: subjectOf("tools/call", { kind: "tool", name: component.name }),
        timeout,
        needsPlace: true,
        encode,
        errorType,
        timedOut: late
      },
      // Counted from here on: what its middleware and handler use must not be released before.
      invoke: (request, brought) => {
        const call = callOf(brought)
        call.enter(component.running)
        // Middleware may have sent the call to another tool than it named.
        call.wraps = component.codec.wraps
        if (call.timeout !== timeout) setTimeoutOf(deadlines, call, timeout)
        return chain(request, brought)
      }
    }
  }

  const unknownTool = (name: string) =>
    Effect.fail(new McpError({ reason: new InvalidParams({ detail: `Unknown tool: ${name}`, data: { name } }) }))

  const unknownOperation: Operation<Result> = {
    subject: subjectOf("tools/call"),
    timeout: settings.toolTimeout,
    needsPlace: true,
    encode,
    errorType,
    timedOut: late
  }

  const serve = (registry: Registry<Ready>) => {
    // Middleware may change the name, so the component is looked up inside of it.
    const find: Inner<"tools/call"> = (request, brought) => {
      const ready = registry.find(request.name)
      return ready === undefined ? unknownTool(request.name) : ready.invoke(request, brought)
    }
    const outer = wrap("tools/call", middlewares, find)
    return (call: Call): Effect.Effect<Outcome> => {
      const request = requestOf(call)
      if (typeof request === "string") return Effect.succeed(refuse(call, new InvalidParams({ detail: request })))
      const operation = registry.find(request.name)?.operation ?? unknownOperation
      return run(call, operation, (brought) => outer(request, brought))
    }
  }

  return { prepare, serve }
}
