/**
 * The server side of stdio: one client, one JSON-RPC message per line on stdin and stdout.
 *
 * - Answers that are produced together leave in one write. While the client does not read, no more input is taken and
 *   notifications wait or are dropped, so memory stays bounded.
 * - stdout belongs to the protocol. While a transport uses it, `console.log`, `process.stdout.write`, writes to file descriptor 1,
 *   Effect's `Console` and loggers, and children that would inherit stdout all go to stderr; a child that would inherit stdin
 *   gets an empty one. Native code and worker threads that write to descriptor 1 themselves are out of reach, and so is what modules
 *   write while they are loaded, unless `claimStdout` is imported before them.
 * - At the end of input the calls in flight are answered before the transport ends; when stdout breaks it ends at once. When the
 *   parent process is gone, which shows where another process keeps stdin open, that counts as the end of input.
 * - SIGINT and SIGTERM are up to whoever runs the program: `NodeRuntime.runMain` interrupts it.
 *
 * Source: "stdio" under "Transports" of every MCP revision.
 */
import * as Dispatcher from "@effect-mcp/core/Dispatcher"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as References from "effect/References"
import type { Readable, Writable } from "node:stream"
import { defaultLineLimit } from "./internal/lines.ts"
import { readLines } from "./internal/serverInput.ts"
import { Output } from "./internal/serverOutput.ts"
import { guardStdout, type StdoutGuard } from "./internal/serverStdout.ts"

/** How to serve. */
export interface Options {
  /** Where messages come from. `process.stdin` by default; for tests, and for sockets that are open in both directions. */
  readonly stdin?: Readable
  /**
   * Where messages go to. `process.stdout` by default, which is guarded; another stream is not. It is not ended. A socket needs
   * `allowHalfOpen`, or the answers to what is in flight when its input ends are lost.
   */
  readonly stdout?: Writable
  /** The longest message in bytes, 16 MiB by default. A longer one is skipped and answered with -32600, without an id. */
  readonly maxMessageBytes?: number
  /**
   * How much may be unflushed before no more input is taken and notifications wait or are dropped: 4 MiB by default, counted in
   * UTF-16 units, which are bytes as long as the text is ASCII. Answers to calls in flight may exceed it.
   */
  readonly highWaterMark?: number
  /** How long the calls in flight have to end, and their answers to leave, after the end of input. 10 seconds by default. */
  readonly drainTimeout?: Duration.Input
  /**
   * Whether the end of the parent process counts as the end of input. By default it does when stdin is `process.stdin`. Looked
   * at every 2 seconds; never seen on Windows.
   */
  readonly watchParent?: boolean
}

/** 16 MiB: the longest message in bytes unless told otherwise. */
export const defaultMaxMessageBytes = defaultLineLimit

/** 4 MiB, in UTF-16 units: how much may be unflushed unless told otherwise. */
export const defaultHighWaterMark = 4 * 1024 * 1024

/** How often the parent process is looked at, in milliseconds. */
const parentInterval = 2000

/** Waits until this process belongs to another parent. Does not keep the process alive. */
const parentGone: Effect.Effect<void> = Effect.callback<void>((resume) => {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    resume(Effect.void)
  }, parentInterval)
  timer.unref()
  return Effect.sync(() => clearInterval(timer))
})

