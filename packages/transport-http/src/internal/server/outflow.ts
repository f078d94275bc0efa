/**
 * A body that is pushed, for those who pull: what is written and not yet taken is kept here, and counted.
 */
import type { Sink, StreamBody } from "../../Exchange.ts"
import { joined } from "../bytes.ts"

const encoder = new TextEncoder()

/** What a reader gets: bytes, or that it has to wait, or that there is nothing more. */
export type Taken = Uint8Array<ArrayBuffer> | "wait" | "end"

/** See the module. */
export class Outflow implements Sink {
  private readonly body: StreamBody
  private readonly onCut: () => void
  private chunks: Array<Uint8Array<ArrayBuffer>> = []
  private size = 0
  private state: "open" | "end" | "cut" = "open"
  /** Whether the reader has something of which the body was not told that it is on its way. */
  private isOnItsWay = false
  private onNews: (() => void) | undefined = undefined

  /** `onCut` is called once, when the body is cut off, whatever its reader does then. */
  constructor(body: StreamBody, onCut: () => void) {
    this.body = body
    this.onCut = onCut
  }

  /** Begins. To be called once, when the head of the response is on its way. */
  open(): void {
    this.body.open(this)
  }

  /** Takes all that there is. After "wait", `onNews` is called once, as soon as there is something else. */
  take(onNews: () => void): Taken {
    if (this.isOnItsWay && this.size === 0) {
      this.isOnItsWay = false
      this.body.drained()
    }
    if (this.size > 0) return this.all()
    if (this.state === "end") return "end"
    this.onNews = onNews
    return "wait"
  }

  /** Nobody takes anything any more. */
  drop(): void {
    this.state = "cut"
    this.chunks = []
    this.size = 0
    this.onNews = undefined
  }

  write(text: string): void {
    if (this.state !== "open") return
    const chunk = encoder.encode(text)
    this.chunks.push(chunk)
    this.size += chunk.length
    this.tell()
  }

  waiting(): number {
    return this.size
  }

  end(): void {
    if (this.state === "open") this.state = "end"
    this.tell()
  }

  abort(): void {
    if (this.state === "cut") return
    this.drop()
    this.onCut()
  }

  private all(): Uint8Array<ArrayBuffer> {
    const { chunks, size } = this
    this.chunks = []
    this.size = 0
    this.isOnItsWay = true
    return joined(chunks, size)
  }

  private tell(): void {
    const { onNews } = this
    this.onNews = undefined
    onNews?.()
  }
}
