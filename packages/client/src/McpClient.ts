/**
 * Clients: a connection to one server. With a contract the tools are functions, typed with their results and failures; without one
 * they are called by name.
 */
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as Deadlines from "@effect-mcp/core/Deadlines"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import type { ClientCapabilities, ServerCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import type { Implementation, LoggingLevel } from "@effect-mcp/core/protocol/Common"
import { Completion, type CompletionReference } from "@effect-mcp/core/protocol/Completion"
import { type GetPromptResult, Prompt as PromptDefinition } from "@effect-mcp/core/protocol/Prompts"
import { type ReadResourceResult, Resource as ResourceDefinition, ResourceTemplate } from "@effect-mcp/core/protocol/Resources"
import { type CallToolResult, Tool as Definition } from "@effect-mcp/core/protocol/Tools"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as PromptCodec from "@effect-mcp/core/PromptCodec"
import * as Resource from "@effect-mcp/core/Resource"
import * as ResourceCodec from "@effect-mcp/core/ResourceCodec"
import * as Revision from "@effect-mcp/core/Revision"
import * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import type { FailureDecoder } from "@effect-mcp/core/wire/declared"
import * as RequestEra from "@effect-mcp/core/wire/RequestEra"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { connect, Connection, type Progress, RequestOptions } from "./internal/connection.ts"
import { negotiate } from "./internal/negotiate.ts"
import { Serial } from "./internal/serial.ts"
import { InvalidAnswer, InvalidArguments, McpClientError, ToolFailed } from "./McpClientError.ts"

export type { Progress } from "./internal/connection.ts"

/** Who the client is, and how it behaves where the defaults do not fit. */
export interface Options extends Implementation {
  /** The revisions that it speaks, the preferred one first. All of them by default, newest first. */
  readonly versions?: ReadonlyArray<Revision.Version>
  /**
   * For how long the server may neither answer a request nor tell of its progress. 60 seconds by default; then the request is
   * cancelled and fails. `Duration.infinity` waits for ever.
   */
  readonly timeout?: Duration.Input
  /** For how long to wait for answers while the revision is negotiated. 10 seconds by default. */
  readonly negotiationTimeout?: Duration.Input
  /** The lowest level of log messages to ask for; they arrive as notifications. None by default. */
  readonly logLevel?: LoggingLevel
  /** What to do with notifications of the server, in the order in which they arrive. Progress is told to its request instead. */
  readonly onNotification?: (notification: Jsonrpc.Notification) => Effect.Effect<void>
}

/** How one call is made. */
export interface CallOptions {
  /** In place of the client's `timeout`. */
  readonly timeout?: Duration.Input
  /** What to do when the server tells how far it is, in the order in which it does. */
  readonly onProgress?: (progress: Progress) => Effect.Effect<void>
  /** Goes into `_meta` of the request. */
  readonly meta?: Jsonrpc.JsonObject
}

/**
 * A connected client. Interrupting a request cancels it on the server. All pages of a list are read, up to 1,000.
 */
export class McpClient extends Context.Service<
  McpClient,
  {
    readonly revision: Revision.Revision
    /** What the server says of itself: for display, never for decisions. */
    readonly serverInfo: Implementation | undefined
    readonly capabilities: ServerCapabilities
    /** How to use the server, written for models. */
    readonly instructions: string | undefined
    readonly listTools: Effect.Effect<ReadonlyArray<Definition>, McpClientError>
    readonly listResources: Effect.Effect<ReadonlyArray<ResourceDefinition>, McpClientError>
    readonly listResourceTemplates: Effect.Effect<ReadonlyArray<ResourceTemplate>, McpClientError>
    /** Fails with `RequestFailed` for what does not exist: code -32002 in the session era, -32602 since. */
    readonly readResource: (uri: string, options?: CallOptions) => Effect.Effect<ReadResourceResult, McpClientError>
    readonly listPrompts: Effect.Effect<ReadonlyArray<PromptDefinition>, McpClientError>
    /** The messages of a prompt. The wire has texts: arguments of other types are JSON in a text. */
    readonly getPrompt: (
      name: string,
      args?: { readonly [name: string]: string },
      options?: CallOptions
    ) => Effect.Effect<GetPromptResult, McpClientError>
    /** Calls a tool by name. A result with `isError` is a result. */
    readonly callTool: (
      name: string,
      args?: Jsonrpc.JsonObject,
      options?: CallOptions
    ) => Effect.Effect<CallToolResult, McpClientError>
    /** Suggestions for an argument of a prompt, or a variable of a template; `known` are arguments that are filled in already. */
    readonly complete: (
      ref: CompletionReference,
      argument: { readonly name: string; readonly value: string },
      known?: { readonly [name: string]: string }
    ) => Effect.Effect<Completion, McpClientError>
    /** Fails with code -32601 in the request era, which has no `ping`. */
    readonly ping: Effect.Effect<void, McpClientError>
    /** Asks for log messages of this level and above; they arrive as notifications. */
    readonly setLogLevel: (level: LoggingLevel) => Effect.Effect<void, McpClientError>
    /** Sends any request, with what the revision wants around its params, and gives its result as it was received. */
    readonly request: (
      method: string,
      params?: Jsonrpc.JsonObject,
      options?: CallOptions
    ) => Effect.Effect<Jsonrpc.JsonObject, McpClientError>
  }
>()("@effect-mcp/client/McpClient") {}

const maxPages = 1000

const noArguments: Jsonrpc.JsonObject = {}

class CallParams implements Jsonrpc.JsonObject {
  readonly [key: string]: unknown
  readonly name: string
  readonly arguments: Jsonrpc.JsonObject
  constructor(name: string, args: Jsonrpc.JsonObject) {
    this.name = name
    this.arguments = args
  }
}

const invalidAnswer = (method: string, detail: string) => new McpClientError({ reason: new InvalidAnswer({ method, detail }) })

const invalidArguments = (target: string, detail: string) =>
  new McpClientError({ reason: new InvalidArguments({ target, detail }) })

// What cannot be read is left out, and the log says so: the others are not to blame.
const readable = <A>(noun: string, schema: Schema.Codec<A>) => {
  const decode = Schema.decodeUnknownExit(schema)
  return (item: unknown): Effect.Effect<ReadonlyArray<A>> => {
    const decoded = decode(item)
    if (Exit.isSuccess(decoded)) return Effect.succeed([decoded.value])
    return Effect.as(Effect.logWarning(`a ${noun} of the server cannot be read and is left out`, decoded.cause), [])
  }
}

const decodeCompletion = Schema.decodeUnknownExit(Completion)

const readableTool = readable("tool", Definition)
const readableResource = readable("resource", ResourceDefinition)
const readableTemplate = readable("resource template", ResourceTemplate)
const readablePrompt = readable("prompt", PromptDefinition)

const infoOf = ({ description, icons, name, title, version, websiteUrl }: Options): Implementation => ({
  name,
  version,
  ...(title === undefined ? {} : { title }),
  ...(description === undefined ? {} : { description }),
  ...(websiteUrl === undefined ? {} : { websiteUrl }),
  ...(icons === undefined ? {} : { icons })
})

/**
 * A client as a value, for programs that have several: connected as long as the scope is open. {@link layer} makes the service of it.
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<McpClient["Service"], McpClientError, ClientTransport | Scope.Scope> {
  const scope = yield* Scope.Scope
  const context = yield* Effect.context<never>()
  const runFork = Effect.runForkWith(context)
  const { onNotification } = options
  const told = new Serial(runFork)
  yield* Effect.addFinalizer(() => Effect.sync(() => told.stop()))
  const connection = new Connection(
    yield* Deadlines.make,
    {
      onNotification: (notification) =>
        onNotification !== undefined && told.push(Effect.suspend(() => onNotification(notification)))
    },
    runFork
  )
  // A server that ends over the first question gets a connection of its own for the second one.
  const probe = yield* Scope.fork(scope)
  const transport = yield* ClientTransport
  const open = (into: Scope.Scope) =>
    connect(connection).pipe(Effect.provideService(ClientTransport, transport), Effect.provideService(Scope.Scope, into))
  yield* open(probe)
  const info = infoOf(options)
  const capabilities: ClientCapabilities = {}
  const agreement = yield* negotiate(connection, {
    info,
    capabilities,
    logLevel: options.logLevel,
    versions: options.versions ?? Revision.versions,
    timeout: Deadlines.toMillis(options.negotiationTimeout ?? "10 seconds"),
    reconnect: Effect.andThen(Scope.close(probe, Exit.void), open(scope))
  })
  let { wire } = agreement
  connection.answersRequests = wire.revision.standaloneServerRequests
  const timeout = Deadlines.toMillis(options.timeout ?? "60 seconds")

  const request = (method: string, params?: Jsonrpc.JsonObject, call?: CallOptions) =>
    connection.request(
      method,
      (id) => wire.request(id, method, params, call?.meta),
      new RequestOptions(call?.timeout === undefined ? timeout : Deadlines.toMillis(call.timeout), call?.onProgress)
    )

  const list = Effect.fnUntraced(function* <A>(
    method: string,
    kind: "tools" | "resources" | "resourceTemplates" | "prompts",
    read: (item: unknown) => Effect.Effect<ReadonlyArray<A>>
  ): Effect.fn.Return<ReadonlyArray<A>, McpClientError> {
    const items: Array<A> = []
    let cursor: string | undefined
    for (let page = 0; page < maxPages; page++) {
      const result = yield* request(method, cursor === undefined ? undefined : { cursor })
      const listed = Array.isArray(result[kind]) ? result[kind] : undefined
      if (listed === undefined) return yield* invalidAnswer(method, `it has no list of ${kind}`)
      items.push(...(yield* Effect.forEach(listed, read)).flat())
      const { nextCursor } = result
      cursor = typeof nextCursor === "string" ? nextCursor : undefined
      if (cursor === undefined) return items
    }
    return yield* invalidAnswer(method, `it has more than ${maxPages} pages`)
  })

  const setLogLevel = (level: LoggingLevel): Effect.Effect<void, McpClientError> =>
    wire.revision.logging === "session"
      ? Effect.asVoid(request("logging/setLevel", { level }))
      : Effect.sync(() => {
          wire = RequestEra.client(wire.revision, { info, capabilities, logLevel: level })
        })
  if (options.logLevel !== undefined && wire.revision.logging === "session") yield* setLogLevel(options.logLevel)

  return McpClient.of({
    revision: wire.revision,
    serverInfo: agreement.serverInfo,
    capabilities: agreement.capabilities,
    instructions: agreement.instructions,
    listTools: list("tools/list", "tools", readableTool),
    listResources: list("resources/list", "resources", readableResource),
    listResourceTemplates: list("resources/templates/list", "resourceTemplates", readableTemplate),
    readResource: (uri, call) =>
      Effect.flatMap(request("resources/read", { uri }, call), (received) => {
        const result = wire.result(received)
        return Array.isArray(result["contents"]) && result["contents"].every(Jsonrpc.isObject)
          ? Effect.succeed(result as unknown as ReadResourceResult) // servers are trusted no further than that
          : Effect.fail(invalidAnswer("resources/read", `the result of ${uri} has no contents`))
      }),
    listPrompts: list("prompts/list", "prompts", readablePrompt),
    getPrompt: (name, args, call) =>
      Effect.flatMap(request("prompts/get", new CallParams(name, args ?? noArguments), call), (received) => {
        const result = wire.result(received)
        return Array.isArray(result["messages"]) && result["messages"].every(Jsonrpc.isObject)
          ? Effect.succeed(result as unknown as GetPromptResult) // servers are trusted no further than that
          : Effect.fail(invalidAnswer("prompts/get", `the result of "${name}" has no messages`))
      }),
    callTool: (name, args, call) =>
      Effect.flatMap(request("tools/call", new CallParams(name, args ?? noArguments), call), (result) => {
        const neutral = wire.toolResult(result)
        return Array.isArray(neutral.content) && neutral.content.every(Jsonrpc.isObject)
          ? Effect.succeed(neutral)
          : Effect.fail(invalidAnswer("tools/call", `the result of "${name}" has no content`))
      }),
    complete: (ref, argument, known) => {
      const context = known === undefined || !wire.revision.completionContext ? {} : { context: { arguments: known } }
      return Effect.flatMap(request("completion/complete", { ref, argument, ...context }), ({ completion }) => {
        const decoded = decodeCompletion(completion)
        if (Exit.isSuccess(decoded)) return Effect.succeed(decoded.value)
        return Effect.fail(invalidAnswer("completion/complete", "it has no list of values"))
      })
    },
    ping: Effect.asVoid(request("ping")),
    setLogLevel,
    request
  })
})

/**
 * Connects to the server that the transport reaches, agrees with it on a revision, and stays connected as long as the layer is used.
 *
 * @example
 * const Client = McpClient.layer({ name: "my-agent", version: "1.0.0" }).pipe(
 *   Layer.provide(StdioClientTransport.layer({ command: "my-server" }))
 * )
 */
export const layer = (options: Options): Layer.Layer<McpClient, McpClientError, ClientTransport> =>
  Layer.effect(McpClient, make(options))

type OptionalArgs<A> = {} extends A ? [args?: A, options?: CallOptions] : [args: A, options?: CallOptions]

/** The tools of a contract as functions. */
export type Tools<C> = {
  readonly [T in McpGroup.Tools<C> as T["name"]]: (
    ...args: OptionalArgs<Tool.Args<T>>
  ) => Effect.Effect<Tool.Success<T>, Tool.Failure<T> | McpClientError>
}

/** The resources of a contract as functions of the variables of their URIs. */
export type Resources<C> = {
  readonly [T in McpGroup.Resources<C> as T["name"]]: (
    ...args: Resource.Args<T> extends void ? [args?: undefined, options?: CallOptions] : OptionalArgs<Resource.Args<T>>
  ) => Effect.Effect<Resource.Success<T>, Resource.Failure<T> | McpClientError>
}

/** The prompts of a contract as functions. */
export type Prompts<C> = {
  readonly [T in McpGroup.Prompts<C> as T["name"]]: (
    ...args: OptionalArgs<Prompt.Args<T>>
  ) => Effect.Effect<GetPromptResult, Prompt.Failure<T> | McpClientError>
}

/** A client that is typed by a contract. */
export interface Typed<C> {
  readonly tools: Tools<C>
  readonly resources: Resources<C>
  readonly prompts: Prompts<C>
}

type Call = (args?: unknown, options?: CallOptions) => Effect.Effect<unknown, unknown>

const typedCall = (client: McpClient["Service"], tool: Tool.Any): Call => {
  const codec = ToolCodec.client(tool)
  return (args, options) => {
    const encoded = codec.encodeArguments(args ?? {})
    if (encoded._tag === "Failure") {
      return Effect.fail(invalidArguments(`tool "${tool.name}"`, encoded.text))
    }
    return Effect.flatMap(client.callTool(tool.name, encoded.value, options), (result) => {
      const outcome = codec.decodeResult(result, client.revision.structuredContent === "object")
      switch (outcome._tag) {
        case "Success":
          return Effect.succeed(outcome.value)
        case "Failure":
          return Effect.fail(outcome.error)
        case "ToolError":
          return Effect.fail(new McpClientError({ reason: new ToolFailed({ tool: tool.name, detail: outcome.text }) }))
        case "Mismatch":
          return Effect.fail(invalidAnswer(`tool "${tool.name}"`, outcome.detail))
      }
    })
  }
}

// A failure that the contract declares, found again in an error of the server.
const declaredIn =
  (decode: FailureDecoder) =>
  (error: McpClientError): Effect.Effect<never, unknown> => {
    const { reason } = error
    const declared = reason._tag === "RequestFailed" ? decode(reason.code, reason.data) : undefined
    return Effect.fail(declared === undefined ? error : declared.failure)
  }

const typedResource = (client: McpClient["Service"], resource: Resource.Any): Call => {
  const codec = ResourceCodec.client(resource)
  return (args, options) => {
    const encoded = codec.encodeUri(args ?? {})
    if (encoded._tag === "Failure") {
      return Effect.fail(invalidArguments(`resource "${resource.name}"`, encoded.text))
    }
    return client.readResource(encoded.uri, options).pipe(
      Effect.catch(declaredIn(codec.decodeFailure)),
      Effect.flatMap((result): Effect.Effect<unknown, McpClientError> => {
        const exit = codec.decodeResult(result)
        if (Exit.isSuccess(exit)) return Effect.succeed(exit.value)
        return Effect.fail(invalidAnswer(`resource "${resource.name}"`, String(Cause.squash(exit.cause))))
      })
    )
  }
}

const typedPrompt = (client: McpClient["Service"], prompt: Prompt.Any): Call => {
  const codec = PromptCodec.client(prompt)
  return (args, options) => {
    const encoded = codec.encodeArguments(args ?? {})
    if (encoded._tag === "Failure") {
      return Effect.fail(invalidArguments(`prompt "${prompt.name}"`, encoded.text))
    }
    return Effect.catch(client.getPrompt(prompt.name, encoded.value, options), declaredIn(codec.decodeFailure))
  }
}

/**
 * The client, typed by a contract: arguments, results and declared failures are those of the contract.
 *
 * @example
 * const weather = yield* McpClient.of(Weather)
 * const forecast = yield* weather.tools.forecast({ city: "Oslo" })
 */
export const of = <G extends McpGroup.Any>(group: G): Effect.Effect<Typed<McpGroup.Contracts<G>>, never, McpClient> =>
  Effect.map(McpClient, (client) => typed(group, client))

/** A client that is at hand, typed by a contract. See {@link of}. */
export const typed = <G extends McpGroup.Any>(group: G, client: McpClient["Service"]): Typed<McpGroup.Contracts<G>> => {
  const contracts = McpGroup.contractsOf(group)
  const tools = contracts.filter(Tool.isTool).map((tool) => [tool.name, typedCall(client, tool)] as const)
  const prompts = contracts.filter(Prompt.isPrompt).map((prompt) => [prompt.name, typedPrompt(client, prompt)] as const)
  const resources = contracts
    .filter(Resource.isResource)
    .map((resource) => [resource.name, typedResource(client, resource)] as const)
  // One function for each contract.
  return {
    tools: Object.fromEntries(tools),
    resources: Object.fromEntries(resources),
    prompts: Object.fromEntries(prompts)
  } as unknown as Typed<McpGroup.Contracts<G>>
}
