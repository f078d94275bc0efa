/**
 * Transforms: pure mappings of what a provider offers. A namespace, a filter and a renaming are transforms; what depends on the
 * request is middleware.
 */
import type { Kind, Kinds, PromptComponent, ResourceComponent, ToolComponent } from "./Component.ts"
import { computedOnce, followed } from "./internal/updates.ts"
import type { Provider } from "./Provider.ts"

/** Maps what a provider offers. Kinds without a mapping stay as they are. */
export interface Transform {
  /** Maps one tool; `undefined` leaves it out. */
  readonly tool?: (component: ToolComponent) => ToolComponent | undefined
  /** Maps one resource or template; `undefined` leaves it out. Updates of its contents follow it to its URI. */
  readonly resource?: (component: ResourceComponent) => ResourceComponent | undefined
  /** Maps one prompt; `undefined` leaves it out. */
  readonly prompt?: (component: PromptComponent) => PromptComponent | undefined
}

type Mapping<C> = ((component: C) => C | undefined) | undefined

/** The mappings of a transform, by the kind that they map. */
export const mappings = (transform: Transform): { readonly [K in Kind]: Mapping<Kinds[K]> } => ({
  tools: transform.tool,
  resources: transform.resource,
  prompts: transform.prompt
})

type Pair<C> = readonly [component: C, mapped: C]

// Computed once per change. A component that the mapping throws for is left out.
const pairsOf = <C>(list: () => ReadonlyArray<C>, mapping: NonNullable<Mapping<C>>, onFault: (error: unknown) => void) => {
  const map = (component: C): ReadonlyArray<Pair<C>> => {
    try {
      const mapped = mapping(component)
      return mapped === undefined ? [] : [[component, mapped]]
    } catch (error) {
      onFault(error)
      return []
    }
  }
  return computedOnce(list, (components) => components.flatMap(map))
}

const view = <C>(list: () => ReadonlyArray<C>, mapping: Mapping<C>, onFault: (error: unknown) => void) => {
  if (mapping === undefined) return { list, pairs: undefined }
  const pairs = pairsOf(list, mapping, onFault)
  return { list: computedOnce(pairs, (all) => all.map(([, mapped]) => mapped)), pairs }
}

/**
 * A provider that offers what the transform makes of another one. It is computed once per change. A component that the transform
 * throws for is left out, and `onFault` is told.
 */
export const apply = (
  provider: Provider,
  transform: Transform,
  onFault: (kind: "tool" | "resource" | "prompt", error: unknown) => void
): Provider => {
  const { prompts, resources, tools } = mappings(transform)
  const seen = {
    tools: view(
      () => provider.list("tools"),
      tools,
      (error) => onFault("tool", error)
    ),
    resources: view(
      () => provider.list("resources"),
      resources,
      (error) => onFault("resource", error)
    ),
    prompts: view(
      () => provider.list("prompts"),
      prompts,
      (error) => onFault("prompt", error)
    )
  }
  const views: { readonly [K in Kind]: () => ReadonlyArray<Kinds[K]> } = {
    tools: seen.tools.list,
    resources: seen.resources.list,
    prompts: seen.prompts.list
  }
  const follow = seen.resources.pairs === undefined ? undefined : followed(seen.resources.pairs)
  return {
    list: (kind) => views[kind](),
    onChange: (listener) => provider.onChange(listener),
    onUpdate: (listener) => provider.onUpdate?.(follow === undefined ? listener : follow(listener)) ?? (() => {})
  }
}
