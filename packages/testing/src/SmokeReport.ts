/**
 * What came of a smoke run, as data and as text.
 */
import * as Schema from "effect/Schema"

/**
 * What came of a call, or of a component.
 *
 * - `passed`: the answer is what the protocol and the component's own Schema say.
 * - `refused`: the server said no in an orderly way: a tool's error, wrong arguments, something that does not exist.
 * - `failed`: the answer is not what it has to be, or the server broke.
 * - `timedOut`: there was none in time.
 * - `skipped`: it was not called, and `detail` says why.
 */
export const Status = Schema.Literals(["passed", "refused", "failed", "timedOut", "skipped"])
/** See the Schema. */
export type Status = typeof Status.Type

/** The kinds of components. A `list` is one that could not be read, so that nothing of its kind was called. */
export const Kind = Schema.Literals(["tool", "resource", "template", "prompt", "list"])
/** See the Schema. */
export type Kind = typeof Kind.Type

/** One call. */
export const Attempt = Schema.Struct({
  /** The arguments of a tool or a prompt, the URI of a resource. */
  input: Schema.Unknown,
  status: Status,
  /** What was said, where it did not pass. */
  detail: Schema.optionalKey(Schema.String),
  /** How long it took, in milliseconds of the clock in the context. */
  millis: Schema.Finite
})
/** One call. */
export interface Attempt extends Schema.Schema.Type<typeof Attempt> {}

/** What came of a component. */
export const Checked = Schema.Struct({
  kind: Kind,
  /** The name of a tool or a prompt, the URI or the template of a resource. */
  name: Schema.String,
  /** The worst of what its calls came to; but one that passed makes up for those that were refused. */
  status: Status,
  detail: Schema.optionalKey(Schema.String),
  attempts: Schema.Array(Attempt),
  millis: Schema.Finite
})
/** What came of a component. */
export interface Checked extends Schema.Schema.Type<typeof Checked> {}

const shown = { passed: "ok", refused: "refused", failed: "FAILED", timedOut: "TIMEOUT", skipped: "skipped" } as const

const isProblem = ({ status }: { readonly status: Status }): boolean => status === "failed" || status === "timedOut"

const time = (millis: number): string => (millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`)

const shorten = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}...` : text)

const indented = (text: string): ReadonlyArray<string> =>
  shorten(text, 2000)
    .split("\n")
    .map((line) => `           ${line}`)

const lines = ({ attempts, detail, kind, millis, name, status }: Checked): ReadonlyArray<string> => {
  const calls = attempts.length === 0 ? "" : `  ${attempts.length} ${attempts.length === 1 ? "call" : "calls"}, ${time(millis)}`
  const head = `${shown[status].padEnd(8)} ${kind.padEnd(9)}${name}${calls}`
  const wrong = attempts.filter(isProblem).slice(0, 3)
  if (wrong.length === 0) return [head, ...(detail === undefined ? [] : indented(detail))]
  return [
    head,
    ...wrong.flatMap(({ detail = "", input }) => [
      ...indented(detail),
      `           with ${shorten(JSON.stringify(input) ?? "nothing", 500)}`
    ])
  ]
}

/** What came of a run. It is plain data: `JSON.stringify` writes it, and the Schema reads it. */
export class Report extends Schema.Class<Report>("@effect-mcp/testing/Report")({
  /** What the server calls itself. */
  server: Schema.String,
  /** The revision that was spoken. */
  revision: Schema.String,
  /** What makes the same run again. */
  seed: Schema.Union([Schema.String, Schema.Finite]),
  checked: Schema.Array(Checked),
  millis: Schema.Finite
}) {
  /** Those that failed or timed out. */
  get problems(): ReadonlyArray<Checked> {
    return this.checked.filter(isProblem)
  }

  /** Those with this status. */
  of(status: Status): ReadonlyArray<Checked> {
    return this.checked.filter((checked) => checked.status === status)
  }

  /** True when nothing failed and nothing timed out. */
  get isOk(): boolean {
    return this.problems.length === 0
  }

  /** A line for each component, and more for those with problems. */
  get text(): string {
    const counts = Status.literals.flatMap((status) => {
      const count = this.of(status).length
      return count === 0 ? [] : [`${count} ${status === "timedOut" ? "timed out" : status}`]
    })
    const what = counts.length === 0 ? "nothing to call" : counts.join(", ")
    const last = `${this.server}, revision ${this.revision}: ${what}, in ${time(this.millis)}, seed ${this.seed}`
    return [...this.checked.flatMap(lines), last].join("\n")
  }
}
