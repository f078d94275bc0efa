/**
 * What both programs agree on. It imports neither server nor client, so a package can publish it on its own.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import { Schema } from "effect"

/** The weather of one day. */
export class Day extends Schema.Class<Day>("Day")({
  date: Schema.String.annotate({ description: "ISO 8601, for example 2026-07-28" }),
  sky: Schema.Literals(["clear", "clouds", "rain", "snow"]),
  celsius: Schema.Finite
}) {
  // A typed client gets instances of this class, not just their data.
  get isWet() {
    return this.sky === "rain" || this.sky === "snow"
  }
}

/** Declared by the tools that may fail with it: it crosses the wire and arrives in the client's error channel. */
export class CityNotFound extends Schema.TaggedError<CityNotFound>()("CityNotFound", {
  city: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  // The model reads this sentence; programs read the fields.
  override get message() {
    return `There is no forecast for ${this.city}, only for ${this.known.join(", ")}`
  }
}

const City = Schema.NonEmptyString.annotate({ description: "Name of the city, in English" })

export const Forecast = Tool.make("forecast", {
  title: "Forecast",
  description: "The weather of the next days",
  parameters: {
    city: City,
    days: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 7 })))
  },
  success: Schema.Array(Day),
  failure: CityNotFound,
  annotations: { readOnlyHint: true, openWorldHint: false }
})

export const Umbrella = Tool.make("umbrella", {
  title: "Where to take an umbrella",
  description: "The cities where rain or snow is expected",
  success: Schema.Array(Schema.String),
  annotations: { readOnlyHint: true, openWorldHint: false },
  // What a model reads in place of the JSON. Programs still get the JSON, as `structuredContent`.
  render: (cities) => (cities.length === 0 ? "No umbrella needed" : `Take an umbrella to ${cities.join(" and ")}`)
})

/** The variables are parsed from the template: `city` is required, `date` may be missing. */
export const Daily = Resource.template("daily", "weather://{city}/daily{?date}", {
  description: "The weather of one day",
  success: Day,
  failure: CityNotFound
})

export const Packing = Prompt.make("packing", {
  description: "Asks what to pack for a trip",
  parameters: { city: City }
})

export class Weather extends McpGroup.make("weather", Forecast, Umbrella, Daily, Packing) {}
