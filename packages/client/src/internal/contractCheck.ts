/**
 * Holds a contract against what a server lists. Only what would make a call fail is a difference: more tools and more arguments that may be
 * left out are none.
 */
import type { AnyContract } from "@effect-mcp/core/Handlers"
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as PromptCodec from "@effect-mcp/core/PromptCodec"
import type * as Listed from "@effect-mcp/core/protocol/Prompts"
import type { Resource as ListedResource, ResourceTemplate } from "@effect-mcp/core/protocol/Resources"
import type { Tool as ListedTool } from "@effect-mcp/core/protocol/Tools"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import * as ToolResult from "@effect-mcp/core/ToolResult"
import * as UriTemplate from "@effect-mcp/core/UriTemplate"
import * as Effect from "effect/Effect"
import * as SchemaAST from "effect/SchemaAST"
import { Difference } from "../Difference.ts"
import type { McpClientError } from "../McpClientError.ts"
import { nearNames } from "./nearNames.ts"
import { maxMisfits, type Misfit, misfits, step } from "./schemaFit.ts"
import type { McpClient } from "./service.ts"

type Client = McpClient["Service"]

/** Where a server has what the contract names. */
export interface Places {
  /** The server's names of tools and prompts. Those of the contract by default. */
  readonly names?: (name: string) => string
  /** The server's URIs and templates. Those of the contract by default. */
  readonly uris?: (uri: string) => string
}

const same = (text: string): string => text

type Kind = Difference["kind"]

const missing = (kind: Kind, name: string, wanted: string, there: Iterable<string>): Difference => {
  const near = nearNames(wanted, there).map((other) => JSON.stringify(other))
  const server = near.length === 0 ? "none" : `none, but ${near.join(" and ")}`
  const contract = kind === "tool" || kind === "prompt" ? `one that is called ${JSON.stringify(wanted)}` : `one at ${wanted}`
  return new Difference({ kind, name, path: "", contract, server })
}

const under = (root: string, path: string): string => (path === "" || path.startsWith("[") ? `${root}${path}` : `${root}.${path}`)

const argumentsOf = (tool: string, contract: JsonObject, listed: JsonObject): ReadonlyArray<Difference> =>
  misfits(contract, listed, { refusesOthers: true }).map(
    ({ path, read, written }) =>
      new Difference({ kind: "tool", name: tool, path: under("arguments", path), contract: written, server: read })
  )

// The schema of the plain result, where it is the member of an object only because the revision wants one.
const unwrapped = (schema: JsonObject): JsonObject => {
  const { properties } = schema
  const inner = isObject(properties) ? properties["result"] : undefined
  if (!isObject(properties) || !isObject(inner)) return schema
  const { $defs, definitions } = schema
  return { ...inner, ...($defs === undefined ? {} : { $defs }), ...(definitions === undefined ? {} : { definitions }) }
}

// Typed clients take both, so the nearer one counts.
const misfitsOfResult = (listed: ListedTool, read: JsonObject): ReadonlyArray<Misfit> => {
  const { outputSchema = {} } = listed
  const plain = misfits(unwrapped(outputSchema), read, { refusesOthers: false })
  if (plain.length === 0 || ToolResult.isWrapped(listed)) return plain
  const whole = misfits(outputSchema, read, { refusesOthers: false })
  return whole.length <= plain.length ? whole : plain
}

const text: JsonObject = { type: "string" }

const resultOf = (tool: Tool.Any, contract: JsonObject | undefined, listed: ListedTool): ReadonlyArray<Difference> => {
  const difference = (path: string, contract: string, server: string) =>
    new Difference({ kind: "tool", name: tool.name, path: under("result", path), contract, server })
  if (listed.outputSchema === undefined) {
    return contract === undefined ? [] : [difference("", "an output schema", "none")]
  }
  // Of a result that is no JSON and no text nothing is read that the server's schema describes.
  const read = contract ?? (SchemaAST.isString(tool.success.ast) ? text : undefined)
  if (read === undefined) return []
  return misfitsOfResult(listed, read).map(({ path, read, written }) => difference(path, read, written))
}

const toolDifferences = (tool: Tool.Any, listed: ListedTool, hasOutput: boolean): ReadonlyArray<Difference> => {
  const { inputSchema, outputSchema } = ToolCodec.definition(tool)
  const result = hasOutput ? resultOf(tool, outputSchema, listed) : []
  return [...argumentsOf(tool.name, inputSchema, listed.inputSchema), ...result]
}

