/**
 * A task that was started and is followed.
 */
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import type * as Tasks from "../../src/Tasks.ts"
import { type Json, settle } from "./server.ts"
import { type Setting, task, tasking, toolNamed } from "./tasks.ts"

export const relatedKey = "io.modelcontextprotocol/related-task"

/** A task that was started, and how the test goes on with it. */
export const started = (setting: Setting = {}, options: Tasks.StartOptions = {}) =>
  Effect.gen(function* () {
    const { client, connection } = yield* tasking(() => {}, setting)
    const render = yield* client.tasks.start(toolNamed("render"), {}, options)
    connection.sent.length = 0
    const reply = (method: string, result: Json) =>
      Effect.andThen(
        Effect.sync(() => connection.answer(connection.last(method), result)),
        settle
      )
    const refuse = (method: string, code: number, detail: string) =>
      Effect.andThen(
        Effect.sync(() => connection.refuse(connection.last(method), code, detail)),
        settle
      )
    const tell = (status: string, more: Json = {}) =>
      Effect.andThen(
        Effect.sync(() => connection.notify("notifications/tasks/status", task(status, more))),
        settle
      )
    /** Lets time pass until the next question about the state, and answers it. */
    const polled = (status: string, more: Json = {}) =>
      Effect.andThen(TestClock.adjust("1 second"), reply("tasks/get", task(status, more)))
    return { client, connection, render, reply, refuse, tell, polled }
  })

/** The status and message of each state. */
export const shown = (states: ReadonlyArray<Tasks.State>) =>
  states.map(({ status, statusMessage }) => (statusMessage === undefined ? status : `${status}: ${statusMessage}`))
