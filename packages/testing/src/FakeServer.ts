/**
 * Servers made from contracts alone, to test clients and hosts against: every tool, resource and prompt answers with what its Schema says,
 * and what was called is kept.
 *
 * Answers are made up by Effect's `Arbitrary`, with a seed: the same call gets the same answer, in every run and in any order. A Schema that
 * is annotated with `examples` answers with one of them. A fake has no middleware.
 */
import * as Completion from "@effect-mcp/core/Completion"
import type { Dispatcher } from "@effect-mcp/core/Dispatcher"
import * as Handlers from "@effect-mcp/core/Handlers"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import type * as Prompt from "@effect-mcp/core/Prompt"
import type { RequestServices } from "@effect-mcp/core/RequestContext"
import type * as Resource from "@effect-mcp/core/Resource"
import type * as Tool from "@effect-mcp/core/Tool"
import type * as ToolStep from "@effect-mcp/core/ToolStep"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Collector } from "./internal/collector.ts"
import { type Answer, answerOf } from "./internal/fakeAnswers.ts"
import type { Received } from "./Received.ts"

/** Handlers for some of the contracts of a group, by kind and name; the others are made up. */
export type Overrides<C> = { readonly [Kind in keyof McpGroup.HandlersOf<C>]?: Partial<McpGroup.HandlersOf<C>[Kind]> }

type NamesOf<C, Kind> = Kind extends "tools"
  ? McpGroup.Tools<C>["name"]
  : Kind extends "resources"
    ? McpGroup.Resources<C>["name"]
    : Kind extends "prompts"
      ? McpGroup.Prompts<C>["name"]
      : never

/** Handlers of contracts that do not exist are refused by asking for a sentence in their place. */
export type NoneElse<C, H> = {
  readonly [Kind in keyof H]: {
    readonly [K in Exclude<keyof H[Kind], NamesOf<C, Kind>>]: `the group has no "${K & string}" among its ${Kind & string}`
  }
}

/** What handlers need, apart from what requests bring. */
export type ServicesOf<H> = Exclude<
  {
    [Kind in keyof H]: {
      [K in keyof H[Kind]]: H[Kind][K] extends (...args: never) => infer Returned ? ToolStep.Services<Returned> : never
    }[keyof H[Kind]]
  }[keyof H],
  RequestServices
>

/** A call that a fake server got, told apart by `kind` and `name`. */
export type Call<C> = C extends Tool.Any
  ? { readonly kind: "tools"; readonly name: C["name"]; readonly args: Tool.Args<C> }
  : C extends Resource.Any
    ? { readonly kind: "resources"; readonly name: C["name"]; readonly args: Resource.Args<C>; readonly uri: string }
    : C extends Prompt.Any
      ? { readonly kind: "prompts"; readonly name: C["name"]; readonly args: Prompt.Args<C> }
      : never

/** How answers are made up. */
export interface Options {
  /** Another seed, other answers. 1 by default. */
  readonly seed?: string | number
  /** How large texts, lists and numbers become, where their Schemas do not say it. 4 by default. */
  readonly size?: number
  /** What the server says of itself, and its limits. The id of the group, version 0.0.0, by default. */
  readonly server?: McpServer.Options
  /** How many calls are kept. 10,000 by default. */
  readonly keep?: number
}

/** A fake server, as a value. */
export interface FakeServer<G extends McpGroup.Any, R> {
  /** The server, for `McpTest.client` or any transport. */
  readonly layer: Layer.Layer<McpServer.McpServer | Dispatcher, never, R>
  /** The handlers alone, for a server with more than this group. */
  readonly handlers: Layer.Layer<Handlers.Handlers<McpGroup.Id<G>>, never, R>
  /** What was called, with decoded arguments, before it was answered. */
  readonly calls: Received<Call<McpGroup.Contracts<G>>>
}

const kindOf = { Tool: "tools", Resource: "resources", Prompt: "prompts" } as const

type Given = { readonly [kind in "tools" | "resources" | "prompts"]?: { readonly [name: string]: unknown } }

const recorded = (contract: Handlers.AnyContract, answer: Answer, calls: Collector<unknown>): Answer => {
  const kind = kindOf[contract._tag]
  const recording = (args: unknown, uri?: string) => {
    calls.push({ kind, name: contract.name, args, ...(kind === "resources" ? { uri } : {}) })
    return answer(args, uri ?? "")
  }
  return Completion.suggesting(recording, Completion.completersOf(answer) ?? {})
}

