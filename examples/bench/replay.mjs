/**
 * What a replayed round of three answers costs, beside one seal and open of 600 bytes: CPU time of this process, both in one run.
 *
 *   npm run build && node examples/bench/replay.mjs
 */
import { Dispatcher, fork } from "@effect-mcp/core/Dispatcher"
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Aead from "effect/crypto/Aead"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const Book = Tool.make("book", { success: Schema.String })
const City = { city: Schema.String }
const Nights = { nights: Schema.Int }
const Meal = { meal: Schema.Literals(["none", "breakfast"]) }

const BookLive = Book.toLayer(() =>
  Effect.gen(function* () {
    const { city } = yield* Elicitation.form({ key: "city", message: "Where to?", schema: City })
    const { nights } = yield* Elicitation.form({ key: "nights", message: "For how long?", schema: Nights })
    const { meal } = yield* Elicitation.form({ key: "meal", message: "With breakfast?", schema: Meal })
    return `${city} ${nights} ${meal}`
  })
)

const answers = { city: { city: "Oslo" }, nights: { nights: 2 }, meal: { meal: "breakfast" } }
const _meta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } }
}

const emit = { canAsk: true, send: () => Effect.void, sendUnsafe: () => true }

const program = Effect.gen(function* () {
  const dispatcher = yield* Dispatcher
  const peer = yield* dispatcher.open({ transport: "memory", push: emit })
  const run = fork(dispatcher, yield* Effect.context())
  const request = (params) =>
    Effect.callback((resume) => {
      const line = JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "book", arguments: {}, _meta, ...params }
      })
      run(peer, Jsonrpc.parse(line), emit, ({ message }) => resume(Effect.succeed(JSON.parse(message.json))))
    })

  let brought = {}
  let last
  for (;;) {
    const result = yield* request(brought)
    if (result.resultType !== "input_required") break
    const inputResponses = Object.fromEntries(
      Object.keys(result.inputRequests).map((key) => [key, { action: "accept", content: answers[key] }])
    )
    last = brought = { requestState: result.requestState, inputResponses }
  }

  const aead = yield* Aead.Aead
  const key = yield* aead.generateKey(Aead.xchacha20Poly1305)
  const plain = new Uint8Array(600)
  const sealAndOpen = Effect.gen(function* () {
    const nonce = SecureRandom.randomBytesUnsafe(24)
    const sealed = yield* aead.encrypt(key, plain, { nonce })
    yield* aead.decrypt(key, sealed, { nonce })
  })
  const round = Effect.map(request(last), ({ resultType }) => {
    if (resultType !== "complete") throw new Error("the round did not end")
  })

  const cpu = (effect, times) =>
    Effect.gen(function* () {
      const before = process.cpuUsage()
      for (let i = 0; i < times; i++) yield* effect
      const { system, user } = process.cpuUsage(before)
      return (user + system) / times
    })
  yield* cpu(sealAndOpen, 5000)
  yield* cpu(round, 5000)
  const ratios = []
  for (let i = 0; i < 7; i++) {
    const sealing = yield* cpu(sealAndOpen, 3000)
    const replayed = yield* cpu(round, 3000)
    ratios.push(replayed / sealing)
    console.log(
      `seal and open ${sealing.toFixed(1)} us, replayed round ${replayed.toFixed(1)} us: ${(replayed / sealing).toFixed(2)}x`
    )
  }
  console.log(`state ${last.requestState.length} characters; median ${ratios.toSorted((a, b) => a - b)[3].toFixed(2)}x`)
})

const Server = McpServer.layer({ name: "bench", version: "1.0.0" }, Book).pipe(Layer.provide(BookLive))
const Crypto = Aead.layerWebCrypto.pipe(Layer.provide(SecureRandom.layerWebCrypto))
await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide([Server, Crypto])))
