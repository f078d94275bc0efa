/**
 * Transports of the official SDK. Import modules by their names where start-up time matters: this file loads them all.
 */
export * as SdkClientTransport from "./SdkClientTransport.ts"
export * as SdkDispatcher from "./SdkDispatcher.ts"
export * as SdkServerTransport from "./SdkServerTransport.ts"
export * as SdkTransport from "./SdkTransport.ts"
export * as TransportForSdk from "./TransportForSdk.ts"
