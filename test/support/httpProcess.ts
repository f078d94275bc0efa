/**
 * A server over HTTP in a process of its own, and what it holds.
 */
import { once } from "node:events"
import { argumentsOf, Child } from "./child.ts"

/** What can be counted. */
export type Counted =
  | "LiveSession"
  | "Track"
  | "EventStream"
  | "Answer"
  | "PeerState"
  | "Call"
  | "Fiber"
  | "Socket"
  | "ServerResponse"

/** What a process holds, once all garbage is collected. */
export interface Held {
  readonly heap: number
  readonly buffers: number
  /** How many objects of the classes that were asked for there are. */
  readonly objects: Readonly<Record<Counted, number>>
  /** What keeps the event loop busy. */
  readonly resources: Readonly<Record<string, number>>
}

/** See the module. */
export class HttpProcess {
  readonly child: Child
  readonly port: number

  private constructor(child: Child, port: number) {
    this.child = child
    this.port = port
  }

  static async start(options: object = {}): Promise<HttpProcess> {
    const child = new Child(
      ["--expose-gc", "--disable-warning=ExperimentalWarning", ...argumentsOf("httpServer.ts")],
      ["ignore", "pipe", "pipe", "ipc"],
      {
        HTTP_OPTIONS: JSON.stringify(options)
      }
    )
    const url = /MCP is served at http:\/\/127\.0\.0\.1:(\d+)\/mcp/
    const said = () => url.exec([...child.lines, child.rest].join("\n"))
    await child.until("its address", () => said() !== null)
    return new HttpProcess(child, Number(said()![1]))
  }

  private async say(message: string): Promise<unknown> {
    const answered = once(this.child.process, "message")
    this.child.process.send(message)
    return (await answered)[0]
  }

  /** The memory, and how many objects there are of these classes; each takes a while to count. */
  async held(...names: ReadonlyArray<Counted>): Promise<Held> {
    return (await this.say(["held", ...names].join(" "))) as Held // so the fixture answers
  }

  /** Lets calls go that hang. */
  async release(): Promise<void> {
    await this.say("release")
  }

  /** Moves its clock, in milliseconds. */
  async later(by: number): Promise<void> {
    await this.say(`later ${by}`)
  }

  /** Waits until so many calls hang. */
  async hangs(count: number): Promise<void> {
    while ((await this.say("hanging")) !== count) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  /** Waits until there are no more than so many of a class. */
  async has(name: Counted, count = 0): Promise<void> {
    for (let look = 0; look < 10; look++) if ((await this.held(name)).objects[name] <= count) return
    throw new Error(`there are ${(await this.held(name)).objects[name]} of ${name}\n${this.child.told()}`)
  }
}
