/**
 * Serves extensions: their requests like calls of tools, their notifications without an answer; and tells clients of their events.
 */
import type * as Dispatcher from "@effect-mcp/core/Dispatcher"
import * as Extension from "@effect-mcp/core/Extension"
import { eventWriter, type Reader, reader, reservedInResults, writer } from "@effect-mcp/core/ExtensionCodec"
import type { Message, Request as RequestMessage } from "@effect-mcp/core/ExtensionMessage"
import { isObject, type JsonObject, type Notification, notification as notificationOf } from "@effect-mcp/core/Jsonrpc"
import { invalidParams, MissingCapability } from "@effect-mcp/core/McpError"
import type { ExtensionRequest, Implementation } from "@effect-mcp/core/Middleware"
import type { Principal } from "@effect-mcp/core/Principal"
import type { ClientCapabilities, NamedSettings } from "@effect-mcp/core/protocol/Capabilities"
import { Key } from "@effect-mcp/core/protocol/RequestMeta"
import * as Revision from "@effect-mcp/core/Revision"
import { Thinned } from "@effect-mcp/core/Thinned"
import { failureEncoder } from "@effect-mcp/core/wire/declared"
import { declaredSettings } from "@effect-mcp/core/wire/extensions"
import { readEnvelope } from "@effect-mcp/core/wire/RequestEra"
import type { ClientFacts } from "@effect-mcp/core/wire/Wire"
import * as Effect from "effect/Effect"
import type { Component } from "../Component.ts"
import type { ServedExtension } from "../ServedExtension.ts"
import type { Settings } from "../Settings.ts"
import { Call } from "./call.ts"
import { wrap } from "./chain.ts"
import type { Engine, Serve } from "./engine.ts"
import { endingsOf, handle, timeoutOf } from "./handling.ts"
import type { Subscription } from "./changes.ts"
import type { PeerState } from "./peer.ts"
import { type LogDefect, type Operation, refuse, type Run } from "./run.ts"
import { subject } from "./subject.ts"

/** What extensions work with. */
export interface Options {
  readonly middlewares: ReadonlyArray<Implementation>
  readonly settings: Settings
  readonly run: Run
  readonly logDefect: LogDefect
  readonly warn: (message: string) => void
  readonly engineOf: (version: Revision.Version) => Engine<Call>
  /** Runs what no message waits for, as `Dispatcher.fork` runs calls. */
  readonly fork: (call: Call, effect: Effect.Effect<Dispatcher.Outcome>, onOutcome: (outcome: Dispatcher.Outcome) => void) => void
}

/** The way of a notification. */
export interface Way {
  readonly emit: Dispatcher.Emit
  readonly principal: Principal
}

/** The extensions of a server. */
export interface Extensions {
  /** What clients are told of them; `undefined` when there are none. */
  readonly declared: NamedSettings | undefined
  readonly methods: { readonly [method: string]: Serve<Call> }
  readonly notify: (peer: PeerState<Call>, message: Notification, way: Way) => void
  /** The ids among those of a filter of `subscriptions/listen`. */
  readonly wanted: (filter: JsonObject, call: Call) => ReadonlyArray<string>
}

class Request implements ExtensionRequest {
  readonly method = "extension"
  readonly extension: string
  readonly name: string
  readonly params: JsonObject
  readonly meta: JsonObject

  constructor(extension: string, name: string, params: JsonObject, meta: JsonObject) {
    this.extension = extension
    this.name = name
    this.params = params
    this.meta = meta
  }
}

const withoutMeta = (params: JsonObject | undefined): JsonObject => {
  const { _meta, ...rest } = params ?? {}
  return rest
}

const isDeclaredIn = (capabilities: ClientCapabilities, id: string, revision: Revision.Revision): boolean =>
  declaredSettings(capabilities, id, revision) !== undefined

// Only the request era obliges clients to declare what they use.
const mayUse = ({ id, required }: Extension.Any, capabilities: ClientCapabilities, revision: Revision.Revision): boolean =>
  !required || revision.era === "session" || isDeclaredIn(capabilities, id, revision)

