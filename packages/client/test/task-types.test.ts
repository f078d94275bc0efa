/**
 * What the compiler infers of tasks, and refuses. Nothing runs here: `npm run check` is what proves these tests.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import type { CallToolResult } from "@effect-mcp/core/protocol/Tools"
import * as Tool from "@effect-mcp/core/Tool"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as McpClient from "../src/McpClient.ts"
import type { McpClientError } from "../src/McpClientError.ts"
import type * as Tasks from "../src/Tasks.ts"

type Eq<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
const check = <_ extends true>() => {}
/** Code for the compiler alone. */
const compile = (_: () => unknown) => {}

class NoPaper extends Schema.TaggedError<NoPaper>()("NoPaper", {}) {}
const Render = Tool.make("render", { parameters: { scene: Schema.Int }, success: Schema.Date, failure: NoPaper })
class Studio extends McpGroup.make("studio", Render, Tool.make("clean")) {}

describe("tasks", () => {
  it("of a typed client have the results and failures of the contract", () => {
    const program = Effect.gen(function* () {
      const { tasks } = yield* McpClient.of(Studio)
      check<Eq<keyof typeof tasks, "render" | "clean">>()
      const starting = tasks.render({ scene: 7 }, { ttl: "1 hour", required: true })
      check<Eq<Effect.Error<typeof starting>, McpClientError>>()
      check<Eq<Effect.Services<typeof starting>, never>>()
      const task = yield* starting
      check<Eq<Effect.Success<typeof task.await>, Date>>()
      check<Eq<Effect.Error<typeof task.await>, NoPaper | McpClientError>>()
      check<Eq<Effect.Success<Effect.Success<ReturnType<typeof tasks.clean>>["await"]>, void>>()
      // @ts-expect-error a scene is a number
      compile(() => tasks.render({ scene: "7" }))
      // @ts-expect-error a scene is needed
      compile(() => tasks.render())
    })
    compile(() => program)
  })

  it("that go by name have what the server gives, and can be read by a contract", () => {
    const program = Effect.gen(function* () {
      const { tasks } = yield* McpClient.McpClient
      const task = yield* tasks.get("t1")
      check<Eq<typeof task, Tasks.Task<CallToolResult, never>>>()
      check<Eq<Effect.Error<typeof task.await>, McpClientError>>()
      check<Eq<Stream.Success<typeof task.changes>, Tasks.State>>()
      const read = task.as(Render)
      check<Eq<typeof read, Tasks.Task<Date, NoPaper>>>()
      const scoped = tasks.startScoped("render")
      check<Eq<Effect.Services<typeof scoped>, Scope.Scope>>()
    })
    compile(() => program)
  })
})
