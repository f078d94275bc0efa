/**
 * What is different over HTTP: sessions, streams that are cut and resumed, and what a server without sessions, or without streams, cannot
 * do. One test for each cell, as in `clients.ts`.
 */
import { randomUUID } from "node:crypto"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type Row, rows, since } from "../peers/clients.ts"
import { codeOf, type Driver } from "../peers/Driver.ts"
import type { Endpoint, Seen } from "../support/Endpoint.ts"
import { User } from "../support/User.ts"
import type { Lacks, Not as NotAClient } from "./clients.ts"

/** How the endpoint serves. */
export type Way = "sessions" | "no sessions" | "JSON only"

/** A connected client and its way. */
interface Party {
  readonly row: Row
  readonly driver: Driver
  readonly endpoint: Endpoint
}

interface Not {
  readonly because: string
  readonly proof: (party: Party) => Promise<void>
}
type Cell = "yes" | Not

const yes = "yes"
const not = (because: string, proof: Not["proof"]): Not => ({ because, proof })

const isJson = ({ answer }: Seen): boolean => answer["content-type"] === "application/json"
const isStream = ({ answer }: Seen): boolean => answer["content-type"] === "text/event-stream"

/** The answers to what is posted meanwhile. */
const during = async ({ endpoint }: Party, what: () => Promise<unknown>): Promise<ReadonlyArray<Seen>> => {
  const before = endpoint.seen.all.length
  await what()
  return endpoint.seen.all.slice(before).filter(({ method }) => method === "POST")
}

const deleted = ({ seen }: Endpoint): Seen => seen.all.find(({ method }) => method === "DELETE")!

/** Whether a call that has begun was not interrupted, after others have come and gone. */
const goesOn = async (driver: Driver, key: string): Promise<boolean> => {
  let interrupted = false
  const abort = new AbortController()
  const asked = driver.call("seen", { key, what: "interrupted" }, { signal: abort.signal }).then(
    () => (interrupted = true),
    () => {}
  )
  for (let i = 0; i < 5; i++) await driver.call("echo", { text: "and now?" })
  abort.abort()
  await asked
  return !interrupted
}

/** A call that never ends by itself, as soon as its handler runs. */
const begun = async (driver: Driver, options?: Parameters<Driver["call"]>[2]) => {
  const key = randomUUID()
  const outcome = codeOf(driver.call("wait", { key }, options))
  await driver.call("seen", { key, what: "started" })
  return { key, outcome }
}

/** What a peer says of a connection that was cut, sometimes a while later: when it comes back for the stream, the session may have ended. */
const ofCuts = /disconnected|terminated|fetch failed|SSE stream: Not Found/

const takeComplaints = ({ complaints }: Driver): void => {
  for (const complaint of complaints.splice(0)) assert.match(String(complaint), ofCuts)
}

/** Begins a call and cuts its connection. */
const cutCall = async ({ driver, endpoint }: Party): Promise<string> => {
  const { key, outcome } = await begun(driver)
  // A peer may have another request under way, such as the one for the stream that was cut before.
  assert.isAtLeast(endpoint.pending.size, 1)
  for (const cut of endpoint.pending) cut()
  assert.notStrictEqual(await outcome, "it was not refused")
  takeComplaints(driver)
  return key
}

const noSessions = (because: string): Not =>
  not(because, async (party) => {
    const [seen] = await during(party, () => party.driver.list())
    assert.deepStrictEqual([seen!.headers["mcp-session-id"], seen!.answer["mcp-session-id"]], [undefined, undefined])
  })
const isModern = noSessions("the revision has no sessions")
const isAlone = noSessions("each request stands alone")

const noStream = (because: string): Not =>
  not(because, async ({ driver, endpoint }) => {
    const statuses = endpoint.seen.all.filter(({ method }) => method === "GET").map(({ status }) => status)
    assert.notInclude(statuses, 200)
    assert.isFalse((await driver.call("echo", { text: "without it" })).isError)
  })
const noGet = noStream("the endpoint has no stream of its own")
const noGetInRevision = noStream("the revision has no stream of its own")
const noGetInClient = noStream("McpClient does not listen")

const noResumption = not("the revision does not resume", async (party) => void (await cutCall(party)))
const noResumptionApi = not("McpClient does not resume", noResumption.proof)
const noIds = not("events of the revision have no ids", async ({ driver, endpoint }) => {
  await driver.watch!()
  endpoint.seen.all.findLast(({ method }) => method === "GET")!.cut()
  const again = await endpoint.seen.find(({ isOver, method }) => method === "GET" && !isOver)
  assert.isUndefined(again.headers["last-event-id"])
  takeComplaints(driver)
})
const onlyJson = not("answers are JSON", async (party) => {
  const told: Array<unknown> = []
  const [seen] = await during(party, () =>
    party.driver.call("count", { to: 2 }, { onProgress: (progress) => void told.push(progress) })
  )
  assert.isTrue(isJson(seen!))
  assert.deepStrictEqual(told, [])
})
const neverStream = not("McpClient never asks for progress", onlyJson.proof)
const goesOnWhenCut = not("in sessions a cut is no cancellation", async (party) => {
  assert.isTrue(await goesOn(party.driver, await cutCall(party)))
})
const noDelete = not("McpClient deletes when it is closed", async ({ driver, endpoint }) => {
  await driver.close()
  assert.strictEqual(deleted(endpoint).status, 204)
})
const noWayBack = not("a question has no way to the client", async ({ driver }) => {
  for (const tool of ["askForm", "askModel", "askRoots"]) {
    const { isError, text } = await driver.call(tool)
    assert.isTrue(isError)
    assert.include(text, "cannot ask the client")
  }
})

