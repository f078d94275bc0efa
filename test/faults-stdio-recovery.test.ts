/**
 * Servers that are killed or die, in processes, and a client that starts them again.
 */
import { assert, it } from "@effect/vitest"
import type { McpClientError } from "@effect-mcp/client/McpClientError"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { call, connect, exitOf, kill, onLinux, until, versions } from "./support/faulty.ts"

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(Effect.result(effect), { startImmediately: true })

const failureOf = <A>(fiber: Fiber.Fiber<Result.Result<A, McpClientError>>) =>
  Effect.map(Fiber.join(fiber), (result) => (Result.isFailure(result) ? result.failure : assert.fail("it succeeded")))

const valueOf = <A>(fiber: Fiber.Fiber<Result.Result<A, McpClientError>>) =>
  Effect.map(Fiber.join(fiber), (result) => (Result.isSuccess(result) ? result.success : assert.fail(result.failure.message)))

interface Told {
  readonly method: string
  readonly params: { readonly [key: string]: unknown }
}

/** What the process was told that runs now. */
const told = (client: Parameters<typeof call>[0]) =>
  Effect.map(call(client, "told", {}, { retry: true }), (text) => JSON.parse(text) as ReadonlyArray<Told>)

onLinux.each(versions)("a server that is killed, in %s", (version) => {
  it.live("ends calls that might do harm twice, and safe ones are made again", () =>
    Effect.gen(function* () {
      const first = {
        start: [["note", { stderr: "the disk is full\n" }]],
        on: { "tools/list": "hang" },
        tools: { echo: "hang" }
      } as const
      const { arrived, client, running, starts } = yield* connect(version, { scripts: [first, {}] })
      const old = running()
      const harmful = yield* start(call(client, "hang"))
      const list = yield* start(client.listTools)
      const chosen = yield* start(call(client, "echo", { text: "done" }, { retry: true }))
      yield* Effect.repeat(arrived, { times: 2 })
      yield* kill(client)
      const error = yield* failureOf(harmful)
      assert.deepInclude(exitOf(error), { exitCode: null, signal: "SIGKILL", stderr: "the disk is full\n" })
      assert.match(error.message, /faultyServer.*ended with signal SIGKILL; its last words on stderr:\nthe disk is full$/)
      assert.deepStrictEqual(
        (yield* valueOf(list)).map(({ name }) => name),
        ["hang", "die"]
      )
      assert.strictEqual(yield* valueOf(chosen), "done")
      assert.strictEqual(starts(), 2)
      assert.strictEqual(running().length, 1)
      assert.notIncludeMembers([...running()], [...old])
    })
  )

  it.live("is started again, and calls made meanwhile wait for that", () =>
    Effect.gen(function* () {
      const go = yield* Queue.unbounded<void>()
      const { client } = yield* connect(version, {
        client: { reconnect: Schedule.forever.pipe(Schedule.addDelay(() => Effect.as(Queue.take(go), 0))) }
      })
      yield* kill(client)
      const { attempt, error } = yield* until(client, "Reconnecting")
      assert.strictEqual(attempt, 1)
      assert.strictEqual(exitOf(error).signal, "SIGKILL")
      const calls = yield* Effect.forEach(["a", "b", "c"], (text) => start(call(client, "echo", { text })))
      assert.deepStrictEqual(
        calls.map((fiber) => fiber.pollUnsafe()),
        [undefined, undefined, undefined]
      )
      yield* Queue.offer(go, undefined)
      assert.deepStrictEqual(yield* Effect.forEach(calls, valueOf), ["a", "b", "c"])
      assert.strictEqual((yield* client.health).status, "healthy")
    })
  )

  it.live("hears again of the log level and of what is followed", () =>
    Effect.gen(function* () {
      const { client } = yield* connect(version, { client: { logLevel: "warning" } })
      const session = version === "2025-11-25"
      if (session) yield* client.subscribeResource("file:///a")
      const changes = yield* Queue.unbounded<string>()
      yield* client.notifications(["notifications/tools/list_changed"], { toolsListChanged: true }).pipe(
        Stream.runForEach(({ method }) => Queue.offer(changes, method)),
        Effect.forkChild({ startImmediately: true })
      )
      // The subscription is there once it was acknowledged: the change after it arrives.
      const changed = Effect.raceFirst(
        Queue.take(changes),
        Effect.forever(Effect.andThen(call(client, "change", {}, { retry: true }), Effect.sleep("10 millis")))
      )
      yield* changed
      yield* kill(client)
      yield* until(client, "Reconnecting")
      yield* until(client, "Connected")
      yield* Queue.clear(changes)
      yield* changed
      const all = yield* told(client)
      if (session) {
        const again = all.filter(({ method }) => method === "logging/setLevel" || method === "resources/subscribe")
        assert.deepStrictEqual(
          again.map(({ params: { _meta, ...params } }) => params),
          [{ level: "warning" }, { uri: "file:///a" }]
        )
        return
      }
      assert.strictEqual(all.filter(({ method }) => method === "subscriptions/listen").length, 1)
      const { _meta } = all.find(({ method }) => method === "tools/call")!.params as { readonly _meta: object }
      assert.deepInclude(_meta, { "io.modelcontextprotocol/logLevel": "warning" })
    })
  )

  it.live("takes what it has started with it", () =>
    Effect.gen(function* () {
      const { client, running } = yield* connect(version)
      const [child]: ReadonlyArray<number> = JSON.parse(yield* call(client, "family", { detached: [false] }))
      assert.include(running(), child)
      yield* kill(client)
      yield* until(client, "Reconnecting")
      yield* until(client, "Connected")
      assert.notInclude(running(), child)
    })
  )

  it.live("gives up a call that is safe after three repetitions: it has something to do with it", () =>
    Effect.gen(function* () {
      const { client, starts } = yield* connect(version)
      const error = yield* Effect.flip(call(client, "die", { code: 7, stderr: "die\n" }, { retry: true }))
      assert.deepInclude(exitOf(error), { exitCode: 7, stderr: "die\n" })
      assert.strictEqual(starts(), 4)
      assert.strictEqual(yield* call(client, "echo", { text: "well" }), "well")
    })
  )
})

