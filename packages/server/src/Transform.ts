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

/**
 * A provider that offers what the transform makes of another one. It is computed once per change. A component that the transform
 * throws for is left out, and `onFault` is told.
 */
export const apply = (provider: Provider, transform: Transform, onFault: (error: unknown) => void): Provider => {
  let source: ReadonlyArray<ToolComponent> | undefined
  let mapped: ReadonlyArray<ToolComponent> = []
  const map = (component: ToolComponent): ReadonlyArray<ToolComponent> => {
    try {
      const result = transform.tool(component)
      return result === undefined ? [] : [result]
    } catch (error) {
      onFault(error)
      return []
    }
  }
  return {
    tools: () => {
      const current = provider.tools()
      if (current !== source) {
        source = current
        mapped = current.flatMap(map)
      }
      return mapped
    },
    onChange: provider.onChange
  }
}
