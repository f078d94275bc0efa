/**
 * Makes of an extension's contract, and of the handlers that stand in a context, what a server serves.
 */
import { toMillis } from "@effect-mcp/core/Deadlines"
import * as Extension from "@effect-mcp/core/Extension"
import { encodeSettings } from "@effect-mcp/core/ExtensionCodec"
import type { Handler } from "@effect-mcp/core/Handlers"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import { type Component, Running } from "../Component.ts"
import type { ServedExtension } from "../ServedExtension.ts"
import type { Options } from "./assemble.ts"

const implementationOf = (extension: Extension.Any, context: Context.Context<never>): Extension.Implementation | undefined => {
  const { id } = extension
  const found = Context.getOrUndefined(context, Extension.key(id))
  if (found === undefined) {
    const isEmpty = Object.keys(extension.requests).length + Object.keys(extension.notifications).length === 0
    if (isEmpty) return undefined
    throw new Error(`extension "${id}" has no handlers: provide the layer that its toLayer makes`)
  }
  if (found.token === extension.token) return found
  throw new Error(`the handlers of extension "${id}" implement another extension of that id; ids must be unique`)
}

const timeoutOf = (timeout: Duration.Input | undefined): number | undefined =>
  timeout === undefined ? undefined : (toMillis(timeout) ?? Infinity)

/** Throws when handlers are missing, or when the settings are not what the contract says: faults of the program. */
export const assembleExtension = (
  extension: Extension.Any,
  settings: unknown,
  context: Context.Context<never>,
  prepare: Options["prepare"]
): ServedExtension => {
  const implementation = implementationOf(extension, context)
  const captured = implementation === undefined ? context : prepare(implementation.context)
  const running = new Running()
  const component = (name: string, handler: Handler, timeout?: Duration.Input): readonly [string, Component] => [
    name,
    { name, handler, context: captured, middlewares: [], timeout: timeoutOf(timeout), running }
  ]
  const requests = [...(implementation?.requests ?? [])]
  const notifications = [...(implementation?.notifications ?? [])]
  return {
    contract: extension,
    settings: encodeSettings(extension, "settings", settings),
    requests: new Map(requests.map(([name, handler]) => component(name, handler, extension.requests[name]?.timeout))),
    notifications: new Map(notifications.map(([name, handler]) => component(name, handler)))
  }
}
