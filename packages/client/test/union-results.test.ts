import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Revision from "@effect-mcp/core/Revision"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpClient from "../src/McpClient.ts"

const Circle = Schema.TaggedStruct("Circle", { radius: Schema.Finite })
const Square = Schema.TaggedStruct("Square", { side: Schema.Finite, made: Schema.Date })
const Point = Schema.Struct({ x: Schema.Finite, y: Schema.Finite })
const Result = Schema.Struct({ result: Schema.Finite })

class Named extends Schema.Class<Named>("Named")({ name: Schema.String }) {}
class Numbered extends Schema.Class<Numbered>("Numbered")({ number: Schema.Int }) {}

const i = Schema.Int

class Unions extends McpGroup.make(
  "unions",
  Tool.make("tagged", { parameters: { i }, success: Schema.Union([Circle, Square]) }),
  Tool.make("classes", { parameters: { i }, success: Schema.Union([Named, Numbered]) }),
  Tool.make("nullable", { parameters: { i }, success: Schema.NullOr(Point) }),
  Tool.make("nullable_result", { parameters: { i }, success: Schema.NullOr(Result) }),
  Tool.make("struct_or_text", { parameters: { i }, success: Schema.Union([Point, Schema.String]) }),
  Tool.make("result_or_number", { parameters: { i }, success: Schema.Union([Result, Schema.Finite]) }),
  Tool.make("result_or_point", { parameters: { i }, success: Schema.Union([Result, Point]) }),
  Tool.make("array", { parameters: { i }, success: Schema.Array(Point) }),
  Tool.make("json", { parameters: { i }, success: Schema.Json })
) {}

const values = {
  tagged: [
    { _tag: "Circle", radius: 1 },
    { _tag: "Square", side: 2, made: new Date("2026-02-03T00:00:00.000Z") }
  ],
  classes: [new Named({ name: "a" }), new Numbered({ number: 1 })],
  nullable: [null, { x: 1, y: 2 }],
  nullable_result: [null, { result: 3 }],
  struct_or_text: [{ x: 1, y: 2 }, "nowhere", '{"x":1,"y":2}'],
  result_or_number: [{ result: 3 }, 3],
  result_or_point: [{ result: 3 }, { x: 1, y: 2 }],
  array: [[], [{ x: 1, y: 2 }]],
  json: [null, 1, "text", [1, "a"], { a: { b: null } }, { result: 1 }, { result: { result: 1 } }]
} as const

type Name = keyof typeof values

const names = Object.keys(values) as ReadonlyArray<Name>

const UnionsLive = Unions.toLayer({
  tools: Object.fromEntries(
    names.map((name) => [name, ({ i }: { readonly i: number }) => Effect.succeed(values[name][i])])
  ) as any // each tool returns its own values
})

const Client = (version: Revision.Version) =>
  McpClient.layer({ name: "tester", version: "1", versions: [version] }).pipe(
    Layer.provide(MemoryTransport.layer()),
    Layer.provide(McpServer.layer({ name: "unions", version: "1" }, Unions)),
    Layer.provide(UnionsLive)
  )

describe.each(Revision.versions)("results of unions in %s", (version) => {
  for (const name of names) {
    it.effect(`${name}: a typed client gets what the handler returned`, () =>
      Effect.gen(function* () {
        const { tools } = yield* McpClient.of(Unions)
        for (const [i, value] of values[name].entries()) assert.deepStrictEqual<unknown>(yield* tools[name]({ i }), value)
      }).pipe(Effect.provide(Client(version)))
    )
  }
})
