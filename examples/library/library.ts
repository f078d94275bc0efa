/**
 * The whole server as a layer. It knows no transport: `server.ts` serves it on stdio, the tests in memory.
 */
import { resolve } from "node:path"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { Layer } from "effect"
import { Library } from "./contract.ts"
import { Database } from "./database.ts"
import * as FileIndex from "./fileIndex.ts"
import { Files, type Options } from "./files.ts"
import { LibraryLive } from "./handlers.ts"
import * as Notes from "./notes.ts"

/** The root of this repository. */
export const repository = resolve(import.meta.dirname, "../..")

const instructions = `A library of text files, searchable in full text, and of notes.
Call index_files once before the first search; it is quick and can be repeated. Then use search, and read_file at the line of a hit.
Keep what is worth knowing later with add_note, and look with find_notes before you ask the user.`

/** The server over the text files of a directory. */
export const layer = (options: Options) =>
  McpServer.layer({ name: "library", title: "Library", version: "0.1.0", instructions, toolTimeout: "30 seconds" }, Library).pipe(
    Layer.provide(LibraryLive),
    Layer.provide([Files.layer(options), FileIndex.layer, Notes.layer]),
    Layer.provide([Database.layer, NodeFileSystem.layer, NodePath.layer])
  )
