/**
 * The server of the process tests: tools that misbehave as only a process can. The server itself writes while it is built.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Progress from "@effect-mcp/core/Progress"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { writeSync } from "node:fs"

export class Misfits extends McpGroup.make(
  "misfits",
  Tool.make("noise", { success: Schema.Int }),
  Tool.make("flood", { parameters: { count: Schema.Int, size: Schema.Int }, success: Schema.Int }),
  Tool.make("big", { parameters: { size: Schema.Int, later: Schema.optionalKey(Schema.Boolean) }, success: Schema.String }),
  Tool.make("echo", { parameters: { text: Schema.String }, success: Schema.String }),
  Tool.make("sleep", { parameters: { ms: Schema.Int }, success: Schema.Int }),
  Tool.make("never"),
  Tool.make("accident", { parameters: { kind: Schema.Literals(["throw", "reject"]) } }),
  Tool.make("linger"),
  Tool.make("family", { success: Schema.Array(Schema.Int) })
) {}

const node = process.execPath

/** A process that lives until it is killed; it writes one line to its stdout first. */
const grandchild = async (detached: boolean): Promise<number> => {
  const child = spawn(node, ["-e", "console.log('up'); setInterval(() => {}, 1000)"], {
    stdio: ["ignore", "pipe", "ignore"],
    detached
  })
  await once(child.stdout, "data")
  return child.pid!
}

const handlers = Misfits.toLayer({
  tools: {
    noise: () =>
      Effect.gen(function* () {
        console.log("stray: console.log")
        console.table(["stray: console.table"])
        process.stdout.write("stray: stdout.write\n")
        writeSync(1, "stray: writeSync\n")
        const child = spawn(node, ["-e", "console.log('stray: child')"], { stdio: "inherit" })
        yield* Effect.promise(() => once(child, "exit"))
        yield* Console.log("stray: Console.log")
        yield* Effect.log("stray: Effect.log")
        yield* Effect.promise(() => import("../fixtures/stray.ts"))
        return 1
      }),
    flood: Effect.fn("flood")(function* ({ count, size }) {
      for (let i = 1; i <= count; i++) yield* Progress.report(i, count, "x".repeat(size))
      return count
    }),
    big: ({ later, size }) => {
      const made = Effect.sync(() => "x".repeat(size))
      return later === true ? Effect.delay(made, 1) : made
    },
    echo: ({ text }) => Effect.succeed(text),
    sleep: ({ ms }) => Effect.delay(Effect.succeed(ms), ms),
    never: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => console.error("interrupted"))),
    accident: ({ kind }) =>
      Effect.sync(() => {
        setTimeout(() => {
          process.stdout.write("stray: before the accident\n")
          if (kind === "throw") throw new Error("the accident")
          void Promise.reject(new Error("the accident"))
        }, 20)
      }),
    linger: () =>
      Effect.sync(() => {
        setInterval(() => {}, 1000)
        spawn(node, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "pipe", "ignore"] })
      }),
    family: () => Effect.promise(() => Promise.all([grandchild(false), grandchild(true)]))
  }
})

const noisy = Layer.effectDiscard(
  Effect.gen(function* () {
    console.log("stray: console.log, while built")
    yield* Console.log("stray: Console.log, while built")
    yield* Effect.log("stray: Effect.log, while built")
    yield* Effect.addFinalizer(() => Console.log("stray: Console.log, while closed"))
  })
)

/** See the module. */
export const Server = McpServer.layer({ name: "misfits", version: "1.0.0" }, Misfits).pipe(Layer.provide([handlers, noisy]))
