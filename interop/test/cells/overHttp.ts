/** What the SDKs do otherwise over HTTP. */
import { assert } from "vitest"
import { Effect, Queue } from "../../ours.ts"
import type { Not } from "./servers.ts"

/** SDK v1, with a session. */
export const noLevels: Not = {
  because: "SDK v1 keeps the level of a session, and has none for what a server logs by itself",
  proof: async ({ client, run, told }) => {
    await run(client.setLogLevel("info"))
    await run(client.callTool("chat"))
    const { params } = await told.find(({ method }) => method === "notifications/message")
    assert.strictEqual(params.level, "debug")
  }
}
/** SDK v2, without one. */
export const noTools: Not = {
  because: "over HTTP each request has a server of its own, which is over with it",
  proof: async ({ client, run }) => {
    await run(client.callTool("toggle"))
    const tools = await run(client.listTools)
    assert.isFalse(tools.some(({ name }) => name === "extra"))
  }
}
/** SDK v2, without one. */
export const noUpdates: Not = {
  because: noTools.because,
  proof: async ({ client, run, told }) => {
    const resourceSubscriptions = ["peer://readme"]
    const heard = Effect.gen(function* () {
      const { honoured, notifications } = yield* client.listen({ resourceSubscriptions })
      assert.deepStrictEqual(honoured.resourceSubscriptions, resourceSubscriptions)
      yield* client.callTool("touch", { uri: "peer://readme" })
      yield* client.callTool("echo", { text: "what was told before has arrived" })
      return yield* Queue.size(notifications)
    })
    assert.strictEqual(await run(Effect.scoped(heard)), 0)
    assert.isFalse(told.all.some(({ method }) => method === "notifications/resources/updated"))
  }
}
