/**
 * How much is in work at once. No more than the limit is begun; who sends more hears of it, and tries again later.
 */

/** See the module. */
export class Load {
  readonly limit: number
  private inWork = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** Whether nothing more may be begun now. */
  get isFull(): boolean {
    return this.inWork >= this.limit
  }

  begin(): void {
    this.inWork++
  }

  end(): void {
    this.inWork--
  }
}
