import * as Revision from "@effect-mcp/core/Revision"
import { assert, describe, it } from "@effect/vitest"
import { missingFor } from "../src/internal/missing.ts"
import { everything } from "./support/rounds.ts"

const create = "sampling/createMessage"
const elicit = "elicitation/create"
const url = { mode: "url", url: "https://example.com" }

describe("what a client would have to declare", () => {
  for (const [version, capabilities, method, params, detail, required] of [
    ["2025-06-18", everything, elicit, url, "revision 2025-06-18 does not have elicitation by URL", undefined],
    ["2025-06-18", { elicitation: {} }, elicit, {}, undefined, undefined],
    ["2025-11-25", { elicitation: {} }, elicit, { mode: "form" }, undefined, undefined],
    ["2025-11-25", { elicitation: {} }, elicit, url, "the client did not declare elicitation.url", { elicitation: { url: {} } }],
    [
      "2025-11-25",
      { elicitation: { url: {} } },
      elicit,
      {},
      "the client did not declare elicitation.form",
      { elicitation: { form: {} } }
    ],
    ["2025-11-25", {}, create, {}, "the client did not declare sampling", { sampling: {} }],
    ["2025-06-18", everything, create, { tools: [] }, "revision 2025-06-18 does not have tools in sampling", undefined],
    ["2025-06-18", everything, create, { toolChoice: {} }, "revision 2025-06-18 does not have tools in sampling", undefined],
    [
      "2025-11-25",
      { sampling: {} },
      create,
      { tools: [] },
      "the client did not declare sampling.tools",
      { sampling: { tools: {} } }
    ],
    [
      "2025-11-25",
      { sampling: {} },
      create,
      { toolChoice: {} },
      "the client did not declare sampling.tools",
      { sampling: { tools: {} } }
    ],
    ["2025-11-25", everything, create, { tools: [], toolChoice: {} }, undefined, undefined],
    [
      "2025-11-25",
      everything,
      create,
      { includeContext: "allServers" },
      "the client did not declare sampling.context",
      { sampling: { context: {} } }
    ],
    ["2026-07-28", { sampling: { context: {} } }, create, { includeContext: "allServers" }, undefined, undefined],
    ["2025-11-25", everything, create, { includeContext: "none" }, undefined, undefined],
    ["2025-06-18", everything, create, { includeContext: "allServers" }, undefined, undefined],
    ["2024-11-05", everything, elicit, {}, "revision 2024-11-05 does not have it", undefined]
  ] as const) {
    it(`${version}: ${method} ${JSON.stringify(params)} of ${JSON.stringify(capabilities)}`, () => {
      const client = { revision: Revision.byVersion[version], clientCapabilities: capabilities }
      const expected = detail === undefined ? undefined : { detail, ...(required === undefined ? {} : { required }) }
      assert.deepStrictEqual(missingFor(client, method, params), expected)
    })
  }
})
