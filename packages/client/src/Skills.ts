/**
 * Skills of a server: instructions for models, with the files that they need.
 *
 * Skills are listed with a digest of each of their files. Nothing is read before it is asked for, and what is read is given out only when
 * it is what was listed: its size, its digest, and the frontmatter of `SKILL.md`. Files of a skill can be read once its `SKILL.md` was.
 *
 * A digest says that listing and file belong together, not that the server means well: what a skill says is as little to be trusted as any
 * other text of a server. Ask the user before a model gets it, and before anything in it is run. `allowed-tools` of a frontmatter is a wish.
 *
 * Source: the specification of `io.modelcontextprotocol/skills` (SEP-2640).
 */
import type { JsonObject } from "@effect-mcp/core/Jsonrpc"
import { ErrorCode } from "@effect-mcp/core/Jsonrpc"
import { Resource } from "@effect-mcp/core/protocol/Resources"
import * as SkillBytes from "@effect-mcp/core/SkillBytes"
import { mainFile, Skill, SkillsExtension } from "@effect-mcp/core/SkillsExtension"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { typedExtension } from "./internal/extensionClient.ts"
import { type Ask, listAll, listed, streamAll } from "./internal/lists.ts"
import { invalidAnswer } from "./internal/outcomes.ts"
import { type CallOptions, McpClient } from "./internal/service.ts"
import { filesOf, type ListedFile, mainText, unlisted, verified } from "./internal/skillEntry.ts"
import { McpClientError, RequestFailed } from "./McpClientError.ts"
import type { SkillRefused } from "./SkillRefused.ts"

export type { Frontmatter, Skill, SkillResource } from "@effect-mcp/core/SkillsExtension"
export type { ListedFile } from "./internal/skillEntry.ts"
export { SkillRefused } from "./SkillRefused.ts"

/** A file that is what was listed. */
export interface SkillFile extends ListedFile {
  readonly mimeType: string | undefined
  readonly bytes: Uint8Array
  /** The bytes as a text; `undefined` when they are no UTF-8. */
  readonly text: string | undefined
}

/** A skill whose `SKILL.md` was read, and is what was listed. */
export interface LoadedSkill {
  /** What was listed. */
  readonly skill: Skill
  /** The whole `SKILL.md`, with its frontmatter. */
  readonly text: string
  /** All of its files, `SKILL.md` among them. */
  readonly files: ReadonlyArray<ListedFile>
  /**
   * Reads a file by its path in the skill, `references/FORMS.md`, or by its URI. Fails with `SkillRefused`, before anything is asked, when
   * the skill was listed without it.
   */
  readonly read: (file: string, options?: CallOptions) => Effect.Effect<SkillFile, SkillRefused | McpClientError>
}

/** The skills of a server. What a server without skills is asked fails with code -32601, and is not sent. */
export interface Skills {
  /** Whether the server declares the extension. */
  readonly isSupported: boolean
  /** Whether the server lists directories, see `readDirectory`. */
  readonly readsDirectories: boolean
  /**
   * All skills that the server lists: all pages up to 1,000. An entry that cannot be read is left out, and the log says so. A server may
   * have skills that it does not list; see `get`.
   */
  readonly list: Effect.Effect<ReadonlyArray<Skill>, McpClientError>
  /** The same as a stream: a page is asked for when the one before it was taken. */
  readonly stream: Stream.Stream<Skill, McpClientError>
  /** The skill whose `SKILL.md` has this URI, as it is now. Fails with code -32602 when there is none. */
  readonly get: (uri: string, options?: CallOptions) => Effect.Effect<Skill, McpClientError>
  /**
   * Reads the `SKILL.md` of a skill. Fails with `SkillRefused` when the entry breaks a rule, has no digests, more than 512 files or more
   * than 16 MiB, before anything is asked; and when the file is not what was listed.
   */
  readonly load: (skill: Skill, options?: CallOptions) => Effect.Effect<LoadedSkill, SkillRefused | McpClientError>
  /**
   * What is directly in a directory now, such as `skill://pdf/references`; directories have the MIME type `inode/directory`. The files
   * of a skill that was listed are in its entry already, and only those can be read.
   */
  readonly readDirectory: (uri: string) => Effect.Effect<ReadonlyArray<Resource>, McpClientError>
}

