/**
 * A Map for entries that come and go by the thousands, as calls do. For implementers of servers and clients.
 *
 * A `Map` of V8 moves to another table every so many deletions, and the table that it leaves points to the next one and still holds
 * its entries. One table that has grown old thus keeps all later ones and all that was ever in them, until the next full collection.
 * Here a new Map takes over before that becomes much.
 */

/** Deletions after which a new Map takes over, if they are more than those that are left. */
const turn = 256

/** Keys and values in the order in which they were added. Entries that are removed while it is iterated may still be visited. */
export class Turnover<K, V> {
  private map = new Map<K, V>()
  private removed = 0

  get size(): number {
    return this.map.size
  }

  get(key: K): V | undefined {
    return this.map.get(key)
  }

  has(key: K): boolean {
    return this.map.has(key)
  }

  set(key: K, value: V): void {
    this.map.set(key, value)
  }

  /** False when it was not there. */
  delete(key: K): boolean {
    if (!this.map.delete(key)) return false
    if (++this.removed >= turn && this.removed > this.map.size) {
      this.removed = 0
      this.map = new Map(this.map)
    }
    return true
  }

  values(): IterableIterator<V> {
    return this.map.values()
  }
}
