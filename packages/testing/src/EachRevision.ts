/**
 * The same test in several revisions: one after the other in one Effect, or as a list of which a test runner makes tests.
 */
import * as Revision from "@effect-mcp/core/Revision"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

/** Which revisions: `"all"`, `"both"` (the newest of each era), those of one era, or these. */
export type Over = "all" | "both" | Revision.Era | ReadonlyArray<Revision.Version>

const isEra = (era: Revision.Era) => (version: Revision.Version) => Revision.byVersion[version].era === era

/** The newest revision of an era. */
export const newest = (era: Revision.Era): Revision.Version => Revision.versions.find(isEra(era))! // each era has one

/**
 * The revisions by name, newest first: for test runners that make a test of each.
 *
 * @example
 * it.effect.each(McpTest.revisions("both"))("asks before it removes, in %s", (era) =>
 *   Effect.gen(function* () {
 *     const files = yield* McpTest.client(FilesServer, { era, user: McpTest.answers({ sure: true }) })
 *     ...
 *   })
 * )
 */
export const revisions = (over: Over = "all"): ReadonlyArray<Revision.Version> => {
  if (over === "all") return Revision.versions
  if (over === "both") return [newest("request"), newest("session")]
  return over === "request" || over === "session" ? Revision.versions.filter(isEra(over)) : over
}

/** The revision that clients of tests speak when they are not told; `undefined` lets them agree with the server. */
export const CurrentRevision = Context.Reference<Revision.Version | undefined>("@effect-mcp/testing/CurrentRevision", {
  defaultValue: () => undefined
})

/** A test failed in some of its revisions. `cause` is what went wrong in the first one. */
export class FailedInRevisions extends Schema.TaggedError<FailedInRevisions>()("FailedInRevisions", {
  /** Those in which it failed. */
  failed: Schema.Array(Schema.String),
  /** Those in which it passed. */
  passed: Schema.Array(Schema.String),
  /** What went wrong in each of `failed`. */
  details: Schema.Array(Schema.String),
  cause: Schema.Defect()
}) {
  override get message() {
    const others = this.passed.length === 0 ? "" : `, and passed in ${this.passed.join(", ")}`
    const lines = this.failed.map((version, i) => `${version}: ${this.details[i]}`)
    return `the test failed in ${this.failed.join(", ")}${others}\n${lines.join("\n")}`
  }
}

const firstLine = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error)
  return text.length > 1000 ? `${text.slice(0, 1000)}...` : text
}

/**
 * Runs a test once per revision, each time in a scope of its own; clients that `McpTest` makes in it speak that revision. All of them are
 * run, also after a failure, and the failure names those that failed.
 *
 * @example
 * it.effect("asks before it removes", () =>
 *   Effect.gen(function* () {
 *     const files = yield* McpTest.client(FilesServer, { user: McpTest.answers({ sure: true }) })
 *     assert.strictEqual(yield* files.callTool("remove", { id: "1" }), ...)
 *   }).pipe(McpTest.eachRevision("both"))
 * )
 */
export const eachRevision =
  (over: Over = "all") =>
  <A, E, R>(test: Effect.Effect<A, E, R>): Effect.Effect<void, FailedInRevisions, Exclude<R, Scope.Scope>> =>
    Effect.gen(function* () {
      const passed: Array<Revision.Version> = []
      const failures: Array<{ readonly version: Revision.Version; readonly error: unknown }> = []
      for (const version of revisions(over)) {
        const exit = yield* test.pipe(Effect.scoped, Effect.provideService(CurrentRevision, version), Effect.exit)
        if (Exit.isSuccess(exit)) passed.push(version)
        else failures.push({ version, error: Cause.squash(exit.cause) })
      }
      const [first] = failures
      if (first === undefined) return
      return yield* new FailedInRevisions({
        failed: failures.map(({ version }) => version),
        passed,
        details: failures.map(({ error }) => firstLine(error)),
        cause: first.error
      })
    })