type Table = { readonly [cell: string]: ReadonlyArray<Cell> }

// prettier-ignore
const tables: { readonly [way in Way]: Table } = {
  sessions: {
    //                   sdk v1         sdk v2                                                               effect/ai
    //                   2025-11        2026-07          2025-11        2025-06        2025-03        2024-11        2026-07          2025-11
    session:            [yes,           isModern,        yes,           yes,           yes,           yes,           isModern,        yes],
    "json and streams": [yes,           yes,             yes,           yes,           yes,           yes,           neverStream,     neverStream],
    "resume listening": [yes,           noGetInRevision, yes,           yes,           yes,           noIds,         noGetInRevision, noGetInClient],
    "resume a call":    [yes,           noResumption,    yes,           yes,           yes,           noIds,         noResumption,    noResumptionApi],
    "a cut cancels":    [goesOnWhenCut, yes,             goesOnWhenCut, goesOnWhenCut, goesOnWhenCut, goesOnWhenCut, yes,             goesOnWhenCut],
    delete:             [yes,           isModern,        yes,           yes,           yes,           yes,           isModern,        noDelete]
  },
  "no sessions": {
    session:            [isAlone,       isModern,        isAlone,       isAlone,       isAlone,       isAlone,       isModern,        isAlone],
    "json and streams": [yes,           yes,             yes,           yes,           yes,           yes,           neverStream,     neverStream],
    "resume listening": [noGet,         noGetInRevision, noGet,         noGet,         noGet,         noGet,         noGetInRevision, noGetInClient],
    "a cut cancels":    [goesOnWhenCut, yes,             goesOnWhenCut, goesOnWhenCut, goesOnWhenCut, goesOnWhenCut, yes,             goesOnWhenCut],
    questions:          [noWayBack,     yes,             noWayBack,     noWayBack,     noWayBack,     noWayBack,     yes,             noWayBack]
  },
  "JSON only": {
    session:            [yes,           isModern,        yes,           yes,           yes,           yes,           isModern,        yes],
    "json and streams": [onlyJson,      onlyJson,        onlyJson,      onlyJson,      onlyJson,      onlyJson,      onlyJson,        onlyJson],
    "resume listening": [noGet,         noGetInRevision, noGet,         noGet,         noGet,         noGet,         noGetInRevision, noGetInClient],
    "a cut cancels":    [goesOnWhenCut, yes,             goesOnWhenCut, goesOnWhenCut, goesOnWhenCut, goesOnWhenCut, yes,             goesOnWhenCut],
    questions:          [noWayBack,     yes,             noWayBack,     noWayBack,     noWayBack,     noWayBack,     yes,             noWayBack],
    delete:             [yes,           isModern,        yes,           yes,           yes,           yes,           isModern,        noDelete]
  }
}

