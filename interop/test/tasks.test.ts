/**
 * Our client runs the tools of SDK v1 as tasks over stdio. SDK v2 and effect/ai have none.
 */
import { randomUUID } from "node:crypto"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { form } from "../fixtures/questions.ts"
import { Effect, McpClient, Schema, Stream, Tasks, Tool } from "../ours.ts"
import { theirs } from "./support/programs.ts"
import { connect, type Session } from "./support/Session.ts"
import { accept, User } from "./support/User.ts"

const Render = Tool.make("render", {
  parameters: { key: Schema.String },
  success: Schema.Struct({ key: Schema.String })
})

describe("tasks of a server of SDK v1", () => {
  const user = new User()
  let session: Session
  beforeAll(async () => void (session = await connect(theirs("sdk1Tasks"), ["2025-11-25"], user)))
  afterAll(() => session.close())

  const tasks = () => session.client.tasks
  const run: Session["run"] = (effect) => session.run(effect)
  const go = (key: string, what: string) => session.client.callTool("go", { key, what })
  const textOf = ({ content }: { readonly content: ReadonlyArray<any> }) => content.map((block) => block.text).join()
  const reasonOf = async (effect: Effect.Effect<unknown, unknown, McpClient.McpClient>): Promise<any> =>
    ((await run(Effect.flip(effect))) as { readonly reason: unknown }).reason

  it("are declared", () => assert.isTrue(tasks().isSupported))

  it("run, tell how far they are, and give their result, read by a contract", async () => {
    const key = randomUUID()
    const told: Array<number> = []
    const onProgress = ({ progress }: McpClient.Progress) => Effect.sync(() => void told.push(progress))
    const typed = await run(McpClient.of(Render))
    const task = await run(typed.tasks.render({ key }, { ttl: "1 minute", onProgress }))
    assert.isFalse(task.returned)
    assert.include(await run(task.state), { status: "working", ttlMs: 60_000, pollIntervalMs: 100 })
    const states = run(Stream.runCollect(task.changes))
    const half = run(
      task.changes.pipe(
        Stream.filter(({ statusMessage }) => statusMessage === "half"),
        Stream.runHead
      )
    )
    await run(go(key, "half"))
    await half
    await run(go(key, "go"))
    assert.deepStrictEqual(await run(task.await), { key })
    assert.deepStrictEqual(
      (await states).map(({ status, statusMessage }) => [status, statusMessage]),
      [
        ["working", undefined],
        ["working", "half"],
        ["completed", "half"]
      ]
    )
    assert.deepStrictEqual(told, [1])
  })

  it("are found again, and listed", async () => {
    const key = randomUUID()
    const { id } = await run(tasks().start("render", { key }))
    const found = await run(tasks().get(id!))
    assert.include(
      (await run(tasks().list)).map(({ taskId }) => taskId),
      id
    )
    await run(Effect.andThen(go(key, "half"), go(key, "go")))
    const result = await run(found.await)
    assert.deepStrictEqual([textOf(result), Tasks.relatedTask(result)], ["rendered", id])
    assert.include(await reasonOf(tasks().get("nobody")), { _tag: "RequestFailed", code: -32602 })
  })

  it("that fail give the result that says so", async () => {
    const task = await run(tasks().start("burn", { key: "" }))
    const result = await run(task.await)
    assert.deepStrictEqual([textOf(result), result.isError, (await run(task.state)).status], ["burnt", true, "failed"])
    const ordinary = await run(session.client.callTool("burn", { key: "" }))
    assert.include(textOf(ordinary), "requires task augmentation")
  })

  it("ask the user of the client", async () => {
    user.answering(() => accept({ name: "Ann", size: "s" }))
    const task = await run(tasks().start("order", { key: "" }))
    const answer = JSON.parse(textOf(await run(task.await)))
    assert.strictEqual(answer.action, "accept")
    assert.strictEqual(Tasks.relatedTask(answer), task.id)
    const [question] = user.asked
    assert.deepStrictEqual([question?.params["message"], Tasks.relatedTask(question!.params)], [form.message, task.id])
    assert.strictEqual((await run(task.state)).status, "completed")
  })

  it("are cancelled", async () => {
    const key = randomUUID()
    const task = await run(tasks().start("render", { key }))
    const waiting = reasonOf(task.await)
    assert.strictEqual((await run(task.cancel)).status, "cancelled")
    assert.include(await waiting, { _tag: "TaskCancelled", taskId: task.id })
    assert.strictEqual((await run((await run(tasks().get(task.id!))).cancel)).status, "cancelled")
    await run(Effect.andThen(go(key, "half"), session.client.callTool("seen", { key, what: "refused" })))
  })

  it("are cancelled with the scope of who started them", async () => {
    const key = randomUUID()
    const id = await run(Effect.scoped(Effect.map(tasks().startScoped("render", { key }), (task) => task.id!)))
    assert.strictEqual((await run(Effect.flatMap(tasks().get(id), (task) => task.wait()))).status, "cancelled")
  })

  it("that are over by the time they are cancelled stay as they are", async () => {
    const key = randomUUID()
    const task = await run(tasks().start("render", { key }))
    await run(Effect.andThen(go(key, "half"), go(key, "go")))
    await run(task.await)
    const { id } = task
    assert.include(await reasonOf(session.client.request("tasks/cancel", { taskId: id })), { code: -32602 })
    assert.strictEqual((await run(task.cancel)).status, "completed")
  })

  it("are no tasks of tools that have none: the result is returned", async () => {
    const task = await run(tasks().start("plain"))
    assert.deepStrictEqual([task.returned, textOf(await run(task.await))], [true, "plain"])
    assert.include(await reasonOf(tasks().start("plain", {}, { required: true })), { _tag: "TaskUnavailable" })
  })
})
