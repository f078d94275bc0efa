/**
 * `tools/call`: finds the component, reads the arguments, runs the handler inside of its middleware, writes the result.
 */
import { type AskingError, isAskingError } from "@effect-mcp/core/Asking"
import type { Outcome } from "@effect-mcp/core/Dispatcher"
import { type HeaderMismatch, Internal, InvalidParams, invalidParams, McpError } from "@effect-mcp/core/McpError"
import type { Implementation } from "@effect-mcp/core/Middleware"
import { mismatchOf } from "@effect-mcp/core/MirroredHeaders"
import type { CallToolResult } from "@effect-mcp/core/protocol/Tools"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { ToolComponent } from "../Component.ts"
import type { Settings } from "../Settings.ts"
import type { Call } from "./call.ts"
import { type Inner, wrap } from "./chain.ts"
import { callOf, enter, handle, namedRequest, reasonOf, timeoutOf } from "./handling.ts"
import type { Find } from "./registry.ts"
import { type LogDefect, type Operation, refuse, type Run } from "./run.ts"
import { subject as subjectOf } from "./subject.ts"
import { undeclared } from "./taskMethods.ts"
import type { Answer } from "./taskRun.ts"
import type { Tasks } from "./tasks.ts"
import { takesTasks, type Work, workOf } from "./taskWork.ts"

type Result = CallToolResult

/** A result that tells the model what went wrong. */
const errorResult = (text: string): Result => ({ content: [{ type: "text", text }], isError: true })

const late = (after: string): Result => errorResult(`It took longer than ${after} and was stopped`)

const encode = (call: Call, result: Result): string => call.engine.wire.toolResult(call.annotated(result), call.wraps)
const errorType = (result: Result): string | undefined => (result.isError === true ? "tool_error" : undefined)

/** Why the headers do not go with the arguments, of the tool that the client called: what middleware makes of the name comes later. */
const headerMismatch = (find: Find<Ready>, { header, params, revision }: Call): HeaderMismatch | undefined => {
  if (header === undefined || !revision.routingHeaders) return undefined
  const name = params?.["name"]
  const mirrored = typeof name === "string" ? find(name)?.mirrored : undefined
  return mirrored === undefined ? undefined : mismatchOf(mirrored, params?.["arguments"], header)
}

/** How calls of a tool become tasks. */
interface AsTask {
  readonly isRequired: boolean
  readonly work: Work<Result>
  readonly operation: Operation<Answer<Result>>
}

/** A component made ready to be called: what does not depend on the request is done. */
export interface Ready {
  readonly operation: Operation<Result>
  /** How it runs as a task, where it does. */
  readonly task: AsTask | undefined
  readonly invoke: Inner<"tools/call">
  /** The arguments that travel as headers, too. */
  readonly mirrored: ToolComponent["codec"]["mirrored"]
}

/** What `tools/call` works with. */
export interface Options {
  readonly middlewares: ReadonlyArray<Implementation>
  readonly settings: Settings
  readonly run: Run
  readonly logDefect: LogDefect
  readonly tasks: Tasks
}

/** Serves `tools/call`. */
export interface ToolCalls {
  /** Makes a component ready to be called. */
  readonly prepare: (component: ToolComponent) => Ready
  /** Serves one call from what the registry has. */
  readonly serve: (find: Find<Ready>) => (call: Call) => Effect.Effect<Outcome>
}