const works: { readonly [cell: string]: (party: Party) => Promise<void> } = {
  session: async (party) => {
    const { driver, endpoint } = party
    const opened = endpoint.seen.all.map(({ answer }) => answer["mcp-session-id"]).find((id) => id !== undefined)
    assert.match(String(opened), /^[\x21-\x7e]{20,}$/)
    const seen = await during(party, () => driver.list())
    assert.deepStrictEqual(
      seen.map(({ headers }) => headers["mcp-session-id"]),
      [opened]
    )
  },

  "json and streams": async (party) => {
    const { driver } = party
    const [plain] = await during(party, () => driver.call("echo", { text: "hello" }))
    assert.isTrue(isJson(plain!))
    const key = randomUUID()
    const counting = () => driver.call("count", { to: 1, key }, { onProgress: () => void driver.call("go", { key }) })
    assert.isTrue((await during(party, counting)).some((seen) => isStream(seen)))
  },

  // What is said while nobody listens arrives all the same, once.
  "resume listening": async ({ driver, endpoint }) => {
    await driver.watch!()
    await driver.call("toggle")
    await driver.changes.first(1)
    const listening = endpoint.seen.all.findLast(({ method, status }) => method === "GET" && status === 200)!
    endpoint.hold()
    listening.cut()
    await driver.call("toggle")
    assert.strictEqual(driver.changes.all.length, 1)
    const isAgain = (seen: Seen) => seen !== listening && seen.headers["last-event-id"] !== undefined
    endpoint.release()
    assert.strictEqual((await endpoint.seen.find(isAgain)).status, 200)
    await driver.changes.first(2)
    // Afterwards the stream goes on.
    await driver.call("toggle")
    await driver.call("toggle")
    await driver.changes.first(4)
    assert.strictEqual(driver.changes.all.length, 4)
    takeComplaints(driver)
  },

  "resume a call": async ({ driver, endpoint }) => {
    const key = randomUUID()
    const told: Array<number> = []
    const go = () => driver.call("go", { key })
    const before = endpoint.seen.all.length
    const onProgress = ({ progress }: { readonly progress: number }) => {
      told.push(progress)
      if (progress !== 2) return void go()
      endpoint.hold()
      endpoint.seen.all
        .slice(before)
        .find((seen) => isStream(seen))!
        .cut()
      // The rest happens while the client is away.
      void go()
        .then(go)
        .then(() => endpoint.release())
    }
    const { isError } = await driver.call("count", { to: 3, key }, { onProgress })
    assert.deepStrictEqual([told, isError], [[1, 2, 3], false])
    takeComplaints(driver)
  },

  "a cut cancels": async (party) => {
    const key = await cutCall(party)
    assert.strictEqual((await party.driver.call("seen", { key, what: "interrupted" })).text, "interrupted")
  },

  // In the request era a question is an answer.
  questions: async ({ driver, endpoint, row }) => {
    if (row.name === "effect/ai") return assert.strictEqual(await codeOf(driver.call("askForm")), -32021)
    const user = new User()
    const asked = await row.connect(endpoint, user)
    user.answering(() => ({ action: "decline" }))
    assert.include((await asked.call("askForm")).text, "the user declined")
    await asked.close()
  },

  delete: async ({ driver, endpoint }) => {
    await driver.terminate!()
    const { headers, status } = deleted(endpoint)
    assert.strictEqual(status, 204)
    const again = await fetch(endpoint.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-session-id": String(headers["mcp-session-id"])
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" })
    })
    assert.strictEqual(again.status, 404)
    await again.text()
  }
}

// --- what does not work of the cells of `clients.ts`

const notAClient = (because: string, proof: NotAClient["proof"]): NotAClient => ({ because, proof })

const untold = notAClient("the endpoint has no stream of its own", async (driver) => {
  await driver.call("toggle")
  await driver.call("toggle")
  await driver.call("touch", { uri: "interop://readme" })
  await driver.call("echo", { text: "what was said before has arrived" })
  assert.deepStrictEqual([driver.changes.all, driver.updates.all], [[], []])
})
const uncancelled = notAClient("a cancellation without a session finds no call", async (driver) => {
  const abort = new AbortController()
  const { key, outcome } = await begun(driver, { signal: abort.signal })
  abort.abort(new Error("enough"))
  assert.notStrictEqual(await outcome, "it was not refused")
  assert.isTrue(await goesOn(driver, key))
})
const forgotten = notAClient("the level of a session is forgotten without one", async (driver) => {
  assert.deepStrictEqual((await driver.callLogged!("info", "chat")).structured ?? { level: null }, { level: null })
})
const dropped = notAClient("there is no stream on which it could come", async (driver) => {
  const told: Array<unknown> = []
  assert.isFalse((await driver.call("count", { to: 2 }, { onProgress: (progress) => void told.push(progress) })).isError)
  await driver.callLogged!("info", "chat")
  assert.deepStrictEqual([told, driver.logs.all], [[], []])
})

/** What a client cannot do on a way that it can on others. */
export const lacks = (way: Way, row: Row): Lacks => {
  const isSession = !since(row, "2026-07-28")
  if (row.name === "effect/ai") return way === "no sessions" && isSession ? { cancel: uncancelled } : {}
  if (way === "no sessions" && isSession) {
    return { cancel: uncancelled, "log messages": forgotten, "changes of the list": untold, updates: untold }
  }
  const quiet = { progress: dropped, "last progress": dropped, "log messages": dropped }
  if (way === "JSON only") return isSession ? { ...quiet, "changes of the list": untold, updates: untold } : quiet
  return {}
}

/** The tests of a client. */
export const testRow = (way: Way, row: Row, endpoint: Endpoint) => {
  const column = rows.indexOf(row)
  describe(`${row.name}, ${row.revision}`, () => {
    let party: Party
    beforeAll(async () => {
      endpoint.seen.all.length = 0
      party = { row, endpoint, driver: await row.connect(endpoint) }
    })
    afterAll(() => party.driver.close())

    for (const [name, cells] of Object.entries(tables[way])) {
      const cell = cells[column]!
      if (cell === yes) it(`${name}`, () => works[name]!(party))
      else it(`${name}: not supported, ${cell.because}`, () => cell.proof(party))
    }

    it("nothing to complain about", () => {
      const others = party.driver.complaints.filter((complaint) => !ofCuts.test(String(complaint)))
      assert.deepStrictEqual(others, [])
    })
  })
}
