/**
 * The HTTP transports, both sides. Import modules by their names, `@effect-mcp/transport-http/HttpServerTransport`, where start-up time
 * matters: this file loads them all.
 */
export type * as Exchange from "./Exchange.ts"
