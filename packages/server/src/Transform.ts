/**
 * Transforms: pure mappings of what a provider offers. A namespace, a filter and a renaming are transforms; what depends on the
 * request is middleware.
 */
import type { ToolComponent } from "./Component.ts"
import type { Provider } from "./Provider.ts"

/** Maps what a provider offers. */
export interface Transform {
  /** Maps one tool; `undefined` leaves it out. */
  readonly tool: (component: ToolComponent) => ToolComponent | undefined
}

/** A provider that offers what the transform makes of another one. It is computed once per change. */
export const apply = (provider: Provider, transform: Transform): Provider => {
  let source: ReadonlyArray<ToolComponent> | undefined
  let mapped: ReadonlyArray<ToolComponent> = []
  return {
    tools: () => {
      const current = provider.tools()
      if (current !== source) {
        source = current
        mapped = current.map(transform.tool).filter((component) => component !== undefined)
      }
      return mapped
    },
    onChange: provider.onChange
  }
}
