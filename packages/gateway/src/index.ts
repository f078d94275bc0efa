/**
 * Many servers as one. Import modules by their names where start-up time matters: this file loads them all.
 */
export * as Connect from "./Connect.ts"
export * as Launchers from "./Launchers.ts"
export * as Names from "./Names.ts"
export * as Offered from "./Offered.ts"
export * as Remote from "./Remote.ts"
export * as Servers from "./Servers.ts"
export * as ServersConfig from "./ServersConfig.ts"
export * as ServersError from "./ServersError.ts"
export * as ServersToolkit from "./ServersToolkit.ts"
export * as ServerState from "./ServerState.ts"
export * as Target from "./Target.ts"
export * as ToolSearch from "./ToolSearch.ts"
