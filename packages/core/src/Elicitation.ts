/**
 * Asks the user of the client, in the words of the protocol.
 *
 * Source: "Elicitation" in the client features since 2025-06-18.
 */
import { question } from "./internal/question.ts"
import { type ElicitParams, ElicitResult } from "./protocol/Elicitation.ts"

/**
 * Shows the user a form, or a page, and waits for the answer. Fails with `Unsupported` when the client did not declare that it can,
 * or cannot be reached, and with `AskingFailed` when it refuses. The key tells the question from the others of the same handler.
 */
export const ask = question<ElicitParams, ElicitResult>("elicitation/create", ElicitResult)