/** Serves one conversation until its end. The output is closed after everything that belongs to the conversation. */
const converse = Effect.fnUntraced(function* (output: Output, options: Options, context: Context.Context<never>) {
  const dispatcher = yield* Dispatcher.Dispatcher
  yield* Effect.addFinalizer(() => Effect.sync(() => output.close()))
  const peer = yield* dispatcher.open({ transport: "stdio", push: output.emit })
  const handle = Dispatcher.fork(dispatcher, context)
  const limit = options.maxMessageBytes ?? defaultMaxMessageBytes
  const onOutcome = (outcome: Dispatcher.Outcome) => {
    if (outcome._tag === "Reply" || outcome._tag === "Rejected") output.write(outcome.message)
  }
  const input = readLines({
    stream: options.stdin ?? process.stdin,
    output,
    limit,
    onLine: (text) => handle(peer, Jsonrpc.parse(text), output.emit, onOutcome),
    onTooLong: () => output.write(tooLong(limit))
  })
  const watched = options.watchParent ?? options.stdin === undefined
  const drain = Effect.timeoutOption(Effect.andThen(dispatcher.drain(peer), output.flushed), options.drainTimeout ?? "10 seconds")
  const finish = Effect.gen(function* () {
    yield* watched ? Effect.raceFirst(input, parentGone) : input
    const drained = yield* drain
    if (Option.isSome(drained)) return
    yield* Effect.logWarning(`stdio: gave up after the end of input, calls in flight: ${peer.inFlight}`)
  })
  yield* Effect.raceFirst(finish, output.broken)
}, Effect.scoped)

const tooLong = (limit: number): Jsonrpc.Failure =>
  Jsonrpc.failure(undefined, {
    code: Jsonrpc.ErrorCode.InvalidRequest,
    message: `Invalid Request: the message is longer than ${limit} bytes`
  })

/** References for everything that runs while stdout is the protocol's. */
const toStderr = (): Context.Context<never> =>
  Context.make(References.LogToStderr, true).pipe(
    Context.add(Console.Console, new globalThis.console.Console({ stdout: process.stderr, stderr: process.stderr }))
  )

/** Lifts the guard, but not after a failure: whoever reports that would do it on stdout. */
const unguard = (guard: StdoutGuard, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Effect.sync(() => {
    if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) guard.restore()
    else guard.quiet()
  })

/** Runs `use` with the output that the options ask for, and with stdout guarded when it is that. */
const withOutput = <A, E, R>(options: Options, use: (output: Output) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const highWaterMark = options.highWaterMark ?? defaultHighWaterMark
  const { stdout } = options
  return stdout === undefined
    ? Effect.acquireUseRelease(
        Effect.sync(guardStdout),
        (guard) => Effect.provideContext(use(new Output(process.stdout, guard.write, highWaterMark)), toStderr()),
        unguard
      )
    : Effect.suspend(() => use(new Output(stdout, (text, done) => stdout.write(text, done), highWaterMark)))
}

const serveOn = (output: Output, options: Options): Effect.Effect<void, never, Dispatcher.Dispatcher> =>
  Effect.flatMap(Effect.context<never>(), (context) => converse(output, options, context))

/** Serves stdin and stdout until the end of input, and completes when everything is answered and flushed. */
export const serve = (options: Options = {}): Effect.Effect<void, never, Dispatcher.Dispatcher> =>
  withOutput(options, (output) => serveOn(output, options))

/**
 * Serves stdin and stdout as long as the layer lives, or until the end of input, whichever comes first. For a server that is
 * served elsewhere too; the end of input does not end the program. The server layer is built before stdout is guarded.
 */
export const layer = (options: Options = {}): Layer.Layer<never, never, Dispatcher.Dispatcher> =>
  Layer.effectDiscard(Effect.forkScoped(serve(options), { startImmediately: true }))

// How long the rest of a program has to end by itself, in milliseconds.
const exitGrace = 1000

// A timer, a pool or a child that a handler left behind must not keep a server alive that nobody talks to any more.
const exitSoon = Effect.sync(() => {
  setTimeout(() => process.exit(), exitGrace).unref()
})

/**
 * A whole program: guards stdout, builds the server, serves until the end of input and completes. Meant for
 * `StdioServerTransport.run(Server).pipe(NodeRuntime.runMain)`, which then ends with exit code 0. Where something keeps the process
 * alive, it is ended one second after this completes; use `serve` in programs that go on.
 *
 * When it fails stdout stays guarded, so that the report of the failure goes to stderr.
 */
export const run = <E, R>(server: Layer.Layer<Dispatcher.Dispatcher, E, R>, options: Options = {}): Effect.Effect<void, E, R> => {
  const program = withOutput(options, (output) => Effect.provide(serveOn(output, options), server))
  return options.stdin === undefined ? Effect.tap(program, exitSoon) : program
}
