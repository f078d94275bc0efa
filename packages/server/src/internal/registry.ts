/**
 * The live set of components of one server. Providers are merged into one index per kind, anew after each change and only when
 * somebody looks; finding a component is one Map lookup however many there are and wherever they come from.
 */
import { keyOf, type Kind, kinds, type Kinds } from "../Component.ts"
import { DuplicateName } from "../DuplicateName.ts"
import type { ChangeListener, Provider, Update, UpdateListener } from "../Provider.ts"
import type { OnDuplicate } from "../Settings.ts"

/** What is served of a kind at one moment. It never changes; a change makes another one. */
export interface Snapshot<C> {
  readonly components: ReadonlyArray<C>
  /** Their numbers, from 1, growing: given when a name is first served, and to no other name. */
  readonly numbers: ReadonlyArray<number>
}

/** What is made of components with their first call. */
export type ReadyKinds = { readonly [K in Kind]: unknown }

/** What the registry needs to know of its server. */
export interface RegistryOptions<Ready extends ReadyKinds> {
  readonly onDuplicate: OnDuplicate
  readonly warn: (message: string) => void
  /** Makes a component ready to be called. Called once for each, with its first call: of thousands few are called. */
  readonly prepare: { readonly [K in Kind]: (component: Kinds[K]) => Ready[K] }
}

/** Finds the component of a name, ready to be called. */
export type Find<Ready> = (name: string) => Ready | undefined

/** A component and what is made of it with its first call. */
interface Entry<C, Ready> {
  readonly component: C
  ready: Ready | undefined
}

interface Merged<C, Ready> extends Snapshot<C> {
  readonly byName: ReadonlyMap<string, Entry<C, Ready>>
}

const nouns = { tools: "tool", resources: "resource", prompts: "prompt" } as const

/** The components of one kind. */
class Index<C extends Kinds[Kind], Ready> {
  private numbers: ReadonlyMap<string, number> = new Map()
  private lastNumber = 0
  private readonly reported = new Set<string>()
  private current: Merged<C, Ready> | undefined
  private entries: ReadonlyMap<C, Entry<C, Ready>> = new Map()
  private readonly noun: (typeof nouns)[Kind]
  private readonly offered: () => ReadonlyArray<ReadonlyArray<C>>
  private readonly options: Pick<RegistryOptions<never>, "onDuplicate" | "warn">
  private readonly prepare: (component: C) => Ready

  constructor(
    kind: Kind,
    options: Pick<RegistryOptions<never>, "onDuplicate" | "warn">,
    prepare: (component: C) => Ready,
    offered: () => ReadonlyArray<ReadonlyArray<C>>
  ) {
    this.noun = nouns[kind]
    this.options = options
    this.prepare = prepare
    this.offered = offered
  }

  /** What is served now. */
  get snapshot(): Snapshot<C> {
    return this.merged
  }

  private get merged(): Merged<C, Ready> {
    return (this.current ??= this.merge())
  }

  readonly find: Find<Ready> = (name) => {
    const entry = this.merged.byName.get(name)
    return entry === undefined ? undefined : (entry.ready ??= this.prepare(entry.component))
  }

  /** Makes ready what is served now, if it is not. */
  settle(): void {
    this.current ??= this.merge()
  }

  /** Whether there is something of this kind, or was. */
  get isOffered(): boolean {
    this.settle()
    return this.lastNumber > 0
  }

  /** What was merged is so no more. */
  forget(): void {
    this.current = undefined
  }

  /** Throws {@link DuplicateName} when one of the added is served already, or added twice. */
  refuseDuplicates(added: ReadonlyArray<ReadonlyArray<C>>): void {
    const names = new Set(this.merged.byName.keys())
    for (const name of added.flat().map(keyOf)) {
      if (names.has(name)) throw new DuplicateName({ kind: this.noun, name })
      names.add(name)
    }
  }

  private merge(): Merged<C, Ready> {
    const chosen = new Map<string, C>()
    for (const component of this.offered().flat()) this.place(chosen, component)
    const numbers = new Map([...chosen.keys()].map((name) => [name, this.numbers.get(name) ?? ++this.lastNumber] as const))
    this.numbers = numbers
    const components = [...chosen.values()].toSorted((a, b) => (numbers.get(keyOf(a)) ?? 0) - (numbers.get(keyOf(b)) ?? 0))
    const entries = new Map<C, Entry<C, Ready>>()
    const byName = new Map<string, Entry<C, Ready>>()
    for (const component of components) {
      const entry = this.entries.get(component) ?? { component, ready: undefined }
      entries.set(component, entry)
      byName.set(keyOf(component), entry)
    }
    this.entries = entries
    return { components, numbers: components.map((component) => numbers.get(keyOf(component)) ?? 0), byName }
  }

