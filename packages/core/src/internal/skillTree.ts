/**
 * What the skills of a directory look like from outside: URIs, entries of files and of directories, pages.
 */
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import type { Resource } from "../protocol/Resources.ts"
import { directoryType, mainFile } from "../SkillsExtension.ts"
import type { Found } from "./directoryWalk.ts"
import { ofName } from "./mediaType.ts"
import { isMain } from "./skillFiles.ts"
import { above, type FoundSkill } from "./skillScan.ts"

/** The URI of a file or a directory, by its path. */
export const uriOf = (path: string): string => `skill://${path.split("/").map(encodeURIComponent).join("/")}`

/** The last segment of a path. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** The MIME type of a file, where its name tells. */
export const mimeTypeOf = (path: string): string | undefined => (isMain(path) ? "text/markdown" : ofName(path))

/** The path of the `SKILL.md` of a skill. */
export const mainOf = ({ path }: FoundSkill): string => `${path}/${mainFile}`

/** How a `SKILL.md` is listed. */
export const describeSkill = (skill: FoundSkill): Resource => ({
  uri: uriOf(mainOf(skill)),
  name: skill.frontmatter.name,
  description: skill.frontmatter.description,
  mimeType: "text/markdown"
})

const describeFile = ({ path, size }: Found): Resource => {
  const mimeType = mimeTypeOf(path)
  return {
    uri: uriOf(path),
    name: nameOf(path),
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(size === undefined ? {} : { size })
  }
}

const describeDirectory = (path: string): Resource => ({ uri: uriOf(path), name: nameOf(path), mimeType: directoryType })

/** What is served. */
export interface Tree {
  readonly skills: ReadonlyArray<FoundSkill>
  /** By the URI of their `SKILL.md`. */
  readonly byUri: ReadonlyMap<string, FoundSkill>
  /** All files of all skills, by path. */
  readonly files: ReadonlyMap<string, Found>
  /** What is directly in each directory, by the URI of the directory and the URI of what is there. */
  readonly directories: ReadonlyMap<string, ReadonlyMap<string, Resource>>
}

/** Makes a tree of skills. */
export const treeOf = (skills: ReadonlyArray<FoundSkill>): Tree => {
  const files = new Map<string, Found>()
  const directories = new Map<string, Map<string, Resource>>()
  const mains = new Map(skills.map((skill) => [mainOf(skill), describeSkill(skill)]))
  /** Adds a directory, and those above it. */
  const open = (path: string): Map<string, Resource> => {
    const uri = uriOf(path)
    const there = directories.get(uri)
    if (there !== undefined) return there
    const children = new Map<string, Resource>()
    directories.set(uri, children)
    const [parent] = above(path)
    if (parent !== undefined) open(parent).set(uri, describeDirectory(path))
    return children
  }
  for (const skill of skills) {
    skill.directories.forEach(open)
    for (const file of skill.files) {
      files.set(file.path, file)
      const described = describeFile(file)
      const [parent = skill.path] = above(file.path)
      open(parent).set(described.uri, { ...described, ...mains.get(file.path) })
    }
  }
  return { skills, byUri: new Map(skills.map((skill) => [uriOf(mainOf(skill)), skill])), files, directories }
}

/** A part of a list, and where the next one begins. */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly nextCursor: string | undefined
}

const after = "after "

/**
 * The page of a sorted list that begins behind a cursor, or `undefined` when that is none. A cursor is the key of what came last, so pages
 * stay right whatever comes and goes in between.
 */
export const pageOf = <A>(
  items: ReadonlyArray<A>,
  keyOf: (item: A) => string,
  cursor: string | undefined,
  size: number
): Page<A> | undefined => {
  let start = 0
  if (cursor !== undefined) {
    const decoded = Base64Url.decodeString(cursor)
    if (Result.isFailure(decoded) || !decoded.success.startsWith(after)) return undefined
    const last = decoded.success.slice(after.length)
    const next = items.findIndex((item) => keyOf(item) > last)
    start = next < 0 ? items.length : next
  }
  const page = items.slice(start, start + size)
  const last = page.at(-1)
  const isOver = last === undefined || start + size >= items.length
  return { items: page, nextCursor: isOver ? undefined : Base64Url.encode(after + keyOf(last)) }
}
