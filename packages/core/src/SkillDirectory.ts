/**
 * A directory of skills, as a server offers it: every directory below the root that has a `SKILL.md` is a skill, and its URI is its path,
 * `skill://acme/refunds/SKILL.md`. Servers use it through `Skills.directory` of the server package.
 *
 * The directory is looked at when something is asked, and what was seen counts for a second. Files are digested when their skill is listed,
 * and again when they have changed. No name leads out of the directory, as in `DirectoryResource`; links to directories are not entered.
 *
 * A skill that cannot be served as it should be is left out, and the log says why: a `SKILL.md` that cannot be read, a name that is not that
 * of its directory, more than 512 files or 16 MiB.
 *
 * Source: "Resource Mapping", "Skill Entries" and "Reading Directories" of the skills extension.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { Path } from "effect/Path"
import * as Result from "effect/Result"
import * as Content from "./Content.ts"
import { bound } from "./internal/bound.ts"
import * as directory from "./internal/directory.ts"
import { isText } from "./internal/mediaType.ts"
import { toClient } from "./internal/reading.ts"
import { type Main, makeLook, type Seen } from "./internal/skillLook.ts"
import type { FoundSkill } from "./internal/skillScan.ts"
import { mimeTypeOf, nameOf, type Page, pageOf, uriOf } from "./internal/skillTree.ts"
import { invalidParams, type McpError, resourceNotFound } from "./McpError.ts"
import type { ResourceContents } from "./protocol/Content.ts"
import type { Resource } from "./protocol/Resources.ts"
import * as SkillBytes from "./SkillBytes.ts"
import { limits, mainFile, type Skill, type SkillResource } from "./SkillsExtension.ts"

export type { Main } from "./internal/skillLook.ts"
export type { Page } from "./internal/skillTree.ts"

/** How a directory of skills is served. */
export interface Options {
  /** Whether names that begin with a dot are served. False by default. */
  readonly hidden?: boolean
  /** How many skills are served, in the order of their paths. 1,000 by default. */
  readonly maxSkills?: number
  /** How many files and directories are looked at. 10,000 by default, 100,000 at most. */
  readonly maxEntries?: number
  /** How many skills a page of the list has. 50 by default. */
  readonly pageSize?: number
  /** How long what was seen of the directory counts. 1 second by default; with 0 it is looked at for each request. */
  readonly refresh?: Duration.Input
}

/** See the module. What is asked wrongly, or does not exist, is an `McpError` for the client. */
export interface SkillDirectory {
  /** A page of the skills, in the order of their paths. */
  readonly list: (cursor: string | undefined) => Effect.Effect<Page<Skill>, McpError>
  /** The skill whose `SKILL.md` has this URI. */
  readonly get: (uri: string) => Effect.Effect<Skill, McpError>
  /** What is directly in a directory. */
  readonly children: (uri: string, cursor: string | undefined) => Effect.Effect<Page<Resource>, McpError>
  /** Reads a file of a skill, by its path. */
  readonly read: (path: string, uri: string) => Effect.Effect<ReadonlyArray<ResourceContents>, McpError>
  /** Looks at the directory, if that was not done shortly before, and tells of every `SKILL.md`. */
  readonly mains: Effect.Effect<ReadonlyArray<Main>>
}

// A directory may have any number of children that are directories.
const maxChildren = 1000

const contentsOf = (path: string, uri: string, bytes: Uint8Array): ResourceContents => {
  const mimeType = mimeTypeOf(path)
  const text = mimeType === undefined || isText(mimeType) ? SkillBytes.text(bytes) : undefined
  if (text === undefined || (mimeType === undefined && text.includes("\0"))) {
    return Content.contents({ uri, mimeType: mimeType ?? "application/octet-stream", blob: bytes })
  }
  return { uri, mimeType: mimeType ?? "text/plain", text }
}

const byUri = (a: Resource, b: Resource): number => (a.uri < b.uri ? -1 : 1)

type Services = FileSystem.FileSystem | Path

