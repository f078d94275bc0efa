/**
 * The HTTP transports, both sides. Import modules by their names, `@effect-mcp/transport-http/HttpServerTransport`, where start-up time
 * matters: this file loads them all.
 */
export type * as Exchange from "./Exchange.ts"
export * as Health from "./Health.ts"
export * as HttpClientTransport from "./HttpClientTransport.ts"
export * as HttpClientTransportFetch from "./HttpClientTransportFetch.ts"
export * as HttpCredentials from "./HttpCredentials.ts"
export * as HttpListener from "./HttpListener.ts"
export * as HttpServerTransport from "./HttpServerTransport.ts"
export * as Metrics from "./Metrics.ts"
export * as NodeListener from "./NodeListener.ts"
export * as RestView from "./RestView.ts"
export * as RouterListener from "./RouterListener.ts"
export * as WebListener from "./WebListener.ts"
