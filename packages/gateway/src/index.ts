/**
 * Many servers as one. Import modules by their names where start-up time matters: this file loads them all.
 */
export * as Connect from "./Connect.ts"
export * as Launchers from "./Launchers.ts"
export * as Remote from "./Remote.ts"
export * as ServersConfig from "./ServersConfig.ts"
export * as Target from "./Target.ts"
