/**
 * A script of a user, started for one client.
 */
import type { Asker } from "@effect-mcp/client/Asker"
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import { Rejected } from "@effect-mcp/client/Rejected"
import * as Form from "@effect-mcp/core/Form"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { isPass, type Question, type ScriptedUser, type UserScript } from "../ScriptedUser.ts"
import { Unscripted } from "../Unscripted.ts"
import { Collector } from "./collector.ts"
import { exampleValues, fieldLines } from "./formText.ts"
import type { Guard } from "./guard.ts"

const from = ({ revision, serverInfo }: Asker): string => `of server "${serverInfo?.name ?? "?"}" (revision ${revision.version})`

const unscripted = (question: Question, why: string): Unscripted => {
  const { asker, kind, message } = question
  const named = `the ${kind} ${JSON.stringify(message)} ${from(asker)}`
  const when = (reply: string) => `McpTest.when(${JSON.stringify(message)}, ${reply})`
  if (kind === "page") {
    const advice = `Script it with \`user: ${when("McpTest.accept()")}\`, or \`McpTest.decline\`.`
    return new Unscripted({ who: "user", question: `${named}, ${question.url},`, why, advice })
  }
  const values = exampleValues(question.form)
  const fields = fieldLines(question.form)
  return new Unscripted({
    who: "user",
    question: fields.length === 0 ? `${named}, which has no fields,` : [`${named}:`, ...fields].join("\n"),
    why,
    advice:
      `Script it with \`user: McpTest.answers(${values})\` for all forms, with\n` +
      `\`${when(`McpTest.accept(${values})`)}\` for this one, or with \`McpTest.decline\`.`
  })
}

// The server gets to know that something is wrong, and the test what.
const refused = new Rejected({ detail: "the scripted user has no answer that fits" })

const answered = (question: Question, answer: ElicitationHandler.Answer): string | undefined => {
  if (question.kind === "page" || answer.action !== "accept") return undefined
  const problems = Form.problems(question.form, Form.filled(question.form, answer.content))
  return problems === undefined ? undefined : `the answer ${JSON.stringify(answer.content)} does not fit\n  ${problems}`
}

/** Starts a script: the user as the test sees it, and the handler for the client. */
export const startUser = (
  script: UserScript,
  guard: Guard,
  keep: number | undefined
): { readonly user: ScriptedUser; readonly handler: Layer.Layer<ElicitationHandler.ElicitationHandler> } => {
  const running = script.start()
  const asked = new Collector<Question>(keep)
  const fail = (question: Question, why: string) =>
    Effect.suspend(() => {
      guard.report(unscripted(question, why))
      return Effect.fail(refused)
    })
  const reply = Effect.fnUntraced(function* (question: Question) {
    asked.push(question)
    const said = running.reply(question)
    if (isPass(said)) return yield* fail(question, said.pass)
    const answer = Effect.isEffect(said) ? yield* said : said
    const misfit = answered(question, answer)
    return misfit === undefined ? answer : yield* fail(question, misfit)
  })
  return {
    user: {
      asked,
      get remaining() {
        return running.remaining()
      }
    },
    handler: ElicitationHandler.layer({
      form: ({ message, requestedSchema }, asker) => reply({ kind: "form", message, form: requestedSchema, asker }),
      ...(script.pages === false ? {} : { url: ({ message, url }, asker) => reply({ kind: "page", message, url, asker }) })
    })
  }
}
