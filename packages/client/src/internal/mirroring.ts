/**
 * What a client knows of arguments that travel as headers, too. Only where the transport has headers.
 *
 * Source: "Custom Headers from Tool Parameters" in the Streamable HTTP transport of 2026-07-28.
 */
import type { Headers } from "@effect-mcp/core/Jsonrpc"
import * as MirroredHeaders from "@effect-mcp/core/MirroredHeaders"
import type { Tool } from "@effect-mcp/core/protocol/Tools"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { McpClientError } from "../McpClientError.ts"

type Known = ReadonlyArray<MirroredHeaders.Mirrored>

// Of so many tools it knows the headers: the last ones that were listed.
const maxKnown = 10_000

// Of so many tools the log says that they are left out.
const maxTold = 1000

/** See the module. */
export class Mirroring {
  private readonly known = new Map<string, Known>()
  private readonly told = new Set<string>()
  private readonly isOn: () => boolean
  /** How often tools were listed because a call was refused. */
  private listings = 0
  private readonly listing = Semaphore.makeUnsafe(1)

  /** `isOn`: whether the revision that is spoken has such headers. */
  constructor(isOn: () => boolean) {
    this.isOn = isOn
  }

  /** Takes what the server lists. False for a tool that must not be used, because its schema breaks the rules; the log says so once. */
  readonly admit = (tool: Tool): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      if (!this.isOn()) return Effect.succeed(true)
      const found = MirroredHeaders.find(tool.inputSchema)
      this.known.delete(tool.name)
      if (MirroredHeaders.isFault(found)) return Effect.as(this.tell(tool.name, found), false)
      if (found.length > 0) this.learn(tool.name, found)
      return Effect.succeed(true)
    })

  /** The headers of a call. Throws for arguments that cannot travel so. `own` is what the caller knows by itself. */
  headersOf(tool: string, args: unknown, own: Known | undefined): Headers | undefined {
    const mirrored = this.known.get(tool) ?? own
    return mirrored === undefined || !this.isOn() ? undefined : MirroredHeaders.headersOf(mirrored, args)
  }

  /** It may be another server. */
  forget(): void {
    this.known.clear()
  }

  /**
   * A server refused a call of this tool for its headers: lists the tools anew, once for calls that are refused at the same time. True when
   * the tool has headers then, so that it is worth to call it again.
   */
  relearn(tool: string, list: Effect.Effect<unknown, McpClientError>): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      if (!this.isOn()) return Effect.succeed(false)
      const before = this.listings
      const listed = Effect.suspend(() =>
        this.listings > before ? Effect.void : Effect.tap(list, () => Effect.sync(() => this.listings++))
      )
      // Why the call was refused says more than why the list was.
      return Effect.map(Effect.ignore(this.listing.withPermits(1)(listed)), () => this.known.has(tool))
    })
  }

  private learn(tool: string, found: Known): void {
    this.known.set(tool, found)
    const [oldest] = this.known.keys()
    if (this.known.size > maxKnown && oldest !== undefined) this.known.delete(oldest)
  }

  private tell(tool: string, fault: MirroredHeaders.Fault): Effect.Effect<void> {
    if (this.told.has(tool) || this.told.size > maxTold) return Effect.void
    this.told.add(tool)
    return Effect.logWarning(
      this.told.size > maxTold
        ? "more tools of the server are left out, because of the headers that their schemas ask for"
        : `the tool "${tool}" of the server is left out, because of the headers that its schema asks for: ${MirroredHeaders.explain(fault)}`
    )
  }
}
