/**
 * The stdio transport, both sides. Import modules by their names, `@effect-mcp/transport-stdio/StdioServerTransport`, where start-up time
 * matters: this file loads them all.
 */
export * as StdioClientTransport from "./StdioClientTransport.ts"
export * as StdioServerTransport from "./StdioServerTransport.ts"
