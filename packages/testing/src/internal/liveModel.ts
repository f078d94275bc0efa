/**
 * A script of a model, started for one client.
 */
import { Rejected } from "@effect-mcp/client/Rejected"
import * as SamplingHandler from "@effect-mcp/client/SamplingHandler"
import { blocksOf } from "@effect-mcp/core/protocol/Sampling"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { type ModelScript, name, type Prompted, type ScriptedModel } from "../ScriptedModel.ts"
import { Unscripted } from "../Unscripted.ts"
import { Collector } from "./collector.ts"
import type { Guard } from "./guard.ts"

const shorten = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}...` : text)

const unscripted = ({ asker, params }: Prompted, count: number): Unscripted => {
  const messages = params.messages.slice(-3).flatMap((message) =>
    blocksOf(message).map((block) => {
      const said = block.type === "text" ? JSON.stringify(block.text) : `(${block.type}) ${JSON.stringify(block)}`
      return `  ${message.role}: ${shorten(said)}`
    })
  )
  const tools = params.tools === undefined ? [] : [`  tools: ${params.tools.map((tool) => tool.name).join(", ")}`]
  const { revision, serverInfo } = asker
  const from = `of server "${serverInfo?.name ?? "?"}" (revision ${revision.version})`
  return new Unscripted({
    who: "model",
    question: [`question ${count} ${from}:`, ...messages, ...tools].join("\n"),
    why: "the script has no reply left, or none for it",
    advice:
      'Script it with `model: McpTest.replies("...", McpTest.toolUse("tool", { ... }))`, or with `McpTest.model((params) => ...)`.'
  })
}

const refused = new Rejected({ detail: "the scripted model has no reply" })

/** Starts a script: the model as the test sees it, and the handler for the client. */
export const startModel = (
  script: ModelScript,
  guard: Guard,
  keep: number | undefined
): { readonly model: ScriptedModel; readonly handler: Layer.Layer<SamplingHandler.SamplingHandler> } => {
  const running = script.start()
  const asked = new Collector<Prompted>(keep)
  let count = 0
  const handler = SamplingHandler.layer(
    Effect.fnUntraced(function* (params, asker) {
      const prompted = { params, asker }
      count++
      asked.push(prompted)
      const said = running.say(prompted)
      if (said === undefined) {
        guard.report(unscripted(prompted, count))
        return yield* refused
      }
      const reply = Effect.isEffect(said) ? yield* said : said
      return typeof reply === "string" ? SamplingHandler.text(reply, { model: name }) : reply
    }),
    { tools: true, context: true }
  )
  return {
    model: {
      asked,
      get remaining() {
        return running.remaining()
      }
    },
    handler
  }
}
