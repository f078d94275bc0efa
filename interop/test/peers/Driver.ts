/** What the tests need of a peer's client. */
import type { SdkTransport } from "../../ours.ts"
import type { Endpoint } from "../support/Endpoint.ts"
import type { Inbox } from "../support/Inbox.ts"
import type { Program } from "../support/programs.ts"
import type { User } from "../support/User.ts"

/** The result of a call. */
export interface Outcome {
  readonly text: string
  readonly content: ReadonlyArray<{ readonly type: string }>
  readonly structured: unknown
  readonly isError: boolean
}

/** How far a call is. */
export interface Progress {
  readonly progress: number
  readonly total?: number | undefined
  readonly message?: string | undefined
}

/** How one call is made. */
export interface CallOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/** A log message. */
export interface LogMessage {
  readonly level: string
  readonly logger?: string | undefined
  readonly data: unknown
}

/** What a resource holds; bytes in base64. */
export type Contents = { readonly uri: string; readonly text?: string; readonly blob?: string }

/** What completion is asked for. */
export interface Completing {
  readonly ref: { readonly type: "ref/prompt"; readonly name: string } | { readonly type: "ref/resource"; readonly uri: string }
  readonly argument: { readonly name: string; readonly value: string }
}

type Args = { readonly [name: string]: unknown }

/** A connected client of a peer. What it has no means for is `undefined`. */
export interface Driver {
  readonly version: string | undefined
  readonly server: { readonly name: string; readonly version: string } | undefined
  readonly instructions: string | undefined
  readonly list: () => Promise<ReadonlyArray<{ readonly name: string; readonly outputSchema?: unknown }>>
  /** Rejects with an error from which {@link codeOf} reads the code, when the server refuses. */
  readonly call: (name: string, args?: Args, options?: CallOptions) => Promise<Outcome>
  /** Calls, and gives what passed the peer's own check of the structured result. */
  readonly callChecked: (name: "add" | "measure", args?: Args) => Promise<unknown>
  readonly ping: (() => Promise<unknown>) | undefined
  /** Asks for log messages of this level and calls. */
  readonly callLogged: ((level: "info", name: string) => Promise<Outcome>) | undefined
  readonly logs: Inbox<LogMessage>
  /** Starts to listen to changes of the list of tools. */
  readonly watch: (() => Promise<unknown>) | undefined
  readonly changes: Inbox<undefined>
  readonly resources: () => Promise<ReadonlyArray<{ readonly uri: string; readonly name: string }>>
  readonly templates: (() => Promise<ReadonlyArray<{ readonly uriTemplate: string }>>) | undefined
  readonly read: (uri: string) => Promise<ReadonlyArray<Contents>>
  /** Asks to be told of updates of a resource; gives what takes that back. */
  readonly subscribe: ((uri: string) => Promise<() => Promise<unknown>>) | undefined
  /** The URIs of resources that were updated. */
  readonly updates: Inbox<string>
  readonly prompts: () => Promise<ReadonlyArray<{ readonly name: string; readonly arguments?: ReadonlyArray<object> }>>
  /** The messages of a prompt. */
  readonly prompt: (
    name: string,
    args: { readonly [name: string]: string }
  ) => Promise<ReadonlyArray<{ readonly role: string; readonly content: { readonly type: string; readonly text?: string } }>>
  readonly complete: ((what: Completing) => Promise<ReadonlyArray<string>>) | undefined
  /** What the peer found wrong with what it received. */
  readonly complaints: Array<unknown>
  /** Ends the session over HTTP by a `DELETE`; the connection goes on, and finds no session. */
  readonly terminate: (() => Promise<unknown>) | undefined
  readonly close: () => Promise<unknown>
}

/**
 * How to reach our server: over its stdio, over HTTP by the peer's own transport, or through a transport of the SDK, which is made anew for
 * each connection.
 */
export type Reach = Program | Endpoint | (() => SdkTransport.SdkTransport)

/** Connects to our server. With a user, the client declares that it can be asked everything, where it can. */
export type Connect = (reach: Reach, user?: User) => Promise<Driver>

/** What a client declares that has a user and a model. */
export const declared = {
  elicitation: { form: {}, url: {} },
  sampling: { tools: {} },
  roots: {}
} as const

/** The code of a JSON-RPC error, wherever the peer puts it; what else was thrown, otherwise. */
export const codeOf = async (call: Promise<unknown>): Promise<unknown> => {
  try {
    await call
  } catch (error) {
    const { code, reason } = error as { readonly code?: unknown; readonly reason?: { readonly code?: unknown } }
    return code ?? reason?.code ?? error
  }
  return "it was not refused"
}

interface Result {
  readonly content: unknown
  readonly structuredContent?: unknown
  readonly isError?: boolean | undefined
}

/** The outcome that a result is. */
export const toOutcome = ({ content, isError, structuredContent }: Result): Outcome => {
  const blocks = content as Outcome["content"] // every peer has checked it
  const text = blocks.flatMap((block) => (block.type === "text" ? [(block as unknown as { text: string }).text] : [])).join("\n")
  return { text, content: blocks, structured: structuredContent, isError: isError === true }
}

/** A JSON Schema validator that remembers what it was given. */
export const remembering = (
  checked: Array<unknown>,
  validator: { getValidator: (schema: any) => (input: unknown) => any }
): { getValidator: (schema: any) => (input: unknown) => any } => ({
  getValidator: (schema) => {
    const validate = validator.getValidator(schema)
    return (input) => {
      checked.push(input)
      return validate(input)
    }
  }
})
