/**
 * Regular expressions as JSON Schema has them: ECMA-262 with the `u` flag, which is stricter than JavaScript is without it.
 */

/** True when the pattern compiles with the `u` flag. */
export const isUnicodePattern = (source: string): boolean => {
  try {
    return new RegExp(source, "u").unicode
  } catch {
    return false
  }
}

/** Rewrites what only a RegExp without the `u` flag understands: needless escapes (`\_`), and `-` beside a class (`[\w-.]`). */
export const toUnicode = (source: string): string => {
  let out = ""
  let inClass = false
  for (let i = 0; i < source.length; i++) {
    const char = source.charAt(i)
    if (char === "\\") {
      const next = source.charAt(++i)
      const isNeedless = /[^A-Za-z0-9^$\\.*+?()[\]{}|/]/.test(next) && !(inClass && next === "-")
      out += isNeedless ? next : char + next
      if (inClass && /[dDsSwW]/.test(next) && source.charAt(i + 1) === "-" && source.charAt(i + 2) !== "]") {
        out += "\\-"
        i++
      }
      continue
    }
    if (char === "[" && !inClass) inClass = true
    else if (char === "]") inClass = false
    out += char
  }
  return out
}
