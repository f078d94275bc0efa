/**
 * Adapters between MCP and `effect/ai`. Import modules by their names, `@effect-mcp/ai/ToolkitGroup`, where start-up time matters: this
 * file loads them all.
 */
export * as CannotSample from "./CannotSample.ts"
export * as DynamicTool from "./DynamicTool.ts"
export * as GroupToolkit from "./GroupToolkit.ts"
export * as Inexpressible from "./Inexpressible.ts"
export * as LanguageModelSampling from "./LanguageModelSampling.ts"
export * as ToolkitGroup from "./ToolkitGroup.ts"
