/**
 * A client with handlers that is connected to a scripted server, and what was logged meanwhile.
 */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Cause from "effect/Cause"
import type { Options } from "../../src/McpClient.ts"
import { agreeing, connect, scripted, type Script } from "./server.ts"

/** Connects a client that speaks `version`; what negotiates is taken out of what was sent. */
export const connected = (
  version: string,
  handlers: Layer.Layer<never>,
  script: Script = () => {},
  options: Partial<Options> = {}
) =>
  Effect.gen(function* () {
    const logged: Array<string> = []
    const log = Logger.layer([
      Logger.make(({ cause, message }) => void logged.push([message, Cause.pretty(cause)].flat().join(" ").trim()))
    ])
    const server = scripted(agreeing(version, script))
    const client = yield* Effect.provide(connect(server, options, handlers), log)
    const connection = server.connections[0]!
    const negotiated = [...connection.sent]
    connection.sent.length = 0
    return { client, connection, logged, negotiated }
  })
