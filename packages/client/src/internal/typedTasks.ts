/**
 * The tools of a contract as functions that start tasks.
 */
import type * as McpGroup from "@effect-mcp/core/McpGroup"
import type * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import * as Effect from "effect/Effect"
import type { McpClientError } from "../McpClientError.ts"
import type { StartOptions, Task, Tasks } from "../Tasks.ts"
import { invalidArguments } from "./outcomes.ts"

type OptionalArgs<A> = {} extends A ? [args?: A, options?: StartOptions] : [args: A, options?: StartOptions]

/** The tools of a contract as functions that start tasks, as `client.tasks.start` does; their results are those of the contract. */
export type ToolTasks<C> = {
  readonly [T in McpGroup.Tools<C> as T["name"]]: (
    ...args: OptionalArgs<Tool.Args<T>>
  ) => Effect.Effect<Task<Tool.Success<T>, Tool.Failure<T>>, McpClientError>
}

/** The function of one tool; `name` is what the server calls it. */
export const typedTask = (tasks: Tasks, tool: Tool.Any, name: string) => {
  // Made when it is used: few tools are started as tasks.
  let codec: ToolCodec.ClientTool | undefined
  return (args?: unknown, options?: StartOptions): Effect.Effect<Task<unknown, unknown>, McpClientError> => {
    codec ??= ToolCodec.client(tool)
    const encoded = codec.encodeArguments(args ?? {})
    if (encoded._tag === "Failure") {
      return Effect.fail(invalidArguments(`tool "${name}"`, encoded.text))
    }
    return Effect.map(tasks.start(name, encoded.value, options), (task) => task.as(tool))
  }
}
