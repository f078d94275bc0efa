/**
 * How the requests of a program are made: with their timeouts, behind the guards, in a span, or not at all where the answer is known.
 */
import * as Deadlines from "@effect-mcp/core/Deadlines"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Effect from "effect/Effect"
import type { Around } from "../Guard.ts"
import { listAll } from "./lists.ts"
import type { Agreement } from "./negotiate.ts"
import { forTask, type MessageOf, RequestOptions, type Result } from "./pending.ts"
import type { CallOptions, Options } from "./service.ts"
import type { Standing } from "./standing.ts"
import type { Trace } from "./tracing.ts"

type Params = Jsonrpc.JsonObject | undefined

// What a request says when it is repeated: of earlier rounds nothing is left.
const repeated = (params: Params, more: Jsonrpc.JsonObject): Jsonrpc.JsonObject => {
  const { inputResponses: _responses, requestState: _state, ...original } = params ?? {}
  return { ...original, ...more }
}

const toolOf = (method: string, params: Params): string | undefined => {
  if (method !== "tools/call") return undefined
  const name = params?.["name"]
  return typeof name === "string" ? name : undefined
}

const toolsChanged = Jsonrpc.notification("notifications/tools/list_changed")

// Programs may make up names of tools.
const maxUsual = 1000

/** Told of each message that is made for a request: its id, and whether it repeats it with answers to questions of the server. */
export type OnMessage = (id: number, isRound: boolean) => void

/** What stands around requests, and where they go. */
export interface Surroundings {
  readonly agreement: () => Agreement
  readonly around: Around | undefined
  readonly trace: Trace | undefined
}

/** See the module. */
export class Requests {
  /** In milliseconds; `undefined` for ever. */
  readonly timeout: number | undefined
  private readonly totalTimeout: number | undefined
  private readonly retry: boolean
  private readonly standing: Standing
  private readonly surroundings: Surroundings
  // Calls that say nothing of their own share their options.
  private readonly byMethod = new Map<string, RequestOptions>()
  private readonly byTool = new Map<string, RequestOptions>()

  constructor(standing: Standing, surroundings: Surroundings, { retry = true, timeout, totalTimeout }: Options) {
    this.timeout = Deadlines.toMillis(timeout ?? "60 seconds")
    this.totalTimeout = Deadlines.toMillis(totalTimeout ?? "1 day")
    this.retry = retry
    this.standing = standing
    this.surroundings = surroundings
    standing.repeatable.onChange = () => this.byTool.clear()
  }

  /** Makes a request. Tracing is around the guards. */
  make(method: string, params: Params, call: CallOptions | undefined, onMessage?: OnMessage): Result {
    const { agreement, trace } = this.surroundings
    const tool = toolOf(method, params)
    if (trace === undefined) return this.send(method, tool, params, call, call?.meta, onMessage)
    const { version } = agreement().wire.revision
    return trace({ method, tool, params, version }, (meta, onId) => {
      const told: OnMessage = (id, isRound) => {
        onId(id)
        onMessage?.(id, isRound)
      }
      return this.send(method, tool, params, call, { ...meta, ...call?.meta }, told)
    })
  }

  /**
   * Makes a request for something that the server may allow to keep; `key` is all of the params that its answer depends on, besides what
   * a call puts into `_meta`: nobody knows what that changes, so such answers are not kept.
   */
  read(method: string, key: string, params: Params, call?: CallOptions): Result {
    return Effect.suspend(() => {
      const { era } = this.surroundings.agreement().wire.revision
      if (era === "session" || call?.meta !== undefined) return this.make(method, params, call)
      let wasAsked = false
      const asked = this.make(method, params, call, (_, isRound) => {
        if (isRound) wasAsked = true
      })
      // What depends on somebody's answers is for this once.
      return this.standing.cache.read(method, key, asked, () => !wasAsked)
    })
  }

  private send(
    method: string,
    tool: string | undefined,
    params: Params,
    call: CallOptions | undefined,
    meta: Jsonrpc.JsonObject | undefined,
    onMessage: OnMessage | undefined
  ): Result {
    const { agreement, around } = this.surroundings
    const { mirroring } = this.standing
    const messageOf: MessageOf = (id, more) => {
      const { wire } = agreement()
      onMessage?.(id, more !== undefined)
      const said = more === undefined ? params : repeated(params, more)
      if (tool === undefined || mirroring === undefined) return wire.request(id, method, said, meta)
      return wire.request(id, method, said, meta, mirroring.headersOf(tool, params?.["arguments"], call?.mirrored))
    }
    const options = this.optionsOf(method, tool, call)
    const isTask = tool !== undefined && params?.["task"] !== undefined
    const sent = this.standing.connection.request(method, messageOf, isTask ? forTask(options) : options)
    return around === undefined ? sent : around({ method, tool }, sent)
  }

  private optionsOf(method: string, tool: string | undefined, call: CallOptions | undefined): RequestOptions {
    if (call !== undefined) return this.makeOptions(method, tool, call)
    const usual = tool === undefined ? this.byMethod : this.byTool
    const known = usual.get(tool ?? method)
    if (known !== undefined) return known
    const made = this.makeOptions(method, tool, undefined)
    if (usual.size < maxUsual) usual.set(tool ?? method, made)
    return made
  }

  private makeOptions(method: string, tool: string | undefined, call: CallOptions | undefined): RequestOptions {
    const { connection, mirroring, repeatable } = this.standing
    return new RequestOptions(
      call?.timeout === undefined ? this.timeout : Deadlines.toMillis(call.timeout),
      call?.onProgress,
      call?.totalTimeout === undefined ? this.totalTimeout : Deadlines.toMillis(call.totalTimeout),
      call?.retry ?? (this.retry && (call?.idempotent === true || repeatable.has(method, tool))),
      false,
      connection.telemetry.subject(method, tool),
      false,
      tool === undefined ? undefined : mirroring?.relearn(tool, this.relist)
    )
  }

  // Not by the guards, which stand around the request that waits for it, and not from what is kept: that was wrong.
  private readonly relist = Effect.suspend(() => {
    const { cache, catalogue, connection, tools } = this.standing
    cache.notified(toolsChanged)
    catalogue?.notified(toolsChanged)
    const ask = (method: string, cursor: string | undefined) => {
      const params = cursor === undefined ? undefined : { cursor }
      const messageOf: MessageOf = (id) => this.surroundings.agreement().wire.request(id, method, params)
      return connection.request(method, messageOf, this.optionsOf(method, undefined, undefined))
    }
    return listAll(ask, tools)
  })
}
