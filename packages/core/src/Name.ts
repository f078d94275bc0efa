/**
 * Names of tools, prompts and resources: which ones every host accepts, checked by the compiler and again at run time.
 *
 * Source: "Tool Names" in the tools page since 2025-11-25 allows 1 to 128 characters of `A-Z a-z 0-9 _ - .`. Hosts stop at 64 with
 * their own prefix included, therefore {@link maxLength} is 64.
 */

/** The longest name that hosts pass on, in characters. */
export const maxLength = 64

type Character =
  | "a"
  | "b"
  | "c"
  | "d"
  | "e"
  | "f"
  | "g"
  | "h"
  | "i"
  | "j"
  | "k"
  | "l"
  | "m"
  | "n"
  | "o"
  | "p"
  | "q"
  | "r"
  | "s"
  | "t"
  | "u"
  | "v"
  | "w"
  | "x"
  | "y"
  | "z"
  | "0"
  | "1"
  | "2"
  | "3"
  | "4"
  | "5"
  | "6"
  | "7"
  | "8"
  | "9"
  | "_"
  | "-"
  | "."

// Counts the characters in a tuple, so that one pass finds both faults.
type Fault<S extends string, Seen extends ReadonlyArray<0> = []> = S extends `${infer Head}${infer Tail}`
  ? Lowercase<Head> extends Character
    ? Seen["length"] extends 64
      ? "long"
      : Fault<Tail, [...Seen, 0]>
    : "character"
  : Seen["length"] extends 0
    ? "empty"
    : "none"

type Message<S extends string, F> = F extends "character"
  ? `"${S}" has characters outside [A-Za-z0-9_.-]`
  : F extends "long"
    ? `"${S}" is longer than 64 characters`
    : F extends "empty"
      ? "a name must not be empty"
      : S

/** The name itself when it is valid, otherwise a sentence that says what is wrong. Names known only at run time pass. */
export type Valid<S extends string> = string extends S ? S : Message<S, Fault<S>>

/** What is wrong with a name, or `undefined`. */
export const fault = (name: string): string | undefined => {
  if (name.length === 0) return "a name must not be empty"
  if (!/^[A-Za-z0-9_.-]*$/.test(name)) return `"${name}" has characters outside [A-Za-z0-9_.-]`
  if (name.length > maxLength) return `"${name}" is longer than ${maxLength} characters`
  return undefined
}
