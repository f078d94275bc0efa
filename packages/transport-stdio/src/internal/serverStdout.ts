/**
 * The stdout guard: stdout belongs to the protocol, so whatever else is written there goes to stderr.
 *
 * Covered: `process.stdout.write` and with it `console.log`, the functions of `node:fs` that take a file descriptor, and children
 * that would inherit it. Not covered: native code, worker threads that write to descriptor 1 themselves, and `/dev/stdout`
 * opened by its name.
 */
import childProcess from "node:child_process"
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import type { Write } from "./serverOutput.ts"

/** A guard in place. */
export interface StdoutGuard {
  /** Writes to the real stdout. */
  readonly write: Write
  /** Goes on without saying so: what is written from now on is the end of the program, not a stray write. */
  readonly quiet: () => void
  /** Puts everything back as it was. */
  readonly restore: () => void
}

/** A function of which nothing is known. */
type AnyFunction = (this: unknown, ...args: ReadonlyArray<unknown>) => unknown

const warning =
  "[effect-mcp] stdout carries the MCP protocol: what is written to it otherwise (console.log, for example) goes to stderr\n"

const fsFunctions = ["write", "writeSync", "writev", "writevSync", "writeFile", "writeFileSync", "appendFile", "appendFileSync"]
const spawnFunctions = ["spawnSync", "execSync", "execFileSync"]

/** Replaces a method, for callers who look at it too; returns how to put it back. */
const patch = (target: object, key: string, make: (original: AnyFunction) => AnyFunction): (() => void) => {
  const methods = target as Record<string, AnyFunction> // the keys above are methods of their targets
  const before = Object.getOwnPropertyDescriptor(target, key)
  const original = methods[key]!
  const replacement = make(original)
  // `util.promisify` finds what it needs in properties of the function
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original))
  methods[key] = replacement
  return () => {
    if (methods[key] !== replacement) return // somebody else has patched it since, and calls ours
    if (before === undefined) delete methods[key]
    else Object.defineProperty(target, key, before)
  }
}

const fdOf = (value: unknown): unknown => (typeof value === "object" && value !== null && "fd" in value ? value.fd : value)

/** One entry of `stdio`: what would be our stdout becomes stderr, what would be our stdin becomes empty. */
const redirectEntry = (value: unknown, index: number): unknown => {
  const fd = value === "inherit" ? index : fdOf(value)
  return fd === 1 ? 2 : fd === 0 ? "ignore" : value
}

/** The option `stdio` of a child process. */
export const redirectStdio = (stdio: unknown): unknown =>
  stdio === "inherit" ? ["ignore", 2, 2] : Array.isArray(stdio) ? stdio.map(redirectEntry) : stdio

const redirectOptions = (argument: unknown): unknown =>
  typeof argument === "object" && argument !== null && "stdio" in argument
    ? { ...argument, stdio: redirectStdio(argument.stdio) }
    : argument

// There is one stdout, so there is one guard, however many ask for it.
let standing: { readonly guard: StdoutGuard; users: number } | undefined

/** Puts the guard in place, for the whole process, until everybody who asked for it has lifted it. */
export const guardStdout = (): StdoutGuard => {
  const held = (standing ??= { guard: install(), users: 0 })
  held.users++
  let lifted = false
  return {
    ...held.guard,
    restore: () => {
      if (lifted) return
      lifted = true
      if (--held.users > 0) return
      standing = undefined
      held.guard.restore()
    }
  }
}

const install = (): StdoutGuard => {
  const { stderr, stdout } = process // made now: for a file, stdout takes what it needs of `fs` when it is made
  const write = stdout.write
  let active = true
  let warned = false

  /** True when a write to stdout has to go to stderr. */
  const stray = (): boolean => {
    if (active && !warned) {
      warned = true
      stderr.write(warning)
    }
    return active
  }
  const toStderr = (original: AnyFunction): AnyFunction =>
    function (...args) {
      // the arguments are those of `write`, whatever they are
      return stray() ? Reflect.apply(stderr.write, stderr, args) : Reflect.apply(original, this, args)
    }
  const otherFd = (original: AnyFunction): AnyFunction =>
    function (fd, ...args) {
      return Reflect.apply(original, this, [fd === 1 && stray() ? 2 : fd, ...args])
    }
  const otherStdio = (original: AnyFunction): AnyFunction =>
    function (...args) {
      return Reflect.apply(original, this, active ? args.map(redirectOptions) : args)
    }

  // Whoever stopped reading stderr must not end the process. Stays: the error may come after the guard is lifted.
  stderr.on("error", () => {})
  const restores = [
    patch(stdout, "write", toStderr),
    ...fsFunctions.map((name) => patch(fs, name, otherFd)),
    ...spawnFunctions.map((name) => patch(childProcess, name, otherStdio)),
    patch(childProcess.ChildProcess.prototype, "spawn", otherStdio) // behind spawn, exec, execFile and fork
  ]
  syncBuiltinESMExports()
  return {
    write: (text, done) => Reflect.apply(write, stdout, [text, done]),
    quiet: () => {
      warned = true
    },
    restore: () => {
      active = false
      for (const restore of restores) restore()
      syncBuiltinESMExports()
    }
  }
}
