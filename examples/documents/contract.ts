/**
 * What server and client agree on.
 */
import * as DirectoryResource from "@effect-mcp/core/DirectoryResource"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import { Schema } from "effect"

export const Index = Resource.make("index", "documents://index", {
  description: "Which documents there are",
  success: DirectoryResource.Listing
})

/** `{path*}` is a path: segments with slashes between them, each encoded. Each document says itself of which type it is. */
export const Document = Resource.template("document", "documents://files/{path*}", {
  description: "One document",
  success: Resource.Contents
})

export class Documents extends McpGroup.make(
  "documents",
  Resource.make("about", "documents://about", { description: "What this server is for", mimeType: "text/markdown" }),
  Index,
  Document,
  Prompt.make("proofread", {
    description: "Asks for a proofreading of a document",
    parameters: { path: Schema.String.annotate({ description: "The document, as the index names it" }) }
  })
) {}