const unanswerable = (group: McpGroup.Any, problems: ReadonlyArray<readonly [Handlers.AnyContract, string]>): Error => {
  const lines = problems.map(([{ _tag, name }, why]) => `  ${kindOf[_tag]}.${name}: ${why}`)
  const [{ _tag, name }] = problems[0]! // there is one
  return new Error(
    `no answers can be made up for the group "${group.id}":\n${lines.join("\n")}\n` +
      `Annotate the Schema with \`examples\`, or give a handler: { ${kindOf[_tag]}: { ${name}: () => Effect.succeed(...) } }`
  )
}

// The handlers of a group by contract: those that are given, and made up ones.
const handlersOf = Effect.fnUntraced(function* (group: McpGroup.Any, given: Given, options: Options, calls: Collector<unknown>) {
  const { seed = 1, size = 4 } = options
  const made = new Map<Handlers.AnyContract, unknown>()
  const problems: Array<readonly [Handlers.AnyContract, string]> = []
  for (const contract of McpGroup.contractsOf(group)) {
    const handler = given[kindOf[contract._tag]]?.[contract.name] as Answer | undefined // its signature says so
    if (handler !== undefined) made.set(contract, recorded(contract, handler, calls))
    else {
      yield* Effect.match(answerOf(contract, { seed, size }), {
        onSuccess: (answer) => void made.set(contract, recorded(contract, answer, calls)),
        onFailure: (why) => void problems.push([contract, why])
      })
    }
  }
  return problems.length === 0 ? made : yield* Effect.die(unanswerable(group, problems))
})

const made = <G extends McpGroup.Any>(
  group: G,
  overrides: Given = {},
  options: Options = {}
): Effect.Effect<FakeServer<G, never>> =>
  Effect.sync(() => {
    const calls = new Collector<unknown>(options.keep)
    // A group without the middleware.
    const bare = McpGroup.make(group.id, ...McpGroup.contractsOf(group))
    const build = handlersOf(group, overrides, options, calls)
    const handlers = Handlers.layer<ReadonlyMap<Handlers.AnyContract, Handlers.Handler>>(
      group.id,
      bare.contracts,
      build,
      (handlers) => handlers
    )
    const server = McpServer.layer(options.server ?? { name: group.id, version: "0.0.0" }, bare)
    // `Handlers.layer` forgets whose handlers they are, and what they need; the collector is given nothing but calls of this group.
    return {
      layer: Layer.provide(server, handlers as Layer.Layer<Handlers.Handlers<string>>),
      handlers: handlers as FakeServer<G, never>["handlers"],
      calls: calls as Received<unknown> as FakeServer<G, never>["calls"]
    }
  })

/**
 * A fake server of a group, or of one contract, and what it was called with. Handlers that are given answer in place of made up ones; what
 * they need is required by the layer. Building the layer dies where no answer can be made up, and says for what.
 *
 * @example
 * const weather = yield* FakeServer.make(Weather, { tools: { forecast: () => Effect.succeed({ celsius: 7 }) } })
 * const client = yield* McpTest.typed(Weather, weather.layer)
 * yield* client.tools.forecast({ city: "Oslo" })
 * assert.deepStrictEqual(weather.calls.all, [{ kind: "tools", name: "forecast", args: { city: "Oslo" } }])
 */
export const make: {
  <G extends McpGroup.Any>(group: G): Effect.Effect<FakeServer<G, never>>
  <G extends McpGroup.Any, const H extends Overrides<McpGroup.Contracts<G>>>(
    group: G,
    overrides: H & NoneElse<McpGroup.Contracts<G>, H>,
    options?: Options
  ): Effect.Effect<FakeServer<G, ServicesOf<H>>>
} = made

/**
 * A fake server as a layer, where nobody asks what was called. See {@link make}.
 *
 * @example
 * const client = yield* McpTest.typed(Weather, FakeServer.layer(Weather, { tools: { forecast: () => Effect.succeed({ celsius: 7 }) } }))
 */
export const layer: {
  <G extends McpGroup.Any>(group: G): Layer.Layer<McpServer.McpServer | Dispatcher>
  <G extends McpGroup.Any, const H extends Overrides<McpGroup.Contracts<G>>>(
    group: G,
    overrides: H & NoneElse<McpGroup.Contracts<G>, H>,
    options?: Options
  ): Layer.Layer<McpServer.McpServer | Dispatcher, never, ServicesOf<H>>
} = (group: McpGroup.Any, overrides: Given = {}, options: Options = {}): Layer.Layer<McpServer.McpServer | Dispatcher> =>
  Layer.unwrap(Effect.map(made(group, overrides, options), ({ layer }) => layer))
