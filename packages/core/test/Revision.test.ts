import { assert, describe, it } from "@effect/vitest"
import { ErrorCode } from "@effect-mcp/core/Jsonrpc"
import * as Revision from "@effect-mcp/core/Revision"

const order = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] as const

/** One row per question: the answers in the order of the revisions, oldest first. */
const facts: { readonly [K in keyof Revision.Facts]: ReadonlyArray<Revision.Facts[K]> } = {
  sessions: [true, true, true, true, false],
  initialize: [true, true, true, true, false],
  ping: [true, true, true, true, false],
  discover: [false, false, false, false, true],
  batches: [false, true, false, false, false],
  requestMetadata: [false, false, false, false, true],
  resultType: [false, false, false, false, true],
  cacheHints: [false, false, false, false, true],
  standaloneServerRequests: [true, true, true, true, false],
  listSubscriptions: ["unsolicited", "unsolicited", "unsolicited", "unsolicited", "listen"],
  logging: ["session", "session", "session", "session", "request"],
  closingCancels: [false, false, false, false, true],
  http: ["sse", "streamable", "streamable", "streamable", "streamable"],
  versionHeader: ["never", "never", "after-initialize", "after-initialize", "always"],
  routingHeaders: [false, false, false, false, true],
  resumable: [false, true, true, true, false],
  polling: [false, false, false, true, false],
  titles: [false, false, true, true, true],
  metaOnTypes: [false, false, true, true, true],
  icons: [false, false, false, true, true],
  implementationDetails: [false, false, false, true, true],
  toolAnnotations: [false, true, true, true, true],
  toolExecution: [false, false, false, true, false],
  structuredContent: ["none", "none", "object", "object", "any"],
  audio: [false, true, true, true, true],
  resourceLinks: [false, false, true, true, true],
  annotationsLastModified: [false, false, true, true, true],
  progressMessage: [false, true, true, true, true],
  completionsCapability: [false, true, true, true, true],
  completionContext: [false, false, true, true, true],
  elicitation: ["none", "none", "form", "form+url", "form+url"],
  elicitationIds: [false, false, false, true, false],
  elicitationChoices: ["none", "none", "enum", "titled", "titled"],
  elicitationDefaults: ["none", "none", "boolean", "all", "all"],
  samplingTools: [false, false, false, true, true],
  rootsListChanged: [true, true, true, true, false],
  tasks: ["none", "none", "none", "core", "extension"],
  extensionsCapability: [false, false, false, false, true],
  argumentErrors: ["protocol", "protocol", "protocol", "result", "result"],
  resourceNotFoundCode: [
    ErrorCode.ResourceNotFound,
    ErrorCode.ResourceNotFound,
    ErrorCode.ResourceNotFound,
    ErrorCode.ResourceNotFound,
    ErrorCode.InvalidParams
  ]
}

/** Which capabilities a side may declare. */
const capabilities: ReadonlyArray<readonly [Revision.Sender, string, ReadonlyArray<boolean>]> = [
  ["client", "experimental", [true, true, true, true, true]],
  ["client", "roots", [true, true, true, true, true]],
  ["client", "sampling", [true, true, true, true, true]],
  ["client", "elicitation", [false, false, true, true, true]],
  ["client", "tasks", [false, false, false, true, false]],
  ["client", "extensions", [false, false, false, false, true]],
  ["client", "tools", [false, false, false, false, false]],
  ["server", "experimental", [true, true, true, true, true]],
  ["server", "logging", [true, true, true, true, true]],
  ["server", "completions", [false, true, true, true, true]],
  ["server", "prompts", [true, true, true, true, true]],
  ["server", "resources", [true, true, true, true, true]],
  ["server", "tools", [true, true, true, true, true]],
  ["server", "tasks", [false, false, false, true, false]],
  ["server", "extensions", [false, false, false, false, true]],
  ["server", "roots", [false, false, false, false, false]]
]

