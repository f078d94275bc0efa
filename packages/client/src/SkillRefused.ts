/**
 * Why a skill, or a file of one, is not given to the program.
 */
import * as Schema from "effect/Schema"

/**
 * What the server gave is not what it had told, so nothing of it is given out. It may have been tampered with, or have changed since it
 * was listed: get the skill anew with `get`, and ask the user again.
 */
export class SkillRefused extends Schema.TaggedError<SkillRefused>()("SkillRefused", {
  /** Of the skill, or of the file. */
  uri: Schema.String,
  /**
   * What is wrong. `entry`: what was listed makes no sense. `dynamic`: there are no digests. `unlisted`: the skill has no such file.
   * `contents`: the answer has not the one content that a file has. Otherwise it is what differs.
   */
  what: Schema.Literals(["entry", "dynamic", "unlisted", "contents", "size", "digest", "frontmatter"]),
  /** What differs, as the end of a sentence. */
  detail: Schema.String
}) {
  override get message() {
    return `${JSON.stringify(this.uri)} is refused (${this.what}): ${this.detail}`
  }
}
