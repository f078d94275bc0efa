/**
 * Serves skills: the extension `io.modelcontextprotocol/skills`, and the files of the skills as resources.
 *
 * Clients that know the extension list skills with `skills/list`, get one with `skills/get`, and look into directories with
 * `resources/directory/read`. All others see each `SKILL.md` among the resources, and read files by their URI. All of it is there in
 * every revision.
 *
 * Source: the specification of `io.modelcontextprotocol/skills` (SEP-2640).
 */
import * as CacheHint from "@effect-mcp/core/CacheHint"
import type { Handler } from "@effect-mcp/core/Handlers"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import * as Resource from "@effect-mcp/core/Resource"
import * as ResourceCodec from "@effect-mcp/core/ResourceCodec"
import * as SkillDirectory from "@effect-mcp/core/SkillDirectory"
import { SkillsExtension } from "@effect-mcp/core/SkillsExtension"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type { Path } from "effect/Path"
import { type ResourceComponent, Running } from "./Component.ts"
import { assembleExtension } from "./internal/assembleExtension.ts"
import * as Part from "./Part.ts"
import type { ChangeListener, Provider } from "./Provider.ts"

/** How a directory of skills is served. */
export interface Options extends SkillDirectory.Options {
  /** How long clients may keep lists, entries and files, and with whom they may share them. Not at all by default. */
  readonly cache?: CacheHint.Options
}

/** The cache members of a result, where the revision of the request has them. */
const hinted = ({ scope, ttlMs }: CacheHint.CacheHint) =>
  Effect.map(RequestContext, ({ revision }) => (revision.cacheHints ? { ttlMs, cacheScope: scope } : {}))

const next = (nextCursor: string | undefined) => (nextCursor === undefined ? {} : { nextCursor })

const extensionLayer = ({ children, get, list }: SkillDirectory.SkillDirectory, hint: CacheHint.CacheHint) =>
  SkillsExtension.toLayer({
    requests: {
      "skills/list": Effect.fnUntraced(function* ({ cursor }) {
        const { items, nextCursor } = yield* list(cursor)
        return { skills: items, ...next(nextCursor), ...(yield* hinted(hint)) }
      }),
      "skills/get": Effect.fnUntraced(function* ({ uri }) {
        return { skill: yield* get(uri), ...(yield* hinted(hint)) }
      }),
      "resources/directory/read": Effect.fnUntraced(function* ({ cursor, uri }) {
        const { items, nextCursor } = yield* children(uri, cursor)
        return { resources: items, ...next(nextCursor) }
      })
    }
  })

/** Makes the resources of a directory: a template for all files, and one for each `SKILL.md`, so that it is listed. */
const componentsOf = (
  { read }: SkillDirectory.SkillDirectory,
  cache: CacheHint.Options | undefined,
  context: Context.Context<never>
) => {
  const running = new Running()
  const described = { success: Resource.Contents, ...(cache === undefined ? {} : { cache }) }
  const component = (contract: Resource.Any, handler: Handler): ResourceComponent => ({
    name: contract.name,
    uri: contract.uri,
    template: contract.template,
    contract,
    codec: ResourceCodec.server(contract),
    handler,
    context,
    middlewares: [],
    timeout: undefined,
    running
  })
  const files = component(
    Resource.template("skill-files", "skill://{path*}", {
      ...described,
      description: "The files of the skills that this server offers"
    }),
    ({ path }: { readonly path: string }, uri: string) => read(path, uri)
  )
  return (mains: ReadonlyArray<SkillDirectory.Main>): ReadonlyArray<ResourceComponent> => [
    ...mains.map(({ path, resource: { description = "", mimeType = "", name, uri } }) =>
      component(Resource.make(name, uri, { ...described, description, mimeType }), (_: unknown, asked: string) =>
        read(path, asked)
      )
    ),
    files
  ]
}

/** The resources of a directory: what is listed changes with what was seen of it. */
class Resources implements Provider {
  private readonly listeners = new Set<ChangeListener>()
  private resources: ReadonlyArray<ResourceComponent> = []

  readonly list: Provider["list"] = (kind) => (kind === "resources" ? this.resources : []) as never // of the kind that is asked for

  readonly onChange: Provider["onChange"] = (listener) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  readonly set = (resources: ReadonlyArray<ResourceComponent>): void => {
    this.resources = resources
    for (const listener of this.listeners) listener("resources")
  }
}

/**
 * A part that serves the skills of a directory: every directory in it, however deep, that has a `SKILL.md`. A server has at most one such
 * part; see `SkillDirectory` for what is served, and for its limits.
 *
 * Changes in the directory are seen when something is asked of the extension or a file is read, at most a second later by default;
 * clients are then told that the list of resources has changed. The layer of the server requires a file system; building it dies when there
 * is no such directory.
 *
 * @example
 * const Server = McpServer.layer({ name: "office", version: "1.0.0" }, Skills.directory("skills")).pipe(
 *   Layer.provide(NodeServices.layer)
 * )
 */
export const directory = (path: string, options: Options = {}): Part.Part<never, FileSystem.FileSystem | Path> => {
  const fault = CacheHint.fault(options.cache ?? {})
  if (fault !== undefined) throw new Error(`Skills.directory: cache: ${fault}`)
  const hint = CacheHint.over(CacheHint.none, options.cache)
  return Part.make(
    Effect.fnUntraced(function* ({ context, memo, prepare, scope }) {
      const resources = new Resources()
      let components: ReturnType<typeof componentsOf> = () => []
      // What the part requires is in the server's context.
      const services = context as Context.Context<FileSystem.FileSystem | Path>
      const skills = yield* SkillDirectory.make(path, options, (mains) => resources.set(components(mains))).pipe(
        Effect.provideContext(services)
      )
      components = componentsOf(skills, options.cache, prepare(context))
      resources.set(components(yield* skills.mains))
      const built = yield* Layer.buildWithMemoMap(extensionLayer(skills, hint), memo, scope)
      return {
        providers: [resources],
        middlewares: [],
        extensions: [assembleExtension(SkillsExtension, { directoryRead: true }, built, prepare)]
      }
    })
  )
}
