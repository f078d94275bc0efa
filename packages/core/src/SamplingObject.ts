/**
 * Asks the model of the client for a value of a Schema.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type AskingFailed, InvalidAnswer, type Unsupported } from "./Asking.ts"
import { type Codec, type Fields, type SchemaOf, toSchema } from "./Contract.ts"
import { toolJsonSchema } from "./internal/jsonSchema.ts"
import { type Decoder, explainExit, makeDecoder } from "./internal/toolArguments.ts"
import type { JsonObject } from "./Jsonrpc.ts"
import { blocksOf, type CreateMessageResult, type SamplingMessage } from "./protocol/Sampling.ts"
import type { ObjectJsonSchema } from "./protocol/Tools.ts"
import { RequestContext } from "./RequestContext.ts"
import * as Sampling from "./Sampling.ts"

/** How often a model may try again by default. */
export const defaultRepairs = 2

/** What a model is asked for. */
export interface Options<S extends Codec | Fields> extends Omit<Sampling.Options, "tools" | "toolChoice"> {
  /** What is asked for: the fields of an object, or any Schema. */
  readonly schema: S
  /** How often the model is told what was wrong and may try again. 2 by default. */
  readonly repairs?: number
}

interface Wanted {
  readonly json: JsonObject
  readonly decoder: Decoder<unknown>
  readonly unwrap: (value: unknown) => unknown
}

const wanted = new WeakMap<object, Wanted>()

// Models answer with objects: another value is the member of one.
const wantedOf = (schema: Codec | Fields): Wanted => {
  const known = wanted.get(schema)
  if (known !== undefined) return known
  const codec = toSchema(schema)
  const shown = toolJsonSchema(codec, "SamplingObject.create", "success")
  const isObject = shown["type"] === "object"
  const struct = isObject ? codec : toSchema({ value: codec })
  const made: Wanted = {
    json: isObject ? shown : toolJsonSchema(struct, "SamplingObject.create", "success"),
    decoder: makeDecoder(struct, { lenient: true }),
    unwrap: isObject ? (value) => value : (value) => (value as { readonly value: unknown }).value // it is the struct above
  }
  wanted.set(schema, made)
  return made
}

const toolName = "answer"

// What stands between the first and the last brace: models like to say something before and after.
const parse = (text: string): unknown => {
  const json = text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const given = (result: CreateMessageResult): unknown => {
  const used = blocksOf(result).find((block) => block.type === "tool_use")
  return used?.input ?? parse(Sampling.textOf(result))
}

/** What the model is told when its answer is none. */
const again = (result: CreateMessageResult, problems: string): ReadonlyArray<SamplingMessage> => {
  const used = blocksOf(result).flatMap((block) => (block.type === "tool_use" ? [block] : []))
  const text = `The answer cannot be used:\n${problems}\nAnswer again.`
  const told: SamplingMessage =
    used.length === 0
      ? Sampling.user(text)
      : Sampling.user(
          used.map(({ id }) => ({ type: "tool_result", toolUseId: id, content: [{ type: "text", text }], isError: true }))
        )
  return [{ role: "assistant", content: result.content }, told]
}

const withTool = ({ json }: Wanted) => ({
  tools: [{ name: toolName, description: "Gives the answer", inputSchema: json as unknown as ObjectJsonSchema }], // an object's, see above
  toolChoice: { mode: "required" } as const
})

const inWords = ({ json }: Wanted, systemPrompt: string | undefined) => ({
  systemPrompt: [systemPrompt, `Answer with JSON alone, as this JSON Schema says:\n${JSON.stringify(json)}`]
    .filter(Boolean)
    .join("\n\n")
})

/**
 * Asks the client's model for a value of a Schema. A model that can use tools, such as a fallback, has to use one for the answer,
 * another is shown the JSON Schema. When the answer is not what the Schema says, the model is told so and may try again, each time as a
 * question of its own (`key`, `key/2`, `key/3`).
 *
 * Fails as `Sampling.create` does, and with `InvalidAnswer` when the last try is no better. A Schema that JSON Schema cannot express is
 * a defect. Define it outside of the handler: what is made of it is kept for as long as the Schema.
 *
 * @example
 * const Sentiment = { mood: Schema.Literals(["good", "bad"]), confidence: Schema.Finite }
 * const { mood } = yield* SamplingObject.create({ key: "mood", messages: review, schema: Sentiment })
 */
export const create = <S extends Codec | Fields>({
  repairs = defaultRepairs,
  schema,
  ...options
}: Options<S>): Effect.Effect<SchemaOf<S>["Type"], Unsupported | AskingFailed | InvalidAnswer, RequestContext> =>
  Effect.gen(function* () {
    const want = wantedOf(schema)
    const { clientCapabilities, revision } = yield* RequestContext
    // A fallback has tools; it answers where the client has no model at all.
    const hasTools =
      clientCapabilities.sampling === undefined
        ? (yield* Effect.serviceOption(Sampling.Fallback))._tag === "Some"
        : revision.samplingTools && clientCapabilities.sampling.tools !== undefined
    const how = hasTools ? withTool(want) : inWords(want, options.systemPrompt)
    let messages: ReadonlyArray<SamplingMessage> =
      typeof options.messages === "string" ? [Sampling.user(options.messages)] : options.messages
    for (let attempt = 1; ; attempt++) {
      const key = attempt === 1 ? options.key : `${options.key}/${attempt}`
      const result = yield* Sampling.create({ ...options, ...how, messages, key })
      const answer = given(result)
      const decoded = want.decoder.decode(answer ?? null)
      if (Exit.isSuccess(decoded)) return want.unwrap(decoded.value)
      const problems = answer === undefined ? "it has no JSON object" : explainExit(decoded, "answer", { value: answer })
      if (attempt > repairs) return yield* new InvalidAnswer({ key, detail: problems })
      messages = [...messages, ...again(result, problems)]
    }
  })
