/**
 * One trace from a client through a server to a handler, in two processes, over stdio and over HTTP, as a collector of OpenTelemetry
 * receives it: by the exporters of `effect/observability`, and by those of OpenTelemetry under `@effect/opentelemetry`.
 *
 * Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/
 */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Collector, type Series, type Span } from "./support/Collector.ts"
import { type Program, traced } from "./support/programs.ts"

interface Way {
  readonly packages: string
  readonly transport: "stdio" | "http"
  readonly revision: string
  /** What the client adds to the URL of the server. A transport does not tell where a URL leads that may have a secret. */
  readonly query?: string
  /** What both sides say of the transport. */
  readonly network: { readonly [name: string]: string }
}

const pipe = { "network.transport": "pipe" }
const tcp = { "network.transport": "tcp", "network.protocol.name": "http" }

// prettier-ignore
const ways: ReadonlyArray<Way> = [
  { packages: "effect/observability",  transport: "stdio", revision: "2026-07-28", network: pipe },
  { packages: "effect/observability",  transport: "http",  revision: "2026-07-28", network: tcp },
  { packages: "effect/observability",  transport: "http",  revision: "2025-11-25", network: tcp, query: "?key=sesame" },
  { packages: "@effect/opentelemetry", transport: "stdio", revision: "2025-11-25", network: pipe },
  { packages: "@effect/opentelemetry", transport: "http",  revision: "2026-07-28", network: tcp },
  { packages: "@effect/opentelemetry", transport: "http",  revision: "2025-11-25", network: tcp, query: "?key=sesame" }
]

const run = ({ args, command }: Program) => {
  const child = spawn(command, [...args], { stdio: ["ignore", "pipe", "inherit"] })
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  // The others are its log.
  const url = new Promise<URL>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (URL.canParse(line)) resolve(new URL(line))
    })
    void ended.then((code) => reject(new Error(`it ended with ${code}`)))
  })
  url.catch(() => {}) // who only waits for the end does not want it
  return { child, ended, url }
}

/** Runs both programs to their ends. Gives the port of the server. */
const visit = async ({ packages, query = "", revision, transport }: Way, collector: string): Promise<number | undefined> => {
  const server = traced("tracedServer", packages, collector, transport)
  const client = (...target: ReadonlyArray<string>) => run(traced("tracedClient", packages, collector, revision, ...target))
  if (transport === "stdio") {
    assert.strictEqual(await client(server.command, ...server.args).ended, 0)
    return undefined
  }
  const { child, ended, url: told } = run(server)
  const url = await told
  assert.strictEqual(await client(`${url.href}${query}`).ended, 0)
  child.kill("SIGTERM")
  await ended
  return Number(url.port)
}

const testsOf = (way: Way) => {
  const { network, revision, transport } = way
  const collector = new Collector()
  let port: number | undefined
  beforeAll(async () => {
    await collector.start()
    port = await visit(way, collector.url)
  })
  afterAll(() => collector.end())

  const named = (service: string, name: string): ReadonlyArray<Span> =>
    collector.spans.filter((span) => span.service === service && span.name === name)
  const standing = (): object => ({ "mcp.protocol.version": revision, ...network })
  const ofClient = (): object =>
    transport === "http" && way.query === undefined
      ? { ...standing(), "server.address": "127.0.0.1", "server.port": port }
      : standing()
  const isSession = transport === "http" && revision !== "2026-07-28"

  it("one trace leads from the program to the handler, through both processes", () => {
    const program = collector.span("client", "visit")
    const key = collector.span("server", "turning the key")
    const served = named("server", "tools/call open").find(({ spanId }) => spanId === key.parent)!
    const asked = named("client", "tools/call open").find(({ spanId }) => spanId === served.parent)!
    assert.strictEqual(asked.parent, program.spanId)
    assert.isUndefined(program.parent)
    assert.deepStrictEqual(
      [...new Set(collector.spans.filter(({ name }) => name !== "tools/list").map(({ traceId }) => traceId))],
      [program.traceId]
    )
    assert.deepStrictEqual([asked.kind, served.kind], ["client", "server"])
  })

  it("each request of the client is the parent of one of the server, under the same id", () => {
    const served = collector.spans.filter(({ kind }) => kind === "server")
    assert.isAtLeast(served.length, 4)
    for (const { attributes, name, parent } of served) {
      const asked = collector.spans.find(({ spanId }) => spanId === parent)!
      assert.deepStrictEqual([asked.kind, asked.attributes["jsonrpc.request.id"]], ["client", attributes["jsonrpc.request.id"]])
      assert.isTrue(name.startsWith(String(asked.attributes["mcp.method.name"])))
    }
  })

  it("a call says what the conventions ask for", () => {
    const tool = { "mcp.method.name": "tools/call", "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "open" }
    for (const { attributes } of named("client", "tools/call open")) assert.include(attributes, { ...tool, ...ofClient() })
    for (const { attributes } of named("server", "tools/call open")) {
      assert.include(attributes, { ...tool, ...standing() })
      assert.strictEqual(attributes["mcp.session.id"] !== undefined, isSession)
    }
  })

  it("a result that is an error is one, on both sides", () => {
    for (const service of ["client", "server"]) {
      const [good, bad, ...more] = named(service, "tools/call open")
      assert.deepStrictEqual(more, [])
      assert.deepStrictEqual([good!.status, good!.attributes["error.type"]], ["ok", undefined])
      assert.deepStrictEqual([bad!.status, bad!.attributes["error.type"]], ["error", "tool_error"])
    }
  })

  it("a refusal is one, with its code, and no name that a client made up", () => {
    for (const [service, name] of [
      ["client", "tools/call dig"],
      ["server", "tools/call"]
    ] as const) {
      const { attributes, status } = collector.span(service, name)
      assert.strictEqual(status, "error")
      assert.include(attributes, { "error.type": "-32602", "rpc.response.status_code": "-32602" })
    }
  })

  it("a resource is told by its URI, which is in no name", () => {
    const { attributes } = collector.span("client", "resources/read")
    assert.include(attributes, { "mcp.method.name": "resources/read", "mcp.resource.uri": "vault://door" })
    assert.include(collector.span("server", "resources/read door").attributes, { "mcp.resource.uri": "vault://door" })
  })

  it("how long it took is measured on both sides, in seconds", () => {
    const calls = (service: string, isOne: (series: Series) => boolean) =>
      collector.series.filter(
        (series) =>
          series.service === service && series.name === `mcp.${service}.operation.duration` && series.count > 0 && isOne(series)
      )
    for (const service of ["client", "server"]) {
      const good = calls(
        service,
        ({ attributes }) => attributes["gen_ai.tool.name"] === "open" && attributes["error.type"] === undefined
      )
      assert.isNotEmpty(good)
      const { attributes, bounds, count, unit } = good.at(-1)!
      assert.deepStrictEqual([count, unit], [1, "s"])
      assert.include(attributes, { "mcp.method.name": "tools/call", "gen_ai.operation.name": "execute_tool" })
      assert.includeMembers([...bounds], [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300])
      assert.isNotEmpty(calls(service, (series) => series.attributes["rpc.response.status_code"] === "-32602"))
    }
  })

  it("nothing of what was said is told: no argument, no result, no secret of the URL", () => {
    for (const secret of ["hunter2", "does not fit", "sesame"]) assert.notInclude(collector.text, secret)
  })
}

for (const way of ways) {
  describe(`${way.packages}, ${way.transport}, ${way.revision}`, () => {
    testsOf(way)
  })
}