onLinux.each(versions)("a server that crashes again and again, in %s", (version) => {
  const answer = version === "2025-11-25" ? "initialize" : "server/discover"
  const thrice = { client: { reconnect: Schedule.spaced("1 millis").pipe(Schedule.upTo({ times: 3 })) } }

  it.live("is given up when the schedule ends, with what the last process said", () =>
    Effect.gen(function* () {
      const crash = (code: number) => ({ start: [["die", { code, stderr: `crash ${code}\n` }]] }) as const
      const { client, running, starts } = yield* connect(version, { scripts: [{}, crash(1), crash(2), crash(3), {}], ...thrice })
      yield* kill(client)
      const { error } = yield* until(client, "Disconnected")
      assert.match(error.message, /faultyServer.*ended with exit code 3; its last words on stderr:\ncrash 3$/)
      assert.deepInclude(exitOf(error), { exitCode: 3, stderr: "crash 3\n" })
      assert.strictEqual(starts(), 4)
      assert.deepStrictEqual(running(), [])
      assert.strictEqual(yield* Effect.flip(call(client, "echo")), error)
      assert.strictEqual(yield* Effect.flip(client.listTools), error)
      const { status, error: unhealthy } = yield* client.health
      assert.deepStrictEqual([status, unhealthy], ["unhealthy", error])
      yield* client.reconnect
      assert.strictEqual(yield* call(client, "echo", { text: "well" }), "well")
    })
  )

  it.live("is given up although it agrees each time, before it ends", () =>
    Effect.gen(function* () {
      const crash = { on: { [answer]: ["leave", { code: 4, stderr: "no licence\n" }] } } as const
      const { client, starts } = yield* connect(version, { scripts: [crash], ...thrice })
      const { error } = yield* until(client, "Disconnected")
      assert.deepInclude(exitOf(error), { exitCode: 4, stderr: "no licence\n" })
      assert.strictEqual(starts(), 4)
    })
  )

  it.live("whose program is gone meanwhile is named as such", () =>
    Effect.gen(function* () {
      const gone = { stdio: { command: "/no/such/server" } }
      const { client } = yield* connect(version, { scripts: [{}, gone], ...thrice })
      yield* kill(client)
      const { error } = yield* until(client, "Disconnected")
      assert.match(error.message, /^could not start `\/no\/such\/server .*`: there is no such file \(ENOENT\)$/)
    })
  )
})

onLinux("twenty restarts", () => {
  it.live(
    "leave no fibers, listeners or handles behind",
    () => {
      const census = { fibers: 0 }
      const metrics: Metric.FiberRuntimeMetricsService = {
        recordFiberStart: () => census.fibers++,
        recordFiberEnd: () => census.fibers--
      }
      const warnings: Array<string> = []
      const warned = (warning: Error) => void warnings.push(warning.message)
      const listening = Effect.acquireRelease(
        Effect.sync(() => process.on("warning", warned)),
        () => Effect.sync(() => process.off("warning", warned))
      )
      // Timers of others come and go.
      const count = () => ({
        fibers: census.fibers,
        handles: process.getActiveResourcesInfo().filter((kind) => kind === "PipeWrap" || kind === "ProcessWrap").length,
        listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
      })
      return Effect.gen(function* () {
        yield* listening
        const { client, running, starts } = yield* connect("2025-11-25", { client: { logLevel: "error" } })
        const restart = Effect.gen(function* () {
          yield* kill(client)
          yield* until(client, "Reconnecting")
          assert.strictEqual(yield* call(client, "echo", { text: "x" }), "x")
        })
        yield* restart
        const before = count()
        for (let i = 0; i < 19; i++) yield* restart
        assert.deepStrictEqual(count(), before)
        assert.strictEqual(starts(), 21)
        assert.strictEqual(running().length, 1)
        assert.deepStrictEqual(warnings, [])
      }).pipe(Effect.provideService(Metric.FiberRuntimeMetrics, metrics))
    },
    60_000
  )
})
