/** A transport of the SDK that does what a test says, and remembers what was done with it. */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { MessageExtra, OnMessage, SdkTransport, SendOptions, Sent } from "../../src/SdkTransport.ts"

/** What was sent. */
export interface Shipment {
  readonly message: Sent
  readonly options: SendOptions | undefined
  /** Lets the promise of `send` go. */
  readonly settle: (error?: Error) => void
}

/** See the module. */
export class FakeTransport implements SdkTransport {
  onclose?: (() => void) | undefined
  onerror?: ((error: Error) => void) | undefined
  onmessage?: OnMessage | undefined
  sessionId?: string | undefined
  readonly versions: Array<string> = []
  readonly supported: Array<ReadonlyArray<string>> = []
  readonly sent: Array<Shipment> = []
  started = 0
  closed = 0
  hasPerRequestStream = false
  /** Whether `send` waits until it is settled. */
  isSlow = false
  /** What `start`, `send` and `close` do besides. */
  starting: () => Promise<void> | void = () => {}
  sending: (message: Sent) => void = () => {}
  closing: () => Promise<void> | void = () => {}

  async start(): Promise<void> {
    this.started++
    await this.starting()
  }

  async send(message: Sent, options?: SendOptions): Promise<void> {
    this.sending(message)
    const { promise, reject, resolve } = Promise.withResolvers<void>()
    this.sent.push({ message, options, settle: (error) => (error === undefined ? resolve() : reject(error)) })
    if (!this.isSlow) resolve()
    await promise
  }

  async close(): Promise<void> {
    this.closed++
    await this.closing()
    this.onclose?.()
  }

  setProtocolVersion = (version: string): void => void this.versions.push(version)
  setSupportedProtocolVersions = (versions: Array<string>): void => void this.supported.push(versions)

  /** The other side sends something. */
  arrive(message: unknown, extra?: MessageExtra): void {
    this.onmessage?.(message as JsonObject, extra) // also what is none
  }

  get messages(): ReadonlyArray<Sent> {
    return this.sent.map(({ message }) => message)
  }
}

/** A request of the SDK. */
export const request = (id: number, method: string, params?: JsonObject): JsonObject => ({
  jsonrpc: "2.0",
  id,
  method,
  ...(params === undefined ? {} : { params })
})
