/**
 * A server with middleware around one of its groups and middleware around everything, and with another server inside.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Timing from "@effect-mcp/server/Timing"
import { Effect, Layer, Schema } from "effect"
import { Audit, AuditLive } from "./audit.ts"
import { Auth, AuthLive, CurrentUser, Users } from "./auth.ts"
import { MathServer } from "./math.ts"

export class Desk extends McpGroup.make(
  "desk",
  Tool.make("greet", { description: "Greets whoever asks", success: Schema.String })
).middleware(Auth) {}

// `CurrentUser` is no requirement of this layer: `Auth` provides it to each request.
const DeskLive = Desk.toLayer({
  tools: {
    greet: Effect.fn("greet")(function* () {
      const user = yield* CurrentUser
      return `Good morning, ${user.name}`
    })
  }
})

export const DeskServer = McpServer.layer(
  { name: "desk", version: "1.0.0" },
  // The first one is the outermost: `Timing` measures what `Audit` takes, too.
  McpServer.use(Timing.Timing),
  McpServer.use(Audit),
  Desk,
  // Its tools are `math_add` and `math_count` here. `Auth` belongs to the group above and does not guard them.
  McpServer.mount("math", MathServer)
).pipe(Layer.provide([DeskLive, Timing.layer(), AuditLive, AuthLive]), Layer.provide(Users.layer))
