/**
 * Transforms: pure mappings of what a provider offers. A namespace, a filter and a renaming are transforms; what depends on the
 * request is middleware.
 */
import type { Kind, Kinds, PromptComponent, ResourceComponent, ToolComponent } from "./Component.ts"
import type { Provider } from "./Provider.ts"

/** Maps what a provider offers. Kinds without a mapping stay as they are. */
export interface Transform {
  /** Maps one tool; `undefined` leaves it out. */
  readonly tool?: (component: ToolComponent) => ToolComponent | undefined
  /** Maps one resource or template; `undefined` leaves it out. */
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

// Computed once per change. A component that the mapping throws for is left out.
const view = <C>(list: () => ReadonlyArray<C>, mapping: Mapping<C>, onFault: (error: unknown) => void) => {
  if (mapping === undefined) return list
  let source: ReadonlyArray<C> | undefined
  let mapped: ReadonlyArray<C> = []
  const map = (component: C): ReadonlyArray<C> => {
    try {
      const result = mapping(component)
      return result === undefined ? [] : [result]
    } catch (error) {
      onFault(error)
      return []
    }
  }
  return () => {
    const current = list()
    if (current !== source) {
      source = current
      mapped = current.flatMap(map)
    }
    return mapped
  }
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
  const views: { readonly [K in Kind]: () => ReadonlyArray<Kinds[K]> } = {
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
  return { list: (kind) => views[kind](), onChange: provider.onChange }
}