const skills = listed("skills/list", "skills", "skill", Skill)
const children = listed("resources/directory/read", "resources", "resource", Resource)

const unsupported = (method: string, detail: string) =>
  new McpClientError({ reason: new RequestFailed({ method, code: ErrorCode.MethodNotFound, detail }) })

/** The skills of a client that is at hand; see {@link make}. */
export const of = (client: McpClient["Service"]): Skills => {
  // A server that comes back after the connection was lost may be another one.
  const extension = () => typedExtension(SkillsExtension, client)

  const supported = (method: string) => {
    const { isSupported, settings } = extension()
    if (!isSupported) return Effect.fail(unsupported(method, `it does not declare the extension "${SkillsExtension.id}"`))
    const isThere = method !== children.method || settings?.directoryRead === true
    return isThere ? Effect.void : Effect.fail(unsupported(method, "it does not declare `directoryRead`"))
  }

  const asking =
    (params: JsonObject): Ask =>
    (method, cursor) =>
      Effect.suspend(() => supported(method)).pipe(
        Effect.andThen(client.request(method, cursor === undefined ? params : { ...params, cursor }))
      )

  // An answer that was kept belongs to an older listing. Those to requests with `_meta` are not kept.
  const fresh = (options?: CallOptions): CallOptions | undefined =>
    client.revision.era === "session" ? options : { ...options, meta: options?.meta ?? {} }

  const readFile = Effect.fnUntraced(function* (file: ListedFile, options?: CallOptions) {
    const contents = yield* verified(file, yield* client.readResource(file.uri, fresh(options)))
    return { ...file, ...contents, text: SkillBytes.text(contents.bytes) }
  })

  const load: Skills["load"] = Effect.fnUntraced(function* (skill, options) {
    const files = yield* Effect.fromResult(filesOf(skill))
    const byName = new Map(files.flatMap((file) => [[file.path, file] as const, [file.uri, file] as const]))
    const main = byName.get(mainFile)
    if (main === undefined) return yield* unlisted(skill.uri, mainFile)
    const { bytes } = yield* readFile(main, options)
    const text = yield* Effect.fromResult(mainText(skill, bytes))
    return {
      skill,
      text,
      files,
      read: (name, options) => {
        const file = byName.get(name.replace(/^(?:\.\/)+/, ""))
        return file === undefined ? Effect.fail(unlisted(skill.uri, name)) : readFile(file, options)
      }
    }
  })

  return {
    get isSupported() {
      return extension().isSupported
    },
    get readsDirectories() {
      return extension().settings?.directoryRead === true
    },
    list: listAll(asking({}), skills),
    stream: streamAll(asking({}), skills),
    get: (uri, options) =>
      Effect.suspend(() => supported("skills/get")).pipe(
        Effect.andThen(Effect.suspend(() => extension().requests["skills/get"]({ uri }, options))),
        Effect.flatMap(({ skill }) =>
          skill.uri === uri
            ? Effect.succeed(skill)
            : Effect.fail(invalidAnswer("skills/get", `it is the skill ${JSON.stringify(skill.uri)}`))
        )
      ),
    load,
    readDirectory: (uri) => listAll(asking({ uri }), children)
  }
}

/**
 * The skills of the server. The client need not declare the extension.
 *
 * @example
 * const skills = yield* Skills.make
 * const [skill] = yield* skills.list
 * const { read, text } = yield* skills.load(skill) // after the user has agreed
 * const forms = yield* read("references/FORMS.md")
 */
export const make: Effect.Effect<Skills, never, McpClient> = Effect.map(McpClient, of)
