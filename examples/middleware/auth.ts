/**
 * A middleware that handlers can rely on: inside of it there always is a user.
 */
import * as Content from "@effect-mcp/core/Content"
import * as Middleware from "@effect-mcp/core/Middleware"
import { RequestContext } from "@effect-mcp/core/RequestContext"
import { Context, Effect, Layer } from "effect"

/** Who is asking, in the words of the application. */
export class CurrentUser extends Context.Service<CurrentUser, { readonly name: string }>()("examples/middleware/CurrentUser") {}

/** The people whom the application knows. */
export class Users extends Context.Service<Users, ReadonlyMap<string, { readonly name: string }>>()("examples/middleware/Users") {
  static readonly layer = Layer.succeed(Users, new Map([["u-1", { name: "Ada" }]]))
}

/** The declaration. A group asks for it, and its handlers may use `CurrentUser`: the compiler knows that it is there. */
export class Auth extends Middleware.make<Auth>()("Auth", { provides: CurrentUser }) {}

/** The implementation. What it uses becomes a requirement of its own layer; neither group nor handlers have to know. */
export const AuthLive = Auth.layer({
  "tools/call": Effect.fn("Auth")(function* (request, next) {
    const users = yield* Users
    // Who is at the other end, as the transport found out. Anonymous, unless something has authenticated the request.
    const { principal } = yield* RequestContext
    const user = users.get(principal.subject ?? "")
    return user === undefined
      ? { content: [Content.text(`Sign in to use ${request.name}`)], isError: true }
      : yield* Effect.provideService(next(request), CurrentUser, user)
  })
})
