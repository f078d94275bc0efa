/**
 * A client, typed by an extension: its requests and notifications are functions, its events a stream.
 */
import type * as Extension from "@effect-mcp/core/Extension"
import { type Reader, reader, reservedInParams, writer } from "@effect-mcp/core/ExtensionCodec"
import type { Request } from "@effect-mcp/core/ExtensionMessage"
import type { JsonObject, Notification } from "@effect-mcp/core/Jsonrpc"
import type { ServerCapabilities } from "@effect-mcp/core/protocol/Capabilities"
import type { Revision } from "@effect-mcp/core/Revision"
import { Thinned } from "@effect-mcp/core/Thinned"
import { failureDecoder } from "@effect-mcp/core/wire/declared"
import { declaredSettings } from "@effect-mcp/core/wire/extensions"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { McpClientError } from "../McpClientError.ts"
import { invalidAnswer, invalidArguments } from "./outcomes.ts"
import type { CallOptions } from "./callOptions.ts"
import { shownType } from "./resultType.ts"

/** What an extension needs of a client. */
export interface Speaker {
  readonly revision: Revision
  readonly capabilities: ServerCapabilities
  readonly request: (method: string, params?: JsonObject, options?: CallOptions) => Effect.Effect<JsonObject, McpClientError>
  readonly notify: (method: string, params?: JsonObject) => Effect.Effect<void, McpClientError>
  readonly notifications: (methods: ReadonlyArray<string>, filter?: JsonObject) => Stream.Stream<Notification, McpClientError>
}

type OptionalParams<P> = {} extends P ? [params?: P, options?: CallOptions] : [params: P, options?: CallOptions]

/** A client that is typed by an extension. */
export interface ExtensionClient<E extends Extension.Any> {
  /** Whether the server declares the extension. Requests to one that does not fail with code -32601. */
  readonly isSupported: boolean
  /** What the server says of itself; `undefined` when it does not declare the extension, or says something else than the contract. */
  readonly settings: Extension.Settings<E> | undefined
  /** A function for each request: its result and its failures are those of the contract. */
  readonly requests: {
    readonly [M in keyof Extension.RequestsOf<E>]: (
      ...params: OptionalParams<Extension.Params<E, M>>
    ) => Effect.Effect<Extension.Success<E, M>, Extension.Failure<E, M> | McpClientError>
  }
  /** A function for each notification. It is sent when it is done; what becomes of it is not known. */
  readonly notifications: {
    readonly [M in keyof Extension.NotificationsOf<E>]: (
      ...params: Extension.Optional<Extension.NotificationParams<E, M>>
    ) => Effect.Effect<void, McpClientError>
  }
  /**
   * The events of the server, from when the stream is run, in the order in which they arrive. 1,024 may wait, then the oldest are
   * dropped; one that is not as the contract says is left out, and the log says so, of many not of each. In the request era the stream
   * holds a subscription of its own as long as it runs. It fails when the connection ends or the subscription is refused.
   */
  readonly events: Stream.Stream<Extension.Event<E>, McpClientError>
}

type Call = (params?: unknown, options?: CallOptions) => Effect.Effect<unknown, unknown>

/** A result without what the request era puts on every one. */
const bareResult = (result: JsonObject): JsonObject => {
  const { _meta, resultType: _, ...rest } = result
  return rest
}

const requestOf = (client: Speaker, method: string, { failure, params, success }: Request): Call => {
  const write = writer(params, reservedInParams)
  const read = reader(success)
  const decodeFailure = failureDecoder(failure)
  return (value, options) => {
    const encoded = write(value ?? {})
    if (encoded._tag === "Failure") return Effect.fail(invalidArguments(method, encoded.text))
    return client.request(method, encoded.value, options).pipe(
      Effect.catch((error: McpClientError) => {
        const { reason } = error
        const declared = reason._tag === "RequestFailed" ? decodeFailure(reason.code, reason.data) : undefined
        return Effect.fail(declared === undefined ? error : declared.failure)
      }),
      Effect.flatMap((result): Effect.Effect<unknown, McpClientError> => {
        const type = result["resultType"]
        if (type !== undefined && type !== "complete") {
          return Effect.fail(invalidAnswer(method, `its resultType is ${shownType(type)}`))
        }
        const decoded = read(bareResult(result))
        if (decoded._tag === "Success") return Effect.succeed(decoded.value)
        return Effect.fail(invalidAnswer(method, `it is not what the contract says:\n${decoded.text}`))
      })
    )
  }
}

const notificationOf = (client: Speaker, method: string, params: Extension.Any["notifications"][string]["params"]): Call => {
  const write = writer(params, reservedInParams)
  return (value) => {
    const encoded = write(value ?? {})
    return encoded._tag === "Success" ? client.notify(method, encoded.value) : Effect.fail(invalidArguments(method, encoded.text))
  }
}

const eventsOf = (client: Speaker, { events, id }: Extension.Any): Stream.Stream<unknown, McpClientError> => {
  const readers = new Map<string, Reader>(Object.entries(events).map(([method, { params }]) => [method, reader(params)]))
  if (readers.size === 0) return Stream.empty
  const leftOut = new Thinned()
  const received = client.notifications([...readers.keys()], { [id]: true })
  return Stream.flatMap(received, ({ method, params }) => {
    const { _meta, ...bare } = params ?? {}
    const decoded = readers.get(method)?.(bare)
    if (decoded?._tag === "Success") return Stream.succeed({ method, params: decoded.value })
    const warning = leftOut.next(
      () => `the event "${method}" is not what the contract says and is left out:\n${decoded?.text ?? ""}`
    )
    return warning === undefined ? Stream.empty : Stream.fromEffectDrain(Effect.logWarning(warning))
  })
}

const settingsOf = ({ settings }: Extension.Any, said: JsonObject | undefined): unknown => {
  const decoded = said === undefined ? undefined : reader(settings)(said)
  return decoded?._tag === "Success" ? decoded.value : undefined
}

const each = <A>(record: { readonly [method: string]: A }, make: (method: string, a: A) => Call) =>
  Object.fromEntries(Object.entries(record).map(([method, a]) => [method, make(method, a)]))

/** A client that is at hand, typed by an extension. */
export const typedExtension = <E extends Extension.Any>(extension: E, client: Speaker): ExtensionClient<E> => {
  const said = declaredSettings(client.capabilities, extension.id, client.revision)
  return {
    isSupported: said !== undefined,
    settings: settingsOf(extension, said),
    requests: each(extension.requests, (method, request) => requestOf(client, method, request)),
    notifications: each(extension.notifications, (method, { params }) => notificationOf(client, method, params)),
    events: eventsOf(client, extension)
  } as unknown as ExtensionClient<E> // one function for each message
}
