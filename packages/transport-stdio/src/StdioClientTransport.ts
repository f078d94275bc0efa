/**
 * The client side of stdio: starts a server as a process and talks to it through its pipes.
 *
 * Source: "stdio" under "Transports", and "Shutdown" under "Lifecycle", of every MCP revision.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ClientConnection, ClientTransport, type ClientTransportError } from "@effect-mcp/core/ClientTransport"
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { Patience } from "./internal/clientClose.ts"
import { Connection } from "./internal/clientConnection.ts"
import { type Program, spawnServer, type Started } from "./internal/clientSpawn.ts"
import { type Listener, Stderr } from "./internal/clientStderr.ts"

/** Which server to start, and how. */
export interface Options {
  /**
   * The program: a name that is looked up in `PATH`, or a path. No shell is involved. On Windows `npx` finds `npx.cmd`, as it
   * would at the prompt.
   */
  readonly command: string
  /** Its arguments; none by default. Those that are `Redacted` do not appear in errors. */
  readonly args?: ReadonlyArray<string | Redacted.Redacted<string>> | undefined
  /**
   * Variables for the server, on top of those that it inherits; none by default. `undefined` takes an inherited one away. Those
   * that are `Redacted` are also taken out of what the server writes to stderr, before anybody sees it.
   */
  readonly env?: { readonly [name: string]: string | Redacted.Redacted<string> | undefined } | undefined
  /**
   * What the server inherits of this process's environment:
   * - `"minimal"` (the default): where things are and who the user is, as the official SDKs do; no keys, no tokens. `HOME`,
   *   `LOGNAME`, `PATH`, `SHELL`, `TERM`, `USER`; on Windows `PATH`, `PATHEXT`, `SYSTEMROOT`, `APPDATA`, `TEMP` and the like. Besides
   *   where certificates are: `NODE_EXTRA_CA_CERTS`, `SSL_CERT_FILE`, `SSL_CERT_DIR`, `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`. No
   *   proxies: their URLs may have passwords.
   * - `"all"`: everything.
   * - `"none"`: the server gets exactly `env`.
   */
  readonly inheritEnv?: "minimal" | "all" | "none" | undefined
  /** Its working directory; that of this process by default. */
  readonly cwd?: string | undefined
  /** The longest message in bytes, an integer; 64 MiB by default. A longer one ends the connection with `MessageTooLong`. */
  readonly maxMessageBytes?: number | undefined
  /**
   * How much may wait to be written before `send` waits: 1 MiB by default, counted in UTF-16 units, which are bytes as long as
   * the text is ASCII.
   */
  readonly highWaterMark?: number | undefined
  /** How long the server has to end by itself once its input has ended, before it is terminated; 2 seconds by default. */
  readonly closeTimeout?: Duration.Input | undefined
  /** How long it has to end after SIGTERM, before it is killed; 2 seconds by default. Does not apply to Windows. */
  readonly terminateTimeout?: Duration.Input | undefined
  /** Called with each line that the server writes to stderr, see {@link ServerStderr}; must not throw. */
  readonly onStderr?: ((line: string) => void) | undefined
}

/**
 * What the server says beside the protocol: the lines of its stderr, and lines of its stdout that are no messages, marked
 * `[stdout] `. It spans all connections of one layer. Text of `Redacted` variables and arguments is replaced.
 */
export class ServerStderr extends Context.Service<
  ServerStderr,
  {
    /**
     * The lines, from the moment of subscribing until the layer is closed. Who is slower than the server misses the oldest lines
     * beyond 1024; lines over 64 KiB are left out.
     */
    readonly stream: Stream.Stream<string>
    /** The last 32 KiB that the latest process has written so far. Errors carry the same text. */
    readonly last: Effect.Effect<string>
  }
>()("@effect-mcp/transport-stdio/ServerStderr") {}

/** 64 MiB: the longest message in bytes unless told otherwise. */
export const defaultMaxMessageBytes = 64 * 1024 * 1024

/** 1 MiB, in UTF-16 units: how much may wait to be written unless told otherwise. */
export const defaultHighWaterMark = 1024 * 1024

/** So many stray lines of one connection are logged; all are in {@link ServerStderr}. */
const maxStrayLogs = 10

/** What stays the same from one connection of a layer to the next, and what does not. */
interface State {
  readonly listeners: Set<Listener>
  readonly atEnd: Set<() => void>
  latest: Stderr | undefined
  closed: boolean
}

