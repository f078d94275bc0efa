/**
 * Texts of servers on a terminal: they say what they like, but they move nothing and look like nobody else.
 */

// Controls, what is not seen, what turns the direction of writing, other line breaks, halves of characters.
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu
const maxLength = 2000

/** One line, in which what cannot be seen is written out: `\u{1b}`. */
export const visible = (text: string): string => {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
  return cut.replaceAll(unseen, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)
}

/** Several lines, each behind a mark: none begins as a line of this program does. */
export const quoted = (text: string): string =>
  text
    .slice(0, maxLength)
    .split("\n")
    .map((line) => `  │ ${visible(line)}\n`)
    .join("")
