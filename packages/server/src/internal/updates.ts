/**
 * Updates of resources that a transform has moved: who subscribed under the new URI is told under it.
 */
import type { UriTemplate } from "@effect-mcp/core/UriTemplate"
import type { ResourceComponent } from "../Component.ts"
import type { UpdateListener } from "../Provider.ts"

/** What is computed from something that is replaced when it changes: once for each. */
export const computedOnce = <A, B>(source: () => A, compute: (value: A) => B): (() => B) => {
  let last: { readonly value: A; readonly computed: B } | undefined
  return () => {
    const value = source()
    if (last?.value !== value) last = { value, computed: compute(value) }
    return last.computed
  }
}

/** A resource as it was and as a transform has made it. */
type Moved = readonly [component: ResourceComponent, mapped: ResourceComponent]

interface Places {
  readonly fixed: ReadonlyMap<string, string>
  readonly templates: ReadonlyArray<readonly [template: UriTemplate, moved: Moved]>
}

const placesOf = (pairs: ReadonlyArray<Moved>): Places => ({
  fixed: new Map(pairs.flatMap(([{ template, uri }, mapped]) => (template === undefined ? [[uri, mapped.uri] as const] : []))),
  templates: pairs.flatMap((moved) => (moved[0].template === undefined ? [] : [[moved[0].template, moved] as const]))
})

// In the order in which a URI is looked up when it is read.
const placeOf = ({ fixed, templates }: Places, uri: string): string | undefined => {
  const exact = fixed.get(uri)
  if (exact !== undefined) return exact
  for (const [template, [component, mapped]] of templates) {
    const match = template.match(uri)
    if (match?._tag !== "Match") continue
    return mapped.uri === component.uri ? uri : (mapped.template?.expand(match.values) ?? mapped.uri)
  }
  return undefined
}

/** A listener that is told of updates under the URIs that the mapped resources have. What is left out has none. */
export const followed = (pairs: () => ReadonlyArray<Moved>) => {
  const places = computedOnce(pairs, placesOf)
  return (listener: UpdateListener): UpdateListener =>
    ({ origin, uri }) => {
      const place = placeOf(places(), uri)
      if (place !== undefined) listener({ uri: place, origin })
    }
}
