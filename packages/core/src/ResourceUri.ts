/**
 * URIs of resources, made from their contracts: for links, for `Resource.updated`, for subscriptions.
 */
import type { Any, Args } from "./Resource.ts"
import { type ClientResource, encodeUri } from "./ResourceCodec.ts"

const encoders = new WeakMap<Any, ClientResource["encodeUri"]>()

/**
 * The URI of a resource: its own, or that of its template with these variables. It is the one that a typed client asks for.
 *
 * Throws, with a line for each problem, when a variable is not what the contract says.
 *
 * @example
 * const Book = Resource.template("book", "library://books/{isbn}{?page}", { parameters: { page: Schema.Int } })
 * ResourceUri.of(Book, { isbn: "0262510871", page: 4 }) // "library://books/0262510871?page=4"
 */
export const of = <T extends Any>(resource: T, ...args: Args<T> extends void ? [] : [args: Args<T>]): string => {
  let encode = encoders.get(resource)
  if (encode === undefined) encoders.set(resource, (encode = encodeUri(resource)))
  const encoded = encode(args[0] ?? {})
  if (encoded._tag === "Success") return encoded.uri
  throw new Error(`the URI of resource "${resource.name}" cannot be made:\n${encoded.text}`)
}
