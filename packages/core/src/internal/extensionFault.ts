/**
 * What an extension may be called, and what its messages may be.
 */
import type { Codec } from "../Contract.ts"
import { messageFault, reservedInParams, reservedInResults } from "../ExtensionCodec.ts"
import type { Message, Request } from "../ExtensionMessage.ts"
import * as Revision from "../Revision.ts"

/** What is looked at. */
export interface Described {
  readonly id: string
  readonly settings: Codec
  readonly clientSettings: Codec
  readonly requests: { readonly [method: string]: Request }
  readonly notifications: { readonly [method: string]: Message }
  readonly events: { readonly [method: string]: Message }
}

const label = "[a-z](?:[a-z0-9-]*[a-z0-9])?"
const idPattern = new RegExp(`^${label}(?:\\.${label})*/[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$`, "i")

const isOfProtocol = (method: string): boolean =>
  Revision.all.some((revision) =>
    (["client", "server"] as const).some(
      (sender) => revision.hasRequest(method, sender) || revision.hasNotification(method, sender) || revision.embeds(method)
    )
  )

const methodFault = (method: string): string | undefined => {
  if (method === "") return "a method must not be empty"
  if (method.startsWith("rpc.")) return "methods that begin with `rpc.` belong to JSON-RPC"
  return isOfProtocol(method) ? "it is a method of the protocol" : undefined
}

/** The methods of an extension, of all kinds. */
export const methodsOf = ({
  events,
  notifications,
  requests
}: Pick<Described, "events" | "notifications" | "requests">): ReadonlyArray<string> => [
  ...Object.keys(requests),
  ...Object.keys(notifications),
  ...Object.keys(events)
]

/** What is wrong with an extension by itself, or `undefined`. */
export const faultOf = (extension: Described): string | undefined => {
  if (!idPattern.test(extension.id)) return "its id must have the form prefix/name, such as com.example/clipboard"
  const methods = methodsOf(extension)
  for (const method of methods) {
    const fault = methodFault(method)
    if (fault !== undefined) return `"${method}": ${fault}`
  }
  const twice = methods.find((method, i) => methods.indexOf(method) !== i)
  if (twice !== undefined) return `"${twice}" is declared twice`
  const { clientSettings, events, notifications, requests, settings } = extension
  const schemas: ReadonlyArray<readonly [where: string, schema: Codec, reserved: ReadonlyArray<string>]> = [
    ["settings", settings, []],
    ["clientSettings", clientSettings, []],
    ...Object.entries(requests).map(([method, { success }]) => [`"${method}", success`, success, reservedInResults] as const),
    ...Object.entries({ ...requests, ...notifications, ...events }).map(
      ([method, { params }]) => [`"${method}", params`, params, reservedInParams] as const
    )
  ]
  for (const [where, schema, reserved] of schemas) {
    const fault = messageFault(schema, reserved)
    if (fault !== undefined) return `${where}: ${fault}`
  }
  return undefined
}
