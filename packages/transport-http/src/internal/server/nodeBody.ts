/**
 * The body of a request of `node:http`. It knows the types of Node alone, so what imports it runs elsewhere, too.
 */
import type { IncomingMessage } from "node:http"
import type { BodyProblem } from "../../Exchange.ts"
import { decodeUtf8, joined } from "../bytes.ts"

/** Takes a body, or what is wrong with it. */
export type OnBody = (body: string | undefined, problem: BodyProblem | undefined) => void

/** Whether something is a request of `node:http` whose body can be read. */
export const isNodeRequest = (source: object): source is IncomingMessage =>
  "readableEnded" in source && "on" in source && "resume" in source

/** Reads a body, see `Exchange.readText`. */
export const readNodeBody = (request: IncomingMessage, limit: number, timeout: number, done: OnBody): void => {
  // Somebody else, such as a parser of bodies, was before us.
  if (request.readableEnded) return done(undefined, "unreadable")
  if (request.destroyed) return done(undefined, "gone")
  const chunks: Array<Uint8Array> = []
  let size = 0
  const end: OnBody = (body, problem) => {
    clearTimeout(timer)
    request.off("data", take).off("end", finish).off("close", gone)
    // What still comes is dropped, and the connection with it.
    if (body === undefined) request.resume()
    done(body, problem)
  }
  const take = (chunk: Uint8Array): void => {
    size += chunk.length
    if (size > limit) end(undefined, "too-large")
    else chunks.push(chunk)
  }
  const finish = (): void => {
    const text = decodeUtf8(joined(chunks, size))
    end(text, text === undefined ? "unreadable" : undefined)
  }
  const gone = (): void => end(undefined, "gone")
  // Almost all bodies are there by now.
  let timer: ReturnType<typeof setTimeout> | undefined = undefined
  request.on("data", take).on("end", finish).on("close", gone)
  timer = setTimeout(() => end(undefined, "too-slow"), timeout)
}
