/**
 * What a server listed of a skill, held against the rules, and files held against that.
 */
import type { ReadResourceResult } from "@effect-mcp/core/protocol/Resources"
import * as SkillBytes from "@effect-mcp/core/SkillBytes"
import * as SkillFrontmatter from "@effect-mcp/core/SkillFrontmatter"
import { limits, mainFile, type Skill, type SkillResource } from "@effect-mcp/core/SkillsExtension"
import * as Base64 from "effect/encoding/Base64"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { SkillRefused } from "../SkillRefused.ts"

/** A file of a skill, as it is listed. */
export interface ListedFile extends SkillResource {
  /** Relative to the directory of the skill, with `/` between segments; no segment is empty, `.` or `..`. */
  readonly path: string
}

const refused = (uri: string, what: SkillRefused["what"], detail: string) => new SkillRefused({ uri, what, detail })

const decoded = (segment: string): string | undefined => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

// What a program may use as a path of its own leads nowhere else.
const isSegment = (segment: string | undefined): segment is string =>
  segment !== undefined && segment !== "" && segment !== "." && segment !== ".." && !/[\0/\\]/.test(segment)

/** The path that a URI has below a directory; `undefined` when it is none. */
const pathBelow = (root: string, uri: string): string | undefined => {
  if (!uri.startsWith(`${root}/`) || /[?#]/.test(uri)) return undefined
  const segments = uri
    .slice(root.length + 1)
    .split("/")
    .map(decoded)
  return segments.every(isSegment) ? segments.join("/") : undefined
}

const rootPattern = new RegExp(`^([a-zA-Z][a-zA-Z0-9+.-]*://(?:[^?#]*/)?([^/?#]+))/${mainFile.replace(".", "\\.")}$`)

/** The files of a skill. Fails with what is wrong with how it is listed. */
export const filesOf = ({ frontmatter, resources, uri }: Skill): Result.Result<ReadonlyArray<ListedFile>, SkillRefused> => {
  const fail = (detail: string) => Result.fail(refused(uri, "entry", detail))
  const [, root, name] = rootPattern.exec(uri) ?? []
  if (root === undefined || name === undefined) return fail(`its URI does not end with /${mainFile}`)
  if (!SkillFrontmatter.isName(frontmatter.name)) return fail(`skills cannot have the name ${JSON.stringify(frontmatter.name)}`)
  if (name !== frontmatter.name)
    return fail(`its name is ${JSON.stringify(frontmatter.name)}, and that of its directory another one`)
  if (resources === "dynamic") {
    return Result.fail(
      refused(uri, "dynamic", "its server gives no digests; its files can be read as resources, and are not verified")
    )
  }
  if (resources.length > limits.files) return fail(`it has more than ${limits.files} files`)
  const bytes = resources.reduce((sum, { size }) => sum + size, 0)
  if (bytes > limits.bytes) return fail(`its files are larger than ${limits.bytes} bytes together`)
  const files: Array<ListedFile> = []
  const paths = new Set<string>()
  for (const resource of resources) {
    const path = pathBelow(root, resource.uri)
    if (path === undefined) return fail(`${JSON.stringify(resource.uri)} is no file in its directory`)
    if (paths.has(path)) return fail(`${JSON.stringify(path)} is there twice`)
    paths.add(path)
    files.push({ ...resource, path })
  }
  return files.some((file) => file.uri === uri) ? Result.succeed(files) : fail(`${mainFile} is not among its files`)
}

const bytesOf = ({ contents }: ReadResourceResult, uri: string) => {
  const [content, ...more] = contents
  const isAlone = content !== undefined && more.length === 0 && content.uri === uri
  if (!isAlone) return Result.fail(refused(uri, "contents", "the server did not answer with the contents of this one file"))
  if ("text" in content) return Result.succeed({ mimeType: content.mimeType, bytes: new TextEncoder().encode(content.text) })
  const blob = Base64.decode(content.blob)
  if (Result.isFailure(blob)) return Result.fail(refused(uri, "contents", "its contents are no base64"))
  return Result.succeed({ mimeType: content.mimeType, bytes: blob.success })
}

/** The bytes of a file, when they are those that were listed. */
export const verified = Effect.fnUntraced(function* ({ digest, size, uri }: ListedFile, answer: ReadResourceResult) {
  const contents = yield* Effect.fromResult(bytesOf(answer, uri))
  const { length } = contents.bytes
  if (length !== size) return yield* refused(uri, "size", `it has ${length} bytes, and was listed with ${size}`)
  const actual = yield* SkillBytes.digest(contents.bytes)
  if (actual !== digest) return yield* refused(uri, "digest", `its digest is ${actual}, and was listed as ${digest}`)
  return contents
})

/** The text of a `SKILL.md`, when its frontmatter is what was listed. */
export const mainText = ({ frontmatter, uri }: Skill, bytes: Uint8Array): Result.Result<string, SkillRefused> => {
  const fail = (detail: string) => Result.fail(refused(uri, "frontmatter", detail))
  const text = SkillBytes.text(bytes)
  if (text === undefined) return fail("it is no UTF-8")
  const read = SkillFrontmatter.parse(text)
  if (Result.isFailure(read)) return fail(read.failure)
  const member = SkillFrontmatter.difference(read.success, frontmatter)
  return member === undefined ? Result.succeed(text) : fail(`its member ${JSON.stringify(member)} is not what was listed`)
}

/** That a skill has no such file. */
export const unlisted = (uri: string, name: string): SkillRefused =>
  refused(uri, "unlisted", `the skill has no file ${JSON.stringify(name)}; if it is new, get the skill again`)