const readerOf = (schema: Message["params"], { excessArguments, lenientArguments }: Settings): Reader =>
  reader(schema, { excess: excessArguments, lenient: lenientArguments })

/** Serves one request of an extension. */
const makeRequest = (
  contract: Extension.Any,
  component: Component,
  { failure, params, success }: RequestMessage,
  { logDefect, middlewares, run, settings }: Options
): Serve<Call> => {
  const { id } = contract
  const { name } = component
  const read = readerOf(params, settings)
  const write = writer(success, reservedInResults)
  const encodeFailure = failureEncoder(failure)
  const { failed, succeeded } = endingsOf(id, logDefect)
  const operation: Operation<JsonObject> = {
    subject: subject(name),
    timeout: timeoutOf(component, settings),
    needsPlace: true,
    encode: (call, result) => call.engine.wire.extensionResult(result),
    errorType: () => undefined,
    timedOut: undefined
  }
  const encode = (value: unknown) => {
    const encoded = write(value)
    if (encoded._tag === "Success") return encoded.value
    throw new Error(`extension "${id}": the result of "${name}" is not what its \`success\` Schema says:\n${encoded.text}`)
  }
  const chain = wrap("extension", middlewares, (request, brought) => {
    const decoded = read(request.params)
    if (decoded._tag === "Failure") return Effect.fail(invalidParams(`Invalid params for "${name}":\n${decoded.text}`))
    return Effect.matchCauseEffect(handle(component, decoded.value, brought), {
      onSuccess: (value) => succeeded(component, () => encode(value)),
      onFailure: (cause) => failed(component, cause, encodeFailure)
    })
  })
  return (call) =>
    mayUse(contract, call.clientCapabilities, call.revision)
      ? run(call, operation, (brought) => chain(new Request(id, name, withoutMeta(call.params), call.meta), brought))
      : Effect.succeed(refuse(call, new MissingCapability({ required: { extensions: { [id]: {} } } })))
}

/** From whom a notification came, and what that client speaks; `undefined` when nobody knows. */
const senderOf = (
  peer: PeerState<Call>,
  meta: unknown,
  engineOf: Options["engineOf"]
): { readonly engine: Engine<Call>; readonly facts: ClientFacts } | undefined => {
  if (!isObject(meta) || meta[Key.protocolVersion] === undefined) {
    if (peer.session !== undefined) return { engine: peer.session.engine, facts: peer }
    // On a pipe it is the client that sent the requests.
    const { envelope } = peer
    const revision = envelope === undefined ? undefined : Revision.fromVersion(envelope.version)
    return envelope === undefined || revision === undefined ? undefined : { engine: engineOf(revision.version), facts: envelope }
  }
  const envelope = readEnvelope(meta)
  if ("_tag" in envelope) return undefined
  const revision = Revision.fromVersion(envelope.version)
  return revision?.era === "request" ? { engine: engineOf(revision.version), facts: envelope } : undefined
}

/** Says of notifications that they are ignored, of each peer by itself: one of them may send them without end. */
const ignoring = (name: string, warn: Options["warn"]) => {
  const ignored = new WeakMap<PeerState<Call>, Thinned>()
  return (peer: PeerState<Call>, why: () => string): void => {
    let thinned = ignored.get(peer)
    if (thinned === undefined) ignored.set(peer, (thinned = new Thinned()))
    const message = thinned.next(() => `"${name}" ${why()}`)
    if (message !== undefined) warn(message)
  }
}

type Take = (peer: PeerState<Call>, message: Notification, way: Way) => void

