/**
 * Which requests may be made twice without doing harm.
 */
import type { Tool, ToolAnnotations } from "@effect-mcp/core/protocol/Tools"

/** Methods that read, or that do the same when they are done again. */
const methods: ReadonlySet<string> = new Set([
  "ping",
  "server/discover",
  "tools/list",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "prompts/list",
  "prompts/get",
  "completion/complete",
  "logging/setLevel",
  "resources/subscribe",
  "resources/unsubscribe",
  "subscriptions/listen",
  "tasks/get",
  "tasks/result",
  "tasks/list"
])

/** Whether a tool says of itself that it only reads, or that it does nothing more when it is called again. */
export const isRepeatable = ({ annotations }: { readonly annotations?: ToolAnnotations | undefined }): boolean =>
  annotations?.readOnlyHint === true || annotations?.idempotentHint === true

/** Knows which requests may be made twice. */
export class Repeatable {
  private tools: ReadonlySet<string> = new Set()
  /** Told when it has learned something. */
  onChange = (): void => {}

  /** Takes what the server says of its tools: those that only read, or that may be repeated. */
  learn(tools: ReadonlyArray<Tool>): void {
    this.tools = new Set(tools.filter(isRepeatable).map(({ name }) => name))
    this.onChange()
  }

  /** `name` is that of the tool. */
  has(method: string, name: string | undefined): boolean {
    return method === "tools/call" ? name !== undefined && this.tools.has(name) : methods.has(method)
  }
}
