/**
 * What clients are told when a resource that is ready-made cannot be read.
 */
import * as Effect from "effect/Effect"
import type { FileError } from "../FileError.ts"
import { Custom, McpError, resourceNotFound } from "../McpError.ts"
import { declaredCode } from "../wire/declared.ts"

/** A failure that is nobody's fault in the program: its text is for the client. */
export const failed = (detail: string): McpError => new McpError({ reason: new Custom({ code: declaredCode, detail }) })

/** That what a resource stands for is larger than what is read of it. */
export const isTooLarge = (maxBytes: number): McpError =>
  failed(`The resource is larger than the ${maxBytes} bytes that are read here; ask for a smaller one`)

/**
 * What a client hears of a file that was not read: that there is nothing, that it is too large, and of anything else only that
 * something broke, because the error names files of the server.
 */
export const toClient =
  (uri: string, maxBytes: number) =>
  (error: FileError): Effect.Effect<never, McpError> => {
    switch (error.reason) {
      case "missing":
      case "notAFile":
        return Effect.fail(resourceNotFound(uri))
      case "tooLarge":
        return Effect.fail(isTooLarge(maxBytes))
      default:
        return Effect.die(error)
    }
  }
