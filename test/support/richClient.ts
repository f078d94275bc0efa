/**
 * What a client does in a rich session, and who answers what it is asked. The same when a server is recorded and when what was
 * recorded is played to it.
 */
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import * as McpClient from "@effect-mcp/client/McpClient"
import * as RootsHandler from "@effect-mcp/client/RootsHandler"
import * as SamplingHandler from "@effect-mcp/client/SamplingHandler"
import * as Form from "@effect-mcp/core/Form"
import type { FormField, FormSchema, FormValue } from "@effect-mcp/core/protocol/Elicitation"
import { blocksOf, type CreateMessageParams, type CreateMessageResult } from "@effect-mcp/core/protocol/Sampling"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { Asking } from "./askingTools.ts"
import { Rich, Signals } from "./richServer.ts"

type Client = McpClient.McpClient["Service"]

/** What is changed while the client runs, and who is told that its handlers run. */
export interface Kit {
  readonly roots: SubscriptionRef.SubscriptionRef<RootsHandler.Roots>
  /** Wraps what a program does when it is asked or told something. */
  readonly counted: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
}

const isSlow = (message: string): boolean => message.startsWith("Take your time")

const valueOf = (field: FormField): FormValue => {
  const options = Form.options(field)
  if (options !== undefined) return field.type === "array" ? [options[0]!.value] : options[0]!.value
  if (field.type === "boolean") return true
  return field.type === "integer" || field.type === "number" ? 3 : "ada"
}

/** Fills in what it can; a form that it cannot fill in is declined. */
const fill = (form: FormSchema): ElicitationHandler.Answer => {
  const required = (form.required ?? []).filter((name) => Object.hasOwn(form.properties, name))
  const given = Object.fromEntries(required.map((name) => [name, valueOf(form.properties[name]!)]))
  const content = Form.filled(form, given)
  return Form.problems(form, content) === undefined ? ElicitationHandler.accept(content) : ElicitationHandler.decline
}

/** A model that uses a tool where it may, and says `{ "mood": "good" }` where it may not. */
const said = ({ messages, toolChoice, tools = [] }: CreateMessageParams): CreateMessageResult | undefined => {
  const must = toolChoice?.mode === "required"
  const last = messages.flatMap((message) => blocksOf(message)).at(-1)
  const tool = toolChoice?.mode === "none" ? undefined : tools[0]
  if (tool !== undefined && (must || last?.type !== "tool_result")) {
    const input = must ? { mood: "good" } : { word: "effect" }
    return {
      role: "assistant",
      content: { type: "tool_use", id: "1", name: tool.name, input },
      model: "m",
      stopReason: "toolUse"
    }
  }
  return must ? undefined : SamplingHandler.text('{ "mood": "good" }', { model: "m" })
}

/** Everybody who can be asked. */
export const handlers = ({ counted, roots }: Kit) =>
  Layer.mergeAll(
    ElicitationHandler.layer({
      form: ({ message, requestedSchema }) =>
        counted(
          isSlow(message)
            ? Effect.as(Effect.sleep("10 minutes"), ElicitationHandler.cancel)
            : Effect.andThen(
                Effect.yieldNow,
                Effect.sync(() => fill(requestedSchema))
              )
        ),
      url: () => counted(Effect.succeed(ElicitationHandler.accept()))
    }),
    SamplingHandler.layer(
      (params) =>
        counted(
          Effect.suspend(() => {
            const answer = said(params)
            return answer === undefined ? SamplingHandler.reject() : Effect.succeed(answer)
          })
        ),
      { tools: true }
    ),
    RootsHandler.layerLive(roots)
  )

export const options = { name: "rich", version: "1.0.0", logLevel: "debug", extensions: [Signals] } as const

const changes = ["notifications/tools/list_changed", "notifications/resources/updated"]
const filter = { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ["rich://front"] }

/** One thing that a client does. */
export interface Operation {
  readonly name: string
  readonly run: (client: Client, kit: Kit) => Effect.Effect<unknown, unknown>
}

const tools = (client: Client) => McpClient.typed(Rich, client).tools

const named: { readonly [name: string]: Operation["run"] } = {
  listen: (client) =>
    Effect.gen(function* () {
      const { notifications } = yield* client.listen(filter)
      yield* client.callTool("touch")
      const told = Stream.take(Stream.fromQueue(notifications), 3)
      return yield* Effect.timeoutOption(Stream.runCollect(told), "50 millis")
    }).pipe(Effect.scoped),
  notifications: (client) =>
    Effect.gen(function* () {
      const told = Stream.runCollect(Stream.take(client.notifications(changes, filter), 2))
      const fiber = yield* Effect.forkChild(Effect.timeoutOption(told, "50 millis"), { startImmediately: true })
      yield* Effect.ignore(client.subscribeResource("rich://front"))
      yield* Effect.ignore(client.callTool("touch"))
      yield* Effect.ignore(client.unsubscribeResource("rich://front"))
      return yield* Fiber.join(fiber)
    }),
  events: (client) =>
    Effect.gen(function* () {
      const signals = yield* Effect.provideService(McpClient.extension(Signals), McpClient.McpClient, client)
      const heard = Effect.timeoutOption(Stream.runCollect(Stream.take(signals.events, 1)), "50 millis")
      const send = signals.requests["signals/send"]
      return yield* Effect.all([heard, send({ text: "sos" }), Effect.result(send({ text: "" }))], { concurrency: "unbounded" })
    }),
  tools: (client) => client.listTools,
  resources: (client) => client.listResources,
  templates: (client) => client.listResourceTemplates,
  prompts: (client) => client.listPrompts,
  plain: (client) => tools(client).plain({ text: "hello" }),
  tree: (client) => tools(client).tree({ depth: 3 }),
  broken: (client) => tools(client).tree({ depth: -1 }),
  work: (client, { counted }) => client.callTool("work", { steps: 4 }, { onProgress: () => counted(Effect.yieldNow) }),
  unknown: (client) => client.callTool("nothing of that name"),
  badArguments: (client) => client.callTool("tree", { depth: "deep" }),
  endless: (client) => Effect.timeoutOption(client.callTool("endless"), "20 millis"),
  late: (client) => client.callTool("endless", {}, { timeout: "20 millis" }),
  front: (client) => client.readResource("rich://front"),
  page: (client) => McpClient.typed(Rich, client).resources.page({ id: "1" }),
  torn: (client) => McpClient.typed(Rich, client).resources.page({ id: "0" }),
  nowhere: (client) => client.readResource("rich://nowhere"),
  poem: (client) => McpClient.typed(Rich, client).prompts.poem({ about: "the sea" }),
  suggest: (client) => client.complete({ type: "ref/prompt", name: "poem" }, { name: "about", value: "sail" }),
  ping: (client) => client.ping,
  level: (client) => client.setLogLevel("info"),
  roots: (client, { roots }) =>
    Effect.andThen(SubscriptionRef.set(roots, [{ uri: "file:///c" }]), client.notify("notifications/roots/list_changed")),
  taken: (client) => (client.revision.era === "session" ? client.callTool("taken") : Effect.void)
}

const asking = ({ name }: { readonly name: string }): Operation["run"] => {
  if (name === "greeting") return (client) => client.readResource("asking://greeting")
  if (name === "greet") return (client) => client.getPrompt("greet")
  return (client) => client.callTool(name)
}

/** Everything that the client does. */
export const operations: ReadonlyArray<Operation> = [
  ...Object.entries(named).map(([name, run]) => ({ name, run })),
  ...Asking.contracts.map((contract) => ({ name: `ask ${contract.name}`, run: asking(contract) }))
]
