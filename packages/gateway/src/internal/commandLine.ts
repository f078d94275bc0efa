/**
 * Command lines as words. What would need a shell is refused: there is none, and words that only look like it would do harm.
 */
import * as Result from "effect/Result"
import * as CommandLine from "effect/process/CommandLine"

/** So many UTF-16 units a command line may have: what `cmd.exe` takes. */
export const maxLength = 8191

const adviceFor = ({ message, reason }: CommandLine.CommandLineError): string => {
  if (reason !== "UnsupportedSyntax") return ""
  return message.includes("variable assignment")
    ? "; there is no shell here, so give `{ command, args, env }` in place of a text"
    : "; there is no shell here, so put it in single quotes if it is meant"
}

/** Splits as a POSIX shell does, on all systems, without any expansion; or says why not. Gives one word or more. */
export const split = (line: string): Result.Result<readonly [string, ...Array<string>], string> => {
  if (line.length > maxLength) return Result.fail(`it has more than ${maxLength} characters`)
  if (line.includes("\0")) return Result.fail("it has a NUL character, which no process can be given")
  const words = CommandLine.template(Object.assign([line], { raw: [line] }))
  if (Result.isFailure(words)) {
    const why = words.failure.message.replace(" in template part 0", "")
    return Result.fail(why.charAt(0).toLowerCase() + why.slice(1) + adviceFor(words.failure))
  }
  // Nothing was interpolated, so no word is `Redacted`.
  const [program, ...args] = words.success as Array<string>
  return program === undefined || program === "" ? Result.fail("it names no program") : Result.succeed([program, ...args])
}
