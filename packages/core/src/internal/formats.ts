/**
 * The formats that a text in a form may have. Every check takes time in proportion to the length of the text, and no more.
 */

interface Format {
  readonly accepts: (text: string) => boolean
  /** The format in words. */
  readonly expected: string
}

// What browsers accept in a field for an email address, by the HTML standard.
const emailPattern =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i

const maxEmail = 320 // 64 before the `@`, 255 after it

// A scheme and something after it, in the characters that URLs are written with: RFC 3986, and `{|}^` that browsers leave as they are.
const uriPattern = /^[a-z][a-z0-9+.-]*:[!#-;=?-[\]^_a-z{|}~]+$/i

const datePattern = /^(\d{4})-(\d\d)-(\d\d)$/

// RFC 3339 has leap seconds and a lower-case `t` too. JavaScript reads neither.
const timePattern = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

const daysOf = (year: number, month: number): number => {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

const isDate = (text: string): boolean => {
  const [, year, month, day] = (datePattern.exec(text) ?? []).map(Number)
  if (year === undefined || month === undefined || day === undefined) return false
  return month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month)
}

const isDateTime = (text: string): boolean =>
  text.charAt(10) === "T" && isDate(text.slice(0, 10)) && timePattern.test(text.slice(11))

/** The formats that a form can ask for. Others are not checked. */
export const formats = {
  email: { accepts: (text) => text.length <= maxEmail && emailPattern.test(text), expected: "an email address" },
  uri: { accepts: (text) => uriPattern.test(text), expected: "a URI with its scheme (https://example.com)" },
  date: { accepts: isDate, expected: "a date (2026-07-28)" },
  "date-time": { accepts: isDateTime, expected: "a date and time with its offset (2026-07-28T12:00:00Z)" }
} as const satisfies { readonly [name: string]: Format }

/** The name of a format that a form can ask for. */
export type FormatName = keyof typeof formats

/** True for the formats that a form can ask for. */
export const isFormat = (name: unknown): name is FormatName => typeof name === "string" && Object.hasOwn(formats, name)