/** See {@link ToolCalls}. */
export const makeCall = ({ logDefect, middlewares, run, settings, tasks }: Options): ToolCalls => {
  const badArguments = (name: string, text: string, call: Call) =>
    settings.badArguments === "result" || call.revision.argumentErrors !== "protocol"
      ? Effect.succeed(errorResult(`Invalid arguments:\n${text}`))
      : Effect.fail(invalidParams(`Invalid arguments for tool "${name}":\n${text}`))

  const broken = ({ name }: ToolComponent, cause: Cause.Cause<unknown>, call: Call): Effect.Effect<Result, McpError> => {
    const reason = new Internal({ id: logDefect(`tools/call ${name}`, cause) })
    return call.failsWithErrors ? Effect.fail(new McpError({ reason })) : Effect.succeed(errorResult(reason.message))
  }

  // A result that is not what the contract says is a defect like any other.
  const succeeded = (component: ToolComponent, value: unknown, call: Call): Effect.Effect<Result, McpError> => {
    try {
      return Effect.succeed(component.codec.encodeSuccess(value))
    } catch (error) {
      return broken(component, Cause.die(error), call)
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

  // What the client has to declare is said in the protocol where that has words for it, otherwise to the model.
  const unanswered = (error: AskingError, call: Call): Effect.Effect<Result, McpError> => {
    const reason = reasonOf(error)
    return reason._tag === "MissingCapability" && call.revision.era === "request"
      ? Effect.fail(new McpError({ reason }))
      : Effect.succeed(errorResult(error.message))
  }

  const failed = (component: ToolComponent, cause: Cause.Cause<unknown>, call: Call): Effect.Effect<Result, McpError> => {
    const reason = cause.reasons.find(Cause.isFailReason)
    if (reason !== undefined) {
      const declared = declaredFailure(component, reason.error)
      if (declared !== undefined) return Effect.succeed(declared)
      if (isAskingError(reason.error)) return unanswered(reason.error, call)
    } else if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>) // it holds no failure
    return broken(component, cause, call)
  }

  const inner = (component: ToolComponent): Inner<"tools/call"> => {
    return (request, brought) => {
      const call = callOf(brought)
      const decoded = component.codec.decodeArguments(request.arguments)
      if (decoded._tag === "Failure") return badArguments(component.name, decoded.text, call)
      return Effect.matchCauseEffect(handle(component, decoded.value, brought), {
        onSuccess: (value) => succeeded(component, value, call),
        onFailure: (cause) => failed(component, cause, call)
      })
    }
  }

  const asTask = (component: ToolComponent, operation: Operation<Result>): AsTask | undefined => {
    const work = workOf(component, settings)
    if (work === undefined) return undefined
    return {
      isRequired: component.contract.task?.support === "required",
      work: { ...work, encode, errorType, timedOut: late },
      operation: {
        ...operation,
        encode: (call, answer) =>
          answer._tag === "Created" ? call.engine.wire.taskCreated(answer.task) : encode(answer.work ?? call, answer.result),
        errorType: (answer) => (answer._tag === "Created" ? undefined : errorType(answer.result)),
        timedOut: (after) => ({ _tag: "Returned", result: late(after), work: undefined })
      }
    }
  }

  const prepare = (component: ToolComponent): Ready => {
    const chain = wrap("tools/call", component.middlewares, inner(component))
    const timeout = timeoutOf(component, settings)
    const operation: Operation<Result> = {
      subject: subjectOf("tools/call", { kind: "tool", name: component.name }),
      timeout,
      needsPlace: true,
      encode,
      errorType,
      timedOut: late
    }
    return {
      mirrored: component.codec.mirrored,
      operation,
      task: asTask(component, operation),
      // Counted from here on: what its middleware and handler use must not be released before.
      invoke: (request, brought) => {
        const call = callOf(brought)
        enter(component, call, timeout)
        call.wraps = component.codec.wraps
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

  const serve = (find: Find<Ready>) => {
    // Middleware may change the name, so the component is looked up inside of it.
    const outer = wrap("tools/call", middlewares, (request, brought) => {
      const ready = find(request.name)
      return ready === undefined ? unknownTool(request.name) : ready.invoke(request, brought)
    })
    return (call: Call): Effect.Effect<Outcome> => {
      const mismatch = headerMismatch(find, call)
      if (mismatch !== undefined) return Effect.succeed(refuse(call, mismatch))
      const request = namedRequest("tools/call", call)
      if (typeof request === "string") return Effect.succeed(refuse(call, new InvalidParams({ detail: request })))
      const ready = find(request.name)
      const task = ready?.task
      if (task !== undefined) {
        if (takesTasks(call)) {
          return run(call, task.operation, () => tasks.start(call, task.work, (brought) => outer(request, brought)))
        }
        if (task.isRequired) return Effect.succeed(refuse(call, undeclared))
      }
      return run(call, ready?.operation ?? unknownOperation, (brought) => outer(request, brought))
    }
  }

  return { prepare, serve }
}