const promptDifferences = (prompt: Prompt.Any, listed: Listed.Prompt): ReadonlyArray<Difference> => {
  const ours = new Map(PromptCodec.definition(prompt).arguments?.map((argument) => [argument.name, argument]))
  const theirs = new Map(listed.arguments?.map((argument) => [argument.name, argument]))
  const difference = (argument: string, contract: string, server: string) =>
    new Difference({ kind: "prompt", name: prompt.name, path: step("arguments", argument), contract, server })
  const refused = [...ours.keys()].filter((name) => !theirs.has(name)).map((name) => difference(name, "an argument", "none"))
  const needed = [...theirs.values()].flatMap(({ name, required }) => {
    const known = ours.get(name)
    if (required !== true || known?.required === true) return []
    return [difference(name, known === undefined ? "none" : "one that may be absent", "one that is required")]
  })
  return [...refused, ...needed].slice(0, maxMisfits)
}

const byName = <A extends { readonly name: string }>(all: ReadonlyArray<A>): ReadonlyMap<string, A> =>
  new Map(all.map((one) => [one.name, one]))

const matches = ({ uriTemplate }: ResourceTemplate, uri: string): boolean => {
  try {
    return UriTemplate.parse(uriTemplate).match(uri) !== undefined
  } catch {
    return false // a template of a level that is not read here
  }
}

interface Offer {
  readonly tools: ReadonlyArray<ListedTool>
  readonly resources: ReadonlyArray<ListedResource>
  readonly templates: ReadonlyArray<ResourceTemplate>
  readonly prompts: ReadonlyArray<Listed.Prompt>
  /** Whether the revision has output schemas. */
  readonly hasOutput: boolean
}

const differencesOf = (
  contracts: ReadonlyArray<AnyContract>,
  { hasOutput, prompts, resources, templates, tools }: Offer,
  { names = same, uris = same }: Places
): ReadonlyArray<Difference> => {
  const toolsByName = byName(tools)
  const promptsByName = byName(prompts)
  const listedUris = new Set(resources.map(({ uri }) => uri))
  const listedTemplates = new Set(templates.map(({ uriTemplate }) => uriTemplate))
  return contracts.flatMap((contract): ReadonlyArray<Difference> => {
    if (Tool.isTool(contract)) {
      const listed = toolsByName.get(names(contract.name))
      return listed === undefined
        ? [missing("tool", contract.name, names(contract.name), toolsByName.keys())]
        : toolDifferences(contract, listed, hasOutput)
    }
    if (Prompt.isPrompt(contract)) {
      const listed = promptsByName.get(names(contract.name))
      return listed === undefined
        ? [missing("prompt", contract.name, names(contract.name), promptsByName.keys())]
        : promptDifferences(contract, listed)
    }
    if (!Resource.isResource(contract)) return []
    const uri = uris(contract.uri)
    if (contract.template !== undefined) {
      return listedTemplates.has(uri) ? [] : [missing("resource template", contract.name, uri, listedTemplates)]
    }
    const isThere = listedUris.has(uri) || templates.some((template) => matches(template, uri))
    return isThere ? [] : [missing("resource", contract.name, uri, listedUris)]
  })
}

const methodNotFound = -32601

// A server that has none of a kind need not have its lists.
const listing = <A>(list: Effect.Effect<ReadonlyArray<A>, McpClientError>, isDeclared: boolean) =>
  Effect.catch(list, (error) => {
    const { reason } = error
    const isRefused = reason._tag === "RequestFailed" && (!isDeclared || reason.code === methodNotFound)
    return isRefused ? Effect.succeed<ReadonlyArray<A>>([]) : Effect.fail(error)
  })

const nothing: Effect.Effect<ReadonlyArray<never>> = Effect.succeed([])

/** The differences between contracts and what a server lists, in the order of the contracts. Asks for the lists that are needed. */
export const check = Effect.fnUntraced(function* (
  client: Client,
  contracts: ReadonlyArray<AnyContract>,
  places: Places
): Effect.fn.Return<ReadonlyArray<Difference>, McpClientError> {
  const { capabilities, revision } = client
  const hasResources = contracts.some(Resource.isResource)
  const offer = yield* Effect.all({
    tools: contracts.some(Tool.isTool) ? listing(client.listTools, capabilities.tools !== undefined) : nothing,
    resources: hasResources ? listing(client.listResources, capabilities.resources !== undefined) : nothing,
    templates: hasResources ? listing(client.listResourceTemplates, capabilities.resources !== undefined) : nothing,
    prompts: contracts.some(Prompt.isPrompt) ? listing(client.listPrompts, capabilities.prompts !== undefined) : nothing
  })
  return differencesOf(contracts, { ...offer, hasOutput: revision.structuredContent !== "none" }, places)
})
