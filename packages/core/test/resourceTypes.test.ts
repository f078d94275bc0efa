/**
 * What the compiler infers of handlers of resources that are ready-made. Nothing runs here: `npm run check` is what proves these tests.
 */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { FileSystem } from "effect/FileSystem"
import type { HttpClient } from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import type { Path } from "effect/Path"
import * as Schema from "effect/Schema"
import * as Completion from "../src/Completion.ts"
import * as DirectoryResource from "../src/DirectoryResource.ts"
import * as FileResource from "../src/FileResource.ts"
import * as FixedResource from "../src/FixedResource.ts"
import * as HttpResource from "../src/HttpResource.ts"
import * as McpGroup from "../src/McpGroup.ts"
import * as Prompt from "../src/Prompt.ts"
import * as Resource from "../src/Resource.ts"

type Eq<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false
const check = <_ extends true>() => {}
/** Code for the compiler alone. */
const compile = (_: () => unknown) => {}

const Readme = Resource.make("readme", "docs://readme", { success: Resource.Contents })
const Motto = Resource.make("motto", "docs://motto")
const Pages = Resource.template("pages", "docs://{+path}", { success: Resource.Contents })
const Numbered = Resource.template("numbered", "docs://{n}", { success: Resource.Contents, parameters: { n: Schema.Int } })

describe("ready-made handlers", () => {
  it("fit into contracts, and require what they use", () => {
    const file = Readme.toLayer(FileResource.file("README.md"))
    check<Eq<Layer.Services<typeof file>, FileSystem>>()
    const browse = Pages.toLayer(DirectoryResource.browse({ root: "docs" }))
    check<Eq<Layer.Services<typeof browse>, FileSystem | Path>>()
    const http = Numbered.toLayer(HttpResource.get(({ n }) => `https://example.com/${check<Eq<typeof n, number>>()}`))
    check<Eq<Layer.Services<typeof http>, HttpClient>>()
    const fixed = Motto.toLayer(FixedResource.of("text"))
    check<Eq<Layer.Services<typeof fixed>, never>>()
    class Docs extends McpGroup.make("docs", Readme, Motto, Pages, Numbered) {}
    const all = Docs.toLayer({
      resources: {
        readme: HttpResource.get("https://example.com/"),
        motto: FixedResource.of("text"),
        pages: DirectoryResource.read({ root: "docs" }),
        numbered: HttpResource.get(({ n }) => `https://example.com/${check<Eq<typeof n, number>>()}`)
      }
    })
    check<Eq<Layer.Services<typeof all>, FileSystem | Path | HttpClient>>()
  })

  it("are refused where the contract says something else", () => {
    compile(() => [
      // @ts-expect-error several contents are no text
      Motto.toLayer(FileResource.file("README.md")),
      // @ts-expect-error there is no variable `path`
      Numbered.toLayer(DirectoryResource.read({ root: "docs" })),
      // @ts-expect-error bytes are no text
      Motto.toLayer(FixedResource.of(new Uint8Array()))
    ])
  })
})

describe("handlers of resources", () => {
  it("are given the URI, with suggestions, too; those of prompts are not", () => {
    Pages.toLayer((_, uri) => Effect.succeed([{ uri: (check<Eq<typeof uri, string>>(), uri), text: "" }]))
    Pages.toLayer(
      Completion.suggesting(({ path }, uri) => Effect.succeed([{ uri, text: path }]), { path: () => Effect.succeed([]) })
    )
    const Letter = Prompt.make("letter", { parameters: { to: Schema.String } })
    Letter.toLayer(Completion.suggesting(({ to }) => Effect.succeed(to), { to: () => Effect.succeed([]) }))
    compile(() =>
      // @ts-expect-error a prompt has no URI
      Letter.toLayer(Completion.suggesting(({ to }, uri: string) => Effect.succeed(to + uri), {}))
    )
  })
})
