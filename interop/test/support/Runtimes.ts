/**
 * Runtimes that are not Node: where their programs are, and how one runs a bundled file of `examples/runtimes`.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { rolldown } from "rolldown"

const modules = resolve(import.meta.dirname, "../../node_modules")
const examples = resolve(import.meta.dirname, "../../../examples/runtimes")

/** How a runtime is started. */
interface Runtime {
  /** Its program, in the package for the machines that CI has. */
  readonly program: string
  readonly args: ReadonlyArray<string>
  /** What it prints once it listens, with the port. */
  readonly listening: RegExp
}

export const runtimes: Readonly<Record<"bun" | "deno" | "workerd", Runtime>> = {
  bun: {
    program: "@oven/bun-linux-x64/bin/bun",
    args: ["bun.mjs"],
    listening: /http:\/\/127\.0\.0\.1:(\d+)/
  },
  deno: {
    program: "@deno/linux-x64-glibc/deno",
    args: ["run", "--allow-net", "deno.mjs"],
    listening: /http:\/\/127\.0\.0\.1:(\d+)/
  },
  workerd: {
    program: "@cloudflare/workerd-linux-64/bin/workerd",
    args: ["serve", "workerd.capnp", "--control-fd=1"],
    listening: /"port":(\d+)/
  }
}

const capnp = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "workerd.mjs")],
  compatibilityDate = "2026-11-01"
);
`

/** The program of a runtime, or why there is none. */
export const programOf = ({ program: path }: Runtime): { readonly program: string } | { readonly reason: string } => {
  const program = join(modules, path)
  if (!existsSync(program)) return { reason: `there is no ${path} for this machine` }
  try {
    execFileSync(program, ["--version"], { stdio: "ignore", timeout: 20_000 })
    return { program }
  } catch (error) {
    return { reason: `its program does not start here: ${String(error)}` }
  }
}

/** Bundles the file of a runtime for no platform in particular, and tells what it imports from elsewhere. */
const bundle = async (name: string, directory: string): Promise<ReadonlyArray<string>> => {
  const bundled = await rolldown({
    input: join(examples, `${name}.ts`),
    platform: "neutral",
    resolve: { conditionNames: ["@effect-mcp/source", "import", "default"], mainFields: ["module", "main"] }
  })
  const { output } = await bundled.write({ file: join(directory, `${name}.mjs`), format: "esm", codeSplitting: false })
  await bundled.close()
  return output.flatMap((part) => (part.type === "chunk" ? part.imports : []))
}

const portOf = (child: ChildProcess, listening: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ""
    const take = (chunk: string) => {
      text += chunk
      const port = listening.exec(text)?.[1]
      if (port !== undefined) resolve(port)
    }
    child.stdout?.setEncoding("utf8").on("data", take)
    child.stderr?.setEncoding("utf8").on("data", take)
    child.on("error", reject)
    child.on("exit", (code) => reject(new Error(`it ended with ${code}: ${text}`)))
  })

/** A server on a runtime. */
export interface Running {
  readonly url: string
  /** What its bundle imports. */
  readonly imports: ReadonlyArray<string>
  readonly stop: () => void
}

/** Starts the example of a runtime. */
export const start = async (name: keyof typeof runtimes, program: string): Promise<Running> => {
  const { args, listening } = runtimes[name]
  const directory = mkdtempSync(join(tmpdir(), "runtimes-"))
  const imports = await bundle(name, directory)
  writeFileSync(join(directory, "workerd.capnp"), capnp)
  const child = spawn(program, args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] })
  const stop = () => {
    child.kill("SIGKILL")
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    return { url: `http://127.0.0.1:${await portOf(child, listening)}/mcp`, imports, stop }
  } catch (error) {
    stop()
    throw error
  }
}
