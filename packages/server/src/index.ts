/**
 * Servers as layers. Import modules by their names, `@effect-mcp/server/Transform`, where start-up time
 * matters: this file loads them all.
 */
export * as Component from "./Component.ts"
export * as DuplicateName from "./DuplicateName.ts"
export * as McpServer from "./McpServer.ts"
export * as Part from "./Part.ts"
export * as Provider from "./Provider.ts"
export * as ServedExtension from "./ServedExtension.ts"
export * as Settings from "./Settings.ts"
export * as Timing from "./Timing.ts"
export * as Skills from "./Skills.ts"
export * as Transform from "./Transform.ts"
export * as Namespace from "./transforms/Namespace.ts"
