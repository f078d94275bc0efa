/**
 * What a program can do when a server wants to ask and the client has nobody who answers.
 */
import { isObject } from "@effect-mcp/core/Jsonrpc"

const handlers: { readonly [capability: string]: string } = {
  elicitation: "ElicitationHandler",
  sampling: "SamplingHandler",
  roots: "RootsHandler"
}

const capabilities: { readonly [method: string]: string } = {
  "elicitation/create": "elicitation",
  "sampling/createMessage": "sampling",
  "roots/list": "roots"
}

/** The name of the service that answers such questions; `undefined` when no service does. */
export const handlerOf = (method: string): string | undefined => {
  const capability = Object.hasOwn(capabilities, method) ? capabilities[method] : undefined
  return capability === undefined ? undefined : handlers[capability]
}

/** What the error of a server asks of the program, as more of its message: which handlers, or extensions, the client lacks. */
export const adviceOf = (data: unknown): string => {
  const required = isObject(data) ? data["requiredCapabilities"] : undefined
  if (!isObject(required)) return ""
  const services = Object.entries(handlers).flatMap(([capability, service]) =>
    Object.hasOwn(required, capability) ? [service] : []
  )
  const lacking =
    services.length === 0 ? "" : `; provide ${services.join(" and ")} to the client, under its layer and not beside it`
  return Object.hasOwn(required, "extensions") ? `${lacking}; declare the extension in the client's \`extensions\`` : lacking
}
