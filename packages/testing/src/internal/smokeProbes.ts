/**
 * What a smoke run calls: the components of a server, and with what.
 */
import type * as McpClient from "@effect-mcp/client/McpClient"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { CompletionReference } from "@effect-mcp/core/protocol/Completion"
import type { Prompt } from "@effect-mcp/core/protocol/Prompts"
import type { Resource, ResourceTemplate } from "@effect-mcp/core/protocol/Resources"
import type { Tool } from "@effect-mcp/core/protocol/Tools"
import * as UriTemplate from "@effect-mcp/core/UriTemplate"
import * as Effect from "effect/Effect"
import type { Kind } from "../SmokeReport.ts"
import { candidates } from "./jsonCheck.ts"
import { passed, resultCheck, type Verdict } from "./smokeVerdict.ts"

type Client = McpClient.McpClient["Service"]

/** Texts by their names. */
export interface Texts {
  readonly [name: string]: string
}

/** Something to call. */
export interface Call {
  readonly input: unknown
  readonly run: Effect.Effect<Verdict, McpClientError>
}

/** A component, and how it is called. */
export interface Probe {
  readonly kind: Kind
  readonly name: string
  readonly tool?: Tool
  /** Why it is not called. */
  readonly skip?: string
  /** Finds out what to call. May ask the server for suggestions. */
  readonly calls: Effect.Effect<{ readonly calls: ReadonlyArray<Call>; readonly problem?: string | undefined }>
}

/** How probes are made. */
export interface Making {
  readonly seed: string | number
  readonly variants: number
  readonly destructive: boolean
  readonly given: {
    readonly tools?: { readonly [name: string]: ReadonlyArray<JsonObject> }
    readonly templates?: { readonly [template: string]: ReadonlyArray<Texts> }
    readonly prompts?: { readonly [name: string]: ReadonlyArray<Texts> }
  }
}

const givenTo = <A>(given: { readonly [name: string]: ReadonlyArray<A> } | undefined, name: string) =>
  given !== undefined && Object.hasOwn(given, name) ? given[name] : undefined

// What a tool does not say counts as the protocol says: it may destroy something.
const mayDestroy = ({ annotations }: Tool): boolean =>
  annotations?.readOnlyHint !== true && annotations?.destructiveHint !== false

const unsafe =
  "it may destroy something: no hint says otherwise. `destructive: true` calls it, `given.tools` says with which arguments"

// Some tools only run as a task: it is cancelled when its time is over.
const calling = (client: Client, { execution, name }: Tool, args: JsonObject) =>
  execution?.taskSupport === "required"
    ? Effect.scoped(Effect.flatMap(client.tasks.startScoped(name, args), (task) => task.await))
    : client.callTool(name, args)

export const toolProbe = (client: Client, tool: Tool, making: Making): Probe => {
  const { inputSchema, name } = tool
  const given = givenTo(making.given.tools, name)
  const skip = making.destructive || given !== undefined || !mayDestroy(tool) ? {} : { skip: unsafe }
  return {
    kind: "tool",
    name,
    tool,
    ...skip,
    calls: Effect.sync(() => {
      const check = resultCheck(tool)
      const { problem, values } =
        given === undefined
          ? candidates(inputSchema, `the input schema of "${name}"`, making.variants, `${making.seed} ${name}`)
          : { values: given, problem: undefined }
      const calls = values.map((input) => ({
        input,
        run: Effect.map(calling(client, tool, input as JsonObject), check) // its Schema says that it is an object
      }))
      return { calls, problem: problem === undefined ? undefined : `no arguments could be made up: ${problem}` }
    })
  }
}

const read = (client: Client, uri: string): Call => ({ input: uri, run: Effect.as(client.readResource(uri), passed) })

export const resourceProbe = (client: Client, { uri }: Resource): Probe => ({
  kind: "resource",
  name: uri,
  calls: Effect.sync(() => ({ calls: [read(client, uri)] }))
})

// What a server suggests, a name for what it does not. Suggestions may depend on what is filled in already.
const filledIn = Effect.fnUntraced(function* (
  client: Client,
  ref: CompletionReference,
  names: ReadonlyArray<string>,
  variant: number
) {
  const canComplete = client.capabilities.completions !== undefined || !client.revision.completionsCapability
  const texts: { [name: string]: string } = {}
  for (const name of names) {
    const asked = canComplete ? client.complete(ref, { name, value: "" }, texts) : Effect.succeed({ values: [] })
    const { values } = yield* Effect.orElseSucceed(Effect.timeout(asked, "5 seconds"), () => ({ values: [] }))
    texts[name] = values[variant % Math.max(1, values.length)] ?? name
  }
  return texts
})

const different = (made: ReadonlyArray<Texts>): ReadonlyArray<Texts> => [
  ...new Map(made.map((texts) => [JSON.stringify(texts), texts])).values()
]

export const templateProbe = (client: Client, { uriTemplate }: ResourceTemplate, making: Making): Probe => ({
  kind: "template",
  name: uriTemplate,
  calls: Effect.gen(function* () {
    const parsed = yield* Effect.result(Effect.try({ try: () => UriTemplate.parse(uriTemplate), catch: String }))
    if (parsed._tag === "Failure") return { calls: [], problem: `it cannot be filled in: ${parsed.failure}` }
    const { expand, variables } = parsed.success
    const required = variables.filter(({ optional }) => !optional).map(({ name }) => name)
    const all = variables.map(({ name }) => name)
    const ref = { type: "ref/resource", uri: uriTemplate } as const
    const made =
      givenTo(making.given.templates, uriTemplate) ??
      (yield* Effect.forEach(Array(making.variants).keys(), (variant) =>
        filledIn(client, ref, variant === 0 ? required : all, variant)
      ))
    return { calls: [...new Set(made.map(expand))].map((uri) => read(client, uri)) }
  })
})

export const promptProbe = (client: Client, prompt: Prompt, making: Making): Probe => ({
  kind: "prompt",
  name: prompt.name,
  calls: Effect.gen(function* () {
    const { arguments: args = [], name } = prompt
    const required = args.filter((arg) => arg.required === true)
    const ref = { type: "ref/prompt", name } as const
    const made =
      givenTo(making.given.prompts, name) ??
      (yield* Effect.forEach(Array(making.variants).keys(), (variant) =>
        filledIn(
          client,
          ref,
          (variant === 0 ? required : args).map(({ name }) => name),
          variant
        )
      ))
    return { calls: different(made).map((input) => ({ input, run: Effect.as(client.getPrompt(name, input), passed) })) }
  })
})
