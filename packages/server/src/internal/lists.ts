/**
 * `tools/list`: pages of what is served. The JSON of a list that has not changed is kept, and dropped as soon as the list changes;
 * middleware that looks at lists is served from the components.
 */
import type { Outcome } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { invalidParams, type McpError } from "@effect-mcp/core/McpError"
import type { Implementation, ListToolsRequest } from "@effect-mcp/core/Middleware"
import type { ListToolsResult, Tool } from "@effect-mcp/core/protocol/Tools"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { ToolComponent } from "../Component.ts"
import type { Settings } from "../Settings.ts"
import type { Brought } from "./brought.ts"
import type { Call } from "./call.ts"
import { concerns, wrap } from "./chain.ts"
import type { Registry, Snapshot } from "./registry.ts"
import { type Operation, refuse, type Run } from "./run.ts"
import { subject as subjectOf } from "./subject.ts"
import type { Telemetry } from "./telemetry.ts"

// A cursor is the number of the last component of the page before. Numbers are given in the order of the list and never again, so
// pages stay right whatever comes and goes in between.
const cursorOf = (number: number): string => Base64Url.encode(`after ${number}`)

const numberOf = (cursor: string): number | undefined => {
  const decoded = Base64Url.decodeString(cursor)
  const match = Result.isSuccess(decoded) ? /^after (\d{1,15})$/.exec(decoded.success) : null
  return match === null ? undefined : Number(match[1])
}

const definition = (component: ToolComponent): Tool =>
  component.name === component.codec.definition.name
    ? component.codec.definition
    : { ...component.codec.definition, name: component.name }

interface Page {
  readonly tools: ReadonlyArray<ToolComponent>
  readonly nextCursor: string | undefined
}

const pageOf = ({ numbers, tools }: Snapshot, cursor: string | undefined, size: number): Page | undefined => {
  const after = cursor === undefined ? 0 : numberOf(cursor)
  if (after === undefined) return undefined
  const next = numbers.findIndex((number) => number > after)
  const start = next < 0 ? tools.length : next
  const end = start + size
  return {
    tools: start === 0 && end >= tools.length ? tools : tools.slice(start, end),
    nextCursor: end >= tools.length ? undefined : cursorOf(numbers[end - 1] ?? after)
  }
}

/** What `tools/list` works with. */
export interface Options<Ready> {
  readonly registry: Registry<Ready>
  readonly middlewares: ReadonlyArray<Implementation>
  readonly settings: Settings
  readonly run: Run
  readonly telemetry: Telemetry
}

/** Serves `tools/list` of one revision. */
export const makeList = <Ready>({ middlewares, registry, run, settings, telemetry }: Options<Ready>) => {
  const operation: Operation<ListToolsResult> = {
    subject: subjectOf("tools/list"),
    timeout: settings.toolTimeout,
    needsPlace: true,
    encode: (call, { nextCursor, tools }) => call.engine.wire.toolList(tools, nextCursor, settings.cacheHint),
    errorType: () => undefined,
    timedOut: undefined
  }

  // A group's hooks see the tools of the group: those that stand next to each other in the list with the same middleware.
  const throughGroups = (
    tools: ReadonlyArray<ToolComponent>,
    request: ListToolsRequest,
    brought: Brought | undefined
  ): Effect.Effect<ReadonlyArray<Tool>, McpError> => {
    const sections: Array<{ readonly middlewares: ReadonlyArray<Implementation>; readonly tools: Array<Tool> }> = []
    for (const component of tools) {
      const last = sections.at(-1)
      if (last?.middlewares === component.middlewares) last.tools.push(definition(component))
      else sections.push({ middlewares: component.middlewares, tools: [definition(component)] })
    }
    const lists = Effect.forEach(sections, (section) =>
      wrap("tools/list", section.middlewares, () => Effect.succeed({ tools: section.tools }))(request, brought)
    )
    return Effect.map(lists, (results) => results.flatMap((result) => result.tools))
  }

  const inner = (request: ListToolsRequest, brought: Brought | undefined): Effect.Effect<ListToolsResult, McpError> => {
    const page = pageOf(registry.snapshot, request.cursor, settings.pageSize)
    if (page === undefined) return Effect.fail(invalidParams("Invalid cursor"))
    return Effect.map(throughGroups(page.tools, request, brought), (tools) =>
      page.nextCursor === undefined ? { tools } : { tools, nextCursor: page.nextCursor }
    )
  }
  const chain = wrap("tools/list", middlewares, inner)

  const ready = new Map<string, string>()
  let readyFor: ReadonlyArray<ToolComponent> | undefined
  let isPlain = false

  const readyJson = (call: Call, cursor: string | undefined): string | undefined => {
    const { tools } = registry.snapshot
    if (readyFor !== tools) {
      readyFor = tools
      ready.clear()
      isPlain = !concerns("tools/list", middlewares) && !tools.some((tool) => concerns("tools/list", tool.middlewares))
    }
    if (!isPlain || cursor !== undefined) return undefined
    let json = ready.get(call.revision.version)
    if (json === undefined) {
      const page = pageOf(registry.snapshot, undefined, settings.pageSize)
      json = call.engine.wire.toolList((page?.tools ?? []).map(definition), page?.nextCursor, settings.cacheHint)
      ready.set(call.revision.version, json)
    }
    return json
  }

  return (call: Call): Effect.Effect<Outcome> => {
    const cursor = call.params?.["cursor"]
    if (cursor !== undefined && typeof cursor !== "string") {
      return Effect.succeed(refuse(call, invalidParams("Invalid params: `cursor` must be a string").reason))
    }
    const json = readyJson(call, cursor)
    if (json !== undefined) {
      const span = telemetry.open(call, operation.subject)
      telemetry.record(operation.subject, 0, undefined)
      if (span !== undefined) telemetry.close(span, Exit.void, undefined)
      return Effect.succeed({ _tag: "Reply", message: Jsonrpc.reply(call.id, json) })
    }
    const request: ListToolsRequest = { method: "tools/list", cursor, meta: call.meta }
    return run(call, operation, (brought) => chain(request, brought))
  }
}
