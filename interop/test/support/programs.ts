/** How the servers of these tests are started. */
import { resolve } from "node:path"

/** A program and its arguments. */
export interface Program {
  readonly command: string
  readonly args: ReadonlyArray<string>
}

const interop = resolve(import.meta.dirname, "../..")
const source = "--conditions=@effect-mcp/source"

const node = (...args: ReadonlyArray<string>): Program => ({ command: process.execPath, args })

/** The root of the project. */
export const root = resolve(interop, "..")

/** Our server with something of everything. */
export const ours = node(source, resolve(interop, "fixtures/server.ts"))

/** The same over HTTP, with these options of its endpoint; a line of its output is its URL. */
export const overHttp = (options: object): Program =>
  node(source, resolve(interop, "fixtures/httpServer.ts"), JSON.stringify(options))

/** The same with pages, which have this script; see `fixtures/browserServer.ts`. */
export const forPages = (options: object, script: string): Program =>
  node(source, resolve(interop, "fixtures/browserServer.ts"), JSON.stringify(options), script)

/** A program with telemetry, see `fixtures/telemetry.ts`. */
export const traced = (name: string, ...args: ReadonlyArray<string>): Program =>
  node(source, resolve(interop, `fixtures/${name}.ts`), ...args)

/** The server of the library example. */
export const library = node(source, resolve(root, "examples/library/server.ts"))

/** A peer's server. */
export const theirs = (name: string, ...args: ReadonlyArray<string>): Program =>
  node(resolve(interop, `fixtures/${name}.ts`), ...args)

/** A program with everything that goes through its pipes written to a file, see `fixtures/tee.ts`. */
export const recorded = ({ args, command }: Program, file: string): Program =>
  node(resolve(interop, "fixtures/tee.ts"), file, command, ...args)

/** A server of the SDK on our stdio, see `fixtures/sdkOnOurs.ts`. */
export const onOurs = (name: string): Program => node(source, resolve(interop, "fixtures/sdkOnOurs.ts"), name)
