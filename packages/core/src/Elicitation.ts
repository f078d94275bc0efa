/**
 * Asks the user of the client: with a form, or by sending the user to a page.
 *
 * The same code works in every era. In a session the handler waits; in the request era it runs again with the answer, see `Replay`.
 * Where the client cannot be asked, the question fails with `Unsupported`, or gives what `orElse` says. That the user declined, or
 * closed the question, is a failure that `orElse` does not hide. A handler may fail with any of these, whatever its contract declares.
 *
 * Source: "Elicitation" in the client features since 2025-06-18.
 */
import * as Effect from "effect/Effect"
import { AskingFailed, type AskingError, Cancelled, Declined, InvalidAnswer, Unsupported } from "./Asking.ts"
import type { Codec, Fields, SchemaOf } from "./Contract.ts"
import { type Form, make } from "./internal/form.ts"
import type { JsonObject } from "./Jsonrpc.ts"
import { RequestContext } from "./RequestContext.ts"

const method = "elicitation/create"

/** What is asked, without its key. */
export interface Question<S extends Codec | Fields = {}> {
  /** What the user reads. Never ask for secrets with a form: send the user to a page of yours with {@link url}. */
  readonly message: string
  /**
   * What the user fills in: fields of a struct that are texts, numbers, yes or no, choices, or several of them; or one such Schema by
   * itself. Without it, the user says yes or no to the message. A Schema that a form cannot show throws `UnrepresentableSchema` when the
   * question is made, and says which part; what a form cannot say, such as a pattern, is checked when the answer comes.
   *
   * Define it outside of the handler: what is made of it is kept for as long as the Schema.
   */
  readonly schema?: S
}

/** What a question gives. */
export type Answer<S extends Codec | Fields> = {} extends S ? void : SchemaOf<S>["Type"]

/** Why a question that has an `orElse` got no answer. */
export type Unanswered = Exclude<AskingError, Unsupported>

const forms = new WeakMap<object, Form<unknown>>()

const formOf = (schema: Codec | Fields | undefined): Form<unknown> => {
  if (schema === undefined) return confirmation()
  let form = forms.get(schema)
  if (form === undefined) forms.set(schema, (form = make(schema) as Form<unknown>))
  return form
}

let confirmed: Form<unknown> | undefined
const confirmation = (): Form<unknown> => (confirmed ??= make(undefined))

/** What the client put in; or why it did not. */
const contentOf = (key: string, answer: JsonObject): Effect.Effect<unknown, AskingFailed | Declined | Cancelled> => {
  switch (answer["action"]) {
    case "accept":
      return Effect.succeed(answer["content"])
    case "decline":
      return Effect.fail(new Declined({ key }))
    case "cancel":
      return Effect.fail(new Cancelled({ key }))
    default:
      return Effect.fail(new AskingFailed({ method, code: 0, detail: "its answer is not what the protocol says" }))
  }
}

interface Put {
  readonly key: string
  readonly message: string
  readonly schema?: Codec | Fields
  readonly orElse?: unknown
}

const orElse = <A, E, R>(effect: Effect.Effect<A, E, R>, options: object): Effect.Effect<unknown, unknown, R> =>
  "orElse" in options
    ? Effect.catch(effect, (error) => (error instanceof Unsupported ? Effect.succeed(options.orElse) : Effect.fail(error)))
    : effect

const fill = ({ key, message, schema }: Put) => {
  const form = formOf(schema)
  return Effect.flatMap(RequestContext, ({ asking, revision }) => {
    const requested = form.requestedSchema(revision)
    if (requested._tag === "Failure") return Effect.fail(new Unsupported({ method, detail: requested.text }))
    const mode = revision.elicitation === "form+url" ? { mode: "form" } : {}
    const params = { ...mode, message, requestedSchema: requested.value }
    return Effect.flatMap(asking.ask({ key, method, params }), (answer) =>
      Effect.flatMap(contentOf(key, answer), (content) => {
        const decoded = form.decode(content)
        if (decoded._tag === "Success") return Effect.succeed(decoded.value)
        return Effect.fail(new InvalidAnswer({ key, detail: decoded.text }))
      })
    )
  })
}

/**
 * Shows the user a form and gives what was filled in. The key tells the question from the others of the same request.
 *
 * Fails with `Unsupported` unless there is an `orElse`, with `Declined` or `Cancelled` when the user does, with `InvalidAnswer` when the
 * answer is not what the Schema says, and with `AskingFailed` when the client refuses.
 *
 * @example
 * const { sure } = yield* Elicitation.form({ key: "sure", message: `Delete ${id}?`, schema: Confirm, orElse: { sure: false } })
 */
