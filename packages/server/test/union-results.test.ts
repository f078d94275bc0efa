import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Tool from "@effect-mcp/core/Tool"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
// What clients do with an `outputSchema`: hold the structured content against it.
import { compile } from "../../core/src/internal/rawJsonSchema.ts"
import * as McpServer from "../src/McpServer.ts"
import { type Json, serve } from "./support/peer.ts"

const Circle = Schema.TaggedStruct("Circle", { radius: Schema.Finite })
const Square = Schema.TaggedStruct("Square", { side: Schema.Finite, made: Schema.Date })
const Point = Schema.Struct({ x: Schema.Finite, y: Schema.Finite })
const Result = Schema.Struct({ result: Schema.Finite })

class Named extends Schema.Class<Named>("Named")({ name: Schema.String }) {}
class Numbered extends Schema.Class<Numbered>("Numbered")({ number: Schema.Int }) {}

/** A tool and what it returns: one value for each way in which its result can look. */
const returning = <const Name extends string, A, I>(name: Name, success: Schema.Codec<A, I>, ...values: ReadonlyArray<A>) => ({
  name,
  success: success as Schema.Codec<any, any>,
  values
})

const made = new Date("2026-02-03T00:00:00.000Z")

const shapes = [
  returning("tagged", Schema.Union([Circle, Square]), { _tag: "Circle", radius: 1 }, { _tag: "Square", side: 2, made }),
  returning("classes", Schema.Union([Named, Numbered]), new Named({ name: "a" }), new Numbered({ number: 1 })),
  returning("one", Schema.Union([Point]), { x: 1, y: 2 }),
  returning("nullable", Schema.NullOr(Point), null, { x: 1, y: 2 }),
  returning("nullable_result", Schema.NullOr(Result), null, { result: 3 }),
  returning("struct_or_text", Schema.Union([Point, Schema.String]), { x: 1, y: 2 }, "nowhere"),
  returning("struct_or_array", Schema.Union([Point, Schema.Array(Point)]), { x: 1, y: 2 }, [{ x: 1, y: 2 }], []),
  returning("result_or_other", Schema.Union([Result, Point]), { result: 3 }, { x: 1, y: 2 }),
  returning("result_or_number", Schema.Union([Result, Schema.Finite]), { result: 3 }, 3),
  returning("nested", Schema.Union([Schema.Union([Circle, Point]), Schema.Null]), { _tag: "Circle", radius: 1 }, null),
  returning("array", Schema.Array(Point), [], [{ x: 1, y: 2 }]),
  returning("array_of_unions", Schema.Array(Schema.Union([Circle, Schema.Null])), [null, { _tag: "Circle", radius: 1 }]),
  returning("record", Schema.Record(Schema.String, Schema.Finite), {}, { result: 1 }),
  returning("json", Schema.Json, null, 1, "text", [1, "a"], { result: 1 }, { a: { b: null } })
]

const tools = shapes.map(({ name, success }) => Tool.make(name as "shape", { parameters: { i: Schema.Int }, success }))
const Shapes = McpGroup.make("shapes", ...tools)

const ShapesLive = Shapes.toLayer({
  tools: Object.fromEntries(
    shapes.map(({ name, values }) => [name, ({ i }: { readonly i: number }) => Effect.succeed(values[i])])
  ) as any // the names were made up above
})

const Server = McpServer.layer({ name: "s", version: "1" }, Shapes).pipe(Layer.provide(ShapesLive))

/** What is wrong with a value, by a JSON Schema. */
const faults = (schema: Json, value: unknown) => compile(schema, "outputSchema").validate(value)

describe.each(["2025-06-18", "2025-11-25"] as const)("results of unions in %s", (version) => {
  for (const { name, values } of shapes) {
    it.effect(`${name}: what is sent is an object, and what the list says it is`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).speak(version)
        const listed = yield* peer.request("tools/list")
        const { outputSchema } = listed["result"].tools.find((tool: Json) => tool["name"] === name)
        assert.strictEqual(outputSchema.type, "object")
        for (const i of values.keys()) {
          const { result } = yield* peer.call(name, { i })
          const { content, isError, structuredContent } = result
          const shown = JSON.stringify({ outputSchema, structuredContent })
          assert.isUndefined(isError, content[0]?.text)
          assert.isTrue(
            typeof structuredContent === "object" && structuredContent !== null && !Array.isArray(structuredContent),
            shown
          )
          assert.isUndefined(faults(outputSchema, structuredContent), shown)
        }
      })
    )
  }

  it.effect("a value of another member is not valid: the schemas say something", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(Server)).speak(version)
      const listed = yield* peer.request("tools/list")
      const schemaOf = (name: string) => listed["result"].tools.find((tool: Json) => tool["name"] === name).outputSchema
      assert.isDefined(faults(schemaOf("tagged"), { _tag: "Triangle" }))
      assert.isDefined(faults(schemaOf("nullable"), { x: 1, y: 2 }))
      assert.isDefined(faults(schemaOf("struct_or_text"), { result: 1 }))
      assert.isDefined(faults(schemaOf("array"), { result: [null] }))
    })
  )
})

describe("results of unions in 2026-07-28", () => {
  for (const { name, values } of shapes) {
    it.effect(`${name}: they are sent as they are, and are what the list says`, () =>
      Effect.gen(function* () {
        const peer = yield* (yield* serve(Server)).speak("2026-07-28")
        const listed = yield* peer.request("tools/list")
        const { outputSchema } = listed["result"].tools.find((tool: Json) => tool["name"] === name)
        for (const [i, value] of values.entries()) {
          const { result } = yield* peer.call(name, { i })
          assert.isUndefined(result.isError, result.content[0]?.text)
          assert.deepStrictEqual(result.structuredContent, JSON.parse(JSON.stringify(value)))
          assert.isUndefined(faults(outputSchema, result.structuredContent))
        }
      })
    )
  }
})
