/** A server's pipes, without any client: what is written is written here, what comes back is kept. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { Inbox } from "./Inbox.ts"
import type { Program } from "./programs.ts"

/** Any JSON, looked into without ceremony. */
export type Json = any

/** Who wrote what, in the order in which it went through the pipes. */
export interface Entry {
  readonly from: "client" | "server"
  readonly message: Json
}

/** See the module. */
export class Wire {
  readonly received = new Inbox<Json>()
  readonly transcript: Array<Entry> = []
  private readonly child: ChildProcess
  private readonly ended: Promise<number | null>
  private lastId = 0

  constructor({ args, command }: Program) {
    this.child = spawn(command, [...args], { stdio: ["pipe", "pipe", "ignore"] })
    createInterface({ input: this.child.stdout! }).on("line", (line) => {
      const message = JSON.parse(line)
      this.transcript.push({ from: "server", message })
      this.received.push(message)
    })
    this.ended = new Promise((resolve) => this.child.on("close", resolve))
  }

  /** Writes a line as it is. */
  write(line: string): void {
    this.child.stdin!.write(line + "\n")
  }

  /** Sends a message. */
  send(message: Json): void {
    this.transcript.push({ from: "client", message })
    this.write(JSON.stringify(message))
  }

  /** Sends a notification. */
  notify(method: string, params?: Json): void {
    this.send({ jsonrpc: "2.0", method, ...(params === undefined ? {} : { params }) })
  }

  /** Sends a request and waits for its answer. */
  async request(method: string, params?: Json, id: number | string = ++this.lastId): Promise<Json> {
    this.send({ jsonrpc: "2.0", id, method, ...(params === undefined ? {} : { params }) })
    return this.received.find((message) => message.id === id && message.method === undefined)
  }

  /** Waits for a notification. */
  notified(method: string): Promise<Json> {
    return this.received.find((message) => message.method === method)
  }

  /** Ends the input and waits until the server is done. */
  async end(): Promise<number | null> {
    this.child.stdin!.end()
    return this.ended
  }
}
