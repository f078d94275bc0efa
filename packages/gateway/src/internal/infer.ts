/**
 * What a text that stands for a server is, see `Target`. Pure: what is known of the machine is given.
 */
import { extname } from "node:path"

/** What is known of a text. */
export interface Facts {
  /** Whether it is the path of a file. */
  readonly isFile: boolean
  readonly platform: NodeJS.Platform
}

/** What a text is. */
export type Inferred = "url" | "node" | "python" | "configuration" | "program" | "commandLine" | "unknownScript"

/** Scripts that Node runs. */
export const nodeScripts = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"]

/** Files that Windows runs. */
const windowsPrograms = [".exe", ".com", ".cmd", ".bat"]

const known = new Map<string, Inferred>([
  ...nodeScripts.map((extension) => [extension, "node"] as const),
  [".py", "python"],
  [".json", "configuration"]
])

/** Decides. The text has no blanks around it. */
export const infer = (text: string, { isFile, platform }: Facts): Inferred => {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text)) return "url"
  const extension = extname(text).toLowerCase()
  // With a blank in it, what is no file is a program with arguments: `uv run server.py`.
  const found = isFile || !/\s/.test(text) ? known.get(extension) : undefined
  if (found !== undefined) return found
  if (!isFile) return "commandLine"
  return extension === "" || (platform === "win32" && windowsPrograms.includes(extension)) ? "program" : "unknownScript"
}