/** Longer than a timer of Node can be set, 24 days, is as good as forever. */
const toMillis = (duration: Duration.Input): number => Math.min(Duration.toMillis(duration), 2 ** 31 - 1)

const makeStray = (started: Started, stderr: Stderr, context: Context.Context<never>) => {
  let count = 0
  return (line: string): void => {
    stderr.stray(line)
    if (++count > maxStrayLogs) return
    const shown = JSON.stringify(started.scrubber.scrub(line).slice(0, 200))
    const more = count === maxStrayLogs ? "; further ones are not logged" : ""
    Effect.runForkWith(context)(
      Effect.logDebug(`skipped a line on stdout of \`${started.command}\` that is no message: ${shown}${more}`)
    )
  }
}

const makeConnect = (options: Options, state: State) => {
  const { args = [], command, cwd, env = {}, inheritEnv = "minimal" } = options
  const maxMessageBytes = options.maxMessageBytes ?? defaultMaxMessageBytes
  const highWaterMark = Math.max(1, options.highWaterMark ?? defaultHighWaterMark) // with 0 nothing could ever be sent
  const patience: Patience = {
    endOfInput: toMillis(options.closeTimeout ?? "2 seconds"),
    terminate: toMillis(options.terminateTimeout ?? "2 seconds")
  }
  const program: Program = { command, args, cwd, env, inherit: inheritEnv }
  const open = (receive: (message: Jsonrpc.Inbound) => void, context: Context.Context<never>) =>
    spawnServer(program, (started) => {
      const stderr = new Stderr(started.scrubber, state.listeners)
      state.latest = stderr
      const onStray = makeStray(started, stderr, context)
      return new Connection({ ...started, stderr, receive, onStray, maxMessageBytes, highWaterMark, patience })
    })
  return (receive: (message: Jsonrpc.Inbound) => void): Effect.Effect<ClientConnection, ClientTransportError, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.flatMap(Effect.context<never>(), (context) => open(receive, context)),
      (connection) => Effect.promise(connection.shutdown)
    )
}

const makeStderr = (state: State): ServerStderr["Service"] => ({
  last: Effect.sync(() => state.latest?.tail() ?? ""),
  stream: Stream.callback<string>(
    (queue) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const listener = (line: string): void => void Queue.offerUnsafe(queue, line)
          const end = (): void => void Queue.endUnsafe(queue)
          if (state.closed) end()
          state.listeners.add(listener)
          state.atEnd.add(end)
          return { listener, end }
        }),
        ({ end, listener }) =>
          Effect.sync(() => {
            state.listeners.delete(listener)
            state.atEnd.delete(end)
          })
      ),
    { bufferSize: 1024, strategy: "sliding" }
  )
})

const makeContext = Effect.fnUntraced(function* (options: Options) {
  const listeners = new Set(options.onStderr ? [options.onStderr] : [])
  const state: State = { listeners, atEnd: new Set(), latest: undefined, closed: false }
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      state.closed = true
      state.atEnd.forEach((end) => end())
    })
  )
  return Context.make(ClientTransport, { kind: "stdio", connect: makeConnect(options, state) }).pipe(
    Context.add(ServerStderr, makeStderr(state))
  )
})

/**
 * A `ClientTransport` that starts the server with each `connect`, and whatever it says on stderr.
 *
 * - Failing to start is `SpawnFailed`; a server that ends is `ProcessExited`, with the last 32 KiB of its stderr.
 * - Lines on stdout that are no messages are skipped: logged at debug level, and part of {@link ServerStderr}.
 * - Closing the scope of a connection ends the server's input, waits `closeTimeout`, sends SIGTERM, waits `terminateTimeout`, and
 *   sends SIGKILL: to the server, to all processes of its group, and, as far as they can be found, to descendants that left it.
 *   Where the server ends by itself, what it left behind gets SIGTERM at once. On Windows `taskkill /T /F` takes the place of
 *   the signals, and what outlives the server itself is not found.
 * - On POSIX the server leads a process group of its own. A ctrl-C in the terminal does not reach it; it ends when the scope
 *   closes (`NodeRuntime.runMain` sees to that), and is killed when this process exits without closing it. When this process is
 *   killed by a signal, all that the server sees is the end of its input.
 */
export const layer = (options: Options): Layer.Layer<ClientTransport | ServerStderr> => Layer.effectContext(makeContext(options))
