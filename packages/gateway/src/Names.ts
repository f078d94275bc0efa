/**
 * The names under which the tools and prompts of many servers are offered: valid for every host, each used once, and the same in every
 * run.
 *
 * A name is the prefix of its server, a separator, and the name that the server gives: `github_search`. Which name a tool gets depends on
 * that tool and on the names of the servers alone: neither on their order, nor on what else is offered, nor on what comes later. So a name
 * that a model has learned never becomes the name of something else because a list has changed.
 */
import { hash } from "./internal/hash.ts"

/** How names are made. */
export interface Options {
  /** The longest name, in characters: 24 to 128. 64 by default, which is where hosts stop. */
  readonly limit?: number | undefined
  /** What stands between prefix and name: 1 to 8 of `A-Za-z0-9_-`. `_` by default. */
  readonly separator?: string | undefined
  /**
   * Whether names have the prefix of their server. True by default. When false, only names that several servers use have it, so a name can
   * change when another server comes to use it, too.
   */
  readonly prefix?: boolean | undefined
}

/** What gets a name. */
export interface Source {
  readonly server: string
  /** The name that the server gives. */
  readonly name: string
  /** What is put in its place. A prefix goes before it all the same. */
  readonly as?: string | undefined
  /** It gets a hash in any case: what it would be called is reserved for something else. */
  readonly marked?: boolean | undefined
}

interface Settings {
  readonly limit: number
  readonly separator: string
  readonly prefix: boolean
}

/** The options with their defaults. Throws when they are out of their bounds. */
export const settings = ({ limit = 64, prefix = true, separator = "_" }: Options = {}): Settings => {
  if (!Number.isInteger(limit) || limit < 24 || limit > 128) {
    throw new Error(`the limit of names is ${limit}: expected a whole number from 24 to 128`)
  }
  if (!/^[A-Za-z0-9_-]{1,8}$/.test(separator)) {
    throw new Error(`the separator of names is ${JSON.stringify(separator)}: expected 1 to 8 of A-Z a-z 0-9 _ -`)
  }
  return { limit, separator, prefix }
}

const sanitised = (name: string): string => name.replace(/[^A-Za-z0-9_-]+/g, "_")

// Functions of Gemini begin with a letter or `_`.
const beginning = (name: string): string => (/^[A-Za-z_]/.test(name) ? name : `_${name}`)

const hashLength = 9

const hashed = (text: string, limit: number, ...of: ReadonlyArray<string>): string =>
  `${text.slice(0, limit - hashLength).replace(/[_-]+$/, "")}_${hash(...of)}`

const looksHashed = (name: string): boolean => /_[0-9a-f]{8}$/.test(name)

/**
 * The prefixes of servers, by their names: the name itself where it is valid, after a `_` where it does not begin with a letter. One that is longer than 27 characters, at the default limit
 * of names, is cut; those that are cut, and all that would be the same, get a hash.
 */
export const prefixes = (servers: ReadonlyArray<string>, options?: Options): ReadonlyMap<string, string> => {
  const { limit } = settings(options)
  const longest = Math.floor((limit - hashLength) / 2)
  const counts = new Map<string, number>()
  for (const server of new Set(servers)) {
    const plain = beginning(sanitised(server))
    counts.set(plain, (counts.get(plain) ?? 0) + 1)
  }
  const prefixOf = (server: string): string => {
    const plain = beginning(sanitised(server))
    if (plain.length <= longest && counts.get(plain) === 1) return plain
    return `${plain.slice(0, longest - 7)}_${hash(server).slice(0, 6)}`
  }
  return new Map(servers.map((server) => [server, prefixOf(server)]))
}

/** Makes what one source could be called, the best first. */
type Candidates = (source: Source, level: number) => string

const candidates = (servers: ReadonlyArray<string>, options: Options | undefined): Candidates => {
  const { limit, prefix, separator } = settings(options)
  const starts = new Map([...prefixes(servers, options)].map(([server, text]) => [server, text + separator]))
  const all = [...new Set(starts.values())]
  // With servers `a` and `a_b`, names that begin with `a_b_` belong to the second one.
  const inside = new Map(all.map((start) => [start, all.filter((other) => other !== start && other.startsWith(start))]))
  return (source, level) => {
    const { as, marked, name, server } = source
    const plain = prefix || level > 0 ? sanitised(as ?? name) : beginning(sanitised(as ?? name))
    const start = starts.get(server) ?? `${beginning(sanitised(server))}${separator}`
    const isChanged = marked === true || plain === "" || plain !== (as ?? name)
    const fit = (text: string, isForeign: boolean): string =>
      isChanged || isForeign || text.length > limit || looksHashed(text) ? hashed(text, limit, server, name) : text
    const full = start + plain
    const isForeign = inside.get(start)?.some((other) => full.startsWith(other)) === true
    if (!prefix && level === 0) return fit(plain, false)
    const step = prefix ? level : level - 1
    return step === 0 ? fit(full, isForeign) : hashed(full, limit, ...(step === 1 ? [] : [String(step)]), server, name)
  }
}

/**
 * Gives every source a name of its own: 1 to `limit` characters of `A-Za-z0-9_-`, of which the first is a letter or `_`. The result leads from names to sources, in their order.
 * Of several sources with the same server and name only the first counts. `servers` are the names of all servers, whether they have
 * sources or not.
 *
 * A name ends with `_` and eight hexadecimal digits, a hash of the server's name and its own one, where it would be too long, has other
 * characters, begins with the prefix of another server, or looks as if it had a hash already. The names of two sources whose
 * hashes are the same too, one case in four billion, get other hashes: only these depend on what else is offered.
 *
 * Throws when the options are out of their bounds.
 *
 * @example
 * Names.assign([{ server: "github", name: "search" }], ["github"])
 * // Map { "github_search" => { server: "github", name: "search" } }
 */
export const assign = <S extends Source>(
  sources: ReadonlyArray<S>,
  servers: ReadonlyArray<string>,
  options?: Options
): ReadonlyMap<string, S> => {
  const nameOf = candidates(servers, options)
  const seen = new Set<string>()
  const unnamed = sources.filter(({ name, server }) => {
    const key = `${server.length} ${server}${name}` // no other pair has the same
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
  const levels = new Map<S, number>()
  const levelOf = (source: S): number => levels.get(source) ?? 0
  for (;;) {
    const taken = Map.groupBy(unnamed, (source) => nameOf(source, levelOf(source)))
    const clashing = [...taken.values()].filter((group) => group.length > 1).flat()
    if (clashing.length === 0) return new Map([...taken].map(([name, [source]]) => [name, source!]))
    // All of them, or the name would depend on who comes first.
    for (const source of clashing) levels.set(source, levelOf(source) + 1)
  }
}
