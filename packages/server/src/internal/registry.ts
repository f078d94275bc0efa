/**
 * The live set of components of one server. Providers are merged into one index, anew after each change and only when somebody
 * looks; finding a component is one Map lookup however many there are and wherever they come from.
 */
import type { ToolComponent } from "../Component.ts"
import type { ChangeListener, Kind, Provider } from "../Provider.ts"
import type { OnDuplicate } from "../Settings.ts"
import { DuplicateName } from "../DuplicateName.ts"

/** What is served at one moment. It never changes; a change makes another one. */
export interface Snapshot {
  readonly tools: ReadonlyArray<ToolComponent>
  /** Their numbers, from 1, growing: given when a name is first served, and to no other name. */
  readonly numbers: ReadonlyArray<number>
}

/** A component and what is made of it with its first call. */
interface Entry<Ready> {
  readonly component: ToolComponent
  ready: Ready | undefined
}

interface Merged<Ready> extends Snapshot {
  readonly byName: ReadonlyMap<string, Entry<Ready>>
}

/** What the registry needs to know of its server. */
export interface RegistryOptions<Ready> {
  readonly onDuplicate: OnDuplicate
  readonly warn: (message: string) => void
  /** Makes a component ready to be called. Called once for each, with its first call: of thousands few are called. */
  readonly prepare: (component: ToolComponent) => Ready
}

/** The components of a server. */
export class Registry<Ready> implements Provider {
  private providers: Array<Provider> = []
  private readonly listeners = new Set<ChangeListener>()
  private numbers: ReadonlyMap<string, number> = new Map()
  private lastNumber = 0
  private readonly reported = new Set<string>()
  private current: Merged<Ready> | undefined
  private entries: ReadonlyMap<ToolComponent, Entry<Ready>> = new Map()
  private readonly options: RegistryOptions<Ready>

  constructor(options: RegistryOptions<Ready>) {
    this.options = options
  }

  /** What is served now. */
  get snapshot(): Snapshot {
    return this.merged
  }

  private get merged(): Merged<Ready> {
    return (this.current ??= this.merge())
  }

  /** The component of a name, ready to be called. */
  find(name: string): Ready | undefined {
    const entry = this.merged.byName.get(name)
    return entry === undefined ? undefined : (entry.ready ??= this.options.prepare(entry.component))
  }

  /** Makes ready what is served now, if it is not. */
  settle(): void {
    this.current ??= this.merge()
  }

  readonly tools = (): ReadonlyArray<ToolComponent> => this.snapshot.tools

  readonly onChange = (listener: ChangeListener): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /**
   * Adds providers, after those that are there, until the returned function is called. Throws {@link DuplicateName}, and adds
   * nothing, where the policy says so.
   */
  add(added: ReadonlyArray<Provider>): () => void {
    if (this.options.onDuplicate === "error") this.refuseDuplicates(added)
    this.providers.push(...added)
    const unsubscribe = added.map((provider) => provider.onChange(this.changed))
    this.changed("tools")
    return () => {
      for (const stop of unsubscribe) stop()
      this.providers = this.providers.filter((provider) => !added.includes(provider))
      this.changed("tools")
    }
  }

  private readonly changed = (kind: Kind): void => {
    this.current = undefined
    for (const listener of this.listeners) listener(kind)
  }

  private refuseDuplicates(added: ReadonlyArray<Provider>): void {
    const names = new Set(this.merged.byName.keys())
    for (const provider of added) {
      for (const { name } of provider.tools()) {
        if (names.has(name)) throw new DuplicateName({ kind: "tool", name })
        names.add(name)
      }
    }
  }

  private merge(): Merged<Ready> {
    const chosen = new Map<string, ToolComponent>()
    for (const provider of this.providers) for (const component of provider.tools()) this.place(chosen, component)
    const numbers = new Map([...chosen.keys()].map((name) => [name, this.numbers.get(name) ?? ++this.lastNumber] as const))
    this.numbers = numbers
    const tools = [...chosen.values()].toSorted((a, b) => (numbers.get(a.name) ?? 0) - (numbers.get(b.name) ?? 0))
    const entries = new Map<ToolComponent, Entry<Ready>>()
    const byName = new Map<string, Entry<Ready>>()
    for (const component of tools) {
      const entry = this.entries.get(component) ?? { component, ready: undefined }
      entries.set(component, entry)
      byName.set(component.name, entry)
    }
    this.entries = entries
    return { tools, numbers: tools.map(({ name }) => numbers.get(name) ?? 0), byName }
  }

  private place(chosen: Map<string, ToolComponent>, component: ToolComponent): void {
    const { onDuplicate } = this.options
    const { name } = component
    if (!chosen.has(name)) return void chosen.set(name, component)
    this.report(name)
    if (onDuplicate === "warn" || onDuplicate === "replace") chosen.set(name, component)
  }

  // Once for each name: the list is merged anew with every change.
  private report(name: string): void {
    const { onDuplicate, warn } = this.options
    if (this.reported.has(name)) return
    // With "error" there is a duplicate only when a provider changed by itself; there is nobody left to tell but the log.
    const served = onDuplicate === "error" ? "first" : onDuplicate === "warn" ? "last" : undefined
    if (served === undefined) return
    this.reported.add(name)
    warn(`tool "${name}" is offered twice; the ${served} one is served`)
  }
}
