import { assert, describe, it } from "@effect/vitest"
import { Rejected } from "@effect-mcp/client/Rejected"
import * as Content from "@effect-mcp/core/Content"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as McpTest from "../src/McpTest.ts"
import { Unscripted } from "../src/Unscripted.ts"
import { Files, FilesServer } from "./support/files.ts"

const client = (user: McpTest.Options["user"], options: McpTest.Options = {}) =>
  McpTest.typed(Files, FilesServer, { ...(user === undefined ? {} : { user }), ...options })

/** The defect that an effect dies of. */
const defectOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.exit(effect), (exit) => {
    assert.isTrue(Exit.isFailure(exit), "it did not fail")
    const defect = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isDieReason)?.defect : undefined
    assert.instanceOf(defect, Unscripted)
    return defect as Unscripted
  })

const forms = ["2026-07-28", "2025-11-25", "2025-06-18"] as const

describe("a scripted user", () => {
  it.effect("fills in all forms by the names of their fields, and agrees to those without", () =>
    Effect.gen(function* () {
      const files = yield* client(McpTest.answers({ sure: false, seat: "window", nights: 3 }))
      assert.strictEqual(yield* files.tools.remove({ path: "a" }), "kept")
      assert.strictEqual(yield* files.tools.book(), "window 3 true")
      assert.strictEqual(yield* files.tools.agree(), "agreed")
      assert.deepStrictEqual(
        files.user.asked.all.map(({ message }) => message),
        ["Delete a?", "Where?", "Agreed?"]
      )
      assert.deepStrictEqual(files.user.remaining, [])
    }).pipe(McpTest.eachRevision(forms))
  )

  it.effect("answers in order, and what is left can be checked", () =>
    Effect.gen(function* () {
      const files = yield* client(
        McpTest.inOrder(McpTest.accept({ sure: true }), McpTest.decline, McpTest.cancel, McpTest.accept({ sure: true }))
      )
      assert.strictEqual(yield* files.tools.remove({ path: "a" }), "removed")
      assert.strictEqual(yield* files.tools.agree(), "declined")
      assert.strictEqual(yield* files.tools.agree(), "cancelled")
      assert.deepStrictEqual(files.user.remaining, ['answer 4 of the list: {"action":"accept","content":{"sure":true}}'])
    }).pipe(McpTest.eachRevision(forms))
  )

  it.effect("answers by message, the first script that can", () =>
    Effect.gen(function* () {
      const files = yield* client(
        McpTest.firstOf(
          McpTest.when(/^Delete b/g, McpTest.accept({ sure: false })),
          McpTest.when("Pay", McpTest.accept()),
          McpTest.when("Never", McpTest.decline),
          McpTest.answers({ sure: true, unused: "x" })
        )
      )
      assert.strictEqual(yield* files.tools.remove({ path: "a" }), "removed")
      assert.strictEqual(yield* files.tools.remove({ path: "b" }), "kept")
      assert.strictEqual(yield* files.tools.remove({ path: "b" }), "kept")
      assert.strictEqual(yield* files.tools.pay(), "paid")
      assert.deepStrictEqual(files.user.remaining, ["an answer to the message Never", 'a value of the field "unused"'])
      const page = files.user.asked.last
      assert.strictEqual(page?.kind === "page" ? page.url : undefined, "https://example.com/pay")
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("decides case by case, takes its time, and can refuse", () =>
    Effect.gen(function* () {
      const files = yield* client(
        McpTest.user(({ asker, message }) =>
          message === "Agreed?"
            ? Effect.delay(Effect.succeed(McpTest.accept()), "5 minutes")
            : Effect.fail(new Rejected({ detail: `not for ${asker.serverInfo?.name}` }))
        )
      )
      const call = yield* Effect.forkChild(files.tools.agree())
      yield* files.user.asked.first(({ message }) => message === "Agreed?")
      yield* TestClock.adjust("4 minutes")
      yield* McpTest.settle
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(call), "agreed")
      assert.include((yield* Effect.flip(files.tools.remove({ path: "a" }))).message, "not for files")
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("may never answer: the call waits until somebody ends it", () =>
    Effect.gen(function* () {
      const files = yield* client(McpTest.silent)
      const call = yield* Effect.forkChild(files.tools.agree())
      yield* files.user.asked.first()
      yield* TestClock.adjust("10 minutes")
      assert.isUndefined(call.pollUnsafe())
      yield* Fiber.interrupt(call)
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("starts anew with each client", () =>
    Effect.gen(function* () {
      const user = McpTest.inOrder(McpTest.decline)
      for (let i = 0; i < 2; i++) assert.strictEqual(yield* (yield* client(user)).tools.agree(), "declined")
    })
  )
})

describe("a question without an answer", () => {
  it.effect("is a defect that names the form, its fields, and how to script it", () =>
    Effect.gen(function* () {
      const files = yield* client(McpTest.answers({ seat: "roof" }), { era: "2025-11-25" })
      const defect = yield* defectOf(files.tools.book())
      assert.strictEqual(
        defect.message,
        `the scripted user has no answer for the form "Where?" of server "files" (revision 2025-11-25):
  seat: one of "aisle", "window"
  nights: an integer of at least 1 and at most 30
  breakfast: true or false, true by default (may be left out)
because of its fields
  seat: expected "aisle" or "window", received "roof"
  nights: missing, expected an integer
Script it with \`user: McpTest.answers({ seat: "aisle", nights: 1 })\` for all forms, with
\`McpTest.when("Where?", McpTest.accept({ seat: "aisle", nights: 1 }))\` for this one, or with \`McpTest.decline\`.`
      )
    })
  )

  it.effect("fails the call also where the handler swallows what went wrong, in every revision with forms", () =>
    Effect.gen(function* () {
      const files = yield* client(McpTest.answers({ other: true }))
      const defect = yield* defectOf(files.tools.careless())
      assert.include(defect.message, 'the form "Careless?"')
      assert.include(defect.message, "sure: missing")
    }).pipe(McpTest.eachRevision(forms))
  )

  it.effect("is one for which a list has run out, a function has nothing, or a page that `answers` was shown", () =>
    Effect.gen(function* () {
      const list = yield* defectOf((yield* client(McpTest.inOrder())).tools.agree())
      assert.include(list.message, "which has no fields,\nbecause all 0 answers of the list were given")
      const decided = yield* defectOf((yield* client(McpTest.user(() => undefined))).tools.agree())
      assert.include(decided.message, "because the function gave none")
      const several = McpTest.firstOf(McpTest.when("No", McpTest.decline), McpTest.answers({}))
      const page = yield* defectOf((yield* client(several)).tools.pay())
      assert.include(page.message, 'the page "Pay" of server "files" (revision')
      assert.include(page.message, "https://example.com/pay,\nbecause its message is not No; `answers` fills in forms")
      assert.include(page.message, 'McpTest.when("Pay", McpTest.accept())')
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("is one whose answer does not fit its form", () =>
    Effect.gen(function* () {
      const files = yield* client(McpTest.inOrder(McpTest.accept({ sure: "yes" })))
      const defect = yield* defectOf(files.tools.remove({ path: "a" }))
      assert.include(defect.message, 'because the answer {"sure":"yes"} does not fit\n  sure: expected')
    }).pipe(McpTest.eachRevision("both"))
  )

  it.effect("fails the test at its end when no call could tell", () =>
    Effect.gen(function* () {
      const outer = yield* defectOf(
        Effect.scoped(
          Effect.gen(function* () {
            const files = yield* client(McpTest.inOrder(), { era: "session" })
            // Whoever called has gone, and the question is on its way.
            yield* Effect.forkScoped(files.tools.agree())
            yield* files.user.asked.first()
          })
        )
      )
      assert.include(outer.message, "Agreed?")
    })
  )
})

describe("a client without a user", () => {
  it.effect("is not asked, and nothing is wrong with the test", () =>
    Effect.gen(function* () {
      const files = yield* client(undefined)
      const careless = yield* files.callTool("careless")
      assert.strictEqual(Content.textOf(careless), "swallowed")
    }).pipe(McpTest.eachRevision(["2025-11-25", "2025-06-18", "2024-11-05"]))
  )
})
