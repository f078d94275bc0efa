/**
 * Calls everything that a server offers, with arguments that are made up from its own Schemas, and reports what came of it: a first look
 * at any server, one's own or another's, in memory or over any transport.
 *
 * Everything is bounded: calls per component, components per kind, the time of a call and of the run. Patterns in Schemas alone are run
 * without a bound, as in every program that validates: one that is made to take for ever stops the run. Tools that may destroy something
 * are left out unless they are asked for.
 */
import { McpClient } from "@effect-mcp/client/McpClient"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import type { Tool } from "@effect-mcp/core/protocol/Tools"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import {
  type Call,
  type Making,
  type Probe,
  promptProbe,
  resourceProbe,
  templateProbe,
  toolProbe
} from "./internal/smokeProbes.ts"
import { ofError, type Verdict, verdict } from "./internal/smokeVerdict.ts"
import { type Attempt, type Checked, type Kind, Report, type Status } from "./SmokeReport.ts"

export { Attempt, Checked, Kind, Report, Status } from "./SmokeReport.ts"

/** A component that could be called. */
export interface Component {
  readonly kind: Kind
  /** The name of a tool or a prompt, the URI or the template of a resource. */
  readonly name: string
  /** The description of a tool. */
  readonly tool?: Tool
}

/** How much is called, and with what. */
export interface Options {
  /** The same seed, the same arguments. 1 by default. */
  readonly seed?: string | number
  /** With how many different arguments a component is called at most. 3 by default: what is required, all there is, and some of it. */
  readonly variants?: number
  /** How long a call may take. 10 seconds by default. */
  readonly timeout?: Duration.Input
  /** How long all of it may take; what is left then is skipped. 5 minutes by default. */
  readonly total?: Duration.Input
  /** How many components of a kind are called; the others are skipped. 1,000 by default. */
  readonly components?: number
  /** How many components are called at once. 1 by default. */
  readonly concurrency?: number
  /**
   * Whether tools are called that may destroy something: all but those with `readOnlyHint: true` or `destructiveHint: false`, as the
   * protocol says. False by default.
   */
  readonly destructive?: boolean
  /** Which components are called; the others are not in the report. All by default. */
  readonly include?: (component: Component) => boolean
  /** Arguments of your own, by the name of a tool or prompt, or by the template. Tools that have some are called whatever their hints say. */
  readonly given?: Making["given"]
}

type Client = McpClient["Service"]

// One that passed shows that it works: what was refused besides may be the arguments' fault.
const severity: ReadonlyArray<Status> = ["failed", "timedOut", "passed", "refused"]

const summed = (probe: Probe, attempts: ReadonlyArray<Attempt>): Checked => {
  const status = severity.find((status) => attempts.some((attempt) => attempt.status === status)) ?? "skipped"
  const detail = attempts.find((attempt) => attempt.status === status)?.detail
  return {
    kind: probe.kind,
    name: probe.name,
    status,
    ...(detail === undefined ? {} : { detail }),
    attempts,
    millis: attempts.reduce((sum, { millis }) => sum + millis, 0)
  }
}

const skipped = ({ kind, name }: { readonly kind: Kind; readonly name: string }, detail: string): Checked => ({
  kind,
  name,
  status: "skipped",
  detail,
  attempts: [],
  millis: 0
})

interface Limits {
  readonly timeout: number
  /** When the run is over. */
  readonly end: number
}

const attempt = Effect.fnUntraced(function* ({ input, run }: Call, { end, timeout }: Limits): Effect.fn.Return<Attempt> {
  const started = yield* Clock.currentTimeMillis
  const most = Math.max(0, Math.min(timeout, end - started))
  const outcome = yield* run.pipe(
    Effect.catch((error) => Effect.succeed(ofError(error))),
    Effect.timeoutOption(most),
    Effect.catchCauseIf(
      (cause) => !Cause.hasInterruptsOnly(cause),
      (cause) => Effect.succeedSome<Verdict>(verdict("failed", Cause.pretty(cause)))
    )
  )
  const said = Option.getOrElse(outcome, () => verdict("timedOut", `no answer within ${most} ms`))
  return { input, ...said, millis: (yield* Clock.currentTimeMillis) - started }
})

const checkOne = Effect.fnUntraced(function* (probe: Probe, limits: Limits): Effect.fn.Return<Checked> {
  if (probe.skip !== undefined) return skipped(probe, probe.skip)
  const isOver = Effect.map(Clock.currentTimeMillis, (now) => now >= limits.end)
  // Suggestions take time, too.
  const left = Math.max(0, limits.end - (yield* Clock.currentTimeMillis))
  const prepared = yield* Effect.timeoutOption(probe.calls, left)
  if (Option.isNone(prepared) || (yield* isOver)) return skipped(probe, "the time of the run was over")
  const { calls, problem } = prepared.value
  const attempts: Array<Attempt> = []
  for (const call of calls) {
    if (attempts.length > 0 && (yield* isOver)) break
    attempts.push(yield* attempt(call, limits))
  }
  return attempts.length === 0 ? skipped(probe, problem ?? "there is nothing to call it with") : summed(probe, attempts)
})

