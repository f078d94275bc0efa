/**
 * What can be connected to, and how that is found out: URLs, command lines, scripts, configurations and layers.
 *
 * A target decides what is run: take none from people or models who may not run programs here.
 */
import { extname, resolve } from "node:path"
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import { Dispatcher } from "@effect-mcp/core/Dispatcher"
import type { FileError } from "@effect-mcp/core/FileError"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as commandLine from "./internal/commandLine.ts"
import { member } from "./internal/configShape.ts"
import { host, kindOf } from "./internal/host.ts"
import { infer, nodeScripts } from "./internal/infer.ts"
import * as Launchers from "./Launchers.ts"
import { http, type RemoteOptions } from "./Remote.ts"
import * as ServersConfig from "./ServersConfig.ts"
import type { ServerSpec } from "./ServerSpec.ts"

/** A configuration as a value, see {@link ServersConfig}: an object of JSON. */
export interface ConfigValue {
  readonly [key: string]: unknown
}

/**
 * What says how a server is reached. A text is looked at in this order:
 *
 * 1. It begins with `http://` or `https://`: a URL. Other schemes are refused.
 * 2. It ends as a script does, in `.js`, `.mjs`, `.cjs`, `.ts`, `.mts`, `.cts` or `.py`, or in `.json`, and is the path of a file, or has
 *    no blank: a script that is run with this process's Node or with Python, or a configuration with one server. A file that is not
 *    there is an error.
 * 3. It is the path of a file without extension, or on Windows of an `.exe`, `.com`, `.cmd` or `.bat`: a program without arguments. A
 *    file with another extension is refused.
 * 4. Otherwise it is a command line: words as in a POSIX shell, on all systems, with its quotes and backslashes. What a shell would
 *    expand or run, such as `$HOME`, `*` or `|`, is refused where it is not quoted. 8,191 characters at most.
 *
 * A `URL` is what its text is. An object with `command` is options of `StdioClientTransport`; any other one is a configuration.
 */
export type Target = string | URL | StdioClientTransport.Options | ConfigValue

/** How targets are read. The options of configurations apply to configurations, but for `remote` and `stdio`. */
export interface Options extends ServersConfig.Options {}

/** A target from which nothing can be connected to. */
export class TargetError extends Schema.TaggedError<TargetError>()("TargetError", {
  /**
   * The target without what may be secret: a URL up to its path and without its user, of a command line the first word, a value as
   * `the configuration`. The path of a file is shortened.
   */
  target: Schema.String,
  /**
   * `notUnderstood`: it is nothing that is known. `unknownScript`: a file that nobody knows how to run. `notOneServer`: a
   * configuration with several servers, or with none that is used. `selects`: a configuration that offers some tools alone or
   * renames them, which a plain client cannot.
   */
  reason: Schema.Literals(["notUnderstood", "unknownScript", "notOneServer", "selects"]),
  /** What is wrong, and what to do. */
  detail: Schema.String
}) {
  override get message() {
    return `cannot connect to ${this.target}: ${this.detail}`
  }
}

/** Why a target is none. */
export type Failure = TargetError | ServersConfig.ServersConfigError | FileError

const shorten = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}...` : text)

const shownUrl = ({ host, pathname, protocol }: URL): string => `${protocol}//${host}${pathname === "/" ? "" : pathname}`

// A variable that is set before a program has its secret in the first word.
const shownCommand = (line: string): string => {
  const first = /^[^\s=]*/.exec(line)?.[0] ?? ""
  return first === line ? line : `${shorten(first)} ...`
}

const shown = (target: string | ConfigValue): string =>
  typeof target === "string" ? JSON.stringify(shorten(target)) : "the configuration"

const refuse = (target: string | ConfigValue, reason: TargetError["reason"], detail: string) =>
  Effect.fail(new TargetError({ target: shown(target), reason, detail }))

const understood =
  "understood are an http(s) URL, a command line such as `npx -y @scope/server`, the path of a script (.js, .mjs, .cjs, .ts, .mts, .cts " +
  "or .py), and the path of a .json file with `mcpServers`"

const stdio = (options: StdioClientTransport.Options, shared: Options): ServerSpec => ({
  transport: StdioClientTransport.layer({ ...shared.stdio, ...options })
})

