/**
 * MIME types of files, and whether bytes are sent as text.
 */
import * as Mime from "effect/http/Mime"
import * as Option from "effect/Option"
import * as Content from "../Content.ts"
import type { ResourceContents } from "../protocol/Content.ts"

// What the common tables do not know, or take for something that is rarely meant where models read.
const own: ReadonlyMap<string, string> = new Map([
  ...["ts", "mts", "cts", "tsx"].map((extension) => [extension, "text/typescript"] as const),
  ...["jsx", "cjs"].map((extension) => [extension, "text/javascript"] as const),
  ["mdx", "text/markdown"],
  ["py", "text/x-python"],
  ["rs", "text/x-rust"],
  ["go", "text/x-go"],
  ["jsonl", "application/jsonl"],
  ["ndjson", "application/jsonl"],
  ["toml", "application/toml"]
])

/** The MIME type that the extension of a file's name stands for. */
export const ofName = (name: string): string | undefined => {
  const last = name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1)
  const dot = last.lastIndexOf(".")
  if (dot <= 0) return undefined
  const extension = last.slice(dot + 1).toLowerCase()
  return own.get(extension) ?? Option.getOrUndefined(Mime.getType(extension))
}

/** Without parameters, in lower case. */
export const essenceOf = (mimeType: string): string => (mimeType.split(";")[0] ?? "").trim().toLowerCase()

const texts = new Set([
  "application/json",
  "application/jsonl",
  "application/xml",
  "application/javascript",
  "application/ecmascript",
  "application/typescript",
  "application/yaml",
  "application/x-yaml",
  "application/toml",
  "application/sql",
  "application/graphql",
  "application/x-sh",
  "application/x-httpd-php",
  "application/rtf"
])

const isUtf8 = (mimeType: string): boolean => {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(mimeType)?.[1]
  return charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset)
}

/** Whether a MIME type is that of texts, in an encoding that is known here. */
export const isText = (mimeType: string): boolean => {
  const essence = essenceOf(mimeType)
  return (essence.startsWith("text/") || texts.has(essence) || /\+(json|xml|yaml)$/.test(essence)) && isUtf8(mimeType)
}

// It throws on what is no UTF-8, and leaves a byte order mark out.
const utf8 = new TextDecoder("utf-8", { fatal: true })

const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * Bytes as the contents of a resource: a text when the MIME type says so and they are UTF-8, otherwise a blob. Without a type, what is
 * UTF-8 and has no NUL is a plain text.
 */
export const toContents = (uri: string, bytes: Uint8Array, mimeType: string | undefined): ResourceContents => {
  const text = mimeType === undefined || isText(mimeType) ? decode(bytes) : undefined
  if (text === undefined || (mimeType === undefined && text.includes("\0"))) {
    return Content.contents({ uri, mimeType: mimeType ?? "application/octet-stream", blob: bytes })
  }
  return { uri, mimeType: mimeType ?? "text/plain", text }
}
