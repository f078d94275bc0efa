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
export class Turnover<K, V extends {}> {
  // Most conversations have one call at a time: the first entry needs no table.
  private map: Map<K, V> | undefined = undefined
  private onlyKey: K | undefined = undefined
  private only: V | undefined = undefined
  private removed = 0

  get size(): number {
    return this.map === undefined ? (this.only === undefined ? 0 : 1) : this.map.size
  }

  get(key: K): V | undefined {
    if (this.map !== undefined) return this.map.get(key)
    return this.onlyKey === key ? this.only : undefined
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  set(key: K, value: V): void {
    if (this.map === undefined) {
      if (this.only === undefined || this.onlyKey === key) {
        this.onlyKey = key
        this.only = value
        return
      }
      this.map = new Map([[this.onlyKey as K, this.only]]) // there is a value, so there is its key
      this.onlyKey = this.only = undefined
    }
    this.map.set(key, value)
  }

  /** False when it was not there. */
  delete(key: K): boolean {
    if (this.map === undefined) {
      if (this.only === undefined || this.onlyKey !== key) return false
      this.onlyKey = this.only = undefined
      return true
    }
    if (!this.map.delete(key)) return false
    if (++this.removed >= turn && this.removed > this.map.size) {
      this.removed = 0
      this.map = new Map(this.map)
    }
    return true
  }

  values(): Iterable<V> {
    if (this.map !== undefined) return this.map.values()
    return this.only === undefined ? [] : [this.only]
  }
}