const remote = (target: string | URL, options: Options) => {
  const url = typeof target === "string" ? (/\s/.test(target) ? null : URL.parse(target)) : target
  // Where a text that is none has its secrets nobody knows.
  if (url === null) return refuse(String(target).replace(/:\/\/.*/s, "://..."), "notUnderstood", "it is not a valid URL")
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return refuse(shownUrl(url), "notUnderstood", `a URL is understood with http: and https:, not with ${url.protocol}`)
  }
  const found: RemoteOptions = { url: url.href, kind: undefined, headers: {} }
  return Effect.succeed<ServerSpec>({ transport: (options.remote ?? http)(found) })
}

const commandOf = (target: string, options: Options) => {
  const words = commandLine.split(target)
  if (Result.isFailure(words)) {
    return refuse(shownCommand(target), "notUnderstood", `read as a command line, ${words.failure}; ${understood}`)
  }
  const [command, ...args] = words.success
  return Effect.succeed(stdio({ command, args }, options))
}

/** The only server of a configuration. */
const onlyServer = (target: string | ConfigValue, { servers, skipped }: ServersConfig.ServersConfig) => {
  const [spec, ...others] = servers.values()
  const names = [...servers.keys()].slice(0, 10).join(", ")
  if (spec === undefined) {
    const left = skipped.map(({ name, reason }) => `${name} (${reason})`).join(", ")
    return refuse(target, "notOneServer", `none of its servers is used: ${left}`)
  }
  if (others.length === 0) return Effect.succeed(spec)
  const count = servers.size
  return refuse(target, "notOneServer", `it has ${count} servers (${names}); one client over several is made by \`Servers\``)
}

const ofText = Effect.fnUntraced(function* (target: string, options: Options): Effect.fn.Return<ServerSpec, Failure> {
  const text = target.trim()
  if (text === "") return yield* refuse(target, "notUnderstood", `it is empty; ${understood}`)
  const { cwd, platform } = yield* host
  const isFile = (yield* kindOf(resolve(cwd, text))) === "file"
  switch (infer(text, { isFile, platform })) {
    case "url":
      return yield* remote(text, options)
    case "node":
      return stdio(yield* Launchers.node(text), options)
    case "python":
      return stdio(yield* Launchers.python(text), options)
    case "configuration":
      return yield* onlyServer(text, yield* ServersConfig.file(text, options))
    case "program":
      return stdio({ command: text }, options)
    case "commandLine":
      return yield* commandOf(text, options)
    case "unknownScript": {
      const known = `${nodeScripts.join(", ")} and .py are run, .json is read`
      const what = `nobody knows how to run a ${extname(text)} file`
      return yield* refuse(text, "unknownScript", `${what} (${known}); give the whole command line`)
    }
  }
})

const isStdio = (target: StdioClientTransport.Options | ConfigValue): target is StdioClientTransport.Options =>
  typeof member(target, "command") === "string"

/**
 * How the server of a target is reached, and what of it is offered where a configuration says so. Nothing is started: what cannot be
 * reached fails when its transport is built, or connects.
 */
export const spec = (target: Target, options: Options = {}): Effect.Effect<ServerSpec, Failure> =>
  Effect.suspend((): Effect.Effect<ServerSpec, Failure> => {
    if (typeof target === "string") return ofText(target, options)
    if (target instanceof URL) return remote(target, options)
    if (isStdio(target)) return Effect.succeed(stdio(target, options))
    return Effect.flatMap(ServersConfig.parse(target, options), (config) => onlyServer(target, config))
  })

/** A server, or a way to one, as a layer. */
export type LayerTarget<E, R> = Layer.Layer<ClientTransport, E, R> | Layer.Layer<Dispatcher, E, R>

const neither = "a layer is connected to that gives neither a server (Dispatcher) nor a way to one (ClientTransport)"

/**
 * The transport of a layer: itself, or the memory transport to the server that it gives. Of a layer that gives both, its transport. What the
 * layer requires and fails with stays in the type. A layer that gives neither is a defect: the compiler refuses it.
 */
export const transport = <E, R>(target: LayerTarget<E, R>): Layer.Layer<ClientTransport, E, R> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const context = yield* Layer.build(target as Layer.Layer<never, E, R>) // what it gives is looked up by key
      const given = Context.getOption(context as Context.Context<ClientTransport>, ClientTransport)
      if (Option.isSome(given)) return Context.make(ClientTransport, given.value)
      const dispatcher = Context.getOption(context as Context.Context<Dispatcher>, Dispatcher)
      if (Option.isNone(dispatcher)) return yield* Effect.die(new Error(neither))
      return yield* Layer.build(MemoryTransport.layer()).pipe(Effect.provideService(Dispatcher, dispatcher.value))
    })
  )
