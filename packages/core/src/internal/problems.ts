/**
 * What is wrong with a value, in words that a model can act on. One line for each problem: path, what was expected, what was received.
 */

/** One thing that is wrong, and where: `path` is dotted (`filter.tags[0]`) and empty for the value itself. */
export interface Problem {
  readonly path: string
  readonly message: string
}

const maxLines = 20
const maxReceived = 80
const maxKey = 40

/** Keeps the first problems and counts the rest, so that a long list of mistakes costs little. */
export class Problems {
  readonly first: Array<Problem> = []
  count = 0

  add(path: string, message: () => string): void {
    if (this.count++ < maxLines) this.first.push({ path, message: message() })
  }

  /** Adds the problems of another list. */
  addAll(other: Problems): void {
    this.first.push(...other.first.slice(0, Math.max(0, maxLines - this.first.length)))
    this.count += other.count
  }
}

/** One line for each problem, at most 20; `root` names the value itself. */
export const render = (problems: ReadonlyArray<Problem>, count: number, root: string): string => {
  const lines = problems.slice(0, maxLines).map(({ message, path }) => `${path === "" ? root : path}: ${message}`)
  return (count > lines.length ? [...lines, `... and ${count - lines.length} more`] : lines).join("\n")
}

/** A path with one more key: `filter` and `tags` make `filter.tags`, then `0` makes `filter.tags[0]`. */
export const append = (path: string, key: PropertyKey): string => {
  if (typeof key === "number") return `${path}[${key}]`
  const name = String(key)
  if (!/^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(name) || name.length > maxKey) return `${path}[${abbreviate(name, maxKey)}]`
  return path === "" ? name : `${path}.${name}`
}

/** A value as JSON, cut to `max` characters without looking at the rest of it. */
export const abbreviate = (value: unknown, max = maxReceived): string => {
  const text = write(value, max, 0)
  return text.length <= max ? text : `${text.slice(0, max - 3)}...`
}

const write = (value: unknown, max: number, depth: number): string => {
  if (typeof value === "string") return JSON.stringify(value.length > max ? value.slice(0, max) : value)
  if (typeof value !== "object" || value === null) return typeof value === "function" ? "a function" : String(value)
  if (Array.isArray(value)) return depth > 3 ? "[...]" : `[${writeAll(value, (item, left) => write(item, left, depth + 1), max)}]`
  if (depth > 3) return "{...}"
  const member = (key: string, left: number) => `${write(key, left, 0)}:${write(Reflect.get(value, key), left, depth + 1)}`
  return `{${writeAll(Object.keys(value), member, max)}}`
}

const writeAll = <A>(items: ReadonlyArray<A>, f: (item: A, left: number) => string, max: number): string => {
  let out = ""
  for (const [i, item] of items.entries()) {
    if (out.length > max) break
    out += (i === 0 ? "" : ",") + f(item, max - out.length)
  }
  return out
}

/** `a, b or c`; a long list is cut. */
export const alternatives = (all: ReadonlyArray<string>): string => {
  const unique = [...new Set(all)]
  const shown = unique.length > 12 ? [...unique.slice(0, 12), `${unique.length - 12} more`] : unique
  const last = shown.at(-1) ?? "nothing"
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(", ")} or ${last}`
}
