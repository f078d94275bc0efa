/**
 * Users who are scripted: what they answer to the forms and pages that a server shows them.
 *
 * A script is a value without state; each client that is made with it starts it anew. Questions are told apart by their messages and
 * fields: keys of questions do not travel in revisions with sessions.
 */
import type { Asker } from "@effect-mcp/client/Asker"
import * as ElicitationHandler from "@effect-mcp/client/ElicitationHandler"
import * as Form from "@effect-mcp/core/Form"
import type { McpError } from "@effect-mcp/core/McpError"
import type { Rejected } from "@effect-mcp/client/Rejected"
import type { FormSchema, FormValue } from "@effect-mcp/core/protocol/Elicitation"
import * as Effect from "effect/Effect"
import type { Received } from "./Received.ts"

export { accept, cancel, decline } from "@effect-mcp/client/ElicitationHandler"

/** A form that the user is shown. */
export interface FormShown {
  readonly kind: "form"
  readonly message: string
  /** The fields, and which of them are required. */
  readonly form: FormSchema
  /** The server, and the revision. */
  readonly asker: Asker
}

/** A page that the user is asked to visit. */
export interface PageShown {
  readonly kind: "page"
  readonly message: string
  readonly url: string
  readonly asker: Asker
}

/** What a server asks of the user. */
export type Question = FormShown | PageShown

/**
 * What the user does: an answer, or an Effect that makes one, which may take its time, fail with what the server gets as an error, or never
 * end. Content that does not fit its form fails the test.
 */
export type Reply = ElicitationHandler.Answer | Effect.Effect<ElicitationHandler.Answer, McpError | Rejected>

/** Why a script has no answer to a question. */
export interface Pass {
  readonly pass: string
}

/** What a script does once a client has started it. */
export interface Running {
  readonly reply: (question: Question) => Reply | Pass
  /** What was not used so far, a line for each. */
  readonly remaining: () => ReadonlyArray<string>
}

/** What a user answers. */
export interface UserScript {
  readonly start: () => Running
  /** Whether the user can be sent to pages. A client whose user cannot declares forms alone. True by default. */
  readonly pages?: boolean
}

/** The user of a client. */
export interface ScriptedUser {
  /** What was asked, as soon as it is. */
  readonly asked: Received<Question>
  /** What the script holds and nobody asked for: answers of lists, messages that did not come, values whose fields no form had. */
  readonly remaining: ReadonlyArray<string>
}

/** True for what says that there is no answer. */
export const isPass = (reply: Reply | Pass): reply is Pass => "pass" in reply

const pass = (why: string): Pass => ({ pass: why })

/** Values by the names of fields. */
export interface Values {
  readonly [field: string]: FormValue
}

// The fields that the form has, if that is all that it asks for.
const filled = ({ form }: FormShown, values: Values, used: Set<string>): Reply | Pass => {
  const content = Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(form.properties, name)))
  const problems = Form.problems(form, Form.filled(form, content))
  if (problems !== undefined) return pass(`of its fields\n  ${problems.replaceAll("\n", "\n  ")}`)
  for (const name of Object.keys(content)) used.add(name)
  return ElicitationHandler.accept(content)
}

/**
 * Accepts every form, and fills in the fields that it has by their names; forms without fields are agreed to. A form that needs more has
 * no answer, and neither has a page: put {@link when} before it.
 *
 * @example
 * const files = yield* McpTest.client(FilesServer, { user: McpTest.answers({ sure: true }) })
 */
export const answers = (values: Values): UserScript => ({
  start: () => {
    const used = new Set<string>()
    return {
      reply: (question) =>
        question.kind === "form" ? filled(question, values, used) : pass("`answers` fills in forms, and this is a page"),
      remaining: () =>
        Object.keys(values)
          .filter((name) => !used.has(name))
          .map((name) => `a value of the field "${name}"`)
    }
  }
})

const shown = (reply: Reply): string => (Effect.isEffect(reply) ? "an Effect" : JSON.stringify(reply))

/** Gives the replies in this order, one for each question. */
export const inOrder = (...replies: ReadonlyArray<Reply>): UserScript => ({
  start: () => {
    let next = 0
    return {
      reply: () => replies[next++] ?? pass(`all ${replies.length} answers of the list were given`),
      remaining: () => replies.slice(next).map((reply, i) => `answer ${next + i + 1} of the list: ${shown(reply)}`)
    }
  }
})

/**
 * Gives this reply whenever a message is this text, or matches this pattern.
 *
 * @example
 * const user = McpTest.firstOf(McpTest.when(/^Delete/, McpTest.decline), McpTest.answers({ name: "ada" }))
 */
export const when = (message: string | RegExp, reply: Reply): UserScript => ({
  start: () => {
    let isUsed = false
    const fits = (asked: string) => (typeof message === "string" ? asked === message : asked.search(message) !== -1)
    return {
      reply: (question) => {
        if (!fits(question.message)) return pass(`its message is not ${String(message)}`)
        isUsed = true
        return reply
      },
      remaining: () => (isUsed ? [] : [`an answer to the message ${String(message)}`])
    }
  }
})

/** Decides case by case; `undefined` for what the user has no answer to. */
export const user = (decide: (question: Question) => Reply | undefined): UserScript => ({
  start: () => ({
    reply: (question) => decide(question) ?? pass("the function gave none"),
    remaining: () => []
  })
})

/** The answer of the first script that has one. */
export const firstOf = (...scripts: ReadonlyArray<UserScript>): UserScript => ({
  pages: scripts.some(({ pages }) => pages !== false),
  start: () => {
    const running = scripts.map(({ start }) => start())
    return {
      reply: (question) => {
        const why: Array<string> = []
        for (const { reply } of running) {
          const said = reply(question)
          if (!isPass(said)) return said
          why.push(said.pass)
        }
        return pass(why.join("; ") || "there is no script")
      },
      remaining: () => running.flatMap(({ remaining }) => remaining())
    }
  }
})

/** The same user with a client that shows forms and no pages, as many do. */
export const withoutPages = (script: UserScript): UserScript => ({ ...script, pages: false })

/** A user who never answers: calls wait, until the server's `answerTimeout` or an interruption ends them. */
export const silent: UserScript = user(() => Effect.never)
