import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Resource from "../src/Resource.ts"
import * as ResourceUri from "../src/ResourceUri.ts"

const Hours = Resource.make("hours", "library://hours")
const Book = Resource.template("book", "library://books/{isbn}{?page}", { parameters: { page: Schema.Int } })
const File = Resource.template("file", "library://files/{+path}")

describe("ResourceUri.of", () => {
  it("is the URI of a resource that has one", () => {
    assert.strictEqual(ResourceUri.of(Hours), "library://hours")
  })

  it("fills in the variables of a template, encoded by their Schemas and for their place", () => {
    assert.strictEqual(ResourceUri.of(Book, { isbn: "a b/c" }), "library://books/a%20b%2Fc")
    assert.strictEqual(ResourceUri.of(Book, { isbn: "1", page: 4 }), "library://books/1?page=4")
    assert.strictEqual(ResourceUri.of(File, { path: "guides/to start.md" }), "library://files/guides/to%20start.md")
  })

  it("throws when a variable is not what the contract says", () => {
    assert.throws(
      () => ResourceUri.of(Book, { isbn: "1", page: 0.5 }),
      /the URI of resource "book" cannot be made:\npage: expected an integer/
    )
  })

  it("wants the variables of the template, and none where there is none", () => {
    const compile = (_: () => unknown) => {}
    compile(() => {
      // @ts-expect-error: there is no variable
      ResourceUri.of(Hours, { isbn: "1" })
      // @ts-expect-error: a variable is missing
      ResourceUri.of(Book, { page: 1 })
      // @ts-expect-error: the variables are missing
      return ResourceUri.of(Book)
    })
  })
})
