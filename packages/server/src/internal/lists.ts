/**
 * Lists: pages of what is served of one kind. The JSON of a list that has not changed is kept, and dropped as soon as the list changes;
 * middleware that looks at lists is served from the components.
 */
import type { CacheHint } from "@effect-mcp/core/CacheHint"
import { type Outcome, reply } from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { invalidParams, type McpError } from "@effect-mcp/core/McpError"
import type { Implementation, Methods } from "@effect-mcp/core/Middleware"
import type { Prompt } from "@effect-mcp/core/protocol/Prompts"
import type { Resource, ResourceTemplate } from "@effect-mcp/core/protocol/Resources"
import type { Tool } from "@effect-mcp/core/protocol/Tools"
import * as ResourceCodec from "@effect-mcp/core/ResourceCodec"
import type { ServerWire } from "@effect-mcp/core/wire/Wire"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { Component, PromptComponent, ResourceComponent, ToolComponent } from "../Component.ts"
import type { Settings } from "../Settings.ts"
import type { Brought } from "./brought.ts"
import type { Call } from "./call.ts"
import { concerns, wrap } from "./chain.ts"
import { callOf } from "./handling.ts"
import type { Snapshot } from "./registry.ts"
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

interface Page<C> {
  readonly components: ReadonlyArray<C>
  readonly nextCursor: string | undefined
}

const pageOf = <C>({ components, numbers }: Snapshot<C>, cursor: string | undefined, size: number): Page<C> | undefined => {
  const after = cursor === undefined ? 0 : numberOf(cursor)
  if (after === undefined) return undefined
  const next = numbers.findIndex((number) => number > after)
  const start = next < 0 ? components.length : next
  const end = start + size
  return {
    components: start === 0 && end >= components.length ? components : components.slice(start, end),
    nextCursor: end >= components.length ? undefined : cursorOf(numbers[end - 1] ?? after)
  }
}

/** The methods that list something. */
export type ListMethod = "tools/list" | "resources/list" | "resources/templates/list" | "prompts/list"

type ResultOf<M extends ListMethod> = Methods[M]["result"]

/** What is listed by a method, and how. `D` is a description, `C` what it describes. */
export interface Listing<M extends ListMethod, C extends Component, D> {
  readonly method: M
  readonly index: { readonly snapshot: Snapshot<C> }
  readonly define: (component: C) => D
  /** The descriptions in a result, which middleware may have changed. */
  readonly items: (result: ResultOf<M>) => ReadonlyArray<D>
  readonly result: (items: ReadonlyArray<D>, page: { readonly nextCursor?: string }) => ResultOf<M>
  readonly encode: (wire: ServerWire, items: ReadonlyArray<D>, nextCursor: string | undefined, hint: CacheHint) => string
}

const named = <D extends { readonly name: string }>(definition: D, name: string): D =>
  definition.name === name ? definition : { ...definition, name }

/** `tools/list`. */
export const tools = (
  index: Listing<"tools/list", ToolComponent, Tool>["index"]
): Listing<"tools/list", ToolComponent, Tool> => ({
  method: "tools/list",
  index,
  define: ({ codec, name }) => named(codec.definition, name),
  items: (result) => result.tools,
  result: (items, page) => ({ tools: items, ...page }),
  encode: (wire, items, nextCursor, hint) => wire.toolList(items, nextCursor, hint)
})

/** `prompts/list`. */
export const prompts = (
  index: Listing<"prompts/list", PromptComponent, Prompt>["index"]
): Listing<"prompts/list", PromptComponent, Prompt> => ({
  method: "prompts/list",
  index,
  define: ({ codec, name }) => named(codec.definition, name),
  items: (result) => result.prompts,
  result: (items, page) => ({ prompts: items, ...page }),
  encode: (wire, items, nextCursor, hint) => wire.promptList(items, nextCursor, hint)
})

/** `resources/list`. */
export const resources = (
  index: Listing<"resources/list", ResourceComponent, Resource>["index"]
): Listing<"resources/list", ResourceComponent, Resource> => ({
  method: "resources/list",
  index,
  define: ({ contract, name, uri }) => ({ ...ResourceCodec.definition(contract), name, uri }),
  items: (result) => result.resources,
  result: (items, page) => ({ resources: items, ...page }),
  encode: (wire, items, nextCursor, hint) => wire.resourceList(items, nextCursor, hint)
})

/** `resources/templates/list`. */
export const templates = (
  index: Listing<"resources/templates/list", ResourceComponent, ResourceTemplate>["index"]
): Listing<"resources/templates/list", ResourceComponent, ResourceTemplate> => ({
  method: "resources/templates/list",
  index,
  define: ({ contract, name, uri }) => ({ ...ResourceCodec.templateDefinition(contract), name, uriTemplate: uri }),
  items: (result) => result.resourceTemplates,
  result: (items, page) => ({ resourceTemplates: items, ...page }),
  encode: (wire, items, nextCursor, hint) => wire.templateList(items, nextCursor, hint)
})

