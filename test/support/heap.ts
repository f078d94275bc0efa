/**
 * What this process keeps in memory.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

/** The memory that is in use, with that of buffers, in MiB. */
export const heap = (): number => {
  collect()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1024 / 1024
}

/** By how much memory has grown, in MiB, as soon as that is no more than so much: the collector takes its time. */
export const grown = async (before: number, most: number): Promise<number> => {
  for (let look = 0; ; look++) {
    const more = heap() - before
    if (more <= most || look === 100) return more
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
