/**
 * Servers that come, go and come back at run time.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { NameTaken, ServersError } from "../ServersError.ts"
import { isUp } from "../ServerState.ts"
import type { Hub } from "./hub.ts"
import { Member, unavailable } from "./member.ts"
import { memberOf } from "./operations.ts"
import type { Servers } from "./service.ts"

type Service = Servers["Service"]

const reconnect = (hub: Hub, member: Member) =>
  Effect.gen(function* () {
    yield* Deferred.await(yield* hub.start(member))
    const { state } = member
    if (state._tag === "Failed") return yield* state.error
    // Somebody else has closed it meanwhile.
    if (!isUp(state)) return yield* unavailable(member.name, state)
  })

const add = (hub: Hub): Service["add"] =>
  Effect.fnUntraced(function* (server, spec) {
    const member = new Member(server, spec)
    yield* Effect.acquireRelease(
      Effect.suspend(() => {
        if (hub.members.has(server)) return Effect.fail(new ServersError({ reason: new NameTaken({ server }) }))
        return hub.add([member])
      }),
      () => hub.remove(member)
    )
    yield* hub.bring(member)
  })

/** What changes the set of servers, or the way to one. */
export const managing = (hub: Hub): Pick<Service, "reconnect" | "close" | "add" | "remove"> => ({
  reconnect: (server) => Effect.flatMap(memberOf(hub, server), (member) => reconnect(hub, member)),
  close: (server) => Effect.flatMap(memberOf(hub, server), (member) => hub.stop(member)),
  add: add(hub),
  remove: (server) => Effect.flatMap(memberOf(hub, server), (member) => hub.remove(member))
})
