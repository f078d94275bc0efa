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
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
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

/** Values of a Schema: its examples where it has some, what Effect makes up elsewhere. Fails with the reason when there are none. */
const valuesOf = (schema: Codec, { seed, size }: Making, key: string): Effect.Effect<Answer, string> => {
  const examples: ReadonlyArray<unknown> = Schema.resolveAnnotations(schema)?.examples ?? []
  if (examples.length > 0) {
    return Effect.succeed((args) => Effect.sync(() => new Random(`${seed} ${key} ${shown(args)}`).pick(examples)))
  }
  return Effect.gen(function* () {
    const arbitrary = yield* Effect.try({ try: () => Arbitrary.schema(schema), catch: described })
    const made = (seed: string) => Effect.map(Arbitrary.sampleEffect(arbitrary, { count: 1, size, seed }), ([value]) => value)
    const first = yield* Effect.mapError(made(`${seed} ${key}`), described)
    // What passes the checks once need not do so for each seed.
    return (args) => Effect.catch(made(`${seed} ${key} ${shown(args)}`), () => Effect.succeed(first))
  })
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
  if (output === undefined) return valuesOf(tool.success, making, key)
  return succeed((args) => new Sampler(output, new Random(`${making.seed} ${key} ${shown(args)}`), "most").value())
}
