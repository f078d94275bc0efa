/**
 * Looks at a directory of skills, not more often than needed.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { Path } from "effect/Path"
import * as Semaphore from "effect/Semaphore"
import type { Resource } from "../protocol/Resources.ts"
import { bound } from "./bound.ts"
import * as directory from "./directory.ts"
import * as skillFiles from "./skillFiles.ts"
import { scan } from "./skillScan.ts"
import { describeSkill, mainOf, type Tree, treeOf } from "./skillTree.ts"

/** A `SKILL.md`. */
export interface Main {
  /** Relative to the root. */
  readonly path: string
  readonly resource: Resource
}

/** What was seen. */
export interface Seen {
  readonly root: directory.Root
  readonly files: skillFiles.SkillFiles
  readonly tree: Tree
  /** Every `SKILL.md`. */
  readonly mains: ReadonlyArray<Main>
  /** When, in milliseconds since 1970. */
  readonly at: number
}

/** How it is looked at. */
export interface Options {
  readonly hidden?: boolean
  readonly maxSkills?: number
  readonly maxEntries?: number
  readonly refresh?: Duration.Input
}

// Of one look, further warnings are counted only.
const maxTold = 20

/** Logs the warnings of each look that the look before did not have. */
const makeWarn = (where: string) => {
  let told: ReadonlySet<string> = new Set()
  return Effect.fnUntraced(function* (warnings: ReadonlyArray<string>) {
    const fresh = warnings.filter((warning) => !told.has(warning))
    told = new Set(warnings)
    for (const warning of fresh.slice(0, maxTold)) yield* Effect.logWarning(`${where}: ${warning}`)
    if (fresh.length > maxTold) yield* Effect.logWarning(`${where}: ${fresh.length - maxTold} more of that kind`)
  })
}

/** What is in a directory now. Who comes while somebody looks waits for that. */
export const makeLook = (
  path: string,
  where: string,
  options: Options,
  onChange: (mains: ReadonlyArray<Main>) => void
): Effect.Effect<Seen, never, FileSystem.FileSystem | Path> => {
  const refresh = Duration.toMillis(options.refresh ?? "1 second")
  const bounds = {
    maxSkills: bound("maxSkills", options.maxSkills ?? 1000),
    maxEntries: bound("maxEntries", options.maxEntries ?? 10_000)
  }
  const files = skillFiles.make()
  const lock = Semaphore.makeUnsafe(1)
  const warn = makeWarn(where)
  let seen: Seen | undefined

  const lookAnew = Effect.gen(function* () {
    const root = yield* directory.openRoot(path, options.hidden ?? false)
    const { skills, warnings } = yield* scan(root, files, bounds)
    const tree = treeOf(skills)
    files.retain(tree.files)
    const mains = skills.map((skill) => ({ path: mainOf(skill), resource: describeSkill(skill) }))
    const hasChanged = JSON.stringify(mains) !== JSON.stringify(seen?.mains ?? [])
    // From the end of the look on: one that takes longer than it counts would otherwise never count.
    const now: Seen = { root, files, tree, mains, at: yield* Clock.currentTimeMillis }
    seen = now
    if (hasChanged) onChange(mains)
    yield* warn(warnings)
    return now
  })

  return lock.withPermit(
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const isFresh = seen !== undefined && now >= seen.at && now - seen.at < refresh
      return isFresh && seen !== undefined ? Effect.succeed(seen) : lookAnew
    })
  )
}
