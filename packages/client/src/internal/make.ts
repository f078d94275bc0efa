/**
 * Puts a client together: a connection that is kept up, and what can be asked over it.
 */
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { McpClientError } from "../McpClientError.ts"
import { CatalogueKeeper } from "./catalogue.ts"
import { connected } from "./connected.ts"
import { health } from "./health.ts"
import type { Sink } from "./listen.ts"
import { type Ask, kinds, listAll, streamAll } from "./lists.ts"
import { CallParams, calls, readCall } from "./operations.ts"
import { Requests } from "./requests.ts"
import { ResourceSubscriptions, updated, updating } from "./resourceUpdates.ts"
import { McpClient, type Options } from "./service.ts"
import { settingLogLevel } from "./settingLogLevel.ts"
import { makeStanding } from "./standing.ts"
import { following, tasks } from "./taskClient.ts"
import { creating } from "./taskCreation.ts"
import type { TaskHost } from "./taskHandle.ts"
import { tracing } from "./tracing.ts"

type Client = McpClient["Service"]

// A catalogue does not wait longer than that for a server to say that it will tell of changes. In milliseconds.
const patience = 5000

// What a subscription tells of tasks, the book of tasks hears.
const deaf: Sink = { take: () => {}, end: () => {}, fail: () => {} }

/** Makes a client, connected as long as the scope is open. */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Client, McpClientError, ClientTransport | Scope.Scope> {
  const scope = yield* Scope.Scope
  const standing = yield* makeStanding(options)
  const { book, cache, connection, listeners, repeatable, subscribed, tools } = standing
  const { agreement, around, capabilities, info, recovery, subscribing } = yield* connected(standing, options)

  const requests = new Requests(
    standing,
    {
      agreement,
      around,
      trace: tracing(yield* Effect.context<never>(), yield* ClientTransport)
    },
    options
  )
  const { timeout } = requests
  const request: Client["request"] = (method, params, call) => requests.make(method, params, call)
  const ask: Ask = (method, cursor) =>
    cursor === undefined ? requests.read(method, "", undefined) : requests.read(method, `from ${cursor}`, { cursor })

  const lists = { ...kinds, tools }
  const catalogue = new CatalogueKeeper({
    capabilities: () => agreement().capabilities,
    list: (kind) => listAll(ask, lists[kind] as never) as never, // each kind is listed as what it is
    subscribe: (filter, { acknowledged, over }) => {
      if (subscribing.isTold) return Effect.sync(over)
      const sink = { acknowledged, take: () => {}, end: over, fail: over }
      return subscribing.hold(filter, sink, Math.min(timeout ?? patience, patience))
    },
    onTools: (listed) => repeatable.learn(listed)
  })
  standing.catalogue = catalogue

  const subscribeResource: Client["subscribeResource"] = (uri) =>
    Effect.map(request("resources/subscribe", { uri }), () => void subscribed.add(uri))
  const unsubscribeResource: Client["unsubscribeResource"] = (uri) =>
    Effect.suspend(() => {
      subscribed.delete(uri)
      return Effect.asVoid(request("resources/unsubscribe", { uri }))
    })

  const setLogLevel = settingLogLevel(standing, agreement, request, (logLevel) => ({
    info,
    capabilities: capabilities(agreement().wire.revision),
    logLevel
  }))
  if (options.logLevel !== undefined && agreement().wire.revision.logging === "session") yield* setLogLevel(options.logLevel)

  const listTools = listAll(ask, tools)
  const called = calls(
    request,
    () => agreement().wire,
    (uri, call) => requests.read("resources/read", uri, { uri }, call)
  )
  const hearsOfTasks = typeof options.tasks === "object" && options.tasks.listen === true
  const host: TaskHost = {
    get revision() {
      return agreement().wire.revision
    },
    get capabilities() {
      return agreement().capabilities
    },
    get takesTasks() {
      return connection.takesTasks
    },
    timeout,
    request,
    runFork: connection.runFork,
    question: (key, asked) => connection.rounds?.answer("tools/call", key, asked) ?? Effect.interrupt,
    hear: (id) => (hearsOfTasks ? subscribing.hold(() => ({ taskIds: [id] }), deaf, timeout) : Effect.void),
    readResult: (method, subject, result) => readCall(agreement().wire, method, subject, result)
  }

  const callTool = following({
    book,
    host,
    request: (name, args, call) => request("tools/call", new CallParams(name, args), call)
  })

  return McpClient.of({
    get revision() {
      return agreement().wire.revision
    },
    get serverInfo() {
      return agreement().serverInfo
    },
    get capabilities() {
      return agreement().capabilities
    },
    get declared() {
      return capabilities(agreement().wire.revision)
    },
    get instructions() {
      return agreement().instructions
    },
    state: recovery.state,
    reconnect: recovery.reconnect,
    health: health(request, () => agreement().wire.revision, recovery.state),
    catalogue: catalogue.get(scope),
    clearCache: Effect.sync(() => cache.clearAll()),
    listTools,
    listResources: listAll(ask, kinds.resources),
    listResourceTemplates: listAll(ask, kinds.resourceTemplates),
    listPrompts: listAll(ask, kinds.prompts),
    streamTools: streamAll(ask, tools),
    streamResources: streamAll(ask, kinds.resources),
    streamResourceTemplates: streamAll(ask, kinds.resourceTemplates),
    streamPrompts: streamAll(ask, kinds.prompts),
    ...called,
    callTool,
    tasks: tasks({ host, book, create: creating(connection, requests), listTools, callTool }),
    subscribeResource,
    unsubscribeResource,
    resourceUpdates: updating({
      isSession: () => subscribing.isTold,
      subscriptions: new ResourceSubscriptions(subscribeResource, unsubscribeResource, scope),
      hold: (filter, sink) => subscribing.holdWhereWanted(filter, sink, timeout),
      listen: (subscribe) => listeners.listen([updated], () => connection.failure, subscribe)
    }),
    listen: (filter) => subscribing.listen(filter, timeout),
    setLogLevel,
    request,
    notify: (method, params) => Effect.suspend(() => connection.tell(agreement().wire.notification(method, params))),
    notifications: (methods, filter) => {
      const subscribe = filter === undefined ? undefined : (sink: Sink) => subscribing.holdWhereWanted(filter, sink, timeout)
      return listeners.listen(methods, () => connection.failure, subscribe)
    }
  })
})
