/**
 * What the tools do. It knows the contract and the application's own services, no server and no transport.
 */
import * as PromptMessage from "@effect-mcp/core/PromptMessage"
import { Context, Effect, Layer } from "effect"
import { CityNotFound, Day, Weather } from "./contract.ts"

/** Where the forecasts come from. */
export class Forecasts extends Context.Service<
  Forecasts,
  {
    readonly cities: ReadonlyArray<string>
    readonly forecast: (city: string) => Effect.Effect<ReadonlyArray<Day>, CityNotFound>
  }
>()("examples/weather/Forecasts") {}

const table = new Map(
  Object.entries({
    Oslo: [
      new Day({ date: "2026-07-28", sky: "rain", celsius: 17 }),
      new Day({ date: "2026-07-29", sky: "clouds", celsius: 19 }),
      new Day({ date: "2026-07-30", sky: "clear", celsius: 23 })
    ],
    Rome: [
      new Day({ date: "2026-07-28", sky: "clear", celsius: 34 }),
      new Day({ date: "2026-07-29", sky: "clear", celsius: 35 }),
      new Day({ date: "2026-07-30", sky: "clouds", celsius: 31 })
    ]
  })
)

/** Forecasts that are always the same. */
export const ForecastsFixed = Layer.succeed(Forecasts, {
  cities: [...table.keys()],
  forecast: (city) =>
    Effect.fromNullishOr(table.get(city)).pipe(Effect.mapError(() => new CityNotFound({ city, known: [...table.keys()] })))
})

/** A `Layer<Handlers<"weather">, never, Forecasts>`: what the handlers use is what it requires. */
export const WeatherLive = Weather.toLayer({
  tools: {
    forecast: Effect.fn("forecast")(function* ({ city, days = 3 }) {
      const forecasts = yield* Forecasts
      // Goes to clients that ask for logs of this level, and to stderr when the program lets it through.
      yield* Effect.logDebug("asked for", city)
      const all = yield* forecasts.forecast(city)
      return all.slice(0, days)
    }),

    umbrella: Effect.fn("umbrella")(function* () {
      const { cities, forecast } = yield* Forecasts
      const wet = Effect.fnUntraced(function* (city: string) {
        const days = yield* forecast(city)
        return days.some((day) => day.isWet)
      })
      // The contract declares no failure for this tool. A city of the list that has no forecast would be a bug: a defect.
      return yield* Effect.filter(cities, wet).pipe(Effect.orDie)
    })
  },

  resources: {
    daily: Effect.fn("daily")(function* ({ city, date }) {
      const { cities, forecast } = yield* Forecasts
      const days = yield* forecast(city)
      const day = days.find((day) => date === undefined || day.date === date)
      return day ?? (yield* new CityNotFound({ city, known: cities }))
    })
  },

  prompts: {
    packing: ({ city }) => Effect.succeed(PromptMessage.user(`I am going to ${city}. Look at the forecast: what do I pack?`))
  }
})
