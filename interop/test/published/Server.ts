/** What is tested of a published server, and how it is reached. */
import { mkdtemp, realpath, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { assert } from "vitest"
import { Effect, type McpClientError, StdioClientTransport } from "../../ours.ts"
import * as Session from "../support/Session.ts"
import { User } from "../support/User.ts"
import type { Json } from "../support/Wire.ts"

/** What may work. */
export const cells = [
  "negotiation",
  "list",
  "call",
  "structured result",
  "kinds of content",
  "error of the tool",
  "bad arguments",
  "unknown tool",
  "progress",
  "cancel",
  "log messages",
  "resources",
  "templates",
  "read",
  "unknown resource",
  "updates",
  "changes of lists",
  "prompts",
  "prompt",
  "bad prompt",
  "completion",
  "form",
  "url",
  "visit before a call",
  "model",
  "roots",
  "changes of roots",
  "ping"
] as const
type Name = (typeof cells)[number]

/** Our client in conversation with a server. */
export interface Party extends Session.Session {
  /** A directory of its own. */
  readonly directory: string
  readonly user: User
  /** The roots of the client, which a test may change. */
  readonly roots: Array<{ readonly uri: string; readonly name?: string }>
  /** How often the server asked for them. */
  readonly rootsAsked: () => number
  /** What was asked that no test expected. */
  readonly unexpected: Array<unknown>
}

type Test = (party: Party) => Promise<void>

/** Not supported, for a reason that can be shown. */
export interface Not {
  readonly because: string
  readonly proof: Test
}

/** A published server. */
export interface Server {
  readonly name: string
  /** The file that its command runs, in `node_modules/@modelcontextprotocol`. */
  readonly entry: string
  readonly args?: (directory: string) => ReadonlyArray<string>
  readonly env?: (directory: string) => { readonly [name: string]: string }
  readonly cells: { readonly [cell in Name]: Test | Not }
}

/** Starts a server, or reaches it in another way, and connects to it with a user who has roots. */
export const connect = async ({ args, entry, env }: Server, other?: Session.Reach): Promise<Party> => {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "effect-mcp-")))
  const user = new User()
  const unexpected: Array<unknown> = []
  const roots: Party["roots"] = [{ uri: `file://${directory}`, name: "home" }]
  let rootsAsked = 0
  const take = user.take.bind(user)
  user.take = async (method, params, signal) => {
    if (method !== "roots/list") return take(method, params, signal)
    rootsAsked++
    return { roots }
  }
  user.answering((question) => {
    unexpected.push(question)
    return { action: "cancel" }
  })
  const program = resolve(import.meta.dirname, "../../node_modules/@modelcontextprotocol", entry)
  const reach = () =>
    StdioClientTransport.layer({
      command: process.execPath,
      args: [program, ...(args?.(directory) ?? [])],
      env: env?.(directory) ?? {}
    })
  const session = await Session.connect(other ?? reach, undefined, user)
  const close = async () => {
    await session.close()
    await rm(directory, { recursive: true })
  }
  return { ...session, directory, user, roots, rootsAsked: () => rootsAsked, unexpected, close }
}

/** What a result says. */
export const textOf = ({ content }: { readonly content: ReadonlyArray<Json> }): string =>
  content.map(({ text }) => text ?? "").join("\n")

/** Calls a tool that has to succeed. */
export const call = async ({ client, run }: Party, tool: string, args?: Json, options?: Json): Promise<Json> => {
  const result = await run(client.callTool(tool, args, options))
  assert.isNotTrue(result.isError, textOf(result))
  return result
}

/** Calls a tool that has to fail, and gives what it says. */
export const failed = async ({ client, run }: Party, tool: string, args?: Json): Promise<string> => {
  const result = await run(client.callTool(tool, args))
  assert.isTrue(result.isError)
  return textOf(result)
}

