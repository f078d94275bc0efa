/**
 * The server that is fuzzed: a tool for each way in which a call can go.
 */
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Completion from "@effect-mcp/core/Completion"
import type { Dispatcher } from "@effect-mcp/core/Dispatcher"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Progress from "@effect-mcp/core/Progress"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as JsonSchemaTool from "@effect-mcp/core/JsonSchemaTool"
import type * as Settings from "@effect-mcp/server/Settings"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

/** What the tools wait for, and who is told that they run. */
export interface Hooks {
  /** What slow tools wait for. */
  readonly gate: Effect.Effect<void>
  /** What tools wait for that only go to the end of the queue. */
  readonly turn: Effect.Effect<void>
  /** How long a client may take to answer a question. */
  readonly patience: Duration.Input
  /** Called as handlers start and after their finalizers. */
  readonly started: () => void
  readonly ended: () => void
}

export class NoSuchCity extends Schema.TaggedError<NoSuchCity>()("NoSuchCity", { city: Schema.String }) {}

interface Tree {
  readonly name: string
  readonly children: ReadonlyArray<Tree>
}
const Tree = Schema.Struct({
  name: Schema.String,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
}).annotate({ identifier: "Tree" })

const Who = Schema.Struct({
  subject: Schema.optionalKey(Schema.String),
  id: Schema.Union([Schema.String, Schema.Int]),
  method: Schema.String,
  version: Schema.String
})

const node = {
  type: "object",
  properties: { next: { $ref: "#/$defs/node" }, tag: { type: "string", pattern: "^[a-z]*$" } },
  additionalProperties: { type: ["number", "string", "object", "array", "boolean", "null"] }
}

export class Everything extends McpGroup.make(
  "everything",
  Tool.make("echo", { parameters: { value: Schema.Json }, success: Schema.Json }),
  Tool.make("open", { parameters: Schema.Record(Schema.String, Schema.Json), success: Schema.Json }),
  Tool.make("add", { parameters: { a: Schema.Finite, b: Schema.optionalKey(Schema.Finite) }, success: Schema.Finite }),
  Tool.make("text", { parameters: { text: Schema.String }, success: Schema.String }),
  Tool.make("nothing"),
  Tool.make("later", { parameters: { text: Schema.String, turns: Schema.Int }, success: Schema.String }),
  Tool.make("slow", { parameters: { text: Schema.String }, success: Schema.String }),
  Tool.make("deaf", { success: Schema.String }),
  Tool.make("stubborn", { success: Schema.String }),
  Tool.make("late", { timeout: "2 millis" }),
  Tool.make("fail", { parameters: { city: Schema.String }, failure: NoSuchCity }),
  Tool.make("die"),
  Tool.make("throw"),
  Tool.make("lie", { success: Schema.Finite }),
  Tool.make("progress", { parameters: { steps: Schema.Int }, success: Schema.Int }),
  Tool.make("log", { parameters: { value: Schema.Json } }),
  Tool.make("who", { success: Who }),
  Tool.make("tree", { parameters: Tree.fields, success: Schema.Int }),
  JsonSchemaTool.make("raw", { inputSchema: { ...node, $defs: { node } }, success: Schema.Int }),
  Tool.make("ask", { parameters: { text: Schema.String }, success: Schema.Json }),
  Resource.make("front", "fuzz://front"),
  Resource.template("page", "fuzz://pages/{id}{?lang}", { failure: NoSuchCity }),
  Resource.template("file", "fuzz://files/{path*}", { success: Schema.Uint8Array }),
  Resource.make("dead", "fuzz://dead"),
  Prompt.make("greet", { parameters: { text: Schema.String, times: Schema.optionalKey(Schema.Int) } }),
  Prompt.make("rude", { failure: NoSuchCity })
) {}

/** URIs of which some lead to something. */
export const uris = [
  "fuzz://front",
  "fuzz://pages/1",
  "fuzz://pages/a%20b?lang=no&other=1",
  "fuzz://files/a/b/c.txt",
  "fuzz://files/../etc",
  "fuzz://files/%00",
  "fuzz://dead",
  "fuzz://nowhere",
  ""
] as const

/** The names of all prompts. */
export const promptNames = ["greet", "rude"] as const

/** The names of all tools. */
export const toolNames = [
  "echo",
  "open",
  "add",
  "text",
  "nothing",
  "later",
  "slow",
  "deaf",
  "stubborn",
  "late",
  "fail",
  "die",
  "throw",
  "lie",
  "progress",
  "log",
  "who",
  "tree",
  "raw",
  "ask"
] as const

