import { assert, describe, it } from "@effect/vitest"
import * as Methods from "@effect-mcp/core/protocol/Methods"
import * as Revision from "@effect-mcp/core/Revision"

const order = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] as const

interface Extras {
  readonly mirrors?: string
  readonly flags?: ReadonlyArray<"cacheable" | "inputRequired" | "paginated" | "augmentable">
  readonly filter?: string
}

/**
 * The method; one sign per revision, oldest first: `c` sent by clients, `s` by servers, `b` by both, `i` inside an answer, `-` not
 * there; the capability that it needs; the rest.
 */
type Row = readonly [method: string, revisions: string, needs: string, extras?: Extras]

const complete = ([method, revisions, needs, extras = {}]: Row): [string, string, string, Extras] => [
  method,
  revisions,
  needs,
  extras
]

const requests: ReadonlyArray<Row> = [
  ["initialize", "cccc-", ""],
  ["ping", "bbbb-", ""],
  ["server/discover", "----c", "", { flags: ["cacheable"] }],
  ["tools/list", "ccccc", "server.tools", { flags: ["cacheable", "paginated"] }],
  ["tools/call", "ccccc", "server.tools", { mirrors: "name", flags: ["inputRequired", "augmentable"] }],
  ["resources/list", "ccccc", "server.resources", { flags: ["cacheable", "paginated"] }],
  ["resources/templates/list", "ccccc", "server.resources", { flags: ["cacheable", "paginated"] }],
  ["resources/read", "ccccc", "server.resources", { mirrors: "uri", flags: ["cacheable", "inputRequired"] }],
  ["resources/subscribe", "cccc-", "server.resources.subscribe"],
  ["resources/unsubscribe", "cccc-", "server.resources.subscribe"],
  ["prompts/list", "ccccc", "server.prompts", { flags: ["cacheable", "paginated"] }],
  ["prompts/get", "ccccc", "server.prompts", { mirrors: "name", flags: ["inputRequired"] }],
  ["completion/complete", "ccccc", "server.completions"],
  ["logging/setLevel", "cccc-", "server.logging"],
  ["subscriptions/listen", "----c", ""],
  ["roots/list", "ssssi", "client.roots"],
  ["sampling/createMessage", "ssssi", "client.sampling", { flags: ["augmentable"] }],
  ["elicitation/create", "--ssi", "client.elicitation", { flags: ["augmentable"] }],
  ["tasks/get", "---bc", "receiver.tasks", { mirrors: "taskId" }],
  ["tasks/result", "---b-", "receiver.tasks"],
  ["tasks/list", "---b-", "receiver.tasks.list", { flags: ["paginated"] }],
  ["tasks/cancel", "---bc", "receiver.tasks.cancel", { mirrors: "taskId" }],
  ["tasks/update", "----c", "receiver.tasks", { mirrors: "taskId" }]
]

const notifications: ReadonlyArray<Row> = [
  ["notifications/initialized", "cccc-", ""],
  ["notifications/cancelled", "bbbbb", ""],
  ["notifications/progress", "bbbbs", ""],
  ["notifications/message", "sssss", "server.logging"],
  ["notifications/tools/list_changed", "sssss", "server.tools.listChanged", { filter: "toolsListChanged" }],
  ["notifications/prompts/list_changed", "sssss", "server.prompts.listChanged", { filter: "promptsListChanged" }],
  ["notifications/resources/list_changed", "sssss", "server.resources.listChanged", { filter: "resourcesListChanged" }],
  ["notifications/resources/updated", "sssss", "server.resources.subscribe", { filter: "resourceSubscriptions" }],
  ["notifications/roots/list_changed", "cccc-", "client.roots.listChanged"],
  ["notifications/elicitation/complete", "---s-", "client.elicitation.url"],
  ["notifications/tasks/status", "---b-", "sender.tasks"],
  ["notifications/subscriptions/acknowledged", "----s", ""],
  ["notifications/tasks", "----s", "server.extensions.io.modelcontextprotocol/tasks", { filter: "taskIds" }]
]

const sign = (client: boolean, server: boolean, inside: boolean): string =>
  client && server ? "b" : client ? "c" : server ? "s" : inside ? "i" : "-"

const direction = (revisions: string): string => {
  const client = /[cb]/.test(revisions)
  return client && /[sb]/.test(revisions) ? "both" : client ? "client" : "server"
}

