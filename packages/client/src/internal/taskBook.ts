/**
 * The tasks of which a client knows that they are not over, and which tools may be tasks.
 */
import type * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import type { Tool, ToolExecution } from "@effect-mcp/core/protocol/Tools"
import type { McpClientError } from "../McpClientError.ts"
import { TaskCell } from "./taskCell.ts"
import type { TaskPeer } from "./taskPeer.ts"
import { type Dialect, type News, toldTask } from "./taskMessages.ts"

// Of so many tasks the server's notifications are heard; older ones are only asked about.
const maxTasks = 1024

const dialects = new Map<string, Dialect>([
  ["notifications/tasks/status", "core"],
  ["notifications/tasks", "extension"]
])

/** Whether a tool is run as a task. */
export type TaskSupport = NonNullable<ToolExecution["taskSupport"]>

/** What the listing of a tool says. */
export const taskSupportOf = ({ execution }: Tool): TaskSupport => execution?.taskSupport ?? "forbidden"

/** See the module. */
export class TaskBook {
  private readonly cells = new Map<string, { readonly cell: TaskCell; readonly drop: () => void }>()
  private tools: ReadonlyMap<string, TaskSupport> | undefined
  /** Counts how often the tools have changed. */
  private edition = 0

  /** Hears what the server tells by itself. */
  notified({ method, params }: Jsonrpc.Notification): void {
    if (method === "notifications/tools/list_changed") {
      this.forgetTools()
      return
    }
    const dialect = dialects.get(method)
    if (dialect === undefined || this.cells.size === 0) return
    const task = toldTask(params, dialect)
    const cell = task === undefined ? undefined : this.cells.get(task.taskId)?.cell
    if (task !== undefined && cell?.dialect === dialect) cell.take(task)
  }

  /** The connection is over. */
  end(error: McpClientError): void {
    for (const { cell } of this.cells.values()) cell.end(error)
  }

  /** The tools have changed, or are those of another server. */
  forgetTools(): void {
    this.edition++
    this.tools = undefined
  }

  /** What the tools were when they were listed the last time; `undefined` when that is out of date. */
  supportOf(name: string): TaskSupport | undefined {
    return this.tools === undefined ? undefined : (this.tools.get(name) ?? "forbidden")
  }

  /** Begins a listing; what it gives ends it. What changed meanwhile makes it void for the next time. */
  listing(): (tools: ReadonlyArray<Tool>) => ReadonlyMap<string, TaskSupport> {
    const { edition } = this
    return (tools) => {
      const listed = new Map(tools.map((tool) => [tool.name, taskSupportOf(tool)]))
      if (edition === this.edition) this.tools = listed
      return listed
    }
  }

  /** The task with this state; `drop` is run when it is over, or too many are known. */
  cellOf(peer: TaskPeer, state: News, now: number, drop: () => void, dialect: Dialect = "core"): TaskCell {
    const known = this.cells.get(state.taskId)
    if (known !== undefined) {
      known.cell.take(state)
      drop()
      return known.cell
    }
    const cell = new TaskCell(peer, state, now, () => this.drop(state.taskId, drop), dialect)
    if (cell.isOver) return cell
    this.cells.set(cell.id, { cell, drop })
    const [oldest] = this.cells.keys()
    if (this.cells.size > maxTasks && oldest !== undefined) this.drop(oldest, this.cells.get(oldest)!.drop)
    return cell
  }

  private drop(id: string, drop: () => void): void {
    this.cells.delete(id)
    drop()
  }
}
