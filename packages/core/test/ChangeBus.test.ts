import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as ChangeBus from "../src/ChangeBus.ts"

const subscribe = (listener: (change: ChangeBus.Change) => void) => ChangeBus.ChangeBus.use((bus) => bus.subscribe(listener))
const publish = (change: ChangeBus.Change) => ChangeBus.ChangeBus.use((bus) => bus.publish(change))
const run = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, ChangeBus.layerMemory, { local: true })

describe("ChangeBus.layerMemory", () => {
  it.effect("every listener has heard of a change when publish is done, in the order of subscription", () =>
    run(
      Effect.gen(function* () {
        const heard: Array<string> = []
        yield* publish(ChangeBus.promptsChanged)
        yield* subscribe((change) => heard.push(`1 ${change._tag}`))
        yield* subscribe((change) => heard.push(`2 ${change._tag}`))
        yield* publish(ChangeBus.toolsChanged)
        yield* publish(ChangeBus.resourceUpdated("file:///a"))
        assert.deepStrictEqual(heard, ["1 ToolsChanged", "2 ToolsChanged", "1 ResourceUpdated", "2 ResourceUpdated"])
      })
    )
  )

  it.effect("a subscription ends with its scope, and only this one", () =>
    run(
      Effect.gen(function* () {
        let count = 0
        const listener = () => count++
        const scope = yield* Scope.make()
        yield* Scope.provide(subscribe(listener), scope)
        yield* subscribe(listener)
        yield* publish(ChangeBus.toolsChanged)
        assert.strictEqual(count, 2)
        yield* Scope.close(scope, Exit.void)
        yield* publish(ChangeBus.toolsChanged)
        assert.strictEqual(count, 3)
      })
    )
  )

  it.effect("a listener that throws is logged and disturbs nobody", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      lines.push(`${logLevel} ${String(message)}`)
    })
    return run(
      Effect.gen(function* () {
        const heard: Array<string> = []
        yield* subscribe((change) => heard.push(change._tag))
        yield* subscribe(() => {
          throw new Error("broken")
        })
        yield* subscribe((change) => heard.push(change._tag))
        yield* publish(ChangeBus.toolsChanged)
        yield* publish(ChangeBus.toolsChanged)
        assert.strictEqual(heard.length, 4)
        assert.strictEqual(lines.length, 2)
        assert.match(lines[0]!, /^Error .*ToolsChanged/)
      })
    ).pipe(Effect.provide(Logger.layer([logger])))
  })

  it.effect("who comes or goes while a change is delivered does not hear of it", () =>
    run(
      Effect.gen(function* () {
        const context = yield* Effect.context<ChangeBus.ChangeBus | Scope.Scope>()
        const heard: Array<string> = []
        const scope = yield* Scope.make()
        yield* subscribe(() => {
          Effect.runSyncWith(context)(Scope.close(scope, Exit.void))
          Effect.runSyncWith(context)(subscribe(() => heard.push("late")))
        })
        yield* Scope.provide(
          subscribe(() => heard.push("gone")),
          scope
        )
        yield* publish(ChangeBus.toolsChanged)
        assert.deepStrictEqual(heard, [])
        yield* publish(ChangeBus.toolsChanged)
        assert.deepStrictEqual(heard, ["late"])
      })
    )
  )
})

describe("Change", () => {
  it.prop("is its own JSON", { change: ChangeBus.Change }, ({ change }) => {
    assert.deepStrictEqual(Schema.decodeUnknownSync(ChangeBus.Change)(JSON.parse(JSON.stringify(change))), change)
  })
})
