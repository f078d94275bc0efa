/**
 * Who reads the documents: ready-made handlers, which never leave the directory.
 */
import * as Completion from "@effect-mcp/core/Completion"
import * as DirectoryResource from "@effect-mcp/core/DirectoryResource"
import * as FixedResource from "@effect-mcp/core/FixedResource"
import * as PromptMessage from "@effect-mcp/core/PromptMessage"
import * as ResourceUri from "@effect-mcp/core/ResourceUri"
import { Effect } from "effect"
import { Document, Documents } from "./contract.ts"

/** Serves the documents in `root`. Requires a `FileSystem` and a `Path`. */
export const documentsLive = (root: string) =>
  Documents.toLayer({
    resources: {
      about: FixedResource.of("# Documents\n\nRead `documents://index` first.\n"),
      index: DirectoryResource.list({ root, recursive: true }),
      // Reads, and suggests paths while a user types.
      document: DirectoryResource.browse({ root })
    },
    prompts: {
      proofread: Completion.suggesting(
        ({ path }) =>
          Effect.succeed([
            PromptMessage.user("Find the mistakes in this document. Do not change its style."),
            PromptMessage.user({ type: "resource_link", name: path, uri: ResourceUri.of(Document, { path }) })
          ]),
        { path: DirectoryResource.complete({ root }) }
      )
    }
  })
