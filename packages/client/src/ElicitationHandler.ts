/**
 * Answers servers that ask the user: with a form, or by sending the user to a URL.
 *
 * The user has to see which server asks ({@link Asker}), and must be able to decline. A URL is shown in full and opened only after
 * the user agreed, where neither the client nor a model can look into it; nothing is fetched before.
 *
 * Source: "Elicitation" in the client features since 2025-06-18, URLs since 2025-11-25.
 */
import * as Form from "@effect-mcp/core/Form"
import { isObject, type JsonObject } from "@effect-mcp/core/Jsonrpc"
import type { McpError } from "@effect-mcp/core/McpError"
import {
  type ElicitFormParams,
  ElicitFormParams as FormParams,
  ElicitResult,
  type ElicitUrlParams,
  ElicitUrlParams as UrlParams,
  type FormSchema,
  type FormValue
} from "@effect-mcp/core/protocol/Elicitation"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Asker } from "./Asker.ts"
import { ElicitationHandler } from "./internal/handlers.ts"
import { answer, captured, describe, Misfit, reader, refuseParams } from "./internal/responder.ts"
import type { Rejected } from "./Rejected.ts"

export type { Asker } from "./Asker.ts"
export { ElicitationHandler } from "./internal/handlers.ts"

/** The user agreed: to send what the form holds, or to visit the URL. */
export interface Accepted {
  readonly action: "accept"
  /** What the user put in. Fields with a default may be left out. */
  readonly content: { readonly [field: string]: FormValue }
}

/** What the user did. */
export type Answer = Accepted | { readonly action: "decline" } | { readonly action: "cancel" }

/** The user agreed. Of a URL there is no content. */
export const accept = (content: Accepted["content"] = {}): Accepted => ({ action: "accept", content })

/** The user said no. */
export const decline: Answer = { action: "decline" }

/** The user made no choice: closed the window, or left. */
export const cancel: Answer = { action: "cancel" }

/** What shows questions to the user. */
export interface Handlers<RF, RU> {
  /** Shows a form. */
  readonly form?: (params: ElicitFormParams, asker: Asker) => Effect.Effect<Answer, McpError | Rejected, RF>
  /** Asks the user to visit a URL; always `http` or `https`. Accepting it is consent, whether the user did it is not said. */
  readonly url?: (params: ElicitUrlParams, asker: Asker) => Effect.Effect<Answer, McpError | Rejected, RU>
}

const method = "elicitation/create"
const decodeResult = Schema.decodeUnknownResult(ElicitResult)
const readForm = reader(FormParams)
const readUrl = reader(UrlParams)

const told = "the answer does not fit the form"

// Which fields are wrong, for the log: what the user put into them is nobody's business.
const misfits = (form: FormSchema, content: JsonObject): string => {
  const names = Object.entries(form.properties).flatMap(([name, field]) => {
    const required = form.required?.includes(name) === true ? [name] : []
    const own = Object.hasOwn(content, name) ? { [name]: content[name] } : {}
    return Form.problems({ type: "object", properties: { [name]: field }, required }, own) === undefined ? [] : [name]
  })
  return names.length === 0 ? "it has fields that the form does not have" : `fields that do not fit: ${names.join(", ")}`
}

// Defaults of the form are filled in; what the server did not ask for, or could not read, does not leave the client.
const finishForm =
  (form: FormSchema) =>
  (given: unknown): ElicitResult | Misfit => {
    const isAccepted = isObject(given) && given["action"] === "accept"
    const content = isAccepted ? Form.filled(form, given["content"]) : {}
    const decoded = decodeResult(isAccepted ? { action: "accept", content } : given)
    if (Result.isFailure(decoded)) return new Misfit({ told, detail: describe(decoded.failure.issue) })
    if (!isAccepted) return { action: decoded.success.action }
    if (Form.problems(form, content) !== undefined) return new Misfit({ told, detail: misfits(form, content) })
    return decoded.success
  }

const finishUrl = (given: Answer): ElicitResult | Misfit => {
  const decoded = decodeResult(given)
  if (Result.isFailure(decoded)) return new Misfit({ told, detail: describe(decoded.failure.issue) })
  return { action: decoded.success.action }
}

// Handlers open what they are given: nothing but pages, no files and no scripts.
const isPage = (url: string): boolean => /^https?:\/\//i.test(url) && URL.canParse(url)

/**
 * Answers with what these functions say; the client declares the modes that there are functions for. They may require services, and
 * are given a `Scope` of their own for each question. A question that the server takes back interrupts them.
 *
 * They may fail with an `McpError`, or with {@link Rejected}; the server gets that as an error. Defects are logged, and the server
 * gets -32603. Fields that are left out get the default of the form. Content that does not fit the form is a fault of the program:
 * it is logged, without the content, and the server gets -32603.
 *
 * @example
 * const Elicitation = ElicitationHandler.layer({
 *   form: ({ message, requestedSchema }, { serverInfo }) =>
 *     Effect.map(Ui.show(serverInfo?.name, message, requestedSchema), (filled) =>
 *       filled === undefined ? ElicitationHandler.decline : ElicitationHandler.accept(filled)
 *     )
 * })
 */
export const layer = <RF = never, RU = never>(
  handlers: Handlers<RF, RU>
): Layer.Layer<ElicitationHandler, never, Exclude<RF | RU, Scope.Scope>> =>
  Layer.effect(
    ElicitationHandler,
    Effect.map(Effect.context<RF | RU>(), (context) => {
      const run = captured(context)
      const { form, url } = handlers
      return ElicitationHandler.of({
        capability: ({ elicitation }) => {
          if (elicitation === "none" || (form === undefined && (url === undefined || elicitation === "form"))) return undefined
          if (elicitation === "form") return {}
          return { ...(form === undefined ? {} : { form: {} }), ...(url === undefined ? {} : { url: {} }) }
        },
        read: (params, asker) => {
          if (params["mode"] === "url") {
            if (url === undefined || asker.revision.elicitation !== "form+url") return refuseParams("mode: url was not declared")
            return Result.flatMap(readUrl(params), (question) =>
              isPage(question.url)
                ? Result.succeed(
                    answer(
                      method,
                      asker,
                      run(() => url(question, asker)),
                      finishUrl
                    )
                  )
                : refuseParams("url: expected an http or https URL")
            )
          }
          if (form === undefined) return refuseParams("mode: form was not declared")
          return Result.map(readForm(params), (question) =>
            answer(
              method,
              asker,
              run(() => form(question, asker)),
              finishForm(question.requestedSchema)
            )
          )
        }
      })
    })
  )
