/**
 * Limits that a user chose, checked where they are set.
 */

/** The limit itself, when it is at least 1 (`Infinity` included). Throws a `RangeError` that names the option otherwise. */
export const bound = (option: string, value: number): number => {
  if (value >= 1) return value // false for NaN
  throw new RangeError(`${option} must be at least 1, but is ${value}`)
}
