import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ContentBlock, type TextContent } from "../src/protocol/Content.ts"
import * as Revision from "../src/Revision.ts"
import * as project from "../src/wire/project.ts"
import * as RequestEra from "../src/wire/RequestEra.ts"
import * as SessionEra from "../src/wire/SessionEra.ts"

const serverOf = (revision: Revision.Revision) =>
  revision.era === "request" ? RequestEra.server(revision, { name: "s", version: "1" }) : SessionEra.server(revision)

const clientOf = (revision: Revision.Revision) =>
  revision.era === "request"
    ? RequestEra.client(revision, { info: undefined, capabilities: {}, logLevel: undefined })
    : SessionEra.client(revision)

const isBlock = Schema.is(ContentBlock)
const options = { arbitrary: { runs: 300 } }
/** What is left of a value once it was a line of text. */
const sent = <A>(value: A): A => JSON.parse(JSON.stringify(value)) as A

type Json = { readonly [key: string]: unknown }

const without = (value: Json, ...keys: ReadonlyArray<string>): Json =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))

// Written from the schemas of the revisions, without the records that the code under test asks.
const since = { "2025-03-26": ["audio"], "2025-06-18": ["resource_link"] } as const
const exists = (block: ContentBlock, version: string): boolean =>
  Object.entries(since).every(([first, types]) => version >= first || !(types as ReadonlyArray<string>).includes(block.type))

const annotationsIn = (value: Json, version: string): Json => {
  const annotations = value["annotations"] as Json | undefined
  if (annotations === undefined || version >= "2025-06-18") return value
  return { ...value, annotations: without(annotations, "lastModified") }
}

const knownIn = (block: Json, version: string): Json => {
  const lacking = [...(version < "2025-06-18" ? ["_meta"] : []), ...(version < "2025-11-25" ? ["icons"] : [])]
  const known = annotationsIn(without(block, ...lacking), version)
  const resource = known["resource"] as Json | undefined
  return resource === undefined ? known : { ...known, resource: annotationsIn(without(resource, ...lacking), version) }
}

const meta = { "example.com/note": [1, null] }
const annotations = { audience: ["user"], priority: 0.5, lastModified: "2025-01-12T15:00:58Z" } as const
const icons = [{ src: "https://example.com/a.png", mimeType: "image/png", sizes: ["48x48", "any"], theme: "dark" }] as const

/** Blocks that have every member, which generated ones rarely have. */
const complete: ReadonlyArray<ContentBlock> = [
  { type: "text", text: "a", annotations, _meta: meta },
  { type: "image", data: "AQ==", mimeType: "image/png", annotations, _meta: meta },
  { type: "audio", data: "AQID", mimeType: "audio/wav", annotations, _meta: meta },
  {
    type: "resource_link",
    uri: "file:///a",
    name: "a",
    title: "A",
    description: "The first",
    mimeType: "text/plain",
    size: 1,
    annotations,
    icons,
    _meta: meta
  },
  {
    type: "resource",
    resource: { uri: "file:///a", mimeType: "text/plain", text: "a", annotations, _meta: meta },
    annotations,
    _meta: meta
  },
  {
    type: "resource",
    resource: { uri: "file:///b", mimeType: "image/png", blob: "AQ==", annotations, _meta: meta },
    annotations,
    _meta: meta
  }
]

const arrives = (block: ContentBlock, revision: Revision.Revision): void => {
  const { version } = revision
  const line = serverOf(revision).toolResult({ content: [block] })
  const [received] = clientOf(revision).toolResult(JSON.parse(line)).content
  assert.isTrue(isBlock(received), line)
  const known = knownIn(sent(block) as unknown as Json, version)
  if (exists(block, version)) return assert.deepStrictEqual<unknown>(received, known)
  const said = received as TextContent
  assert.strictEqual(said.type, "text")
  if (block.type === "resource_link") assert.include(said.text, `(${block.uri})`)
  if (block.type === "audio") assert.include(said.text, `[audio, ${block.mimeType}, `)
  // For whom it is meant holds for the words, too.
  assert.deepStrictEqual<unknown>(said.annotations, known["annotations"])
}

describe.each([...Revision.versions])("every block of content in %s", (version) => {
  const revision = Revision.byVersion[version]

  it.each(complete)("survives with all that the revision knows of it, or is said in words: $type", (block) => {
    arrives(block, revision)
  })

  it.effect.prop(
    "survives with all that the revision knows of it, or is said in words",
    { block: ContentBlock },
    ({ block }) => Effect.sync(() => arrives(block, revision)),
    options
  )

  it.effect.prop(
    "is the same in prompts, and projecting twice changes nothing",
    { block: ContentBlock },
    ({ block }) =>
      Effect.sync(() => {
        const [once] = project.content([block], revision)
        assert.deepStrictEqual(project.content([once!], revision), [once!])
        const { messages } = JSON.parse(serverOf(revision).promptResult({ messages: [{ role: "user", content: block }] }))
        assert.deepStrictEqual(messages, [{ role: "user", content: sent(once) }])
      }),
    options
  )

  it.effect.prop(
    "does not change what it was made of",
    { block: ContentBlock },
    ({ block }) =>
      Effect.sync(() => {
        const before = sent(block)
        project.content([block], revision)
        assert.deepStrictEqual(sent(block), before)
      }),
    options
  )
})