export const form: {
  <S extends Codec | Fields = {}>(
    options: Question<S> & { readonly key: string; readonly orElse: NoInfer<Answer<S>> }
  ): Effect.Effect<Answer<S>, Unanswered, RequestContext>
  <S extends Codec | Fields = {}>(
    options: Question<S> & { readonly key: string }
  ): Effect.Effect<Answer<S>, AskingError, RequestContext>
} = (options: Put): Effect.Effect<never, never, RequestContext> =>
  orElse(fill(options), options) as Effect.Effect<never, never, RequestContext> // as the signatures above say

/** Several questions by their keys. */
export interface Questions {
  readonly [key: string]: Question<Codec | Fields>
}

/** What several questions give. */
export type Answers<Q extends Questions> = {
  readonly [K in keyof Q]: Q[K] extends { readonly schema: infer S extends Codec | Fields } ? Answer<S> : void
}

/** What the compiler shows where the `orElse` of a question is not what its answer could be. */
export interface NoAnswer<Expected> {
  readonly "orElse has to be what the question could be answered with": Expected
}

/** What several questions have to be: each `orElse` is an answer to its question, and there is nothing beside what a question has. */
export type Askable<Q extends Questions> = {
  readonly [K in keyof Q]: (Q[K] extends { readonly orElse: Answers<Q>[K] }
    ? unknown
    : { readonly orElse?: NoAnswer<Answers<Q>[K]> }) & {
    readonly [P in Exclude<keyof Q[K], keyof Question | "orElse">]: never
  }
}

/** Why several questions got no answers: those that all have an `orElse` are never unsupported. */
export type AnswersError<Q extends Questions> =
  | Unanswered
  | (Q[keyof Q] extends { readonly orElse: unknown } ? never : Unsupported)

/**
 * Asks several things in one round; the keys are those of the record. The first one that fails ends the others.
 *
 * @example
 * const { seat, meal } = yield* Elicitation.all({
 *   seat: { message: "Where do you want to sit?", schema: Seat },
 *   meal: { message: "What do you want to eat?", schema: Meal, orElse: { meal: "none" } }
 * })
 */
export const all = <const Q extends Questions>(
  questions: Q & Askable<Q>
): Effect.Effect<Answers<Q>, AnswersError<Q>, RequestContext> => {
  const asked = Object.entries<Question<Codec | Fields>>(questions).map(([key, question]) => {
    const options: Put = { ...question, key }
    return Effect.map(orElse(fill(options), options), (answer) => [key, answer] as const)
  })
  return Effect.map(Effect.all(asked, { concurrency: "unbounded" }), (answers) => Object.fromEntries(answers)) as Effect.Effect<
    Answers<Q>,
    AnswersError<Q>,
    RequestContext
  > // each answer is that of its own question
}

/** A user who agreed to visit a page. */
export interface Visit {
  /**
   * Tells the client that what the user was sent there for is done, so that it can close what it shows. Revisions without such a
   * message (all but 2025-11-25) tell nothing. May be run after the request was answered.
   */
  readonly complete: Effect.Effect<void>
}

const loopback = new Set(["localhost", "127.0.0.1", "[::1]"])

const checked = (url: string | URL): string => {
  const { hostname, href, protocol } = new URL(url)
  if (protocol === "https:" || (protocol === "http:" && loopback.has(hostname))) return href
  throw new Error(`Elicitation.url: users are sent to https: only, or to http: on this machine, not to ${protocol}//${hostname}`)
}

interface UrlOptions {
  readonly key: string
  /** What the user reads: what the page is for. */
  readonly message: string
  /**
   * Where the user is sent: https, or http on this machine; anything else is a defect. It must hold no secret and be no login: whoever
   * opens it has to be recognised as the user who was asked. In the request era it must be the same whenever the handler runs again:
   * make what is random in it with `Replay.once`.
   */
  readonly url: string | URL
}

const visit = ({ key, message, url }: UrlOptions): Effect.Effect<Visit, AskingError, RequestContext> =>
  Effect.flatMap(RequestContext, ({ asking }) =>
    Effect.suspend(() => asking.ask({ key, method, params: { mode: "url", message, url: checked(url) } })).pipe(
      Effect.flatMap((answer) => contentOf(key, answer)),
      Effect.as<Visit>({ complete: asking.completed(key) })
    )
  )

/**
 * Sends the user to a page: for secrets, payments, and logins elsewhere, which must not pass through the client. That the user agreed
 * says nothing of what happened there: wait for it, then run {@link Visit.complete}. Since 2025-11-25.
 *
 * Fails as {@link form} does.
 */
export const url: {
  <B>(options: UrlOptions & { readonly orElse: B }): Effect.Effect<Visit | B, Unanswered, RequestContext>
  (options: UrlOptions): Effect.Effect<Visit, AskingError, RequestContext>
} = (options: UrlOptions): Effect.Effect<never, never, RequestContext> =>
  orElse(visit(options), options) as Effect.Effect<never, never, RequestContext> // as the signatures above say
