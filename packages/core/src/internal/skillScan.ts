/**
 * Looks through a directory for skills.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import type { FileError } from "../FileError.ts"
import { type Frontmatter, limits, mainFile } from "../SkillsExtension.ts"
import type * as directory from "./directory.ts"
import * as directoryWalk from "./directoryWalk.ts"
import { toFileError } from "./files.ts"
import { isMain, type SkillFiles } from "./skillFiles.ts"

type Found = directoryWalk.Found

/** A skill that is served. */
export interface FoundSkill {
  /** Of its directory, relative to the root. */
  readonly path: string
  readonly frontmatter: Frontmatter
  /** All of its files, by their path, and the directories below it. */
  readonly files: ReadonlyArray<Found>
  readonly directories: ReadonlyArray<string>
}

/** What was found. */
export interface Scan {
  /** By path. */
  readonly skills: ReadonlyArray<FoundSkill>
  /** Why something is not served that looks as if it should be. */
  readonly warnings: ReadonlyArray<string>
}

/** What is looked for. */
export interface Options {
  readonly maxSkills: number
  readonly maxEntries: number
}

// What is none has no URI.
const isUnicode = (path: string): boolean => !/\p{Surrogate}/u.test(path)

/** A skill as long as nobody knows whether it is served. */
class Candidate {
  readonly path: string
  readonly files: Array<Found> = []
  readonly directories: Array<string> = []
  main: Found | undefined
  bytes = 0
  fault: string | undefined

  constructor(path: string) {
    this.path = path
  }

  add(found: Found): void {
    // What is behind a link to a directory is not looked at, so it is no part of the skill.
    if (found.type === "directory" && found.link) return
    if (!isUnicode(found.path)) this.fault ??= "one of its files has a name that is no Unicode"
    if (found.type === "directory") {
      if (found.path.split("/").length >= directoryWalk.limits.depth) this.fault ??= "it is nested too deeply"
      this.directories.push(found.path)
      return
    }
    this.bytes += found.size ?? 0
    if (this.bytes > limits.bytes) this.fault ??= `its files are larger than ${limits.bytes} bytes together`
    if (this.files.push(found) > limits.files) this.fault ??= `it has more than ${limits.files} files`
    if (found.path === `${this.path}/${mainFile}`) this.main = found
  }
}

/** The directories above a path, the root left out. */
export const above = (path: string): ReadonlyArray<string> => {
  const directories: Array<string> = []
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) directories.push(path.slice(0, at))
  return directories
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

const byPath = (a: Candidate, b: Candidate): number => (a.path < b.path ? -1 : 1)

const candidatesOf = (found: ReadonlyArray<Found>): ReadonlyArray<Candidate> => {
  const candidates = new Map<string, Candidate>()
  for (const { path, type } of found) {
    const parent = path.slice(0, path.lastIndexOf("/"))
    if (type === "file" && isMain(path)) candidates.set(parent, new Candidate(parent))
  }
  for (const one of found) for (const parent of above(one.path)) candidates.get(parent)?.add(one)
  return [...candidates.values()].toSorted(byPath)
}

const why = ({ detail, reason }: FileError): string => (reason === "missing" ? "it is gone" : detail)

/** The frontmatter of a skill, or why it is not served. */
const frontmatterOf = Effect.fnUntraced(function* (
  root: directory.Root,
  files: SkillFiles,
  { fault, main, path }: Candidate
): Effect.fn.Return<Result.Result<Frontmatter, string>, never, FileSystem.FileSystem> {
  if (fault !== undefined || main === undefined) return Result.fail(fault ?? `it has no ${mainFile}`)
  const examined = yield* Effect.result(files.examine(root, main))
  if (Result.isFailure(examined)) return Result.fail(`its ${mainFile} was not read: ${why(examined.failure)}`)
  const { frontmatter } = examined.success
  if (frontmatter === undefined || Result.isFailure(frontmatter)) return Result.fail(`${mainFile}: ${frontmatter?.failure ?? ""}`)
  const { name } = frontmatter.success
  if (name === nameOf(path)) return frontmatter
  return Result.fail(`its name is ${JSON.stringify(name)}, and must be that of its directory`)
})

/** Looks through a root. A root that cannot be read is a fault of the program. */
export const scan = Effect.fnUntraced(function* (
  root: directory.Root,
  files: SkillFiles,
  { maxEntries, maxSkills }: Options
): Effect.fn.Return<Scan, never, FileSystem.FileSystem> {
  const all = { accepts: () => true, enters: () => true, maxEntries }
  const walked = yield* Effect.orDie(Effect.mapError(directoryWalk.walk(root, "", all), toFileError(".")))
  const { at, found } = walked ?? { at: undefined, found: [] }
  const warnings: Array<string> = []
  if (at !== undefined)
    warnings.push(`only its first ${found.length} entries were looked at, up to "${at}"; raise \`maxEntries\``)
  if (found.some(({ path }) => path === mainFile)) {
    warnings.push(`the ${mainFile} directly in it is not served: each skill is a directory of its own`)
  }
  const cut = new Set(at === undefined ? [] : above(at))
  const skills: Array<FoundSkill> = []
  for (const candidate of candidatesOf(found)) {
    if (skills.length >= maxSkills) {
      warnings.push(`only the first ${maxSkills} skills are served; raise \`maxSkills\``)
      break
    }
    const { directories, path } = candidate
    if (cut.has(path)) candidate.fault ??= "not all of it was looked at"
    const frontmatter = yield* frontmatterOf(root, files, candidate)
    if (Result.isSuccess(frontmatter)) {
      skills.push({ path, frontmatter: frontmatter.success, files: candidate.files, directories })
    } else warnings.push(`the skill "${path}" is not served: ${frontmatter.failure}`)
  }
  return { skills, warnings }
})
