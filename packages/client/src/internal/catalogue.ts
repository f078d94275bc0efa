/**
 * Keeps the lists of a server up to date: reads them again when the server tells of a change, and after a new connection, which may be
 * one to a newer server.
 */
import { ErrorCode, type Notification } from "@effect-mcp/core/Jsonrpc"
import type { ServerCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import type { SubscriptionFilter } from "@effect-mcp/core/protocol/Subscriptions"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { Catalogue } from "../Catalogue.ts"
import type { McpClientError } from "../McpClientError.ts"
import { listChanges } from "./lists.ts"

type Kind = keyof Catalogue

const all: ReadonlyArray<Kind> = ["tools", "resources", "resourceTemplates", "prompts"]

const capability = { tools: "tools", resources: "resources", resourceTemplates: "resources", prompts: "prompts" } as const

// Changes come in swarms: what changes within that time is read once.
const debounce = "100 millis"

/** Who hears what becomes of a subscription. */
export interface Told {
  /** It begins, for the first time or on a new connection. */
  readonly acknowledged: () => void
  /** It has ended, or there is none. */
  readonly over: () => void
}

/** What a catalogue is made of. */
export interface Source {
  readonly capabilities: () => ServerCapabilities
  readonly list: <K extends Kind>(kind: K) => Effect.Effect<Catalogue[K], McpClientError>
  /** Asks to be told of changes, where that has to be asked for. The filter is asked for with each new connection. */
  readonly subscribe: (filter: () => SubscriptionFilter, told: Told) => Effect.Effect<void, McpClientError, Scope.Scope>
  /** Told with each new list of tools. */
  readonly onTools: (tools: Catalogue["tools"]) => void
}

const empty: Catalogue = { tools: [], resources: [], resourceTemplates: [], prompts: [] }

const withLists = (before: Catalogue, lists: ReadonlyArray<Partial<Catalogue>>): Catalogue =>
  Object.assign({ ...before }, ...lists)

const atOnce = { concurrency: "unbounded" } as const

const filterOf = ({ prompts, resources, tools }: ServerCapabilities): SubscriptionFilter => ({
  ...(tools?.listChanged === true ? { toolsListChanged: true } : {}),
  ...(prompts?.listChanged === true ? { promptsListChanged: true } : {}),
  ...(resources?.listChanged === true ? { resourcesListChanged: true } : {})
})

// A server that declares resources need not have templates, and some of these refuse to list none, or answer with no list.
const isMissing = ({ reason }: McpClientError, kind: Kind): boolean =>
  (reason._tag === "RequestFailed" && reason.code === ErrorCode.MethodNotFound) ||
  (reason._tag === "InvalidAnswer" && kind === "resourceTemplates")

const isRefused = ({ reason }: McpClientError): boolean => reason._tag === "RequestFailed" || reason._tag === "TimedOut"

const untold = (error: unknown) => Effect.logWarning("the server does not tell when its lists change", error)

/** See the module. It reads nothing before somebody asks for it. */
export class CatalogueKeeper {
  private readonly source: Source
  private readonly stale = new Set<Kind>()
  private wake = Deferred.makeUnsafe<void>()
  private current: SubscriptionRef.SubscriptionRef<Catalogue> | undefined
  /** Whether changes are taken: from before the lists are read for the first time. */
  private isWatching = false
  /** Whether there is a subscription, or one is asked for. */
  private isSubscribed = false
  private readonly starting = Semaphore.makeUnsafe(1)

  constructor(source: Source) {
    this.source = source
  }

  /** Takes what the server tells. */
  notified({ method }: Notification): void {
    const kinds = listChanges[method]
    if (kinds !== undefined) this.mark(kinds)
  }

  /** Something may have changed without anybody telling. */
  readonly markAll = (): void => this.mark(all)

  /** The catalogue, which is read now if nobody asked for it before, and kept up to date as long as the scope is open. */
  get(scope: Scope.Scope): Effect.Effect<SubscriptionRef.SubscriptionRef<Catalogue>, McpClientError> {
    const start = Effect.suspend(() => (this.current === undefined ? this.start(scope) : Effect.succeed(this.current)))
    return this.starting.withPermits(1)(start)
  }

  private mark(kinds: ReadonlyArray<Kind>): void {
    if (!this.isWatching) return
    for (const kind of kinds) this.stale.add(kind)
    Deferred.doneUnsafe(this.wake, Exit.void)
  }

  private start(scope: Scope.Scope) {
    return Effect.gen({ self: this }, function* () {
      const own = yield* Scope.fork(scope)
      const begin = Effect.gen({ self: this }, function* () {
        const ref = yield* SubscriptionRef.make(empty)
        // First, or what changes meanwhile would be missed. A server that declares that and refuses it has lists all the same.
        yield* Effect.catchIf(this.subscribe, isRefused, untold)
        this.isWatching = true
        const lists = yield* Effect.forEach(all, (kind) => this.read(kind), atOnce)
        yield* SubscriptionRef.set(ref, withLists(empty, lists))
        yield* Effect.forkScoped(this.follow(ref))
        this.current = ref
        return ref
      })
      return yield* Effect.onError(Effect.provideService(begin, Scope.Scope, own), () => {
        this.isWatching = this.isSubscribed = false
        return Scope.close(own, Exit.void)
      })
    })
  }

  // Where there is none, unless the server tells by itself.
  private readonly subscribe = Effect.suspend((): Effect.Effect<void, McpClientError, Scope.Scope> => {
    const filter = () => filterOf(this.source.capabilities())
    if (this.isSubscribed || Object.keys(filter()).length === 0) return Effect.void
    this.isSubscribed = true
    const over = () => {
      this.isSubscribed = false
    }
    return Effect.onError(this.source.subscribe(filter, { acknowledged: this.markAll, over }), () => Effect.sync(over))
  })

  private follow(ref: SubscriptionRef.SubscriptionRef<Catalogue>) {
    // One that cannot be read again stays as it was, and is no reason not to read the others.
    const again = (kind: Kind) =>
      Effect.catchCause(this.read(kind), (cause) =>
        Effect.as(Effect.logWarning(`the ${kind} of the server could not be read again`, cause), {})
      )
    const once = Effect.gen({ self: this }, function* () {
      yield* Deferred.await(this.wake)
      yield* Effect.sleep(debounce)
      this.wake = Deferred.makeUnsafe()
      const kinds = [...this.stale]
      this.stale.clear()
      // The server may be another one, or the connection was given up and made again.
      yield* Effect.forkScoped(Effect.catchCause(this.subscribe, untold), { startImmediately: true })
      const lists = yield* Effect.forEach(kinds, again, atOnce)
      yield* SubscriptionRef.set(ref, withLists(SubscriptionRef.getUnsafe(ref), lists))
    })
    return Effect.forever(once)
  }

  private read(kind: Kind): Effect.Effect<Partial<Catalogue>, McpClientError> {
    const { capabilities, list, onTools } = this.source
    const isDeclared = capabilities()[capability[kind]] !== undefined
    const items = isDeclared
      ? Effect.catchIf(
          list(kind),
          (error) => isMissing(error, kind),
          () => Effect.succeed(empty[kind])
        )
      : Effect.succeed(empty[kind])
    return Effect.map(items, (listed): Partial<Catalogue> => {
      const read: Partial<Catalogue> = { [kind]: listed }
      if (read.tools !== undefined) onTools(read.tools)
      return read
    })
  }
}
