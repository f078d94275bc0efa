/**
 * What an icon must be like, so that clients show it: they fetch web pages and read `data:` URIs, and nothing else.
 *
 * Source: "Icons" of the base protocol, since 2025-11-25.
 */
import { isObject } from "./Jsonrpc.ts"

const shown = (value: unknown): string => {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object" // whose text could throw
  const text = typeof value === "string" ? JSON.stringify(value) : String(value)
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}

const isImageType = (mimeType: unknown): boolean => typeof mimeType === "string" && /^image\/[\w.+-]+(\s*;.*)?$/i.test(mimeType)

// The payload is looked at only as far as a mistake would show: bytes that were never encoded.
const dataFault = (src: string): string | undefined => {
  const comma = src.indexOf(",")
  if (comma < 0) return "is a data: URI without a comma"
  const [mimeType = "", ...parameters] = src.slice("data:".length, comma).split(";")
  if (!isImageType(mimeType)) return `is a data: URI of type ${shown(mimeType)}; an icon is an image, such as image/png`
  const payload = src.slice(comma + 1)
  if (payload === "") return "is a data: URI without data"
  const isBase64 = parameters.at(-1)?.trim().toLowerCase() === "base64"
  return isBase64 && !/^[\w+/%=-]+$/.test(payload.slice(0, 256)) ? "is a data: URI whose data is no base64" : undefined
}

const srcFault = (src: unknown): string | undefined => {
  if (typeof src !== "string" || src === "") return "must be a URI"
  if (/^data:/i.test(src)) return dataFault(src)
  if (!/^https?:/i.test(src)) return "must be a URI of https:, http: or data:; `Icon.fromFile` makes one of a file"
  return /^https?:\/\/[^\s/?#]/i.test(src) && !/\s/.test(src) && URL.canParse(src) ? undefined : "is no URL"
}

const sizesFault = (sizes: unknown): string | undefined => {
  if (!Array.isArray(sizes)) return "must be an array"
  const bad: unknown = sizes.find((size) => typeof size !== "string" || !/^(?:any|[1-9]\d*x[1-9]\d*)$/.test(size))
  return bad === undefined ? undefined : `has ${shown(bad)}; a size is "48x48", or "any"`
}

const iconFault = (icon: unknown): string | undefined => {
  if (!isObject(icon)) return `: ${shown(icon)} is no icon: an icon is an object with \`src\``
  const src = srcFault(icon["src"])
  if (src !== undefined) return `.src: ${shown(icon["src"])} ${src}`
  const { mimeType, sizes, theme } = icon
  if (mimeType !== undefined && !isImageType(mimeType))
    return `.mimeType: ${shown(mimeType)} is no type of images, such as "image/png"`
  const size = sizes === undefined ? undefined : sizesFault(sizes)
  if (size !== undefined) return `.sizes: ${size}`
  if (theme !== undefined && theme !== "light" && theme !== "dark") return `.theme: ${shown(theme)} is neither "light" nor "dark"`
  return undefined
}

/**
 * What is wrong with the first bad icon of a component or of a server, beginning with its place, or `undefined`: `icons[1].src: ...`.
 * The source must be a URL of https: or http:, or a data: URI of an image; so that nothing runs or reads files where icons are shown.
 */
export const fault = (icons: unknown): string | undefined => {
  if (icons === undefined) return undefined
  if (!Array.isArray(icons)) return "icons: must be an array"
  for (const [i, icon] of icons.entries()) {
    const found = iconFault(icon)
    if (found !== undefined) return `icons[${i}]${found}`
  }
  return undefined
}
