// The server that `bench/` measures: public API, default limits, what the benchmark's contract asks for (bench/servers/common.mjs).
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Resource from "@effect-mcp/core/Resource"
import * as Tool from "@effect-mcp/core/Tool"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"

const described = (schema, description) => schema.annotate({ description })

const fillers = Array.from({ length: Number(process.env.BENCH_FILLERS ?? 100) }, (_, i) =>
  Tool.make(`filler_${i}`, {
    description: `Filler tool number ${i}, which is never called`,
    parameters: {
      name: described(Schema.String, "Name of the item"),
      count: described(Schema.Finite, "How many"),
      enabled: described(Schema.Boolean, "Is it on"),
      tags: described(Schema.Array(Schema.String), "Labels"),
      level: described(Schema.Literals(["low", "mid", "high"]), "Level")
    },
    success: Schema.String
  })
)

const Bench = McpGroup.make(
  "bench",
  Tool.make("add", {
    description: "Adds",
    parameters: { a: described(Schema.Finite, "first"), b: described(Schema.Finite, "second") },
    success: Schema.Struct({ sum: Schema.Finite })
  }),
  Tool.make("echo", {
    description: "Echoes",
    parameters: { text: described(Schema.String, "text to return") },
    success: Schema.String
  }),
  Tool.make("sleep10", { description: "Waits 10 ms", success: Schema.String }),
  Resource.make("config", "data://config", {
    success: Schema.Struct({ region: Schema.String, debug: Schema.Boolean })
  }),
  Prompt.make("greet", { parameters: { name: Schema.String } }),
  ...fillers
)

const BenchLive = Bench.toLayer({
  tools: {
    ...Object.fromEntries(fillers.map(({ name }) => [name, () => Effect.succeed("ok")])),
    add: Effect.fnUntraced(function* ({ a, b }) {
      return { sum: a + b }
    }),
    echo: ({ text }) => Effect.succeed(text),
    sleep10: () => Effect.as(Effect.sleep(10), "ok")
  },
  resources: { config: () => Effect.succeed({ region: "eu", debug: false }) },
  prompts: { greet: ({ name }) => Effect.succeed(`Greet ${name}`) }
})

// A tracer whose exporter drops everything: what opening spans costs.
const Dropped = Layer.succeed(Tracer.Tracer, Tracer.make({ span: (options) => new Tracer.NativeSpan(options) }))

const Untraced = McpServer.layer({ name: "bench", version: "1.0.0" }, Bench).pipe(Layer.provide(BenchLive))

export const Server = process.env.BENCH_TRACED === "1" ? Untraced.pipe(Layer.provide(Dropped)) : Untraced

const port = Number(process.env.PORT)

// On what the endpoint is mounted: `node` by default.
const listeners = {
  node: async () => (await import("@effect-mcp/transport-http/NodeListener")).layer({ port }),
  router: async () => {
    const RouterListener = await import("@effect-mcp/transport-http/RouterListener")
    const HttpRouter = await import("effect/http/HttpRouter")
    const NodeHttpServer = await import("@effect/platform-node/NodeHttpServer")
    const { createServer } = await import("node:http")
    return HttpRouter.serve(RouterListener.layer({ paths: ["/mcp"] }), { disableLogger: true }).pipe(
      Layer.provide(NodeHttpServer.layer(() => createServer({ keepAliveTimeout: 0 }), { port, host: "127.0.0.1" }))
    )
  },
  web: async () => (await import("./webServer.mjs")).layer(port)
}

const serveHttp = async () => {
  const HttpServerTransport = await import("@effect-mcp/transport-http/HttpServerTransport")
  const listener = await listeners[process.env.BENCH_LISTENER ?? "node"]()
  const sessions = process.env.BENCH_MODE !== "stateless"
  const mounted = (path) => HttpServerTransport.layer({ path, sessions }).pipe(Layer.provide(Layer.fresh(Server)))
  // The last one is called; those before it are what else is on the port.
  const others = Array.from({ length: Number(process.env.BENCH_SERVERS ?? 1) - 1 }, (_, i) => mounted(`/mcp${i}`))
  return Layer.mergeAll(...others, mounted("/mcp")).pipe(Layer.provide(listener), Layer.launch)
}

const serveStdio = async () => {
  const StdioServerTransport = await import("@effect-mcp/transport-stdio/StdioServerTransport")
  return StdioServerTransport.run(Server)
}

if (import.meta.main) {
  const NodeRuntime = await import("@effect/platform-node/NodeRuntime")
  const isHttp = ["stateful", "stateless", "modern"].includes(process.env.BENCH_MODE)
  NodeRuntime.runMain(await (isHttp ? serveHttp() : serveStdio()))
}
