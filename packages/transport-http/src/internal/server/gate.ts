/**
 * Who may call at all, by the headers `Host` and `Origin`: a page in a browser must not reach a server on the same machine because
 * somebody gave its address another name.
 *
 * Source: "Security Warning" in the transports pages of all revisions (DNS rebinding).
 */
import type { Exchange } from "../../Exchange.ts"

const loopback: ReadonlyArray<string> = ["localhost", "127.0.0.1", "[::1]"]

/** Tells why a request is refused; `undefined` when it is not. */
export type Gate = (exchange: Exchange) => string | undefined

// As a URL knows it: in lower case, without a port, an IPv6 address in brackets.
const hostnameOf = (host: string): string | undefined => {
  if (/[\s/?#@\\]/.test(host)) return undefined
  return URL.parse(`http://${host}`)?.hostname
}

/** Remembers the last question: almost all requests have the same one. */
const remembered = <A>(answer: (question: string) => A): ((question: string) => A) => {
  let last: { readonly question: string; readonly answer: A } | undefined
  return (question) => {
    if (last?.question !== question) last = { question, answer: answer(question) }
    return last.answer
  }
}

const shown = (value: string): string => JSON.stringify(value.slice(0, 200))

const checkHosts = (hosts: ReadonlySet<string>) => {
  if (hosts.has("*")) return () => undefined
  return remembered((host: string): string | undefined => {
    const name = hostnameOf(host)
    if (name !== undefined && hosts.has(name)) return undefined
    return `the host ${shown(host)} is not served here: only names of loopback and those in the option allowedHosts are`
  })
}

const checkOrigins = (hosts: ReadonlySet<string>, origins: ReadonlySet<string>) => {
  if (origins.has("*")) return () => undefined
  return remembered((origin: string): string | undefined => {
    if (origins.has(origin)) return undefined
    const [, host] = /^https?:\/\/(.*)$/i.exec(origin) ?? []
    const name = host === undefined ? undefined : hostnameOf(host)
    if (name !== undefined && hosts.has(name)) return undefined
    return `pages of ${shown(origin)} may not call this server: only those of loopback, of allowedHosts and of the option allowedOrigins may`
  })
}

/** Lets loopback in, and what is allowed besides. Throws on names that are none. */
export const makeGate = (allowedHosts: ReadonlyArray<string>, allowedOrigins: ReadonlyArray<string>): Gate => {
  for (const host of allowedHosts) {
    if (host !== "*" && hostnameOf(host) !== host) {
      throw new Error(`HttpServerTransport: allowedHosts has ${shown(host)}, which must be a name in lower case without a port`)
    }
  }
  for (const origin of allowedOrigins) {
    if (origin !== "*" && URL.parse(origin)?.origin !== origin) {
      throw new Error(`HttpServerTransport: allowedOrigins has ${shown(origin)}, which must be like "https://app.example.com"`)
    }
  }
  const hosts = new Set([...loopback, ...allowedHosts])
  const host = checkHosts(hosts)
  // A wildcard says nothing about pages.
  const origin = checkOrigins(new Set([...hosts].filter((name) => name !== "*")), new Set(allowedOrigins))
  return (exchange) => {
    const from = exchange.header("origin")
    return host(exchange.header("host") ?? "") ?? (from === undefined ? undefined : origin(from))
  }
}
