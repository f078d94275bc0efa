/**
 * What the tools do that take nothing from anybody.
 */
import * as Content from "@effect-mcp/core/Content"
import * as Progress from "@effect-mcp/core/Progress"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import { Effect, Layer } from "effect"
import { pixel, silence } from "./media.ts"
import { Calls, Contents, Described, Intended } from "./tools.ts"

const image = Content.image(pixel, "image/png")

const ContentsLive = Contents.toLayer({
  tools: {
    test_simple_text: () => Effect.succeed("This is a simple text response for testing."),
    test_image_content: () => Effect.succeed([image]),
    test_audio_content: () => Effect.succeed([Content.audio(silence, "audio/wav")]),
    test_embedded_resource: () =>
      Effect.succeed([
        Content.resource({
          uri: "test://embedded-resource",
          mimeType: "text/plain",
          text: "This is an embedded resource content."
        })
      ]),
    test_multiple_content_types: () =>
      Effect.succeed([
        Content.text("Multiple content types test:"),
        image,
        Content.resource({
          uri: "test://mixed-content-resource",
          mimeType: "application/json",
          text: JSON.stringify({ test: "data", value: 123 })
        })
      ])
  }
})

const CallsLive = Calls.toLayer({
  tools: {
    test_tool_with_logging: Effect.fn("test_tool_with_logging")(function* () {
      yield* Effect.logInfo("Tool execution started")
      yield* Effect.sleep("50 millis")
      yield* Effect.logInfo("Tool processing data")
      yield* Effect.sleep("50 millis")
      yield* Effect.logInfo("Tool execution completed")
      return "Tool with logging executed successfully"
    }),
    test_logging_tool: () => Effect.as(Effect.logInfo("Heard by who asked for messages"), "logged"),
    test_tool_with_progress: Effect.fn("test_tool_with_progress")(function* () {
      yield* Progress.report(0, 100)
      yield* Effect.sleep("50 millis")
      yield* Progress.report(50, 100)
      yield* Effect.sleep("50 millis")
      yield* Progress.report(100, 100)
      // Some clients drop progress that arrives together with the answer.
      yield* Effect.sleep("50 millis")
      return "Tool with progress executed successfully"
    }),
    test_reconnection: Effect.fn("test_reconnection")(function* () {
      const { detach } = yield* RequestContext
      yield* detach
      yield* Effect.sleep("100 millis")
      return "Reconnection test completed successfully"
    }),
    test_x_mcp_header: ({ region }) => Effect.succeed(`The region is ${region}`),
    test_error_handling: () => Effect.fail(new Intended())
  }
})

const DescribedLive = Described.toLayer((args) => Effect.succeed(`JSON Schema 2020-12 tool called with: ${JSON.stringify(args)}`))

export const ToolsLive = Layer.mergeAll(ContentsLive, CallsLive, DescribedLive)