/** What lists work with. */
export interface Options {
  readonly middlewares: ReadonlyArray<Implementation>
  readonly settings: Settings
  readonly run: Run
  readonly telemetry: Telemetry
}

/** A listing that is served. */
export interface Served<D> {
  readonly serve: (call: Call) => Effect.Effect<Outcome>
  /** All of it, for a handler of the server. */
  readonly within: (brought: Brought) => Effect.Effect<ReadonlyArray<D>, McpError>
}

/** Serves a listing. */
export const makeList = <M extends ListMethod, C extends Component, D>(
  { define, encode, index, items, method, result }: Listing<M, C, D>,
  { middlewares, run, settings, telemetry }: Options
): Served<D> => {
  const operation: Operation<ResultOf<M>> = {
    subject: subjectOf(method),
    timeout: settings.toolTimeout,
    needsPlace: true,
    encode: (call, listed) => encode(call.engine.wire, items(listed), listed.nextCursor, settings.cacheHint[method]),
    errorType: () => undefined,
    timedOut: undefined
  }

  // A group's hooks see the components of the group: those that stand next to each other in the list with the same middleware.
  const throughGroups = (
    components: ReadonlyArray<C>,
    request: Methods[M]["request"],
    brought: Brought | undefined
  ): Effect.Effect<ReadonlyArray<D>, McpError> => {
    const sections: Array<{ readonly middlewares: ReadonlyArray<Implementation>; readonly items: Array<D> }> = []
    for (const component of components) {
      const last = sections.at(-1)
      if (last?.middlewares === component.middlewares) last.items.push(define(component))
      else sections.push({ middlewares: component.middlewares, items: [define(component)] })
    }
    const lists = Effect.forEach(sections, (section) =>
      wrap(method, section.middlewares, () => Effect.succeed(result(section.items, {})))(request, brought)
    )
    return Effect.map(lists, (results) => results.flatMap(items))
  }

  const inner = (request: Methods[M]["request"], brought: Brought | undefined): Effect.Effect<ResultOf<M>, McpError> => {
    const page = pageOf(index.snapshot, request.cursor, settings.pageSize)
    if (page === undefined) return Effect.fail(invalidParams("Invalid cursor"))
    return Effect.map(throughGroups(page.components, request, brought), (listed) =>
      result(listed, page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor })
    )
  }
  const chain = wrap(method, middlewares, inner)

  const ready = new Map<string, string>()
  let readyFor: ReadonlyArray<C> | undefined
  let isPlain = false

  const readyJson = (call: Call, cursor: string | undefined): string | undefined => {
    const { components } = index.snapshot
    if (readyFor !== components) {
      readyFor = components
      ready.clear()
      isPlain = !concerns(method, middlewares) && !components.some((component) => concerns(method, component.middlewares))
    }
    if (!isPlain || cursor !== undefined) return undefined
    let json = ready.get(call.revision.version)
    if (json === undefined) {
      const page = pageOf(index.snapshot, undefined, settings.pageSize)
      json = encode(call.engine.wire, (page?.components ?? []).map(define), page?.nextCursor, settings.cacheHint[method])
      ready.set(call.revision.version, json)
    }
    return json
  }

  const serve = (call: Call): Effect.Effect<Outcome> => {
    const cursor = call.params?.["cursor"]
    if (cursor !== undefined && typeof cursor !== "string") {
      return Effect.succeed(refuse(call, invalidParams("Invalid params: `cursor` must be a string").reason))
    }
    const json = readyJson(call, cursor)
    if (json !== undefined) {
      const span = telemetry.open(call, operation.subject)
      telemetry.record(operation.subject, 0, undefined)
      if (span !== undefined) telemetry.close(span, Exit.void, undefined)
      return Effect.succeed(reply(Jsonrpc.reply(call.id, json)))
    }
    const request = { method, cursor, meta: call.meta } as Methods[M]["request"] // requests for lists differ in nothing else
    return run(call, operation, (brought) => chain(request, brought))
  }

  const all = wrap(method, middlewares, (request, brought) =>
    Effect.map(throughGroups(index.snapshot.components, request, brought), (listed) => result(listed, {}))
  )
  const within = (brought: Brought) =>
    Effect.suspend(() => {
      const request = { method, cursor: undefined, meta: callOf(brought).meta } as Methods[M]["request"] // as above
      return Effect.map(all(request, brought), items)
    })
  return { serve, within }
}
