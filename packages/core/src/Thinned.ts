/**
 * Log messages about what others send: they may send it without end, and the log must not grow with it. For implementers of servers and
 * clients; programs have no need of it.
 */

// So many are told one by one.
const each = 10

/** Tells the first ten of many like it, and then one each time when their number has doubled. */
export class Thinned {
  private count = 0

  /** Counts one more: the message when it is to be told, with how many there were where some were not, otherwise `undefined`. */
  next(message: () => string): string | undefined {
    const count = ++this.count
    if (count <= each) return message()
    return Number.isInteger(Math.log2(count)) ? `${message()} (${count} of this kind so far)` : undefined
  }
}
