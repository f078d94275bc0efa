/**
 * Answers that contracts alone give rise to.
 */
import * as Content from "@effect-mcp/core/Content"
import type { Codec } from "@effect-mcp/core/Contract"
import type { AnyContract } from "@effect-mcp/core/Handlers"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as PromptMessage from "@effect-mcp/core/PromptMessage"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { checker } from "./jsonCheck.ts"
import { Sampler } from "./jsonSamples.ts"
import { Random } from "./random.ts"

/** Makes an answer to these arguments: the same for the same seed. Resources are given their URI, too. */
export type Answer = (args: unknown, uri: string) => Effect.Effect<unknown>

/** How answers are made. */
export interface Making {
  readonly seed: string | number
  readonly size: number
}

// Arguments may hold what JSON does not have.
const shown = (args: unknown): string => {
  try {
    return JSON.stringify(args) ?? ""
  } catch {
    return String(args)
  }
}

const described = (error: unknown): string => {
  if (error instanceof Error) return error.message
  const { discards, _tag: tag } = error as Arbitrary.SampleError // the only other failure
  return tag === "SampleError" ? `${discards} values that were made up did not pass its checks` : String(error)
}

// A Schema may allow what its JSON Schema does not, such as dates of the year 200,000: clients that look would refuse it.
const tries = 50

const unfit = (detail: string) => `none of ${tries} values that were made up fits the JSON Schema that clients see: ${detail}`

/**
 * Values of a Schema: its examples where it has some, what Effect makes up elsewhere. `misfit` says why a value will not do. Fails with
 * the reason when there are none.
 */
const valuesOf = (
  schema: Codec,
  { seed, size }: Making,
  key: string,
  misfit: (value: unknown) => string | undefined = () => undefined
): Effect.Effect<Answer, string> => {
  const examples: ReadonlyArray<unknown> = Schema.resolveAnnotations(schema)?.examples ?? []
  if (examples.length > 0) {
    return Effect.succeed((args) => Effect.sync(() => new Random(`${seed} ${key} ${shown(args)}`).pick(examples)))
  }
  return Effect.gen(function* () {
    const arbitrary = yield* Effect.try({ try: () => Arbitrary.schema(schema), catch: described })
    const made = Effect.fnUntraced(function* (seed: string) {
      let why = ""
      for (const count of [1, tries]) {
        const values = yield* Effect.mapError(Arbitrary.sampleEffect(arbitrary, { count, size, seed }), described)
        const fitting = values.findIndex((value) => misfit(value) === undefined)
        if (fitting !== -1) return values[fitting]
        why = misfit(values[0]) ?? ""
      }
      return yield* Effect.fail(unfit(why))
    })
    const first = yield* made(`${seed} ${key}`)
    // What works once need not do so for each seed.
    return (args) => Effect.orElseSucceed(made(`${seed} ${key} ${shown(args)}`), () => first)
  })
}

// What clients would say of a result.
const misfitOf = (tool: Tool.Any): ((value: unknown) => string | undefined) => {
  const { definition, encodeSuccess } = ToolCodec.server(tool, { excess: "error", lenient: false, onRepaired: () => {} })
  const { name, outputSchema } = definition
  const check = outputSchema === undefined ? undefined : checker(outputSchema, `the output schema of "${name}"`)
  if (check?._tag !== "Usable") return () => undefined
  return (value) => check.problemsOf(encodeSuccess(value).structuredContent)
}

const succeed = (make: (args: unknown, uri: string) => unknown): Effect.Effect<Answer> =>
  Effect.succeed((args, uri) => Effect.sync(() => make(args, uri)))

/** What a contract answers; fails with the reason when nothing can be made up. */
export const answerOf = (contract: AnyContract, making: Making): Effect.Effect<Answer, string> => {
  const key = `${contract._tag} ${contract.name}`
  if (Prompt.isPrompt(contract)) return succeed((args) => PromptMessage.user(`${contract.name} ${shown(args)}`))
  if (Resource.isResource(contract)) {
    if (contract.success.ast === Resource.Contents.ast) return succeed((_, uri) => [{ uri, text: contract.name }])
    return valuesOf(contract.success, making, key)
  }
  const tool = contract as Tool.Any // the third kind
  if (tool.success.ast === Tool.Contents.ast) return succeed((args) => [Content.text(`${tool.name} ${shown(args)}`)])
  const output = tool.raw?.outputSchema
  if (output === undefined) return valuesOf(tool.success, making, key, misfitOf(tool))
  return succeed((args) => new Sampler(output, new Random(`${making.seed} ${key} ${shown(args)}`), "most").value())
}
