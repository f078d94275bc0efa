/**
 * A Worker. It may do nothing before its first request, so the server is built with that. An isolate may end at any time, and there may be
 * many: sessions need a Durable Object, or stores that all share.
 */
import { handler } from "./handler.ts"

export default { fetch: handler }