const size = (tree: Tree): number => tree.children.reduce((sum, child) => sum + size(child), 1)

const handlers = ({ ended, gate, patience, started, turn }: Hooks) => {
  // Counted, and with a finalizer that has to run whatever happens.
  const counted = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      started()
      return Effect.ensuring(effect, Effect.sync(ended))
    })

  return Everything.toLayer({
    tools: {
      echo: ({ value }) => Effect.succeed(value),
      open: (value) => Effect.succeed(value),
      add: ({ a, b }) => Effect.succeed(a + (b ?? 0)),
      text: ({ text }) => Effect.succeed(text),
      nothing: () => Effect.void,
      later: Effect.fn("later")(function* ({ text, turns }) {
        for (let i = 0; i < Math.min(turns, 3); i++) yield* turn
        return text
      }, counted),
      slow: ({ text }) => counted(Effect.as(gate, text)),
      // Ends as it likes.
      deaf: () => counted(Effect.uninterruptible(Effect.as(Effect.andThen(turn, turn), "done"))),
      // Takes its time to end, also when it is interrupted, and has a child.
      stubborn: () =>
        Effect.gen(function* () {
          yield* Effect.addFinalizer(() => turn)
          yield* Effect.forkChild(Effect.never)
          yield* Effect.onInterrupt(gate, () => Effect.andThen(turn, turn))
          return "done"
        }).pipe(Effect.scoped, counted),
      late: () => counted(Effect.never),
      fail: ({ city }) => Effect.fail(new NoSuchCity({ city })),
      die: () => Effect.andThen(turn, Effect.die(new Error("secret"))),
      throw: () => {
        throw new Error("secret")
      },
      lie: () => Effect.succeed("no number" as unknown as number),
      progress: Effect.fn("progress")(function* ({ steps }) {
        const last = Math.max(0, Math.min(steps, 4))
        for (let i = 1; i <= last; i++) {
          yield* Progress.report(i, last, `step ${i}`)
          yield* Progress.report(i) // no further than before
          yield* turn
        }
        // Nobody listens any more when this one comes.
        yield* Effect.forkDetach(Effect.andThen(Effect.andThen(turn, turn), Progress.report(last + 1)))
        return last
      }, counted),
      log: Effect.fn("log")(function* ({ value }) {
        yield* Effect.logDebug("a detail", value)
        yield* Effect.logError(value).pipe(Effect.annotateLogs("value", value))
        yield* Effect.forkDetach(Effect.andThen(turn, Effect.logError("too late")))
      }),
      who: () =>
        Effect.map(RequestContext, ({ id, method, principal, revision }) => ({
          ...(principal.subject === undefined ? {} : { subject: principal.subject }),
          id,
          method,
          version: revision.version
        })),
      tree: (tree) => Effect.sync(() => size(tree)),
      raw: (args) => Effect.succeed(Object.keys(args).length),
      ask: ({ text }) =>
        Effect.gen(function* () {
          const { asking } = yield* RequestContext
          const answer = yield* asking.ask({ key: "q", method: "elicitation/create", params: { message: text } })
          return answer as Schema.Json
        }).pipe(Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.succeed("no answer") }), Effect.orDie, counted)
    },
    resources: {
      front: () => Effect.succeed("front"),
      page: ({ id, lang }) =>
        id === "0" ? Effect.fail(new NoSuchCity({ city: id })) : counted(Effect.as(turn, `${id} ${lang ?? ""}`)),
      file: ({ path }) => Effect.succeed(new TextEncoder().encode(path)),
      dead: () => Effect.die(new Error("secret"))
    },
    prompts: {
      greet: Completion.suggesting(({ text, times }) => counted(Effect.as(turn, `${text} ${times ?? 1}`)), {
        text: (value) => counted(Effect.as(turn, [`${value}!`]))
      }),
      rude: () => Effect.fail(new NoSuchCity({ city: "Rude" }))
    }
  })
}

/** Makes the server. */
export const make = (hooks: Hooks, settings: Settings.Options = {}): Layer.Layer<McpServer.McpServer | Dispatcher> =>
  McpServer.layer({ name: "fuzzed", version: "1.0.0", instructions: "break me", ...settings }, Everything).pipe(
    Layer.provide(handlers(hooks))
  )