describe("the registry of requests", () => {
  it("holds the methods of the specification, and no others", () => {
    assert.deepStrictEqual(Object.keys(Methods.requests).toSorted(), requests.map(([method]) => method).toSorted())
  })

  it.each(requests.map(complete))("%s: %s", (method, revisions, needs, extras) => {
    const row = Methods.requestMethod(method)
    assert.isDefined(row)
    assert.strictEqual(row.method, method)
    const signs = order.map((version) => {
      const revision = Revision.byVersion[version]
      return sign(revision.hasRequest(method, "client"), revision.hasRequest(method, "server"), revision.embeds(method))
    })
    assert.strictEqual(signs.join(""), revisions)
    assert.strictEqual(row.direction, direction(revisions))
    const [gate] = row.gates
    assert.strictEqual(gate === undefined ? "" : [gate.side, ...gate.path].join("."), needs)
    assert.strictEqual(row.mirrors, extras.mirrors as typeof row.mirrors)
    for (const flag of ["cacheable", "inputRequired", "paginated", "augmentable"] as const) {
      assert.strictEqual(row[flag], extras.flags?.includes(flag) ?? false, flag)
    }
  })
})

describe("the registry of notifications", () => {
  it("holds the notifications of the specification, and no others", () => {
    assert.deepStrictEqual(Object.keys(Methods.notifications).toSorted(), notifications.map(([method]) => method).toSorted())
  })

  it.each(notifications.map(complete))("%s: %s", (method, revisions, needs, extras) => {
    const row = Methods.notificationMethod(method)
    assert.isDefined(row)
    assert.strictEqual(row.method, method)
    const signs = order.map((version) => {
      const revision = Revision.byVersion[version]
      return sign(revision.hasNotification(method, "client"), revision.hasNotification(method, "server"), false)
    })
    assert.strictEqual(signs.join(""), revisions)
    assert.strictEqual(row.direction, direction(revisions))
    const [gate] = row.gates
    assert.strictEqual(gate === undefined ? "" : [gate.side, ...gate.path].join("."), needs)
    assert.strictEqual(row.filter, extras.filter as typeof row.filter)
  })
})

describe("lookups", () => {
  it.each(["__proto__", "constructor", "toString", "hasOwnProperty", "", "TOOLS/LIST", "unknown/method"])(
    "finds nothing under `%s`",
    (name) => {
      assert.isUndefined(Methods.requestMethod(name))
      assert.isUndefined(Methods.notificationMethod(name))
      assert.isFalse(Methods.isRequestName(name))
      assert.isFalse(Methods.isNotificationName(name))
      for (const revision of Revision.all) {
        assert.isFalse(revision.hasRequest(name, "client"))
        assert.isFalse(revision.hasNotification(name, "server"))
        assert.isFalse(revision.embeds(name))
        assert.isFalse(revision.hasCapability("server", name))
      }
    }
  )

  it("keeps requests and notifications apart", () => {
    assert.isUndefined(Methods.requestMethod("notifications/progress"))
    assert.isUndefined(Methods.notificationMethod("tools/call"))
  })
})

describe("types", () => {
  it("knows params and results by the name of the method", () => {
    const call: Methods.ParamsOf<"tools/call"> = { name: "add", arguments: { a: 1 } }
    const done: Methods.ResultOf<"tools/call"> = { content: [{ type: "text", text: "1" }] }
    const waits: Methods.AnswerOf<"tools/call"> = { requestState: "v1" }
    const progress: Methods.ParamsOf<"notifications/progress"> = { progressToken: 1, progress: 0.5 }
    // @ts-expect-error only three methods may be answered with questions
    const wrong: Methods.AnswerOf<"tools/list"> = { requestState: "v1" }
    const listed: ReadonlyArray<{ readonly name: string }> = ({ tools: [] } as Methods.ResultOf<"tools/list">).tools
    assert.deepStrictEqual([call.name, done.content.length, progress.progress, listed.length], ["add", 1, 0.5, 0])
    assert.isDefined([waits, wrong])
  })

  it("names the flagged methods as types too", () => {
    const named = (flag: "cacheable" | "inputRequired" | "augmentable") =>
      Object.values(Methods.requests).flatMap((row) => (row[flag] ? [row.method] : []))
    const cacheable: { readonly [M in Methods.CacheableName]: true } = {
      "server/discover": true,
      "tools/list": true,
      "resources/list": true,
      "resources/templates/list": true,
      "resources/read": true,
      "prompts/list": true
    }
    const inputRequired: { readonly [M in Methods.InputRequiredName]: true } = {
      "tools/call": true,
      "prompts/get": true,
      "resources/read": true
    }
    const augmentable: { readonly [M in Methods.AugmentableName]: true } = {
      "tools/call": true,
      "sampling/createMessage": true,
      "elicitation/create": true
    }
    assert.sameMembers(named("cacheable"), Object.keys(cacheable))
    assert.sameMembers(named("inputRequired"), Object.keys(inputRequired))
    assert.sameMembers(named("augmentable"), Object.keys(augmentable))
  })
})
