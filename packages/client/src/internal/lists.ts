/**
 * The lists of a server, page by page or all of it.
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import { Prompt } from "@effect-mcp/core/protocol/Prompts"
import { Resource, ResourceTemplate } from "@effect-mcp/core/protocol/Resources"
import { Tool } from "@effect-mcp/core/protocol/Tools"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { McpClientError } from "../McpClientError.ts"
import { invalidAnswer } from "./outcomes.ts"

const maxPages = 1000
const maxItems = 1_000_000

// Of so many the log says one by one that they cannot be read: a list may be as long as its server likes.
const maxTold = 10

/** Asks for one page. */
export type Ask = (method: string, cursor: string | undefined) => Effect.Effect<JsonObject, McpClientError>

/** What a list holds, and how it is asked for. */
export interface Listed<A> {
  readonly method: string
  readonly kind: "tools" | "resources" | "resourceTemplates" | "prompts" | "tasks" | "skills"
  readonly noun: string
  readonly read: (item: unknown) => Exit.Exit<A, Schema.SchemaError>
  /** Whether an item that was read may be used, where there are rules for that; it says itself why not. */
  readonly admit?: (item: A) => Effect.Effect<boolean>
}

/** A list, by the Schema of what it holds. */
export const listed = <A>(
  method: string,
  kind: Listed<A>["kind"],
  noun: string,
  schema: Schema.Codec<A, unknown>
): Listed<A> => ({
  method,
  kind,
  noun,
  read: Schema.decodeUnknownExit(schema)
})

/** The lists of what a server offers. */
export const kinds = {
  tools: listed("tools/list", "tools", "tool", Tool),
  resources: listed("resources/list", "resources", "resource", Resource),
  resourceTemplates: listed("resources/templates/list", "resourceTemplates", "resource template", ResourceTemplate),
  prompts: listed("prompts/list", "prompts", "prompt", Prompt)
}

/** Which of the lists each notification tells the change of. */
export const listChanges: { readonly [method: string]: ReadonlyArray<keyof typeof kinds> } = {
  "notifications/tools/list_changed": ["tools"],
  "notifications/prompts/list_changed": ["prompts"],
  "notifications/resources/list_changed": ["resources", "resourceTemplates"]
}

/** How far a list is read. */
class Position {
  cursor: string | undefined = undefined
  pages = 0
  items = 0
  unreadable = 0
  isOver = false
  /** Where it was: a server that sends clients round in circles would keep them for ever. */
  readonly seen = new Set<string>()
}

const readPage = Effect.fnUntraced(function* <A>(
  ask: Ask,
  { admit, kind, method, noun, read }: Listed<A>,
  position: Position
): Effect.fn.Return<ReadonlyArray<A>, McpClientError> {
  const result = yield* ask(method, position.cursor)
  const page = result[kind]
  if (!Array.isArray(page)) return yield* invalidAnswer(method, `it has no list of ${kind}`)
  position.items += page.length
  if (position.items > maxItems) return yield* invalidAnswer(method, `it has more than ${maxItems} ${kind}`)
  const items: Array<A> = []
  for (const item of page) {
    const decoded = read(item)
    // What cannot be read is left out: the others are not to blame.
    if (Exit.isSuccess(decoded)) {
      if (admit === undefined || (yield* admit(decoded.value))) items.push(decoded.value)
    } else if (++position.unreadable <= maxTold) {
      yield* Effect.logWarning(`a ${noun} of the server cannot be read and is left out`, decoded.cause)
    }
  }
  const { nextCursor } = result
  if (typeof nextCursor !== "string") {
    position.isOver = true
    const { unreadable } = position
    if (unreadable > maxTold) yield* Effect.logWarning(`${unreadable} ${noun}s of the server cannot be read and are left out`)
    return items
  }
  if (++position.pages >= maxPages) return yield* invalidAnswer(method, `it has more than ${maxPages} pages`)
  if (position.seen.has(nextCursor)) return yield* invalidAnswer(method, "its pages lead round in a circle: a cursor came twice")
  position.seen.add(nextCursor)
  position.cursor = nextCursor
  return items
})

/** All of a list: at most 1,000 pages and 1,000,000 items. */
export const listAll = Effect.fnUntraced(function* <A>(
  ask: Ask,
  kind: Listed<A>
): Effect.fn.Return<ReadonlyArray<A>, McpClientError> {
  const position = new Position()
  const first = yield* readPage(ask, kind, position)
  if (position.isOver) return first
  const items = [...first]
  while (!position.isOver) for (const item of yield* readPage(ask, kind, position)) items.push(item)
  return items
})

/** A list as a stream: a page is asked for when the one before it has been taken. */
export const streamAll = <A>(ask: Ask, kind: Listed<A>): Stream.Stream<A, McpClientError> =>
  Stream.suspend(() => {
    const position = new Position()
    return Stream.paginate(undefined, () =>
      Effect.map(
        readPage(ask, kind, position),
        (items) => [items, position.isOver ? Option.none<undefined>() : Option.some(undefined)] as const
      )
    )
  })
