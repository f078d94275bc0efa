/**
 * What the servers of this example, and of `../router`, `../hono` and `../express`, can do.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { Effect, Schema } from "effect"

export class Clock extends McpGroup.make(
  "clock",
  Tool.make("add_minutes", {
    description: "Adds minutes to a time of the day",
    parameters: { time: Schema.String.check(Schema.isPattern(/^\d\d:\d\d$/)), minutes: Schema.Int },
    success: Schema.Struct({ time: Schema.String })
  }),
  Tool.make("egg", { description: "Waits until an egg is done", success: Schema.String })
) {}

const two = (n: number) => String(n).padStart(2, "0")

export const ClockLive = Clock.toLayer({
  tools: {
    add_minutes: Effect.fn("add_minutes")(function* ({ minutes, time }) {
      const [hour = 0, minute = 0] = time.split(":").map(Number)
      const total = (((hour * 60 + minute + minutes) % 1440) + 1440) % 1440
      return { time: `${two(Math.floor(total / 60))}:${two(total % 60)}` }
    }),
    egg: () => Effect.as(Effect.sleep("700 millis"), "The egg is done")
  }
})
