/**
 * The clients of others drive our server over HTTP, each with its own transport: with sessions, without, and with JSON alone.
 *
 * The tables are in `cells/`: `clients.ts` and `asking.ts` say what works on all ways to our server, `http.ts` what is different over HTTP.
 * What asks the client needs a way to it; in the session era that is a session and its streams.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as asking from "./cells/asking.ts"
import * as clients from "./cells/clients.ts"
import * as http from "./cells/http.ts"
import { rows, since } from "./peers/clients.ts"
import { Endpoint } from "./support/Endpoint.ts"

const ways: { readonly [way in http.Way]: object } = {
  sessions: {},
  "no sessions": { sessions: false },
  "JSON only": { jsonOnly: true }
}

for (const way of Object.keys(ways) as ReadonlyArray<http.Way>) {
  describe(`${way}`, () => {
    const endpoint = new Endpoint(ways[way])
    beforeAll(() => endpoint.start())

    for (const row of rows) {
      clients.testRow(row, endpoint, http.lacks(way, row))
      if (way === "sessions" || since(row, "2026-07-28")) asking.testRow(row, endpoint)
      http.testRow(way, row, endpoint)
    }

    // It is the code of NodeRuntime for what a signal interrupts.
    it("ends when it is told to", async () => assert.strictEqual(await endpoint.end(), 130))
    afterAll(() => endpoint.kill())
  })
}