/** Why a request is refused. */
export const refusal = async ({ run }: Party, effect: Effect.Effect<unknown, McpClientError.McpClientError>): Promise<Json> =>
  (await run(Effect.flip(effect))).reason

/** A notification, now or later. */
export const notified = async ({ told }: Party, method: string, fits: (params: Json) => boolean = () => true): Promise<Json> =>
  (await told.find((notification) => notification.method === method && fits(notification.params))).params

/** What all servers that are made with the SDK do alike. */
export const common = {
  "unknown tool": async (party: Party) => assert.include(await failed(party, "nothing"), "Tool nothing not found"),
  ping: ({ client, run }: Party) => run(client.ping)
}

const undeclared = (
  what: "resources" | "prompts" | "logging" | "completions",
  request: (party: Party) => Effect.Effect<unknown, McpClientError.McpClientError>
): Not => ({
  because: `it has no ${what}`,
  proof: async (party) => {
    assert.isUndefined(party.client.capabilities[what])
    assert.include(await refusal(party, request(party)), { _tag: "RequestFailed", code: -32601 })
  }
})

/** Servers without resources. */
export const noResources = {
  resources: undeclared("resources", ({ client }) => client.listResources),
  templates: undeclared("resources", ({ client }) => client.listResourceTemplates),
  read: undeclared("resources", ({ client }) => client.readResource("a:b")),
  "unknown resource": undeclared("resources", ({ client }) => client.readResource("a:b")),
  updates: undeclared("resources", ({ client }) => client.subscribeResource("a:b"))
}

/** Servers without prompts, and with nothing else that can be completed. */
export const noPrompts = {
  prompts: undeclared("prompts", ({ client }) => client.listPrompts),
  prompt: undeclared("prompts", ({ client }) => client.getPrompt("a")),
  "bad prompt": undeclared("prompts", ({ client }) => client.getPrompt("a")),
  completion: undeclared("completions", ({ client }) =>
    client.complete({ type: "ref/prompt", name: "a" }, { name: "b", value: "" })
  )
}

/** Servers that do not log to clients. */
export const noLogs = undeclared("logging", ({ client }) => client.setLogLevel("debug"))

/** Servers whose tools are too quick to tell of progress, or to be cancelled; `act` calls one of them. */
export const quick = (act: (party: Party, options?: Json) => Effect.Effect<Json, McpClientError.McpClientError>) => ({
  progress: {
    because: "its tools tell of none",
    proof: async (party: Party) => {
      const told: Array<unknown> = []
      await party.run(act(party, { onProgress: (progress: unknown) => Effect.sync(() => void told.push(progress)) }))
      assert.deepStrictEqual(told, [])
    }
  },
  cancel: {
    because: "its tools do not look at it, and the conversation goes on",
    proof: async (party: Party) => {
      await party.run(Effect.timeoutOption(act(party), 0))
      await party.run(act(party))
    }
  }
})

/** A server that has never asked its user, whatever was done by then. */
const unasked: Not = {
  because: "it asks no questions",
  proof: async (party) => {
    assert.deepStrictEqual(party.user.asked, [])
    const tools = await party.run(party.client.listTools)
    assert.deepStrictEqual(
      tools.filter(({ name }) => /elicit|sampl/.test(name)),
      []
    )
  }
}

/** Servers that ask no questions. */
export const noQuestions = { form: unasked, url: unasked, "visit before a call": unasked, model: unasked }

const rootless = "it has no use for them"

/** Servers that do not ask for roots. */
export const noRoots = {
  roots: {
    because: rootless,
    proof: async ({ rootsAsked }: Party) => assert.strictEqual(rootsAsked(), 0)
  },
  "changes of roots": {
    because: rootless,
    proof: async ({ client, rootsAsked, run }: Party) => {
      await run(client.notify("notifications/roots/list_changed"))
      await run(client.ping)
      assert.strictEqual(rootsAsked(), 0)
    }
  }
}