/** The entry of a skill; `undefined` when it is not any more what it was. */
const makeEntry = (where: string) =>
  Effect.fnUntraced(function* ({ files, root }: Seen, { files: found, path }: FoundSkill) {
    const main = `${path}/${mainFile}`
    const resources: Array<SkillResource> = []
    let frontmatter: Skill["frontmatter"] | undefined
    let total = 0
    for (const file of found) {
      const examined = yield* Effect.result(files.examine(root, file))
      if (Result.isFailure(examined)) {
        // What is gone meanwhile is no file of the skill any more.
        if (examined.failure.reason === "missing") continue
        yield* Effect.logWarning(`${where}: the skill "${path}" is left out: ${examined.failure.message}`)
        return undefined
      }
      const { digest, frontmatter: read, size } = examined.success
      resources.push({ uri: uriOf(file.path), digest, size })
      total += size
      // From the same bytes as the digest.
      if (file.path === main && read !== undefined && Result.isSuccess(read)) frontmatter = read.success
    }
    if (frontmatter?.name !== nameOf(path) || total > limits.bytes) return undefined
    return { uri: uriOf(main), frontmatter, resources } satisfies Skill
  })

/**
 * Opens a directory of skills. A relative path starts where the program was started; not being there is a defect. `onChange` is called when
 * other skills are there than before, or their descriptions have changed. Throws when a limit is less than 1.
 */
export const make = Effect.fnUntraced(function* (
  path: string,
  options: Options = {},
  onChange: (mains: ReadonlyArray<Main>) => void = () => {}
): Effect.fn.Return<SkillDirectory, never, Services> {
  const services = yield* Effect.context<Services>()
  const pageSize = bound("pageSize", options.pageSize ?? 50)
  const where = `skills in ${JSON.stringify(path)}`
  const look = makeLook(path, where, options, onChange)
  const entry = makeEntry(where)

  const list: (cursor: string | undefined) => Effect.Effect<Page<Skill>, McpError, Services> = Effect.fnUntraced(
    function* (cursor) {
      const seen = yield* look
      const page = pageOf(seen.tree.skills, (skill) => skill.path, cursor, pageSize)
      if (page === undefined) return yield* invalidParams("Invalid cursor")
      const entries = yield* Effect.forEach(page.items, (skill) => entry(seen, skill))
      return { items: entries.filter((skill) => skill !== undefined), nextCursor: page.nextCursor }
    }
  )

  const get: (uri: string) => Effect.Effect<Skill, McpError, Services> = Effect.fnUntraced(function* (uri) {
    const seen = yield* look
    const found = seen.tree.byUri.get(uri)
    const skill = found === undefined ? undefined : yield* entry(seen, found)
    return skill ?? (yield* invalidParams(`No skill is served at ${uri}`, { uri }))
  })

  const children = (uri: string, cursor: string | undefined): Effect.Effect<Page<Resource>, McpError, Services> =>
    Effect.flatMap(look, ({ tree }) => {
      const found = tree.directories.get(uri)
      if (found === undefined) return Effect.fail(invalidParams(`${uri} is not a directory resource`, { uri }))
      const page = pageOf([...found.values()].toSorted(byUri), (child) => child.uri, cursor, maxChildren)
      return page === undefined ? Effect.fail(invalidParams("Invalid cursor")) : Effect.succeed(page)
    })

  const read = (file: string, uri: string): Effect.Effect<ReadonlyArray<ResourceContents>, McpError, Services> =>
    Effect.flatMap(look, ({ root, tree }) => {
      if (!tree.files.has(file)) return Effect.fail(resourceNotFound(uri))
      return directory.read(root, file, limits.bytes).pipe(
        Effect.map((bytes) => [contentsOf(file, uri, bytes)]),
        Effect.catch(toClient(uri, limits.bytes))
      )
    })

  return {
    list: (cursor) => Effect.provideContext(list(cursor), services),
    get: (uri) => Effect.provideContext(get(uri), services),
    children: (uri, cursor) => Effect.provideContext(children(uri, cursor), services),
    read: (file, uri) => Effect.provideContext(read(file, uri), services),
    mains: Effect.provideContext(
      Effect.map(look, ({ mains }) => mains),
      services
    )
  }
})
