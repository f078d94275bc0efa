/**
 * One connection to one process: lines in, batches of lines out, and one reason why it ended.
 *
 * Everything happens in the callbacks of the pipes. It is the path of each message, so there is no fiber, no queue and no stream.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import {
  type ClientConnection,
  ClientTransportError,
  ConnectionClosed,
  MessageTooLong,
  ProcessExited
} from "@effect-mcp/core/ClientTransport"
import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { closeServer, type Patience } from "./clientClose.ts"
import type { ServerProcess } from "./clientSpawn.ts"
import type { Stderr } from "./clientStderr.ts"
import { hold, ProcessTree, release } from "./clientTree.ts"
import { makeLineSplitter } from "./lines.ts"

/** What a connection is made of. */
export interface ConnectionOptions {
  readonly child: ServerProcess
  /** The command line, for error messages. */
  readonly command: string
  readonly stderr: Stderr
  readonly receive: (message: Jsonrpc.Inbound) => void
  /** Takes a line that is no message. */
  readonly onStray: (line: string) => void
  /** The longest line that is received, in bytes. */
  readonly maxMessageBytes: number
  /** How much may wait to be written before `send` waits, in UTF-16 units. */
  readonly highWaterMark: number
  readonly patience: Patience
}

/**
 * In milliseconds. When a process ends, its last words are still in the pipes, and when a pipe breaks, the news that the process
 * ended is on its way. Both take microseconds, unless a descendant holds the pipes open.
 */
const lastWordsWait = 250

// JSON must not begin with a byte order mark, but there are programs whose output does.
const parse = (line: string): Jsonrpc.Inbound => {
  const message = Jsonrpc.parse(line)
  return message._tag === "Invalid" && line.startsWith("\ufeff") ? Jsonrpc.parse(line.slice(1)) : message
}

/** See the head of this file. */
export class Connection implements ClientConnection {
  readonly closed: Effect.Effect<ClientTransportError>
  readonly lastWords: Effect.Effect<string>
  private readonly options: ConnectionOptions
  private readonly tree: ProcessTree
  private readonly reason = Deferred.makeUnsafe<ClientTransportError>()
  /** Set once the connection has ended: what every `send` gets from then on. */
  private ended: Exit.Exit<never, ClientTransportError> | undefined
  /** The end is near: nothing more can be written, the reason is not complete. */
  private ending: NodeJS.Timeout | undefined
  private closing: Promise<void> | undefined
  /** The process has ended, and so have its pipes. */
  private silent = false
  /** Lines of this tick, not yet handed to the pipe. */
  private batch = ""
  /** Sends that wait for room, in order. */
  private readonly waiting = new Set<() => void>()

  constructor(options: ConnectionOptions) {
    const { child, stderr } = options
    this.options = options
    this.closed = Deferred.await(this.reason)
    this.lastWords = Effect.sync(() => stderr.tail())
    this.tree = new ProcessTree(child, child.pid!) // `spawnServer` succeeds only with a pid
    hold(this.tree)
    const lines = makeLineSplitter({ limit: options.maxMessageBytes, onLine: this.onLine, onTooLong: this.onTooLong })
    child.stdout.on("data", lines.push)
    child.stdout.once("end", () => {
      lines.end()
      this.broken("the server closed its stdout")
    })
    child.stdout.on("error", () => this.broken("reading from the server failed"))
    child.stdin.on("error", () => this.broken("the server closed its stdin"))
    child.stderr.on("data", stderr.push)
    child.stderr.once("end", stderr.end)
    child.stderr.on("error", () => {})
    child.once("exit", () => {
      this.soon(this.onExit)
      void this.close() // what it left behind
    })
    child.once("close", () => {
      this.silent = true
      this.onExit()
    })
  }

  /** Does not wait while there is room. What is sent in one tick leaves in one write. */
  readonly send = (message: Jsonrpc.Outbound): Effect.Effect<void, ClientTransportError> =>
    Effect.suspend(() => {
      if (this.ended !== undefined) return this.ended
      return this.sendUnsafe(message) ? Exit.void : this.wait(`${Jsonrpc.stringify(message)}\n`)
    })

