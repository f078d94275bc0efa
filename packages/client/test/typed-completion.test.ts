import * as Completion from "@effect-mcp/core/Completion"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import * as Revision from "@effect-mcp/core/Revision"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as McpClient from "../src/McpClient.ts"

class Weather extends McpGroup.make(
  "weather",
  Resource.template("daily", "weather://{country}/{city}{?unit}"),
  Prompt.make("daily", { parameters: { city: Schema.String, days: Schema.optionalKey(Schema.Int) } })
) {}

const WeatherLive = Weather.toLayer({
  resources: {
    daily: Completion.suggesting(({ city }) => Effect.succeed(city), {
      city: (value, { country }) => Effect.succeed([`${value} in ${country ?? "any country"}`])
    })
  },
  prompts: {
    daily: Completion.suggesting(({ city }) => Effect.succeed(city), {
      city: (value, { days }) => (value === "never" ? Effect.never : Effect.succeed([`${value} for ${days ?? "?"} days`]))
    })
  }
})

describe.each(Revision.versions)("suggestions of a typed client in %s", (version) => {
  const Client = McpClient.layer({ name: "tester", version: "1", versions: [version] }).pipe(
    Layer.provide(MemoryTransport.layer()),
    Layer.provide(McpServer.layer({ name: "weather", version: "1" }, Weather).pipe(Layer.provide(WeatherLive))),
    Layer.provide(Logger.layer([])),
    Layer.fresh
  )
  const hasContext = !["2024-11-05", "2025-03-26"].includes(version)

  it.effect("are for arguments of prompts and for variables of templates; what is known goes along", () =>
    Effect.gen(function* () {
      const { prompts, resources } = yield* McpClient.of(Weather)
      const values = <E>(completion: Effect.Effect<{ readonly values: ReadonlyArray<string> }, E>) =>
        Effect.map(completion, (all) => all.values)
      assert.deepStrictEqual(yield* values(prompts.daily.complete("city", "Os")), ["Os for ? days"])
      assert.deepStrictEqual(yield* values(prompts.daily.complete("city", "Os", { days: "2" })), [
        `Os for ${hasContext ? 2 : "?"} days`
      ])
      assert.deepStrictEqual(yield* values(resources.daily.complete("city", "Os", { country: "NO" })), [
        `Os in ${hasContext ? "NO" : "any country"}`
      ])
      assert.deepStrictEqual(yield* values(resources.daily.complete("unit", "C")), [])
    }).pipe(Effect.provide(Client))
  )

  it.effect("are asked for with options of their own", () =>
    Effect.gen(function* () {
      const { prompts } = yield* McpClient.of(Weather)
      const late = yield* Effect.flip(prompts.daily.complete("city", "never", {}, { timeout: "5 millis" }))
      assert.include(late.message, "completion/complete was cancelled: no answer and no progress for 5 ms")
    }).pipe(Effect.provide(Client), TestClock.withLive)
  )

  it.effect("are asked for where the server has what the contract names", () =>
    Effect.gen(function* () {
      const client = yield* McpClient.McpClient
      const { prompts, resources } = McpClient.typed(Weather, client, {
        names: (name) => `eu_${name}`,
        uris: (uri) => `eu+${uri}`
      })
      const refused = yield* Effect.flip(prompts.daily.complete("city", "Os"))
      assert.match(refused.message, /Unknown reference: eu_daily/)
      const nowhere = yield* Effect.flip(resources.daily.complete("city", "Os"))
      assert.match(nowhere.message, /Unknown reference: eu\+weather:\/\/\{country\}\/\{city\}\{\?unit\}/)
    }).pipe(Effect.provide(Client))
  )
})
