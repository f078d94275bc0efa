/**
 * A person at a terminal, who answers what servers ask: forms, pages, and questions to a model.
 */
import type { Asker } from "@effect-mcp/client/Asker"
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import * as SamplingHandler from "@effect-mcp/client/SamplingHandler"
import type { FormSchema, FormValue } from "@effect-mcp/core/protocol/Elicitation"
import { blocksOf } from "@effect-mcp/core/protocol/Sampling"
import { Context, Effect, Layer, Result, Schema, Semaphore, Terminal } from "effect"
import { describe, type Field, read } from "./fields.ts"
import { quoted, visible } from "./visible.ts"

/** What opens a page. */
export class Browser extends Context.Service<Browser, { readonly open: (url: string) => Effect.Effect<void> }>()(
  "examples/terminal/Browser"
) {}

/** The person does not answer: says no, or is gone. */
class Unanswered extends Schema.TaggedError<Unanswered>()("Unanswered", { action: Schema.Literals(["decline", "cancel"]) }) {}

const say = (text: string) => Effect.flatMap(Terminal.Terminal, ({ display }) => Effect.orDie(display(text)))

/** A line. At each prompt a person can say `/decline` or `/cancel`; a text that begins with a slash begins with two. */
const line = Effect.fn("line")(function* () {
  yield* say("> ")
  const { readLine } = yield* Terminal.Terminal
  // Ctrl+C, or the end of the input.
  const typed = yield* Effect.mapError(readLine, () => new Unanswered({ action: "cancel" }))
  if (typed === "/decline" || typed === "/cancel") {
    return yield* new Unanswered({ action: typed === "/cancel" ? "cancel" : "decline" })
  }
  return typed.startsWith("//") ? typed.slice(1) : typed
})

const agrees = Effect.fn("agrees")(function* (question: string) {
  for (;;) {
    yield* say(`  ${question} (yes, no)\n`)
    const typed = yield* line()
    if (/^(y|yes)$/i.test(typed)) return
    if (/^(n|no)$/i.test(typed)) return yield* new Unanswered({ action: "decline" })
  }
})

/** Asks for a field until the answer fits. */
const fill = Effect.fn("fill")(function* (field: Field) {
  yield* say(describe(field))
  for (;;) {
    const value = read(field, yield* line())
    if (Result.isSuccess(value)) return value.success
    yield* say(`  ${value.failure}\n`)
  }
})

const fillAll = Effect.fn("fillAll")(function* ({ properties, required = [] }: FormSchema) {
  const content: Array<readonly [name: string, value: FormValue]> = []
  for (const [name, json] of Object.entries(properties)) {
    const value = yield* fill({ name, json, isRequired: required.includes(name) })
    if (value !== undefined) content.push([name, value])
  }
  // Nothing leaves before it was seen as a whole.
  for (const [name, value] of content) yield* say(`  ${visible(name)} = ${visible(JSON.stringify(value))}\n`)
  yield* agrees(content.length === 0 ? "Do you agree?" : "Send this?")
  return Object.fromEntries(content)
})

/** Who asks: a name that the server gave itself. */
const heading = ({ serverInfo }: Asker, what: string, text: string): string =>
  `\nThe server ${visible(JSON.stringify(serverInfo?.name ?? "without a name"))} ${what} (/decline, /cancel):\n${quoted(text)}`

/** Answers elicitation and sampling; needs a terminal, and a browser for pages. One question has the terminal at a time. */
export const Person = Layer.unwrap(
  Effect.map(Semaphore.make(1), (terminal) => {
    const alone = terminal.withPermits(1)
    const unanswered = ({ action }: Unanswered) => Effect.succeed<ElicitationHandler.Answer>({ action })

    const Forms = ElicitationHandler.layer({
      form: ({ message, requestedSchema }, asker) =>
        say(heading(asker, "asks", message)).pipe(
          Effect.andThen(fillAll(requestedSchema)),
          Effect.map((content): ElicitationHandler.Answer => ElicitationHandler.accept(content)),
          Effect.catchTag("Unanswered", unanswered),
          alone
        ),
      url: ({ message, url }, asker) =>
        Effect.gen(function* () {
          yield* say(heading(asker, "wants to send you to a page", message))
          // As a browser reads it: who looks at the whole URL alone may see another host in it.
          const { host, href } = new URL(url)
          yield* say(`  host: ${host}\n  page: ${visible(href)}\n`)
          yield* agrees(`Open ${host}?`)
          yield* (yield* Browser).open(href)
          return ElicitationHandler.accept()
        }).pipe(Effect.catchTag("Unanswered", unanswered), alone)
    })

    const Model = SamplingHandler.layer(({ messages, systemPrompt }, asker) =>
      Effect.gen(function* () {
        const texts = messages.flatMap((message) =>
          blocksOf(message).map((block) => `${message.role}: ${block.type === "text" ? block.text : `(${block.type})`}`)
        )
        yield* say(
          heading(asker, "asks for a model. Be one", [...(systemPrompt === undefined ? [] : [systemPrompt]), ...texts].join("\n"))
        )
        return SamplingHandler.text(yield* line(), { model: "a person" })
      }).pipe(
        Effect.catchTag("Unanswered", () => SamplingHandler.reject("the person did not answer")),
        alone
      )
    )
    return Layer.merge(Forms, Model)
  })
)
