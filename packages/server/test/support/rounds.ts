/**
 * A client of the request era that answers what it is asked, round after round.
 */
import { RequestContext } from "@effect-mcp/core/RequestContext"
import type { Asking } from "@effect-mcp/core/Asking"
import * as Effect from "effect/Effect"
import { type Json, key, type RawPeer, settle } from "./peer.ts"

/** A client that can answer everything. */
export const everything = { roots: {}, sampling: { tools: {} }, elicitation: { form: {}, url: {} } }

/** What a round ended with. */
export interface Ended {
  readonly asked: ReadonlyArray<string>
  readonly state: string | undefined
  readonly answer: Json
}

/** One round: a request, with what it brings from the last one. */
export const round = (peer: RawPeer, params: Json, brought: Json = {}, method = "tools/call"): Effect.Effect<Ended> =>
  Effect.map(
    peer.request(method, { ...params, ...brought, _meta: { [key("clientCapabilities")]: everything } }),
    (answer): Ended => ({
      asked: Object.keys(answer["result"]?.inputRequests ?? {}),
      state: answer["result"]?.requestState,
      answer
    })
  )

/** All rounds of a call: what was asked in each of them, and the last answer. */
export const rounds = (
  peer: RawPeer,
  params: Json,
  reply: (key: string, question: Json) => Json = (key) => ({ roots: [{ uri: `file:///${key}` }] }),
  method = "tools/call"
): Effect.Effect<{ readonly asked: ReadonlyArray<ReadonlyArray<string>>; readonly answer: Json }> =>
  Effect.gen(function* () {
    const asked: Array<ReadonlyArray<string>> = []
    let brought: Json = {}
    for (let n = 0; n < 50; n++) {
      const ended = yield* round(peer, params, brought, method)
      if (ended.answer["result"]?.resultType !== "input_required") return { asked, answer: ended.answer }
      asked.push(ended.asked)
      const questions = ended.answer["result"].inputRequests as { readonly [key: string]: Json }
      const inputResponses = Object.fromEntries(Object.entries(questions).map(([key, question]) => [key, reply(key, question)]))
      brought = { inputResponses, requestState: ended.state }
    }
    return yield* Effect.die(new Error("too many rounds"))
  })

/** Asks a question whose answer is its own key, unless the client says otherwise. */
export const ask = (
  name: string,
  params: Json = {}
): Effect.Effect<string, Effect.Error<ReturnType<Asking["ask"]>>, RequestContext> =>
  Effect.flatMap(RequestContext, ({ asking }) =>
    Effect.map(asking.ask({ key: name, method: "roots/list", params }), ({ roots }) =>
      (roots as ReadonlyArray<{ readonly uri: string }>).map(({ uri }) => uri.replace("file:///", "")).join()
    )
  )

/** Calls the tool and answers what it asks, in whichever era: the questions, and the last answer. */
export const conversation = Effect.fnUntraced(function* (
  peer: RawPeer,
  reply: (params: Json, method: string) => Json,
  capabilities: Json = everything
) {
  const meta = { [key("clientCapabilities")]: capabilities }
  const asked: Array<Json> = []
  if (peer.version !== "2026-07-28") {
    const id = peer.startCall("work")
    for (let seen = 0; ;) {
      yield* settle
      const answer = peer.answerNow(id)
      if (answer !== undefined) return { asked, answer }
      const questions = peer.messages.filter((message) => "id" in message && "method" in message).slice(seen)
      if (questions.length === 0) return yield* Effect.die(new Error("it neither asks nor answers"))
      for (const question of questions) {
        seen++
        asked.push(question["params"])
        peer.send({ jsonrpc: "2.0", id: question["id"], result: reply(question["params"], question["method"]) })
      }
    }
  }
  let brought: Json = {}
  for (;;) {
    const answer = yield* peer.request("tools/call", { name: "work", ...brought, _meta: meta })
    if (answer["result"]?.resultType !== "input_required") return { asked, answer }
    const entries = Object.entries(answer["result"].inputRequests as { readonly [key: string]: Json })
    asked.push(...entries.map(([, question]) => question["params"]))
    const inputResponses = Object.fromEntries(
      entries.map(([key, question]) => [key, reply(question["params"], question["method"])])
    )
    brought = { inputResponses, requestState: answer["result"].requestState }
  }
})

/** The text of an answer, whatever it is. */
export const textOf = (answer: Json): string =>
  answer["result"]?.content?.[0]?.text ?? `${answer["error"]?.code} ${answer["error"]?.message}`
