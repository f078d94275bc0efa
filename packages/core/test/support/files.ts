/**
 * A directory on the disk, for one test.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"

/** What reads and writes it. */
export const files = Layer.merge(NodeFileSystem.layer, NodePath.layer)

/** What stands at a path: a text, bytes, or a link. */
export type Content = string | Uint8Array | { readonly link: string }

/** Makes a directory with these files, until the scope closes. Gives its path. */
export const directory = Effect.fnUntraced(function* (content: { readonly [path: string]: Content }) {
  const fs = yield* FileSystem.FileSystem
  const root = yield* fs.makeTempDirectoryScoped()
  for (const [path, what] of Object.entries(content)) {
    const at = `${root}/${path}`
    yield* fs.makeDirectory(at.slice(0, at.lastIndexOf("/")), { recursive: true })
    if (typeof what === "string") yield* fs.writeFileString(at, what)
    else if (what instanceof Uint8Array) yield* fs.writeFile(at, what)
    else yield* fs.symlink(what.link, at)
  }
  return root
})
