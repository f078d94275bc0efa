/**
 * Clients, typed from the contract. Import modules by their names, `@effect-mcp/client/McpClientError`, where start-up time
 * matters: this file loads them all.
 */
export * as CircuitBreaking from "./CircuitBreaking.ts"
export * as Difference from "./Difference.ts"
export * as ElicitationHandler from "./ElicitationHandler.ts"
export * as Endpoints from "./Endpoints.ts"
export * as Guard from "./Guard.ts"
export * as ListedTool from "./ListedTool.ts"
export * as McpClient from "./McpClient.ts"
export * as McpClientError from "./McpClientError.ts"
export * as RateLimit from "./RateLimit.ts"
export * as ResponseCache from "./ResponseCache.ts"
export * as RootsHandler from "./RootsHandler.ts"
export * as SamplingHandler from "./SamplingHandler.ts"
export * as ServerLog from "./ServerLog.ts"
export * as SkillRefused from "./SkillRefused.ts"
export * as Skills from "./Skills.ts"
export * as Tasks from "./Tasks.ts"
