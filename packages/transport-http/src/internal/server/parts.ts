/**
 * What is mounted beside endpoints and only read.
 */
import type { Exchange, Reply } from "../../Exchange.ts"
import * as replies from "./replies.ts"

/** The refusal of what is not for reading. */
export const notRead = ({ method }: Exchange): Reply | undefined =>
  method === "GET" || method === "HEAD"
    ? undefined
    : replies.text(405, "Method not allowed: this is only read", { allow: "GET, HEAD" })
