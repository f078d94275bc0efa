/**
 * Puts a server together: settings, telemetry, the runner, the methods of each revision, the dispatcher.
 */
import { ChangeBus, layerMemory as busInMemory } from "@effect-mcp/core/ChangeBus"
import { completersOf } from "@effect-mcp/core/Completion"
import type { Outcome } from "@effect-mcp/core/Dispatcher"
import { Internal, MethodNotFound } from "@effect-mcp/core/McpError"
import type { ServerCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import { type Implementation as ServerInfo, implementationOf } from "@effect-mcp/core/protocol/Common"
import type * as Middleware from "@effect-mcp/core/Middleware"
import { extension as tasksExtension } from "@effect-mcp/core/protocol/Tasks"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Revision from "@effect-mcp/core/Revision"
import { layerMemory as sessionsInMemory, SessionStore } from "@effect-mcp/core/SessionStore"
import { layerMemory as statesInMemory, StateStore } from "@effect-mcp/core/StateStore"
import { Turnover } from "@effect-mcp/core/Turnover"
import { Current as CurrentTask } from "@effect-mcp/core/Task"
import { layerMemory as tasksInMemory, TaskStore } from "@effect-mcp/core/TaskStore"
import * as RequestEra from "@effect-mcp/core/wire/RequestEra"
import * as SessionEra from "@effect-mcp/core/wire/SessionEra"
import type { ServerFacts, ServerWire } from "@effect-mcp/core/wire/Wire"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { Component, Kind } from "../Component.ts"
import type { Provider } from "../Provider.ts"
import type { ServedExtension } from "../ServedExtension.ts"
import * as Settings from "../Settings.ts"
import * as Transform from "../Transform.ts"
import type * as assemble from "./assemble.ts"
import type { Call } from "./call.ts"
import * as changes from "./changes.ts"
import { loweredKey, withClientLog } from "./clientLog.ts"
import * as Deadlines from "@effect-mcp/core/Deadlines"
import { makeComplete } from "./completion.ts"
import * as dispatcher from "./dispatcher.ts"
import type { Engine, Serve } from "./engine.ts"
import { broadcaster, makeExtensions, type Options as ExtensionOptions } from "./extensions.ts"
import * as lifecycle from "./lifecycle.ts"
import { makeInside } from "./inside.ts"
import { makeListen, Subscriptions } from "./listen.ts"
import * as lists from "./lists.ts"
import type { PeerState } from "./peer.ts"
import { Places } from "./places.ts"
import * as prompts from "./prompts.ts"
import { filtered, Registry } from "./registry.ts"
import * as resources from "./resources.ts"
import * as Rounds from "./rounds.ts"
import * as Run from "./run.ts"
import * as Sealing from "./sealing.ts"
import * as Sessions from "./sessions.ts"
import { Slots } from "./slots.ts"
import { makeShelves } from "./state.ts"
import { make as makeTaskMethods } from "./taskMethods.ts"
import { Tasks } from "./tasks.ts"
import { TaskTelling } from "./taskTelling.ts"
import * as Telemetry from "./telemetry.ts"
import * as tools from "./tools.ts"

/** What does not depend on the parts. */
export interface Base {
  readonly context: Context.Context<never>
  /** The way of news between the processes that serve this server; within this one when there are no others. */
  readonly bus: ChangeBus["Service"]
  /** Where sessions are kept; in this process when nothing else was provided. */
  readonly sessionStore: SessionStore["Service"]
  /** Where what handlers remember of principals is kept; in this process when nothing else was provided. */
  readonly stateStore: StateStore["Service"]
  readonly settings: Settings.Settings
  readonly facts: Omit<ServerFacts, "capabilities">
  readonly telemetry: Telemetry.Telemetry
  readonly assembling: assemble.Options
  /** The context of code that runs in a call, without what belongs to the call. */
  readonly outsideOfCalls: <R>(context: Context.Context<R>) => Context.Context<R>
}

const warn = (context: Context.Context<never>) => (message: string) =>
  void Effect.runForkWith(context)(Effect.logWarning(message))

// What a call has of its own: what is built in one call and lives on must not have it.
const ofCalls = [
  RequestContext.key,
  CurrentTask.key,
  loweredKey,
  References.CurrentLoggers.key,
  References.MinimumLogLevel.key,
  References.CurrentLogAnnotations.key,
  References.CurrentLogSpans.key,
  Tracer.ParentSpan.key
]

const outsideOfCalls =
  (outside: Context.Context<never>) =>
  <R>(context: Context.Context<R>): Context.Context<R> => {
    const services = new Map(context.mapUnsafe)
    for (const key of ofCalls) {
      if (outside.mapUnsafe.has(key)) services.set(key, outside.mapUnsafe.get(key))
      else services.delete(key)
    }
    return Context.makeUnsafe(services)
  }

/** See {@link Base}. */
export const base = Effect.fnUntraced(function* (
  options: ServerInfo & Settings.Options & { readonly instructions?: string }
): Effect.fn.Return<Base, never, Scope.Scope> {
  const plain = yield* Effect.context<never>()
  const bus = Context.getOrUndefined(plain, ChangeBus) ?? Context.get(yield* Layer.build(busInMemory), ChangeBus)
  const sessionStore =
    Context.getOrUndefined(plain, SessionStore) ?? Context.get(yield* Layer.build(sessionsInMemory()), SessionStore)
  const stateStore = Context.getOrUndefined(plain, StateStore) ?? Context.get(yield* Layer.build(statesInMemory()), StateStore)
  const settings = Settings.make(options)
  const prepare = withClientLog(options.name)
  const telemetry = Telemetry.make(plain, settings.recordArguments)
  return {
    context: plain,
    bus,
    sessionStore,
    stateStore,
    settings,
    telemetry,
    outsideOfCalls: outsideOfCalls(plain),
    facts: {
      info: implementationOf(options),
      instructions: options.instructions
    },
    assembling: {
      prepare,
      tools: { excess: settings.excessArguments, lenient: settings.lenientArguments, onRepaired: telemetry.repaired },
      warn: warn(plain)
    }
  }
})

const capabilitiesOf = (offered: (kind: Kind) => boolean, completes: boolean): ServerCapabilities => ({
  tools: { listChanged: true },
  ...(offered("resources") ? { resources: { listChanged: true, subscribe: true } } : {}),
  ...(offered("prompts") ? { prompts: { listChanged: true } } : {}),
  ...(completes ? { completions: {} } : {}),
  logging: {}
})

const wireOf = (revision: Revision.Revision, { info }: Base["facts"]): ServerWire =>
  revision.era === "request" ? RequestEra.server(revision, info) : SessionEra.server(revision)

const immediately =
  <C, A>(serve: (call: C) => A) =>
  (call: C): Effect.Effect<A> =>
    Effect.succeed(serve(call))

// What a session is told holds from its answer on, wherever the session goes on.
const makeNoted =
  (sessions: Sessions.Sessions, logDefect: Run.LogDefect) =>
  (serve: (call: Call) => Outcome): Serve<Call> =>
  (call) => {
    const outcome = serve(call)
    if (!call.peer.kept) return Effect.succeed(outcome)
    return Effect.matchCause(sessions.note(call.peer), {
      onSuccess: () => outcome,
      onFailure: (cause) => Run.refuse(call, new Internal({ id: logDefect(call.method, cause) }))
    })
  }

/** The methods of all revisions; each revision takes those that exist in it. */
type Methods = { readonly [method: string]: Serve<Call> }

const engines = (
  {
    facts,
    ...same
  }: { readonly facts: Base["facts"] } & Pick<Engine<Call>, "deadlines" | "places" | "answerTimeout" | "inside" | "state">,
  methods: Methods,
  ofExtensions: Methods
): ((version: Revision.Version) => Engine<Call>) => {
  const all = new Map<Revision.Version, Engine<Call>>(
    Revision.all.map((revision) => [
      revision.version,
      {
        revision,
        wire: wireOf(revision, facts),
        ...same,
        methods: new Map([
          ...Object.entries(methods).filter(([method]) => revision.hasRequest(method, "client")),
          ...Object.entries(ofExtensions)
        ])
      }
    ])
  )
  // There is an engine for every version.
  return (version) => all.get(version)!
}

// What no message waits for runs as calls do, on a root fiber that only lets go of its handler.
const forkCall =
  (context: Context.Context<never>, logDefect: Run.LogDefect, abandon: (call: Call) => void): ExtensionOptions["fork"] =>
  (call, effect, onOutcome) => {
    const fiber = Effect.runForkWith(context)(Effect.map(effect, onOutcome), { uninterruptible: true })
    fiber.addObserver((exit) => {
      if (Exit.isSuccess(exit)) return
      abandon(call)
      logDefect(call.method, exit.cause)
    })
  }

/** The dispatcher and the registry of a server with these middleware around everything. */
export const engine = Effect.fnUntraced(function* (
  { bus, context, facts, sessionStore, settings, stateStore, telemetry }: Base,
  middlewares: ReadonlyArray<Middleware.Implementation>,
  served: ReadonlyArray<ServedExtension> = []
) {
  const logDefect = Run.logDefect(context)
  const deadlines = yield* Deadlines.make
  const minimumLogLevel = Context.get(context, References.MinimumLogLevel)
  const rounds = Rounds.make({
    context,
    sealing: yield* Sealing.make(context),
    settings,
    server: facts.info.name,
    logDefect
  })
  const peers = new Turnover<PeerState<Call>, PeerState<Call>>()
  const subscriptions = new Subscriptions()
  const store = Context.getOrUndefined(context, TaskStore) ?? Context.get(yield* Layer.build(tasksInMemory()), TaskStore)
  const telling = new TaskTelling(subscriptions, (effect) => void Effect.runForkWith(context)(effect))
  const tasks = new Tasks({ context, store, settings, telemetry, telling, logDefect, minimumLogLevel })
  const places = new Places(new Slots(settings.concurrency, settings.waiting))
  const { abandon, run } = Run.make({
    deadlines,
    rounds,
    places,
    telemetry,
    logDefect,
    minimumLogLevel
  })
  const calling = { middlewares, settings, run, logDefect }
  const toolCalls = tools.makeCall({ ...calling, tasks })
  const promptCalls = prompts.makeGet(calling)
  const resourceCalls = resources.makeRead(calling)
  const registry = new Registry<{
    readonly tools: tools.Ready
    readonly resources: resources.Ready
    readonly prompts: prompts.Ready
  }>({
    onDuplicate: settings.onDuplicate,
    warn: warn(context),
    prepare: { tools: toolCalls.prepare, resources: resourceCalls.prepare, prompts: promptCalls.prepare }
  })
  const fixed = filtered(registry.resources, ({ template }) => template === undefined)
  const templates = filtered(registry.resources, ({ template }) => template !== undefined)
  const source = { find: registry.resources.find, templates }
  const listing = { middlewares, settings, run, telemetry }
  const sessions = Sessions.make(sessionStore, settings.sessionTimeout, deadlines.now)
  const complete = makeComplete({
    ...calling,
    find: (ref) =>
      ref.type === "ref/prompt" ? registry.prompts.find(ref.name)?.component : registry.resources.find(ref.uri)?.component
  })
  const completing = [registry.resources, registry.prompts].map((index) =>
    filtered<Component>(index, ({ handler }) => completersOf(handler) !== undefined)
  )
  const completes = () => completing.some(({ snapshot }) => snapshot.components.length > 0)
  const taskTools = filtered(registry.tools, ({ contract }) => contract.task !== undefined)
  const hasTasks = () => tasks.isUsed || taskTools.snapshot.components.length > 0
  const taskMethods = makeTaskMethods({ tasks, store, telling, isOffered: hasTasks, run, settings, logDefect })
  const offered = (kind: Kind) => kind === "tools" || registry[kind].isOffered
  const lifecycleOptions = {
    facts: {
      ...facts,
      // Prompts and resources may come later; until then there are none.
      get capabilities() {
        const capabilities = capabilitiesOf(offered, completes())
        return extensions.declared === undefined ? capabilities : { ...capabilities, extensions: extensions.declared }
      }
    },
    settings,
    sessions,
    logDefect,
    offered,
    engineOf: (version: Revision.Version) => engineOf(version)
  }
  // Sessions have no tasks of the extension.
  const discovered = {
    ...facts,
    get capabilities() {
      const { capabilities } = lifecycleOptions.facts
      return hasTasks() ? { ...capabilities, extensions: { ...extensions.declared, [tasksExtension]: {} } } : capabilities
    }
  }
  const noted = makeNoted(sessions, logDefect)
  const ifOffered =
    (kind: Kind, serve: Serve<Call>): Serve<Call> =>
    (call) =>
      offered(kind) ? serve(call) : Effect.succeed(Run.refuse(call, new MethodNotFound({ method: call.method })))
  const extensions = makeExtensions(served, {
    ...calling,
    warn: warn(context),
    engineOf: (version) => engineOf(version),
    fork: forkCall(context, logDefect, abandon)
  })
  const listed = {
    tools: lists.makeList(lists.tools(registry.tools), listing),
    resources: lists.makeList(lists.resources(fixed), listing),
    templates: lists.makeList(lists.templates(templates), listing),
    prompts: lists.makeList(lists.prompts(registry.prompts), listing)
  }
  const inside = makeInside({
    ...listed,
    minimumLogLevel,
    read: resourceCalls.within(source),
    get: promptCalls.within(registry.prompts.find)
  })
  const engineOf = engines(
    {
      facts,
      deadlines,
      places,
      inside,
      answerTimeout: settings.answerTimeout,
      state: makeShelves(facts.info.name, sessionStore, stateStore)
    },
    {
      ping: immediately(lifecycle.ping),
      "server/discover": immediately(lifecycle.makeDiscover({ ...lifecycleOptions, facts: discovered })),
      "logging/setLevel": noted(lifecycle.setLevel),
      "tools/call": toolCalls.serve(registry.tools.find),
      "tools/list": listed.tools.serve,
      "resources/read": ifOffered("resources", resourceCalls.serve(source)),
      "resources/subscribe": ifOffered("resources", noted(resources.subscribe(source))),
      "resources/unsubscribe": ifOffered("resources", noted(resources.unsubscribe)),
      "resources/list": ifOffered("resources", listed.resources.serve),
      "resources/templates/list": ifOffered("resources", listed.templates.serve),
      "completion/complete": (call) =>
        completes() ? complete(call) : Effect.succeed(Run.refuse(call, new MethodNotFound({ method: call.method }))),
      "prompts/get": ifOffered("prompts", promptCalls.serve(registry.prompts.find)),
      "prompts/list": ifOffered("prompts", listed.prompts.serve),
      "subscriptions/listen": makeListen({
        subscriptions,
        run,
        offered,
        exists: resources.exists(source),
        extensionsIn: extensions.wanted,
        tasks: { ...taskMethods, isOffered: hasTasks }
      }),
      ...taskMethods.methods
    },
    extensions.methods
  )
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      const all = [...peers.values()]
      for (const peer of all) peer.endAll("closed")
      // What the handlers use is released after this.
      const idle = Effect.forEach(all, (peer) => peer.idle, { concurrency: "unbounded" })
      return Effect.timeoutOption(Effect.all([idle, tasks.close], { concurrency: 2 }), dispatcher.closeTimeout)
    })
  )
  const agreed = lifecycle.makeAgreed(lifecycleOptions)
  const resume = lifecycle.makeResume(agreed)
  const initialize = lifecycle.makeInitialize(lifecycleOptions, agreed)
  const audience = { peers: { [Symbol.iterator]: () => peers.values()[Symbol.iterator]() }, subscriptions }
  return {
    registry,
    dispatcher: dispatcher.make({
      settings,
      engineOf,
      initialize,
      notify: extensions.notify,
      letGo: abandon,
      logDefect,
      now: deadlines.now,
      peers,
      resume,
      sessions,
      subscriptions
    }),
    /** Tells clients of an event of an extension. */
    broadcast: broadcaster(served, audience),
    /** Tells clients of changes from now on, as long as the scope is open. */
    announce: Effect.gen(function* () {
      const { listChanged, resourceUpdated } = changes.announcer(audience, (effect) => void Effect.runForkWith(context)(effect))
      yield* Effect.acquireRelease(
        Effect.sync(() => [registry.onChange(listChanged), registry.onUpdate(({ uri }) => resourceUpdated(uri))]),
        (stops) => Effect.sync(() => stops.forEach((stop) => stop()))
      )
      yield* bus.subscribe((change) => {
        if (change._tag === "ResourceUpdated") registry.updated({ uri: change.uri, origin: change })
      })
    })
  }
})

/** A provider whose components carry the middleware of the server that they come from. */
export const withMiddlewares = (provider: Provider, middlewares: ReadonlyArray<Middleware.Implementation>): Provider => {
  if (middlewares.length === 0) return provider
  // One array for each group: the components of a group are told by it.
  const carried = new WeakMap<ReadonlyArray<Middleware.Implementation>, ReadonlyArray<Middleware.Implementation>>()
  const carry = (own: ReadonlyArray<Middleware.Implementation>) => {
    const all = carried.get(own) ?? [...middlewares, ...own]
    carried.set(own, all)
    return all
  }
  const carrying = <C extends Component>(component: C): C => ({ ...component, middlewares: carry(component.middlewares) })
  return Transform.apply(provider, { tool: carrying, resource: carrying, prompt: carrying }, () => {})
}
