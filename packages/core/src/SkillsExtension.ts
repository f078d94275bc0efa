/**
 * The skills extension: instructions for models, with the files that they need, that a server offers to its clients.
 *
 * A skill is a directory with a `SKILL.md`. Its files are ordinary resources; the extension lists skills, with a digest of each file, so
 * that a client knows what it is about to read before it reads anything. Servers serve a directory of skills with `Skills.directory` of
 * the server package; clients use `Skills.make` of the client package.
 *
 * Source: the specification of `io.modelcontextprotocol/skills` (SEP-2640), and https://agentskills.io/specification.
 */
import * as Schema from "effect/Schema"
import * as Extension from "./Extension.ts"
import { CacheScope } from "./protocol/CacheHints.ts"
import { open } from "./protocol/Common.ts"
import { Resource } from "./protocol/Resources.ts"

/** The name of the file that makes a directory a skill. */
export const mainFile = "SKILL.md"

/** The MIME type of directories. */
export const directoryType = "inode/directory"

/** What every client takes of one skill: 512 files of 16 MiB together. Servers should not offer more; clients of ours refuse it. */
export const limits = { files: 512, bytes: 16 * 1024 * 1024 } as const

/** A file of a skill. */
export interface SkillResource extends Schema.Schema.Type<typeof skillResource> {}
const skillResource = Schema.Struct({
  uri: Schema.String,
  /** Of the bytes of the file: `sha256:` and 64 hexadecimal digits in lower case. */
  digest: Schema.String.check(Schema.isPattern(/^sha256:[0-9a-f]{64}$/)),
  /** In bytes. */
  size: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
})
export const SkillResource: Schema.Codec<SkillResource> = skillResource

/** What stands at the beginning of a `SKILL.md`, as JSON: all members that its author wrote. */
export interface Frontmatter {
  readonly name: string
  readonly description: string
  readonly [member: string]: Schema.Json
}
const isText = (u: unknown): boolean => typeof u === "string"
export const Frontmatter: Schema.Codec<Frontmatter> = open<Frontmatter>({
  expected: "a frontmatter with `name` and `description`",
  members: { name: isText, description: isText }
}).check(
  Schema.makeFilter((value) => ("name" in value && "description" in value) || "a frontmatter has a `name` and a `description`")
)

/** A skill, as it is listed. */
export interface Skill extends Schema.Schema.Type<typeof skill> {}
const skill = Schema.Struct({
  /** Of its `SKILL.md`. The segment before the last one is the name of the skill. */
  uri: Schema.String,
  frontmatter: Frontmatter,
  /** All files of the skill, `SKILL.md` among them; `dynamic` when they are made while they are read. */
  resources: Schema.Union([Schema.Array(SkillResource), Schema.Literal("dynamic")])
})
export const Skill: Schema.Codec<Skill> = skill

const cacheFields = { ttlMs: Schema.optionalKey(Schema.Int), cacheScope: Schema.optionalKey(CacheScope) }
const cursorField = { cursor: Schema.optionalKey(Schema.String) }
const nextCursorField = { nextCursor: Schema.optionalKey(Schema.String) }

/** The contract. Clients need not declare it; its methods exist in every revision. */
export class SkillsExtension extends Extension.make("io.modelcontextprotocol/skills", {
  required: false,
  settings: {
    /** Whether there is `resources/directory/read`. */
    directoryRead: Schema.optionalKey(Schema.Boolean)
  },
  requests: {
    "skills/list": {
      params: cursorField,
      success: { skills: Schema.Array(Skill), ...nextCursorField, ...cacheFields }
    },
    "skills/get": {
      params: { uri: Schema.String },
      success: { skill: Skill, ...cacheFields }
    },
    "resources/directory/read": {
      params: { uri: Schema.String, ...cursorField },
      success: { resources: Schema.Array(Resource), ...nextCursorField }
    }
  }
}) {}
