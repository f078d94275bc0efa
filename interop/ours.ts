/**
 * What is ours, and the Effect that it runs on.
 *
 * Here a bare name means a peer, from `interop/node_modules`: `effect` is the one of effect/ai. Ours is the workspace with its own
 * copy of Effect, so it is taken from the root, and only through this module. The two copies never meet in one process.
 */
export * as Cause from "../node_modules/effect/dist/Cause.js"
export * as Deferred from "../node_modules/effect/dist/Deferred.js"
export * as Effect from "../node_modules/effect/dist/Effect.js"
export * as Exit from "../node_modules/effect/dist/Exit.js"
export * as Fiber from "../node_modules/effect/dist/Fiber.js"
export * as Layer from "../node_modules/effect/dist/Layer.js"
export * as ManagedRuntime from "../node_modules/effect/dist/ManagedRuntime.js"
export * as Queue from "../node_modules/effect/dist/Queue.js"
export * as Schema from "../node_modules/effect/dist/Schema.js"
export * as Scope from "../node_modules/effect/dist/Scope.js"
export * as NodeRuntime from "../node_modules/@effect/platform-node/dist/NodeRuntime.js"

export * as McpClient from "@effect-mcp/client/McpClient"
export * as McpClientError from "@effect-mcp/client/McpClientError"
export * as Completion from "@effect-mcp/core/Completion"
export * as Content from "@effect-mcp/core/Content"
export * as JsonSchemaTool from "@effect-mcp/core/JsonSchemaTool"
export * as McpGroup from "@effect-mcp/core/McpGroup"
export * as Progress from "@effect-mcp/core/Progress"
export * as Prompt from "@effect-mcp/core/Prompt"
export * as RequestContext from "@effect-mcp/core/RequestContext"
export * as Resource from "@effect-mcp/core/Resource"
export * as Revision from "@effect-mcp/core/Revision"
export * as Tool from "@effect-mcp/core/Tool"
export * as McpServer from "@effect-mcp/server/McpServer"
export * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
export * as StdioServerTransport from "@effect-mcp/transport-stdio/StdioServerTransport"
