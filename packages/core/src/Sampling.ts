/**
 * Asks the model of the client, in the words of the protocol.
 *
 * Source: "Sampling" in the client features of every revision.
 */
import { question } from "./internal/question.ts"
import { type CreateMessageParams, CreateMessageResult } from "./protocol/Sampling.ts"

/**
 * Asks the client's model for a message. Fails with `Unsupported` when the client did not declare that it can, or cannot be reached,
 * and with `AskingFailed` when it refuses. The key tells the question from the others of the same handler.
 */
export const ask = question<CreateMessageParams, CreateMessageResult>("sampling/createMessage", CreateMessageResult)
