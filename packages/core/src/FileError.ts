/**
 * Why a file was not read.
 */
import * as Schema from "effect/Schema"

/**
 * A file that was not read. It names the file as the program named it, so it is for the program and its log, not for clients: handlers of
 * resources turn it into what clients may know.
 */
export class FileError extends Schema.TaggedError<FileError>()("FileError", {
  path: Schema.String,
  /**
   * `missing`: nothing is there. `notAFile`: a directory, a device or the like. `tooLarge`: larger than `maxBytes`. `wrongType`: not of
   * the MIME type that is needed. `unreadable`: the system refuses, see `cause`.
   */
  reason: Schema.Literals(["missing", "notAFile", "tooLarge", "wrongType", "unreadable"]),
  /** What is wrong, and what to do. */
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return `${JSON.stringify(this.path)} was not read: ${this.detail}`
  }
}
