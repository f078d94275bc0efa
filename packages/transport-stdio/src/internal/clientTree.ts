/**
 * The processes that a server is made of: itself, its process group, and descendants that left the group.
 *
 * A process that moves to a group or session of its own is found through its parents alone, so it has to be looked for before
 * its parent is gone. That is best effort: one whose parent ended earlier, and one that comes up between looking and killing, can
 * escape. Processes are told apart by number and time of start, so that a number which the system gave to somebody else meanwhile
 * is left alone.
 */
import { execFileSync, spawnSync, type ChildProcess } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"

/** One process. */
export interface Entry {
  readonly pid: number
  readonly parent: number
  readonly group: number
  /** Ended, but not yet taken note of by its parent. */
  readonly zombie: boolean
  /** When it started, in the unit of the platform. */
  readonly start: string
}

/** `/proc/<pid>/stat`: the name stands in parentheses and may itself contain any character. */
const parseStat = (pid: number, text: string): Entry => {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const state = fields[0]
  return {
    pid,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    zombie: state === "Z" || state === "X",
    start: fields[19] ?? ""
  }
}

/** All processes of a Linux machine. */
export const fromProc = (): ReadonlyArray<Entry> => {
  const entries: Array<Entry> = []
  for (const name of readdirSync("/proc")) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    try {
      entries.push(parseStat(pid, readFileSync(`/proc/${name}/stat`, "latin1")))
    } catch {
      // it ended while we looked
    }
  }
  return entries
}

/** All processes, on other systems. */
export const fromPs = (): ReadonlyArray<Entry> => {
  const columns = ["-A", "-o", "pid=", "-o", "ppid=", "-o", "pgid=", "-o", "stat=", "-o", "lstart="]
  const text = execFileSync("ps", columns, { encoding: "latin1", timeout: 2000, stdio: ["ignore", "pipe", "ignore"] })
  return text.split("\n").flatMap((line) => {
    const [, pid, parent, group, stat, start] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line) ?? []
    if (pid === undefined || stat === undefined || start === undefined) return []
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), zombie: stat.startsWith("Z"), start }]
  })
}

/** All processes; undefined where they cannot be listed. Synchronous, because it also has to work while this process exits. */
const list = (): ReadonlyArray<Entry> | undefined => {
  try {
    return process.platform === "linux" ? fromProc() : fromPs()
  } catch {
    return undefined
  }
}

const kill = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(pid, signal)
  } catch {
    return false // gone, or not ours
  }
}

/** True until the end of a process was noticed: up to then the system gives its number to nobody else. */
export const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

/** The tree of one process, which leads a group (POSIX). */
export class ProcessTree {
  readonly pid: number
  private readonly child: ChildProcess
  /** Processes beside the leader that were alive when last looked, by number. */
  private members: ReadonlyMap<number, Entry> = new Map()
  /** Without a leader an empty group stays empty; its number may come to mean another. */
  private groupGone = false

  constructor(child: ChildProcess, pid: number) {
    this.child = child
    this.pid = pid
  }

  /** Looks who is there, and tells whether anybody is. */
  scan(): boolean {
    const running = isRunning(this.child)
    if (!running && (this.groupGone || !kill(-this.pid, 0))) {
      this.groupGone = true
      if (this.members.size === 0) return false
    }
    const all = list()
    if (all === undefined) return running || !this.groupGone
    this.members = this.find(all, running)
    if (!running && !this.groupGone) this.groupGone = !this.hasGroup()
    return running || this.members.size > 0
  }

  /** Signals everybody who was there at the last {@link scan}. */
  signal(signal: NodeJS.Signals): void {
    if (isRunning(this.child) || !this.groupGone) kill(-this.pid, signal)
    for (const member of this.members.values()) {
      if (member.group !== this.pid) kill(member.pid, signal)
    }
  }

  private hasGroup(): boolean {
    return [...this.members.values()].some((member) => member.group === this.pid)
  }

  private find(all: ReadonlyArray<Entry>, running: boolean): ReadonlyMap<number, Entry> {
    const alive = all.filter((entry) => !entry.zombie)
    const children = Map.groupBy(alive, (entry) => entry.parent)
    const found = new Map<number, Entry>()
    const queue = alive.filter((entry) =>
      entry.pid === this.pid
        ? running
        : (!this.groupGone && entry.group === this.pid) || this.members.get(entry.pid)?.start === entry.start
    )
    for (const entry of queue) {
      // grows while it is walked
      if (found.has(entry.pid)) continue
      found.set(entry.pid, entry)
      queue.push(...(children.get(entry.pid) ?? []))
    }
    found.delete(this.pid)
    return found
  }
}

/** The Windows command that kills a process and all its descendants, for as long as the process itself lives. */
export const taskkill = (pid: number) => ["taskkill", ["/PID", String(pid), "/T", "/F"]] as const

/** Kills what is left of a tree, at once and without waiting. For the exit of this process, where nothing asynchronous runs. */
const killNow = (tree: ProcessTree): void => {
  if (process.platform === "win32") {
    spawnSync(...taskkill(tree.pid), { stdio: "ignore", timeout: 5000, windowsHide: true })
  } else if (tree.scan()) {
    tree.signal("SIGKILL")
  }
}

const held = new Set<ProcessTree>()

const killHeld = (): void => held.forEach(killNow)

/**
 * From now on a tree is killed when this process exits. A process that is itself killed by a signal exits without a word; its
 * servers are left with the end of their input.
 */
export const hold = (tree: ProcessTree): void => {
  if (held.size === 0) process.on("exit", killHeld)
  held.add(tree)
}

/** Undoes {@link hold}. */
export const release = (tree: ProcessTree): void => {
  held.delete(tree)
  if (held.size === 0) process.off("exit", killHeld)
}
