/**
 * Where everything leads that servers offer: made anew when one of them changes, looked up by every call.
 */
import type { Catalogue } from "@effect-mcp/client/Catalogue"
import type { Tool } from "@effect-mcp/core/protocol/Tools"
import * as UriTemplate from "@effect-mcp/core/UriTemplate"
import * as Names from "../Names.ts"
import type { Offered } from "../Offered.ts"
import { isUp } from "../ServerState.ts"
import type { Member } from "./member.ts"
import { naming } from "./selection.ts"

/** Where a name leads. */
export class Route {
  readonly member: Member
  readonly originalName: string
  constructor(member: Member, originalName: string) {
    this.member = member
    this.originalName = originalName
  }
}

/** Where the name of a tool leads. */
export class ToolRoute extends Route {
  /** As its server lists it. */
  readonly tool: Tool
  constructor(member: Member, tool: Tool) {
    super(member, tool.name)
    this.tool = tool
  }
}

/** A template of one server; `matches` is never true where its syntax cannot be read. */
export interface TemplateRoute {
  readonly member: Member
  readonly uriTemplate: string
  readonly matches: (uri: string) => boolean
}

/** See the module. Also of servers that are away, except for what is offered. */
export interface Table {
  readonly tools: ReadonlyMap<string, ToolRoute>
  readonly prompts: ReadonlyMap<string, Route>
  /** The first server that lists it, by URI. */
  readonly resources: ReadonlyMap<string, Member>
  readonly templates: ReadonlyArray<TemplateRoute>
  readonly offered: Offered
}

interface Source<A> extends Names.Source {
  readonly member: Member
  readonly item: A
}

const sourcesOf = <A extends { readonly name: string }>(
  members: ReadonlyArray<Member>,
  itemsOf: (catalogue: Catalogue) => ReadonlyArray<A>,
  isSelected: boolean
): ReadonlyArray<Source<A>> =>
  members.flatMap((member) => {
    const called = naming(isSelected ? member.spec : {})
    return itemsOf(member.catalogue).map((item) => ({ server: member.name, member, item, name: item.name, ...called(item.name) }))
  })

const routesOf = <A, R extends Route>(
  named: ReadonlyMap<string, Source<A>>,
  routeOf: (source: Source<A>) => R
): ReadonlyMap<string, R> => new Map([...named].map(([name, source]) => [name, routeOf(source)]))

const isHere = ({ state }: Member): boolean => isUp(state)

const readerOf = (uriTemplate: string): ((uri: string) => boolean) => {
  try {
    const { match } = UriTemplate.parse(uriTemplate)
    return (uri) => match(uri) !== undefined
  } catch {
    // A template of somebody else: it can be shown and completed, and URIs of it be read where a server lists them.
    return () => false
  }
}

const resourcesOf = (members: ReadonlyArray<Member>): ReadonlyMap<string, Member> => {
  const owners = new Map<string, Member>()
  for (const member of members) {
    for (const { uri } of member.catalogue.resources) if (!owners.has(uri)) owners.set(uri, member)
  }
  return owners
}

/** Makes the table of these servers. */
export const make = (members: ReadonlyArray<Member>, options: Names.Options | undefined): Table => {
  const servers = members.map(({ name }) => name)
  const tools = Names.assign(
    sourcesOf(members, (catalogue) => catalogue.tools, true),
    servers,
    options
  )
  const prompts = Names.assign(
    sourcesOf(members, (catalogue) => catalogue.prompts, false),
    servers,
    options
  )
  const resources = resourcesOf(members)
  const here = members.filter(isHere)
  return {
    tools: routesOf(tools, ({ item, member }) => new ToolRoute(member, item)),
    prompts: routesOf(prompts, ({ item, member }) => new Route(member, item.name)),
    resources,
    templates: members.flatMap((member) =>
      member.catalogue.resourceTemplates.map(({ uriTemplate }) => ({ member, uriTemplate, matches: readerOf(uriTemplate) }))
    ),
    offered: {
      tools: [...tools].flatMap(([name, { item, member, server }]) =>
        isHere(member) ? [{ name, server, originalName: item.name, tool: { ...item, name } }] : []
      ),
      prompts: [...prompts].flatMap(([name, { item, member, server }]) =>
        isHere(member) ? [{ name, server, originalName: item.name, prompt: { ...item, name } }] : []
      ),
      resources: here.flatMap((member) =>
        member.catalogue.resources
          .filter(({ uri }) => resources.get(uri) === member)
          .map((resource) => ({ server: member.name, resource }))
      ),
      resourceTemplates: here.flatMap((member) =>
        member.catalogue.resourceTemplates.map((template) => ({ server: member.name, template }))
      )
    }
  }
}
