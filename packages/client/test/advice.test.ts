import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { connected } from "./support/connected.ts"

describe("a request that needs what the client has not declared", () => {
  const table: ReadonlyArray<readonly [data: unknown, advice: string]> = [
    [
      { requiredCapabilities: { elicitation: { form: {} } } },
      "; provide ElicitationHandler to the client, under its layer and not beside it"
    ],
    [
      { requiredCapabilities: { roots: {}, sampling: { tools: {} } } },
      "; provide SamplingHandler and RootsHandler to the client, under its layer and not beside it"
    ],
    [{ requiredCapabilities: { extensions: { "a/b": {} } } }, "; declare the extension in the client's `extensions`"],
    [{ requiredCapabilities: { tasks: {} } }, ""],
    [{ requiredCapabilities: null }, ""],
    ["requiredCapabilities", ""],
    [undefined, ""]
  ]

  for (const [data, advice] of table) {
    it.effect(`${JSON.stringify(data) ?? "without data"}: ${advice === "" ? "says no more" : "says what to provide"}`, () =>
      Effect.gen(function* () {
        const { client } = yield* connected("2026-07-28", Layer.empty, (message, connection) =>
          connection.refuse(message, -32021, "Missing required client capability", data)
        )
        const { message } = yield* Effect.flip(client.callTool("t"))
        assert.strictEqual(message, `the server refused tools/call (-32021): Missing required client capability${advice}`)
      })
    )
  }
})
