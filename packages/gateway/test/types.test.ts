/**
 * What the compiler infers of connecting, and refuses. Nothing runs here: `npm run check` is what proves these tests.
 */
import type { McpClient } from "@effect-mcp/client/McpClient"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import type { ClientTransport, ClientTransportError } from "@effect-mcp/core/ClientTransport"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import { describe, it } from "@effect/vitest"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Connect from "../src/Connect.ts"
import * as Launchers from "../src/Launchers.ts"
import * as Target from "../src/Target.ts"
import { me } from "./support/mirror.ts"
import { Factor, type NoFactor, NoFactorLive, Scaling } from "./support/servers.ts"

type Eq<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
const check = <_ extends true>() => {}
/** Code for the compiler alone. */
const compile = (_: () => unknown) => {}

describe("connecting", () => {
  it("to a server layer has its requirements and failures, and nothing else", () =>
    compile(() => {
      const open = Connect.connect(Scaling, me)
      check<Eq<Effect.Success<typeof open>, McpClient["Service"]>>()
      check<Eq<Effect.Error<typeof open>, McpClientError>>()
      check<Eq<Effect.Services<typeof open>, Factor | Scope.Scope>>()
      const provided = Connect.connect(Layer.provide(Scaling, NoFactorLive), me)
      check<Eq<Effect.Error<typeof provided>, McpClientError | NoFactor>>()
      check<Eq<Effect.Services<typeof provided>, Scope.Scope>>()
      const layer = Connect.layer(Scaling, me)
      check<Eq<typeof layer, Layer.Layer<McpClient, McpClientError, Factor>>>()
      const transport = Target.transport(Scaling)
      check<Eq<typeof transport, Layer.Layer<ClientTransport, never, Factor>>>()
    }))

  it("over a transport has the failures of both", () =>
    compile(() => {
      const open = Connect.connect(StdioClientTransport.layer({ command: "x" }), me)
      check<Eq<Effect.Error<typeof open>, McpClientError>>()
      const failing = Connect.connect(null as unknown as Layer.Layer<ClientTransport, ClientTransportError>, me)
      check<Eq<Effect.Error<typeof failing>, McpClientError | ClientTransportError>>()
    }))

  it("to anything else has the failures of reading it", () =>
    compile(() => {
      const config = { mcpServers: { a: { command: "x" } } }
      for (const target of ["x", new URL("https://x"), config, { command: "x" }, Launchers.npx("x")]) {
        const open = Connect.connect(target, me)
        check<Eq<Effect.Error<typeof open>, Connect.ConnectError>>()
        check<Eq<Effect.Services<typeof open>, Scope.Scope>>()
      }
      const layer = Connect.layer("x", me)
      check<Eq<typeof layer, Layer.Layer<McpClient, Connect.ConnectError>>>()
    }))

  it("is refused to what is no target", () =>
    compile(() => {
      // @ts-expect-error: a layer that gives neither a server nor a way to one
      Connect.connect(Layer.succeed(Factor, 1), me)
      // @ts-expect-error: a number
      Connect.connect(5, me)
      // @ts-expect-error: a list
      Connect.connect(["npx", "-y", "server"], me)
      // @ts-expect-error: layers have no options
      Connect.connect(Scaling, me, { env: {} })
      // @ts-expect-error: a script has to be looked for first
      Connect.connect(Launchers.node("x.js"), me)
    }))
})
