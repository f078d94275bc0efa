/**
 * Our client drives the servers of others over HTTP: on ports, each as its documentation says, and as it is published.
 *
 * What it means that something works is the same as over stdio, in `cells/` and `published/`.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Effect, HttpClientTransport, Layer, type McpClientError, type Revision } from "../ours.ts"
import * as answering from "./cells/answering.ts"
import { noLevels, noTools, noUpdates } from "./cells/overHttp.ts"
import * as servers from "./cells/servers.ts"
import { everything, subscribed } from "./published/everything.ts"
import { cells, connect, notified, type Party } from "./published/Server.ts"
import { ofEffectAi, ofEverything, ofSdk1, ofSdk2, ofSdk2InBothEras, type Peer } from "./support/httpPeers.ts"

interface Row {
  readonly name: string
  readonly start: () => Promise<Peer>
  readonly revision: Revision.Version
  readonly notServed?: NonNullable<servers.Row["not"]>
  readonly notAsked?: answering.Row["not"]
}

const over = ({ url }: Peer) => Layer.orDie(HttpClientTransport.layer({ url }))

// Over stdio it has them.
const noSubscriptions: servers.Not = {
  because: "over HTTP effect/ai has no subscriptions in the session era",
  proof: async ({ client, run }) => {
    const { reason } = (await run(Effect.flip(client.subscribeResource("peer://readme")))) as McpClientError.McpClientError
    assert.include(reason, { _tag: "RequestFailed", code: -32601 })
  }
}
const inV1 = { "array as a result": servers.noArrays, "log messages": noLevels }
const alone = { "changes of the list": noTools, updates: noUpdates, ping: servers.noPing }
const { ai, in2025_06, in2026, noDesk, v1 } = answering

// prettier-ignore
const rows: ReadonlyArray<Row> = [
  { name: "sdk v1 with sessions",   revision: "2025-11-25", start: ofSdk1,           notServed: inV1,                         notAsked: v1 },
  { name: "sdk v1 with sessions",   revision: "2025-06-18", start: ofSdk1,           notServed: inV1,                         notAsked: { ...v1, ...in2025_06 } },
  { name: "sdk v2 with sessions",   revision: "2025-11-25", start: ofSdk2 },
  { name: "sdk v2 in both eras",    revision: "2026-07-28", start: ofSdk2InBothEras, notServed: alone,                        notAsked: in2026 },
  { name: "effect/ai",              revision: "2026-07-28", start: ofEffectAi,       notServed: { ping: servers.noPing },     notAsked: { ...in2026, "a resource asks": noDesk } },
  { name: "effect/ai, session era", revision: "2025-11-25", start: ofEffectAi,       notServed: { updates: noSubscriptions },  notAsked: ai }
]

for (const { name, notAsked = {}, notServed = {}, revision, start } of rows) {
  describe("over HTTP", () => {
    let peer: Peer
    beforeAll(async () => {
      peer = await start()
    })
    afterAll(() => peer.stop())
    const reach = () => over(peer)
    servers.testRow({ name, reach, revision, versions: [revision], not: notServed })
    answering.testRow({ name, reach, revision, not: notAsked })
  })
}

// Over HTTP it names the session in its logs.
const logs = async (party: Party) => {
  const { client, run } = party
  await run(client.setLogLevel("info"))
  await run(client.subscribeResource("demo://resource/dynamic/text/1"))
  const { data, level } = await notified(party, "notifications/message", ({ data }) => subscribed(data))
  assert.strictEqual(level, "info")
  assert.match(data, /^Received Subscribe Resource request for URI: demo:.* from session [-0-9a-f]+/)
  await run(client.unsubscribeResource("demo://resource/dynamic/text/1"))
}

// It tells of the tools that depend on the client before the client can have opened the stream of the session.
const list = async ({ client, run }: Party) => {
  const tools = (await run(client.listTools)).map(({ name }) => name)
  assert.includeMembers(tools, ["echo", "trigger-elicitation-request", "trigger-sampling-request", "get-roots-list"])
}

const overHttp = { "log messages": logs }

for (const [transport, other] of [
  ["streamableHttp", { ...overHttp, list }],
  ["sse", overHttp]
] as const) {
  const tests = { ...everything.cells, ...other }
  describe(`server-everything over ${transport}`, () => {
    let peer: Peer
    let party: Party
    beforeAll(async () => {
      peer = await ofEverything(transport)
      party = await connect(everything, () => over(peer))
    })
    afterAll(async () => {
      await party.close()
      await peer.stop()
    })

    for (const name of cells) {
      const cell = tests[name]
      if (typeof cell === "function") it(`${name}`, () => cell(party))
      else it(`${name}: not supported, ${cell.because}`, () => cell.proof(party))
    }

    it("nobody was asked anything else", () => assert.deepStrictEqual(party.unexpected, []))
  })
}