  /** As `send`, when there is room and nobody waits for it. */
  readonly sendUnsafe = (message: Jsonrpc.Outbound): boolean => {
    if (this.ended !== undefined || this.waiting.size > 0 || !this.hasRoom()) return false
    this.write(`${Jsonrpc.stringify(message)}\n`)
    return true
  }

  /** Ends the connection and the server. Never fails, and always comes to an end. May be called more than once. */
  readonly shutdown = (): Promise<void> => {
    this.end(new ConnectionClosed({ detail: "its scope was closed", stderr: this.options.stderr.tail() }))
    return this.close()
  }

  private hasRoom(): boolean {
    const { child, highWaterMark } = this.options
    return this.ending === undefined && this.batch.length + child.stdin.writableLength < highWaterMark
  }

  private write(line: string): void {
    if (this.batch === "") process.nextTick(this.flush) // after all promises that are ready, so they are in the batch too
    this.batch += line
  }

  private readonly flush = (): void => {
    const { batch } = this
    this.batch = ""
    if (batch !== "" && this.options.child.stdin.writable) this.options.child.stdin.write(batch, this.onWritten)
  }

  private readonly onWritten = (): void => {
    for (const proceed of this.waiting) {
      if (this.ended === undefined && !this.hasRoom()) return
      this.waiting.delete(proceed)
      proceed()
    }
  }

  private wait(line: string): Effect.Effect<void, ClientTransportError> {
    return Effect.callback((resume) => {
      const proceed = () => {
        if (this.ended === undefined) this.write(line)
        resume(this.ended ?? Exit.void)
      }
      if (this.ended !== undefined || (this.waiting.size === 0 && this.hasRoom())) return proceed()
      this.waiting.add(proceed)
      return Effect.sync(() => this.waiting.delete(proceed))
    })
  }

  private readonly onLine = (line: string): void => {
    if (this.ended !== undefined) return
    const message = parse(line)
    if (message._tag !== "Invalid") return this.options.receive(message)
    // Logs may be JSON as well; what has an id is part of the conversation.
    if (message.id === undefined && message.answers === undefined) this.options.onStray(line)
    if (message.error.code !== Jsonrpc.ErrorCode.ParseError) this.options.receive(message)
  }

  private readonly onTooLong = (): void => {
    this.end(new MessageTooLong({ limit: this.options.maxMessageBytes, stderr: this.options.stderr.tail() }))
    this.options.child.stdout.destroy()
    void this.close()
  }

  private readonly onExit = (): void => {
    const { child, command, stderr } = this.options
    const { exitCode, signalCode: signal } = child
    this.end(new ProcessExited({ command, exitCode, signal, stderr: stderr.tail() }))
  }

  private broken(detail: string): void {
    if (this.ending !== undefined) return
    this.soon(() => {
      this.end(new ConnectionClosed({ detail, stderr: this.options.stderr.tail() }))
      void this.close()
    })
  }

  /** Ends in a moment. What is in the pipes by then is read before: it is polled for between timers and immediates. */
  private soon(end: () => void): void {
    if (this.ended !== undefined) return
    clearTimeout(this.ending)
    this.ending = setTimeout(() => setImmediate(end), lastWordsWait)
  }

  private end(reason: ClientTransportError["reason"]): void {
    if (this.ended !== undefined) return
    clearTimeout(this.ending)
    const error = new ClientTransportError({ reason })
    this.ended = Exit.fail(error)
    Deferred.doneUnsafe(this.reason, Exit.succeed(error))
    this.onWritten()
  }

  private close(): Promise<void> {
    return (this.closing ??= this.closeProcess())
  }

  private async closeProcess(): Promise<void> {
    const { child, patience } = this.options
    await closeServer(child, this.tree, this.endInput, patience)
    release(this.tree)
    await this.pipesClosed()
    // Descendants that escaped may hold the other ends; ours must not keep this process alive.
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy()
    child.unref()
  }

  /** Waits for the last words. */
  private pipesClosed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.silent) return resolve()
      const timer = setTimeout(resolve, lastWordsWait)
      this.options.child.once("close", () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  private readonly endInput = (): void => {
    this.flush()
    this.options.child.stdin.end()
  }
}