  private place(chosen: Map<string, C>, component: C): void {
    const { onDuplicate } = this.options
    const name = keyOf(component)
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
    warn(`${this.noun} "${name}" is offered twice; the ${served} one is served`)
  }
}

export type { Index }

/** The components of a server. */
export class Registry<Ready extends ReadyKinds> implements Provider {
  private providers: Array<Provider> = []
  private readonly listeners = new Set<ChangeListener>()
  private readonly updateListeners = new Set<UpdateListener>()
  // Under which URIs it was told of what was said, as long as anybody still holds that.
  private readonly told = new WeakMap<object, Set<string>>()
  private readonly onDuplicate: OnDuplicate
  readonly tools: Index<Kinds["tools"], Ready["tools"]>
  readonly resources: Index<Kinds["resources"], Ready["resources"]>
  readonly prompts: Index<Kinds["prompts"], Ready["prompts"]>

  constructor(options: RegistryOptions<Ready>) {
    this.onDuplicate = options.onDuplicate
    this.tools = new Index("tools", options, options.prepare.tools, () => this.providers.map(({ list }) => list("tools")))
    this.resources = new Index("resources", options, options.prepare.resources, () =>
      this.providers.map(({ list }) => list("resources"))
    )
    this.prompts = new Index("prompts", options, options.prepare.prompts, () => this.providers.map(({ list }) => list("prompts")))
  }

  /** Makes ready what is served now, if it is not. */
  settle(): void {
    for (const kind of kinds) this[kind].settle()
  }

  readonly list = <K extends Kind>(kind: K): ReadonlyArray<Kinds[K]> => {
    const lists: { readonly [I in Kind]: () => ReadonlyArray<Kinds[I]> } = {
      tools: () => this.tools.snapshot.components,
      resources: () => this.resources.snapshot.components,
      prompts: () => this.prompts.snapshot.components
    }
    return lists[kind]()
  }

  readonly onChange = (listener: ChangeListener): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  readonly onUpdate = (listener: UpdateListener): (() => void) => {
    this.updateListeners.add(listener)
    return () => this.updateListeners.delete(listener)
  }

  /** Tells of a resource that has new contents, once however often it hears of it. */
  readonly updated = (update: Update): void => {
    const told = this.told.get(update.origin) ?? new Set()
    if (told.has(update.uri)) return
    this.told.set(update.origin, told.add(update.uri))
    for (const listener of this.updateListeners) listener(update)
  }

  /**
   * Adds providers, after those that are there, until the returned function is called. Throws {@link DuplicateName}, and adds
   * nothing, where the policy says so.
   */
  add(added: ReadonlyArray<Provider>): () => void {
    if (this.onDuplicate === "error") {
      this.tools.refuseDuplicates(added.map(({ list }) => list("tools")))
      this.resources.refuseDuplicates(added.map(({ list }) => list("resources")))
      this.prompts.refuseDuplicates(added.map(({ list }) => list("prompts")))
    }
    // The kinds of which they have, or once had, something.
    const concerned = new Set(kinds.filter((kind) => added.some(({ list }) => list(kind).length > 0)))
    this.providers.push(...added)
    const unsubscribe = added.flatMap((provider) => [
      provider.onChange((kind) => {
        concerned.add(kind)
        this.changed(kind)
      }),
      provider.onUpdate?.(this.updated) ?? (() => {})
    ])
    concerned.forEach(this.changed)
    return () => {
      for (const stop of unsubscribe) stop()
      this.providers = this.providers.filter((provider) => !added.includes(provider))
      concerned.forEach(this.changed)
    }
  }

  private readonly changed = (kind: Kind): void => {
    this[kind].forget()
    for (const listener of this.listeners) listener(kind)
  }
}

/** What is served of a kind, seen through a filter; computed once per change. */
export const filtered = <C>(
  index: { readonly snapshot: Snapshot<C> },
  isListed: (component: C) => boolean
): { readonly snapshot: Snapshot<C> } => {
  let source: Snapshot<C> | undefined
  let current: Snapshot<C> = { components: [], numbers: [] }
  return {
    get snapshot() {
      const { snapshot } = index
      if (snapshot !== source) {
        source = snapshot
        current = {
          components: snapshot.components.filter(isListed),
          numbers: snapshot.numbers.filter((_, i) => snapshot.components.slice(i, i + 1).some(isListed))
        }
      }
      return current
    }
  }
}