/** Takes one notification of an extension. */
const makeTake = (contract: Extension.Any, component: Component, { params }: Message, options: Options): Take => {
  const { engineOf, fork, run, settings } = options
  const { name } = component
  const ignore = ignoring(name, options.warn)
  const read = readerOf(params, settings)
  const operation: Operation<unknown> = {
    subject: subject(name),
    timeout: timeoutOf(component, settings),
    needsPlace: true,
    encode: () => "{}",
    errorType: () => undefined,
    timedOut: undefined
  }
  return (peer, message, way) => {
    const sender = senderOf(peer, message.params?.["_meta"], engineOf)
    if (sender === undefined) return ignore(peer, () => "was ignored: the client did not say what it speaks")
    const { engine, facts } = sender
    if (!mayUse(contract, facts.capabilities, engine.revision)) {
      return ignore(peer, () => `was ignored: the client did not declare the extension "${contract.id}"`)
    }
    const decoded = read(withoutMeta(message.params))
    if (decoded._tag === "Failure") return ignore(peer, () => `was ignored; its params are wrong:\n${decoded.text}`)
    // Calls are known by their ids; this one must be none that a client could cancel.
    const call = new Call({ id: globalThis.crypto.randomUUID(), method: name, params: message.params }, peer, engine, facts, way)
    let isRunning = false
    const effect = run(call, operation, (brought) => {
      isRunning = true
      // Handlers of notifications have no failures; one that has all the same is a defect.
      return Effect.orDie(handle(component, decoded.value, brought))
    })
    fork(call, effect, (outcome) => {
      if (call.ended === "timeout") ignore(peer, () => "took too long and was stopped")
      else if (!isRunning && outcome._tag === "Reply") ignore(peer, () => "was ignored: the server has too much to do")
    })
  }
}

/** The extensions of a server. Throws when two of them have a method or an id in common. */
export const makeExtensions = (served: ReadonlyArray<ServedExtension>, options: Options): Extensions => {
  const fault = Extension.collision(served.map(({ contract }) => contract))
  if (fault !== undefined) throw new Error(fault)
  const methods: Array<readonly [string, Serve<Call>]> = []
  const takes = new Map<string, Take>()
  for (const { contract, notifications, requests } of served) {
    for (const [method, request] of Object.entries(contract.requests)) {
      const component = requests.get(method)
      if (component !== undefined) methods.push([method, makeRequest(contract, component, request, options)])
    }
    for (const [method, message] of Object.entries(contract.notifications)) {
      const component = notifications.get(method)
      if (component !== undefined) takes.set(method, makeTake(contract, component, message, options))
    }
  }
  const declared = Object.fromEntries(served.map(({ contract, settings }) => [contract.id, settings]))
  return {
    declared: served.length === 0 ? undefined : declared,
    methods: Object.fromEntries(methods),
    notify: (peer, message, way) => takes.get(message.method)?.(peer, message, way),
    wanted: (filter, call) =>
      served
        .map(({ contract }) => contract.id)
        .filter((id) => filter[id] === true && isDeclaredIn(call.clientCapabilities, id, call.revision))
  }
}

/** Who is told of events. */
export interface Audience {
  readonly peers: Iterable<PeerState<Call>>
  readonly subscriptions: { readonly values: () => Iterable<Subscription> }
}

/**
 * Tells clients that declared an extension of an event: those of the session era unasked, those of the request era on their open
 * subscriptions. A client whose way is full does not hear of it.
 */
export const broadcaster = (served: ReadonlyArray<ServedExtension>, { peers, subscriptions }: Audience) => {
  const writers = new Map(served.map(({ contract }) => [contract.token, eventWriter(contract)]))
  return (extension: Extension.Any, method: string, params: unknown): void => {
    const write = writers.get(extension.token)
    if (write === undefined) throw new Error(`extension "${extension.id}" is not served here`)
    const written = write(method, params)
    for (const { push, ready, session } of peers) {
      if (!ready || session === undefined || !isDeclaredIn(session.capabilities, extension.id, session.engine.revision)) continue
      push.sendUnsafe(notificationOf(method, written))
    }
    for (const { call, extensions } of subscriptions.values()) {
      if (!extensions.has(extension.id)) continue
      call.emit.sendUnsafe(notificationOf(method, { ...written, _meta: { [Key.subscriptionId]: call.id } }))
    }
  }
}
