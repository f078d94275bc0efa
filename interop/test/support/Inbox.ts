/** What arrives, in order; whoever wants more of it waits. */
export class Inbox<A> {
  readonly all: Array<A> = []
  private waiting: Array<() => void> = []

  readonly push = (item: A): void => {
    this.all.push(item)
    for (const wake of this.waiting.splice(0)) wake()
  }

  /** The first one that fits, now or later. */
  async find(fits: (item: A) => boolean): Promise<A> {
    for (let seen = 0; ;) {
      for (; seen < this.all.length; seen++) if (fits(this.all[seen]!)) return this.all[seen]!
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    }
  }

  /** The first `count`, as soon as there are so many. */
  async first(count: number): Promise<ReadonlyArray<A>> {
    while (this.all.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve))
    return this.all.slice(0, count)
  }
}
