/**
 * What tests of servers and clients need. Import modules by their names where start-up time matters: this file loads them all.
 */
export * as EachRevision from "./EachRevision.ts"
export * as FakeServer from "./FakeServer.ts"
export * as Faults from "./Faults.ts"
export * as McpTest from "./McpTest.ts"
export type { Received } from "./Received.ts"
export * as ScriptedModel from "./ScriptedModel.ts"
export * as ScriptedUser from "./ScriptedUser.ts"
export * as Smoke from "./Smoke.ts"
export * as SmokeReport from "./SmokeReport.ts"
export { Unscripted } from "./Unscripted.ts"
