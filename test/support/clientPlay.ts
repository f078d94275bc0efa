/**
 * Plays what a server says to a real client, in virtual time and without any turn of the event loop, and checks what the client does.
 */
import * as McpClient from "@effect-mcp/client/McpClient"
import { McpClientError } from "@effect-mcp/client/McpClientError"
import type * as RootsHandler from "@effect-mcp/client/RootsHandler"
import { ClientTransport } from "@effect-mcp/core/ClientTransport"
import type * as Revision from "@effect-mcp/core/Revision"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { TestClock } from "effect/testing"
import type { Script } from "./mutateServer.ts"
import type { Random } from "./random.ts"
import { handlers, type Kit, type Operation, options } from "./richClient.ts"
import { Broke } from "./richServer.ts"
import { Stage } from "./stage.ts"
import { broken, type World } from "./world.ts"

/** A whole play. */
export interface Play {
  readonly scripts: ReadonlyArray<Script>
  /** The revisions that the client speaks. */
  readonly versions: ReadonlyArray<Revision.Version>
  readonly operations: ReadonlyArray<Operation>
  /** Whether everything is asked at once. */
  readonly together: boolean
  /** Whether the client is closed while it is busy. */
  readonly closesEarly: boolean
}

type Client = McpClient.McpClient["Service"]

// More than the client waits for anything, but for a person.
const patience = Duration.seconds(61)
const forPeople = Duration.minutes(11)
// So often it may start to wait again: each round of questions is a request of its own.
const maxWaits = 40

/** Everything that a client may fail with. */
const checkError = (name: string, exit: Exit.Exit<unknown, unknown>): void => {
  if (Exit.isSuccess(exit)) return
  for (const reason of exit.cause.reasons) {
    if (!Cause.isFailReason(reason)) broken(`${name} ended with a defect or an interruption: ${Cause.pretty(exit.cause)}`)
    else if (!(reason.error instanceof McpClientError || reason.error instanceof Broke))
      broken(`${name} failed with something else: ${Cause.pretty(exit.cause)}`)
    else if (typeof reason.error.message !== "string") broken(`${name} failed without a message`)
  }
}

/** One client and what became of what it does. */
class Run {
  readonly world: World
  readonly stage: Stage
  readonly scope = Scope.makeUnsafe()
  private readonly play: Play
  private running = 0
  private busyHandlers = 0

  constructor(world: World, play: Play, random: Random) {
    this.world = world
    this.play = play
    this.stage = new Stage(play.scripts, random, world)
  }

  private readonly kit = (roots: Kit["roots"]): Kit => ({
    roots,
    counted: (effect) =>
      Effect.suspend(() => {
        this.busyHandlers++
        return Effect.ensuring(
          effect,
          Effect.sync(() => this.busyHandlers--)
        )
      })
  })

  /** Runs an effect until nothing moves any more, and moves the clock until the effect is over. */
  private settle(name: string, effect: Effect.Effect<unknown, unknown>): Exit.Exit<unknown, unknown> | undefined {
    const ended: { exit?: Exit.Exit<unknown, unknown> } = {}
    this.start(name, effect, (exit) => void (ended.exit = exit))
    this.rest()
    for (let waits = 0; ended.exit === undefined && waits < maxWaits; waits++) this.wait(patience)
    return ended.exit ?? broken(`${name} does not end`)
  }

  private start(name: string, effect: Effect.Effect<unknown, unknown>, onEnd: (exit: Exit.Exit<unknown, unknown>) => void): void {
    let ends = 0
    this.running++
    this.world.fork(effect).addObserver((exit) => {
      this.running--
      if (++ends > 1) this.world.fault(`${name} ended twice`)
      onEnd(exit)
    })
  }

  /** Until nothing moves any more. */
  private rest(): void {
    do this.world.rest()
    while (this.stage.deliver())
  }

  private wait(time: Duration.Duration): void {
    let isOver = false
    this.world.fork(TestClock.adjust(time)).addObserver(() => (isOver = true))
    this.rest()
    if (!isOver) broken("the clock stands still")
  }

  private connect(kit: Kit): { readonly client: Client | undefined } {
    let client: Client | undefined
    const transport = Context.make(ClientTransport, this.stage.transport)
    const made = McpClient.make({
      ...options,
      versions: this.play.versions,
      onNotification: () => kit.counted(Effect.yieldNow)
    }).pipe(
      Effect.tap((made) => Effect.sync(() => (client = made))),
      Effect.provide(handlers(kit)),
      Effect.provideContext(Context.add(transport, Scope.Scope, this.scope))
    )
    checkError("connecting", this.settle("connecting", made)!)
    return { client }
  }

  private operate(client: Client, kit: Kit): void {
    const { closesEarly, operations, together } = this.play
    if (client.revision.era === "request") this.stage.mayAnswer = false
    const one = ({ name, run }: Operation) => {
      this.start(name, run(client, kit), (exit) => this.world.guard(() => checkError(name, exit)))
    }
    for (const operation of operations) {
      one(operation)
      if (!together) this.rest()
    }
    if (closesEarly) return
    this.rest()
    for (let waits = 0; this.running > 0 && waits < maxWaits; waits++) this.wait(patience)
    if (this.running > 0) broken(`${this.running} operations do not end`)
    this.wait(forPeople)
    this.stage.checkAnswers()
  }

  run(): WeakRef<object> | undefined {
    const before = this.world.fibers
    const roots = this.world.now(SubscriptionRef.make<RootsHandler.Roots>([{ uri: "file:///a" }]))
    const kit = this.kit(roots)
    const { client } = this.connect(kit)
    if (client !== undefined) this.operate(client, kit)
    checkClosed(this.settle("closing", Scope.close(this.scope, Exit.void)))
    // Who answers a question inside of a request goes on, and finds the connection closed then.
    for (let waits = 0; this.running > 0 && waits < maxWaits; waits++) this.wait(patience)
    if (this.running > 0) broken(`${this.running} operations outlive the client`)
    if (this.busyHandlers > 0) broken(`${this.busyHandlers} handlers outlive the client`)
    if (this.world.fibers !== before) broken(`${this.world.fibers - before} fibers outlive the client`)
    this.stage.checkClosed()
    return client === undefined ? undefined : new WeakRef(client)
  }
}

const checkClosed = (exit: Exit.Exit<unknown, unknown> | undefined): void => {
  if (exit === undefined || Exit.isFailure(exit)) broken("closing the client failed")
}

/** Plays; throws what is wrong. Gives what must not stay in memory. */
export const play = (world: World, play: Play, random: Random): WeakRef<object> | undefined => {
  world.begin()
  const left = new Run(world, play, random).run()
  world.end()
  return left
}
