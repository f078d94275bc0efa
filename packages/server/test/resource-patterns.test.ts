/** What programs do with resources that takes no API of its own. */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Resource from "@effect-mcp/core/Resource"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { createHmac, timingSafeEqual } from "node:crypto"
import * as McpServer from "../src/McpServer.ts"
import { info, versions } from "./support/fixture.ts"
import { serve } from "./support/peer.ts"

class Users extends McpGroup.make(
  "users",
  Resource.template("by-id", "users://{id}"),
  Resource.template("by-name", "users://named/{id}"),
  Resource.make("root", "users://root")
) {}

const user = (id: string) => Effect.succeed(`user ${id}`)
const byId = ({ id }: { readonly id: string }) => user(id)

const UsersLive = Users.toLayer({ resources: { "by-id": byId, "by-name": byId, root: () => user("0") } })

class BadSignature extends Schema.TaggedError<BadSignature>()("BadSignature", {}) {
  override get message() {
    return "the signature is not ours"
  }
}

const Report = Resource.template("report", "reports://{id}{?signature}", { failure: BadSignature })

const sign = (id: string) => createHmac("sha256", "a key of the program").update(id).digest()

const ReportLive = Report.toLayer(({ id, signature = "" }) => {
  const given = Buffer.from(signature, "hex")
  const ours = sign(id)
  const isOurs = given.length === ours.length && timingSafeEqual(given, ours)
  return isOurs ? Effect.succeed(`report ${id}`) : Effect.fail(new BadSignature())
})

describe.each(versions)("patterns of resources, in %s", (version) => {
  it.effect("one function reads what stands under several templates, and under a URI", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(McpServer.layer(info, Users).pipe(Layer.provide(UsersLive)))).speak(version)
      for (const [uri, text] of [
        ["users://7", "user 7"],
        ["users://named/ada", "user ada"],
        ["users://root", "user 0"]
      ]) {
        const { result } = yield* peer.request("resources/read", { uri })
        assert.deepStrictEqual(result.contents, [{ uri, mimeType: "text/plain", text }])
      }
    })
  )

  it.effect("a signature in the query is checked by the handler, and a wrong one is a declared failure", () =>
    Effect.gen(function* () {
      const peer = yield* (yield* serve(McpServer.layer(info, Report).pipe(Layer.provide(ReportLive)))).speak(version)
      const read = (uri: string) => peer.request("resources/read", { uri })
      const signed = `reports://7?signature=${sign("7").toString("hex")}`
      assert.strictEqual((yield* read(signed))["result"].contents[0].text, "report 7")
      const others = ["reports://7", "reports://7?signature=", "reports://7?signature=00", signed.replace("//7", "//8")]
      for (const uri of others) {
        const { error } = yield* read(uri)
        assert.deepStrictEqual([error.code, error.message], [1, "the signature is not ours"], uri)
      }
    })
  )
})
