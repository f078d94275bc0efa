/**
 * The environment of a server's process: what it inherits, what is set on top, and which of that is secret.
 */
import * as Redacted from "effect/Redacted"

/** What is passed on of this process's own environment. */
export type Inherit = "minimal" | "all" | "none"

/** Variables by name. `undefined` takes an inherited variable away. */
export interface Variables {
  readonly [name: string]: string | Redacted.Redacted<string> | undefined
}

/** The list of the official SDKs. */
const posix = ["HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"]

/** The list of the official SDKs, and what `cmd.exe`, Node, Python and .NET were found not to start or to work without. */
const windows = (
  "APPDATA COMSPEC HOMEDRIVE HOMEPATH LOCALAPPDATA NUMBER_OF_PROCESSORS OS PATH PATHEXT PROCESSOR_ARCHITECTURE PROGRAMDATA " +
  "PROGRAMFILES PROGRAMFILES(X86) PROGRAMW6432 SYSTEMDRIVE SYSTEMROOT TEMP TMP USERDOMAIN USERNAME USERPROFILE WINDIR"
).split(" ")

/** Where certificates are, in Node, OpenSSL, Python and curl: behind a proxy with one of its own, `npx` and `uvx` wait in vain without. */
const certificates = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]

const names = (inherit: Inherit, platform: NodeJS.Platform, parent: NodeJS.ProcessEnv): ReadonlyArray<string> => {
  switch (inherit) {
    case "all":
      return Object.keys(parent)
    case "none":
      return []
    case "minimal": {
      const wanted = new Set([...(platform === "win32" ? windows : posix), ...certificates])
      const fold = platform === "win32" ? (name: string) => name.toUpperCase() : (name: string) => name
      // A value that starts with "()" is a function that a shell exported: code, not data.
      return Object.keys(parent).filter((name) => wanted.has(fold(name)) && parent[name]?.startsWith("()") === false)
    }
  }
}

/**
 * Puts the environment of a process together. Names are compared without regard to case on Windows, as the system does: a
 * variable `path` replaces an inherited `Path`.
 */
export const environment = (
  inherit: Inherit,
  variables: Variables,
  platform: NodeJS.Platform,
  parent: NodeJS.ProcessEnv
): Record<string, string> => {
  const result = new Map<string, readonly [name: string, value: string]>()
  const key = (name: string) => (platform === "win32" ? name.toUpperCase() : name)
  for (const name of names(inherit, platform, parent)) {
    const value = parent[name]
    if (value !== undefined) result.set(key(name), [name, value])
  }
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) result.delete(key(name))
    else result.set(key(name), [name, Redacted.isRedacted(value) ? Redacted.value(value) : value])
  }
  return Object.fromEntries(result.values())
}

/** Looks a variable up, without regard to case on Windows. */
export const variable = (
  env: { readonly [name: string]: string | undefined },
  name: string,
  platform: NodeJS.Platform
): string | undefined => {
  if (platform !== "win32") return env[name]
  const found = Object.keys(env).find((candidate) => candidate.toUpperCase() === name.toUpperCase())
  return found === undefined ? undefined : env[found]
}

/** Takes secret values out of a text. `longest` is the length of the longest, in bytes. */
export interface Scrubber {
  readonly longest: number
  readonly scrub: (text: string) => string
}

/** Makes a {@link Scrubber} for those of the given values that are `Redacted`. Only their plain form is recognised. */
export const makeScrubber = (values: ReadonlyArray<unknown>): Scrubber => {
  const secrets = values
    .flatMap((value) => (Redacted.isRedacted(value) ? [String(Redacted.value(value))] : []))
    .filter((secret) => secret !== "")
    .toSorted((a, b) => b.length - a.length) // one secret may be a part of another
  return {
    longest: secrets.reduce((max, secret) => Math.max(max, Buffer.byteLength(secret)), 0),
    scrub: (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, "<redacted>"), text)
  }
}