/** The components of a kind; or what came of asking for them. */
const listed = <A>(
  isServed: boolean,
  list: Effect.Effect<ReadonlyArray<A>, McpClientError>,
  name: string,
  most: number,
  limits: Limits,
  toProbe: (component: A) => Probe
): Effect.Effect<{ readonly probes: ReadonlyArray<Probe>; readonly checked: ReadonlyArray<Checked> }> =>
  Effect.gen(function* () {
    if (!isServed) return { probes: [], checked: [] }
    let found: ReadonlyArray<A> = []
    const run = Effect.map(list, (all): Verdict => {
      found = all
      return { status: "passed" }
    })
    const read = yield* attempt({ input: name, run }, limits)
    if (read.status !== "passed") {
      // A list that is refused is none: a server that declares it has to have it.
      const status = read.status === "timedOut" ? "timedOut" : "failed"
      return { probes: [], checked: [{ ...read, kind: "list", name, status, attempts: [{ ...read, status }] }] }
    }
    const probes = found.slice(0, most).map(toProbe)
    const left = found.length - probes.length
    const more = `${left} more of ${name}`
    return { probes, checked: left === 0 ? [] : [skipped({ kind: "list", name: more }, `the run takes ${most} of a kind`)] }
  })

/**
 * Calls everything that a server offers, and reports what came of it. Never fails: what goes wrong is in the report.
 *
 * @example
 * const report = yield* Smoke.run(yield* McpTest.client(Server), { destructive: true })
 * yield* Console.log(report.text)
 */
export const run = Effect.fnUntraced(function* (client: Client, options: Options = {}): Effect.fn.Return<Report> {
  const {
    components = 1000,
    concurrency = 1,
    destructive = false,
    given = {},
    include = () => true,
    seed = 1,
    variants = 3
  } = options
  const started = yield* Clock.currentTimeMillis
  const millis = (input: Duration.Input) => Duration.toMillis(Duration.fromInputUnsafe(input))
  const limits = { timeout: millis(options.timeout ?? "10 seconds"), end: started + millis(options.total ?? "5 minutes") }
  const making: Making = { seed, variants: Math.max(1, Math.floor(variants)), destructive, given }
  const { prompts, resources, tools } = client.capabilities
  const has = (capability: unknown) => capability !== undefined
  const lists = yield* Effect.all([
    listed(has(tools), client.listTools, "tools/list", components, limits, (tool) => toolProbe(client, tool, making)),
    listed(has(resources), client.listResources, "resources/list", components, limits, (one) => resourceProbe(client, one)),
    listed(has(resources), client.listResourceTemplates, "resources/templates/list", components, limits, (one) =>
      templateProbe(client, one, making)
    ),
    listed(has(prompts), client.listPrompts, "prompts/list", components, limits, (one) => promptProbe(client, one, making))
  ])
  const probes = lists.flatMap((list) => list.probes).filter(include)
  const checked = yield* Effect.forEach(probes, (probe) => checkOne(probe, limits), { concurrency })
  const { name = "a server without a name", version = "" } = client.serverInfo ?? {}
  return new Report({
    server: `${name} ${version}`.trim(),
    revision: client.revision.version,
    seed,
    checked: [...lists.flatMap((list) => list.checked), ...checked],
    millis: (yield* Clock.currentTimeMillis) - started
  })
})

/** Something of a server failed or timed out. */
export class SmokeFailed extends Schema.TaggedError<SmokeFailed>()("SmokeFailed", { report: Report }) {
  override get message() {
    return `${this.report.problems.length} of ${this.report.checked.length} did not pass\n${this.report.text}`
  }
}

/** The same as {@link run}, for tests: fails with the report when something failed or timed out. */
export const check = (client: Client, options: Options = {}): Effect.Effect<Report, SmokeFailed> =>
  Effect.filterOrFail(
    run(client, options),
    ({ isOk }) => isOk,
    (report) => new SmokeFailed({ report })
  )

/**
 * A program for scripts: calls everything, writes the report to the console, and fails when something failed or timed out, so that the
 * process ends with an exit code that says so.
 *
 * @example
 * Smoke.program().pipe(
 *   Effect.provide(McpClient.layer({ name: "smoke", version: "1.0.0" })),
 *   Effect.provide(StdioClientTransport.layer({ command: "my-server" })),
 *   NodeRuntime.runMain
 * )
 */
export const program = (options: Options = {}): Effect.Effect<Report, SmokeFailed, McpClient> =>
  Effect.gen(function* () {
    const report = yield* run(yield* McpClient, options)
    yield* Console.log(report.text)
    return report.isOk ? report : yield* new SmokeFailed({ report })
  })
