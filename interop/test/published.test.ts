/**
 * Our client drives servers that are published, over stdio, as their users start them.
 *
 * The table says what works with each of them, as in `servers.test.ts`. They differ in what they have, so each has tests of its own; where
 * it has nothing for a cell, the cell has the reason, and the test shows that it is true.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { cells, connect, type Party, type Server } from "./published/Server.ts"
import { everything } from "./published/everything.ts"
import { filesystem } from "./published/filesystem.ts"
import { memory } from "./published/memory.ts"
import { sequentialThinking } from "./published/sequentialThinking.ts"

const servers: ReadonlyArray<Server> = [everything, filesystem, memory, sequentialThinking]

for (const server of servers) {
  describe(`${server.name}`, () => {
    let party: Party
    beforeAll(async () => {
      party = await connect(server)
    })
    afterAll(() => party.close())

    for (const name of cells) {
      const cell = server.cells[name]
      if (typeof cell === "function") it(`${name}`, () => cell(party))
      else it(`${name}: not supported, ${cell.because}`, () => cell.proof(party))
    }

    it("nobody was asked anything else", () => assert.deepStrictEqual(party.unexpected, []))
  })
}