describe("Revision", () => {
  it("answers each question for each revision", () => {
    for (const [question, answers] of Object.entries(facts)) {
      const given = order.map((version) => Revision.byVersion[version][question as keyof Revision.Facts])
      assert.deepStrictEqual<unknown>(given, answers, question)
    }
  })

  it("leaves no question out of the table", () => {
    const asked = new Set([...Object.keys(facts), "version", "era"])
    for (const [key, value] of Object.entries(Revision.latest)) {
      if (typeof value !== "function") assert.isTrue(asked.has(key), key)
    }
  })

  it.each(capabilities)("lets a %s declare `%s` where it exists", (side, name, answers) => {
    assert.deepStrictEqual(
      order.map((version) => Revision.byVersion[version].hasCapability(side, name)),
      answers
    )
  })

  it("lists the revisions newest first, by era", () => {
    const names = (revisions: ReadonlyArray<Revision.Revision>) => revisions.map(({ version }) => version)
    assert.deepStrictEqual(names(Revision.all), order.toReversed())
    assert.deepStrictEqual(names(Revision.sessionEra), ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"])
    assert.deepStrictEqual(names(Revision.requestEra), ["2026-07-28"])
    assert.isTrue(Revision.sessionEra.every(({ era }) => era === "session"))
    assert.isTrue(Revision.requestEra.every(({ era }) => era === "request"))
    assert.strictEqual(Revision.latest.version, "2026-07-28")
    assert.strictEqual(Revision.latestSession.version, "2025-11-25")
  })

  it("finds a revision by its version, and nothing else", () => {
    for (const version of order) assert.strictEqual(Revision.fromVersion(version)?.version, version)
    for (const version of ["2024-10-07", "DRAFT", "", "__proto__", "constructor", "toString"]) {
      assert.isUndefined(Revision.fromVersion(version), version)
    }
  })

  it.each([
    ["2024-11-05", "2024-11-05"],
    ["2025-03-26", "2025-03-26"],
    ["2025-06-18", "2025-06-18"],
    ["2025-11-25", "2025-11-25"],
    ["2026-07-28", "2025-11-25"],
    ["2024-10-07", "2025-11-25"],
    ["2099-01-01", "2025-11-25"],
    ["__proto__", "2025-11-25"],
    ["", "2025-11-25"]
  ])("answers an `initialize` for `%s` with %s", (requested, agreed) => {
    assert.strictEqual(Revision.negotiate(requested).version, agreed)
  })

  it("knows the capabilities that a message needs, and who declares them", () => {
    const { "2024-11-05": r24, "2025-11-25": r11, "2026-07-28": r26 } = Revision.byVersion
    const subscribe = [{ side: "server", path: ["resources", "subscribe"] }]
    assert.deepStrictEqual(r11.needs("resources/subscribe", "client"), subscribe as never)
    assert.deepStrictEqual(r26.needs("resources/subscribe", "client"), [])
    assert.deepStrictEqual(r24.needs("completion/complete", "client"), [])
    assert.deepStrictEqual(r11.needs("completion/complete", "client"), [{ side: "server", path: ["completions"] }])
    assert.deepStrictEqual(r11.needs("tasks/get", "client"), [{ side: "server", path: ["tasks"] }])
    assert.deepStrictEqual(r11.needs("tasks/get", "server"), [{ side: "client", path: ["tasks"] }])
    assert.deepStrictEqual(r26.needs("tasks/get", "client"), [
      { side: "server", path: ["extensions", "io.modelcontextprotocol/tasks"] },
      { side: "client", path: ["extensions", "io.modelcontextprotocol/tasks"] }
    ])
    assert.deepStrictEqual(r26.needs("elicitation/create", "server"), [{ side: "client", path: ["elicitation"] }])
    assert.deepStrictEqual(r26.needs("elicitation/create", "client"), [])
    assert.deepStrictEqual(r11.needs("notifications/tasks/status", "client"), [{ side: "client", path: ["tasks"] }])
    assert.deepStrictEqual(r11.needs("__proto__", "client"), [])
  })
})
