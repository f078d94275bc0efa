/**
 * What to write where, so that a host starts this server. The paths are those of this checkout, and Node is the one that `npm ci`
 * brought along: a host may start the server from anywhere, whatever Node the system has.
 *
 *     npx node examples/library/hosts.ts
 */
import { existsSync } from "node:fs"
import { join, resolve } from "node:path"

/** The server as a program. */
export interface Program {
  readonly command: string
  readonly args: ReadonlyArray<string>
}

/** A host and where it looks. */
export interface Host {
  readonly name: string
  /** The file, or the files that it may be. */
  readonly file: string
  /** How the file calls its servers. */
  readonly key: "mcpServers" | "servers"
}

const root = resolve(import.meta.dirname, "../..")

// A link to the real program, except for Windows, where it is a script that only a shell can start.
const bundledNode = join(root, "node_modules/.bin/node")

/** Starts the server from anywhere. */
export const program: Program = {
  command: process.platform !== "win32" && existsSync(bundledNode) ? bundledNode : process.execPath,
  args: ["--conditions=@effect-mcp/source", join(import.meta.dirname, "server.ts")]
}

const claudeDesktop: { readonly [platform: string]: string } = {
  darwin: "~/Library/Application Support/Claude/claude_desktop_config.json",
  win32: "%APPDATA%\\Claude\\claude_desktop_config.json"
}

/** The hosts that are known here. */
export const hosts: ReadonlyArray<Host> = [
  {
    name: "Claude Desktop",
    file: claudeDesktop[process.platform] ?? "~/.config/Claude/claude_desktop_config.json",
    key: "mcpServers"
  },
  { name: "Claude Code", file: ".mcp.json in your project", key: "mcpServers" },
  { name: "Cursor", file: ".cursor/mcp.json in your project, or ~/.cursor/mcp.json", key: "mcpServers" },
  { name: "Gemini CLI", file: ".gemini/settings.json in your project, or ~/.gemini/…", key: "mcpServers" },
  { name: "VS Code", file: ".vscode/mcp.json in your workspace", key: "servers" }
]

/** The contents of a host's file, or what to add to it. */
export const configuration = (key: Host["key"]) => ({
  [key]: { library: key === "servers" ? { type: "stdio", ...program } : program }
})

/** All of it as text: the files, and under them what they have in common. */
export const describe = (): string =>
  (["mcpServers", "servers"] as const)
    .map((key) => {
      const files = hosts.filter((host) => host.key === key).map((host) => `${host.name.padEnd(16)}${host.file}`)
      return `${files.join("\n")}\n\n${JSON.stringify(configuration(key), undefined, 2)}`
    })
    .join("\n\n")

if (process.argv[1] === import.meta.filename) console.log(describe())
