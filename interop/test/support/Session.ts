/** Our client, connected to a server, as tests use it. */
import {
  type ClientTransport,
  Effect,
  ElicitationHandler,
  type Fiber,
  Layer,
  Logger,
  ManagedRuntime,
  McpClient,
  type Revision,
  RootsHandler,
  SamplingHandler,
  StdioClientTransport
} from "../../ours.ts"
import { Inbox } from "./Inbox.ts"
import type { Program } from "./programs.ts"
import { rejected, type User } from "./User.ts"

interface Notification {
  readonly method: string
  readonly params?: any
}

/** A connected client, and what the server told it. */
export interface Session {
  readonly client: McpClient.McpClient["Service"]
  readonly run: <A, E>(effect: Effect.Effect<A, E, McpClient.McpClient>) => Promise<A>
  readonly fork: (effect: Effect.Effect<unknown, unknown>) => Fiber.Fiber<unknown, unknown>
  readonly told: Inbox<Notification>
  readonly close: () => Promise<void>
}

/** What our client declares and answers that has a user: everything. */
export const handlersOf = (user: User) => {
  const take = (method: string, params: unknown) => Effect.promise((signal) => user.take(method, params, signal))
  const elicit = (params: unknown) => take("elicitation/create", params)
  return Layer.mergeAll(
    ElicitationHandler.layer({ form: elicit, url: elicit }),
    SamplingHandler.layer(
      (params) =>
        Effect.flatMap(take("sampling/createMessage", params), (answer) =>
          answer === rejected ? SamplingHandler.reject() : Effect.succeed(answer)
        ),
      { tools: true }
    ),
    RootsHandler.layer(Effect.map(take("roots/list", undefined), ({ roots }) => roots))
  ).pipe(Layer.provideMerge(Logger.layer([]))) // answers that do not fit are logged
}

/** How to reach a server: over its stdio, or in another way, which is made anew for each connection. */
export type Reach = Program | (() => Layer.Layer<ClientTransport.ClientTransport>)

const transportOf = (reach: Reach) =>
  typeof reach === "function" ? reach() : StdioClientTransport.layer({ command: reach.command, args: [...reach.args] })

/** Connects to a server. Without a user the client declares nothing that it could be asked. */
export const connect = async (reach: Reach, versions?: ReadonlyArray<Revision.Version>, user?: User): Promise<Session> => {
  const told = new Inbox<Notification>()
  const layer = McpClient.layer({
    name: "ours",
    version: "1.0.0",
    ...(versions === undefined ? {} : { versions }),
    onNotification: (notification) => Effect.sync(() => told.push(notification))
  }).pipe(Layer.provideMerge(user === undefined ? Layer.empty : handlersOf(user)), Layer.provide(transportOf(reach)))
  const runtime = ManagedRuntime.make(layer)
  const client = await runtime.runPromise(McpClient.McpClient)
  return {
    client,
    run: (effect) => runtime.runPromise(effect),
    fork: (effect) => runtime.runFork(effect),
    told,
    close: () => runtime.dispose()
  }
}
