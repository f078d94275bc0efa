/**
 * Ending a server: the order that the specification gives, and then nothing of it is left.
 *
 * With the timers of the system, not with Effect's clock: processes do not live in a test's time.
 *
 * Source: "Shutdown" of the stdio transport, in the lifecycle of every MCP revision.
 */
import { execFile } from "node:child_process"
import type { ServerProcess } from "./clientSpawn.ts"
import { isRunning, taskkill, type ProcessTree } from "./clientTree.ts"

/** How long to be patient, in milliseconds. */
export interface Patience {
  /** Between the end of its input and SIGTERM. */
  readonly endOfInput: number
  /** Between SIGTERM and SIGKILL. */
  readonly terminate: number
}

/** After SIGKILL, in milliseconds. Only a process that the kernel itself cannot end takes longer; it is given up. */
const lastWait = 1000

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Waits for the end of a process, for so long at most. */
const exitWithin = (child: ServerProcess, ms: number) =>
  new Promise<void>((resolve) => {
    if (!isRunning(child)) return resolve()
    const done = () => {
      clearTimeout(timer)
      child.off("exit", done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    child.once("exit", done)
  })

/** Waits until nobody is left, for so long at most. Others than the leader have to be looked for. */
const goneWithin = async (child: ServerProcess, tree: ProcessTree, ms: number): Promise<boolean> => {
  const end = performance.now() + ms
  await exitWithin(child, ms)
  for (let pause = 5; tree.scan(); pause = Math.min(pause * 2, 100)) {
    const left = end - performance.now()
    if (left <= 0) return false
    await sleep(Math.min(pause, left))
  }
  return true
}

const killPosix = async (child: ServerProcess, tree: ProcessTree, patience: Patience): Promise<void> => {
  if (!tree.scan()) return
  tree.signal("SIGTERM")
  if (await goneWithin(child, tree, patience.terminate)) return
  // More than once: something may have been started between looking and killing.
  for (let waited = 0; waited < lastWait; waited += 50) {
    tree.signal("SIGKILL")
    if (await goneWithin(child, tree, 50)) return
  }
}

/** There is no SIGTERM on Windows: `taskkill` without force asks windows, which servers do not have. */
const killWindows = async (child: ServerProcess, tree: ProcessTree): Promise<void> => {
  if (!isRunning(child)) return
  await new Promise<void>((resolve) => {
    execFile(...taskkill(tree.pid), { timeout: 5000, windowsHide: true }, () => resolve())
  })
  child.kill("SIGKILL") // should `taskkill` be missing
  await exitWithin(child, lastWait)
}

/**
 * Ends a server and all that it started: the end of its input, patience, SIGTERM, patience, SIGKILL. What outlives the server
 * itself gets SIGTERM as soon as that has ended. Never rejects, and always comes to an end.
 */
export const closeServer = async (
  child: ServerProcess,
  tree: ProcessTree,
  endInput: () => void,
  patience: Patience
): Promise<void> => {
  const windows = process.platform === "win32"
  if (!windows) tree.scan() // those that left the group are found only while their parents live
  endInput()
  await exitWithin(child, patience.endOfInput)
  await (windows ? killWindows(child, tree) : killPosix(child, tree, patience))
}
