/**
 * The HTTP transports, both sides. Import modules by their names, `@effect-mcp/transport-http/HttpServerTransport`, where start-up time
 * matters: this file loads them all.
 */
export type * as Exchange from "./Exchange.ts"
export * as HttpListener from "./HttpListener.ts"
export * as HttpServerTransport from "./HttpServerTransport.ts"
export * as NodeListener from "./NodeListener.ts"
