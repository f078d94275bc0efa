/**
 * Responses that go on although nobody waits for them any more: the server has not ended them after the answer, or after it was told that
 * nobody wants one. What they still bring is heard.
 */

/** What can be given up. */
export interface Abortable {
  readonly abort: () => void
}

// Beyond that the oldest is given up: each one holds a socket.
const max = 16

/** See the module. */
export class Lingering {
  private readonly all = new Set<Abortable>()

  add(response: Abortable): void {
    this.all.add(response)
    if (this.all.size <= max) return
    for (const oldest of this.all) {
      this.all.delete(oldest)
      return oldest.abort()
    }
  }

  /** It is over. */
  delete(response: Abortable): void {
    this.all.delete(response)
  }

  /** Gives them all up. */
  abort(): void {
    for (const response of this.all) response.abort()
    this.all.clear()
  }
}
