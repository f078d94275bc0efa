/**
 * Files of skills: their bytes, digests, and the frontmatter of those that are a `SKILL.md`. What was read is kept as long as the file does
 * not change.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import type { FileError } from "../FileError.ts"
import * as SkillBytes from "../SkillBytes.ts"
import * as SkillFrontmatter from "../SkillFrontmatter.ts"
import { type Frontmatter, limits, mainFile } from "../SkillsExtension.ts"
import * as directory from "./directory.ts"
import type { Found } from "./directoryWalk.ts"

/** What is known of a file that was read. */
export interface Examined {
  readonly digest: string
  /** In bytes. */
  readonly size: number
  /** Of a `SKILL.md`; what is wrong with it otherwise. */
  readonly frontmatter: Result.Result<Frontmatter, string> | undefined
}

interface Kept extends Examined {
  readonly state: string
}

// A file that was modified so shortly ago may be modified again without being seen: file systems count time in steps. In milliseconds.
const settling = 2000

/** Whether a path is that of a `SKILL.md`. */
export const isMain = (path: string): boolean => path.endsWith(`/${mainFile}`)

const frontmatterOf = (bytes: Uint8Array): Examined["frontmatter"] => {
  const text = SkillBytes.text(bytes)
  return text === undefined ? Result.fail("it is no UTF-8") : SkillFrontmatter.parse(text)
}

/** The files of a root. */
export interface SkillFiles {
  /** Digests a file. Fails when it cannot be read, or is larger than a skill may be. */
  readonly examine: (root: directory.Root, file: Found) => Effect.Effect<Examined, FileError, FileSystem.FileSystem>
  /** Forgets all files but these. */
  readonly retain: (paths: { readonly has: (path: string) => boolean }) => void
}

/** Files of which nothing is known yet. */
export const make = (): SkillFiles => {
  const kept = new Map<string, Kept>()
  return {
    examine: Effect.fnUntraced(function* (root, { modified, path, state }) {
      const known = kept.get(path)
      if (known?.state === state) return known
      const before = yield* Clock.currentTimeMillis
      const bytes = yield* directory.read(root, path, limits.bytes)
      const frontmatter = isMain(path) ? frontmatterOf(bytes) : undefined
      const examined: Kept = { digest: yield* SkillBytes.digest(bytes), size: bytes.length, frontmatter, state }
      if (modified !== undefined && modified + settling <= before) kept.set(path, examined)
      return examined
    }),
    retain: (paths) => {
      for (const path of kept.keys()) if (!paths.has(path)) kept.delete(path)
    }
  }
}
