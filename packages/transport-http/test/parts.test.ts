import * as Jsonrpc from "@effect-mcp/core/Jsonrpc"
import { encode } from "@effect-mcp/core/MirroredHeaders"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { Exchange, Reply } from "../src/Exchange.ts"
import type { Route } from "../src/HttpListener.ts"
import type * as HttpServerTransport from "../src/HttpServerTransport.ts"
import { accepted, isJson } from "../src/internal/server/accepts.ts"
import { framed } from "../src/internal/bytes.ts"
import { isDeeper, isTooDeep } from "../src/internal/server/depth.ts"
import { Entrance } from "../src/internal/server/entrance.ts"
import { makeGate } from "../src/internal/server/gate.ts"
import { Load } from "../src/internal/server/load.ts"
import { Routes } from "../src/internal/server/routes.ts"
import { routingProblem } from "../src/internal/server/routing.ts"
import * as Settings from "../src/internal/server/settings.ts"

const exchange = (target: string, headers: { readonly [name: string]: string } = {}): Exchange => ({
  method: "GET",
  target,
  header: (name) => headers[name],
  readText: () => {},
  onGone: () => {}
})

describe("depth", () => {
  const nested = (levels: number, isArray: boolean): unknown => {
    let value: unknown = 1
    for (let n = 0; n < levels; n++) value = isArray ? [0, value] : { a: 0, b: value }
    return value
  }

  it.prop(
    "a value is deeper than a limit when it has more levels",
    {
      levels: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 50 })),
      limit: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 50 })),
      isArray: Schema.Boolean
    },
    ({ isArray, levels, limit }) => {
      assert.strictEqual(isDeeper(nested(levels, isArray), limit), levels > limit)
    }
  )

  it("a message counts its own level, and a batch one more", () => {
    const message = { jsonrpc: "2.0", id: 1, method: "m", params: nested(3, false) }
    const tooDeep = (value: unknown, limit: number) => isTooDeep(Jsonrpc.parse(JSON.stringify(value)), limit)
    assert.deepStrictEqual([tooDeep(message, 3), tooDeep(message, 4)], [true, false])
    assert.deepStrictEqual([tooDeep([message], 4), tooDeep([message], 5)], [true, false])
    assert.isFalse(tooDeep({ jsonrpc: "2.0", id: 1, method: "m" }, 1))
    assert.isFalse(tooDeep({ deep: nested(10, false) }, 1)) // it is refused as what it is
  })
})

describe("Accept and Content-Type", () => {
  const range = Schema.Literals([
    "application/json",
    "text/event-stream",
    "*/*",
    "application/*",
    "text/*",
    "text/html",
    "",
    ";",
    "x;q=0"
  ])

  it.prop("any list of ranges is read, in any order", { ranges: Schema.Array(range) }, ({ ranges }) => {
    const has = (...some: ReadonlyArray<string>) => ranges.some((one) => some.includes(one))
    const read = accepted(ranges.join(", "))
    assert.deepStrictEqual(read, {
      json: has("application/json", "application/*", "*/*"),
      stream: has("text/event-stream", "text/*", "*/*")
    })
    assert.deepStrictEqual(accepted(ranges.toReversed().join(",")), read)
  })

  it.prop("any text is read", { text: Schema.String }, ({ text }) => {
    accepted(text)
    assert.strictEqual(isJson(text), isJson(text.toUpperCase()))
  })

  it("what is refused by name is not taken by a pattern", () => {
    assert.deepStrictEqual(accepted("*/*, text/event-stream;q=0.000"), { json: true, stream: false })
    assert.deepStrictEqual(accepted("application/*;q=0, application/json"), { json: true, stream: false })
    assert.deepStrictEqual(accepted("*/*;q=0.001"), { json: true, stream: true })
  })
})

describe("Mcp-Name", () => {
  it.prop("what a client writes is what the server reads", { name: Schema.String, other: Schema.String }, ({ name, other }) => {
    const written = encode(name.toWellFormed())
    const request = (said: string) => Jsonrpc.request(1, "tools/call", { name: said })
    const headers: { [name: string]: string | undefined } = { "mcp-method": "tools/call", "mcp-name": written }
    const problem = (said: string) => routingProblem(request(said), (header) => headers[header])
    assert.isUndefined(problem(name.toWellFormed()))
    if (other.toWellFormed() !== name.toWellFormed()) assert.match(problem(other.toWellFormed()) ?? "", /params\.name/)
  })

  it("says by what each method is routed", () => {
    const rows = [
      ["tools/call", "name"],
      ["prompts/get", "name"],
      ["resources/read", "uri"],
      ["tasks/get", "taskId"],
      ["tasks/update", "taskId"],
      ["tasks/cancel", "taskId"]
    ] as const
    for (const [method, member] of rows) {
      const request = Jsonrpc.request(1, method, { [member]: "a" })
      const header = (value?: string) => (name: string) => (name === "mcp-method" ? method : value)
      assert.isUndefined(routingProblem(request, header("a")))
      assert.match(routingProblem(request, header("b")) ?? "", new RegExp(`params\\.${member}`))
      assert.match(routingProblem(request, header()) ?? "", /missing/)
    }
  })
})

describe("who may call", () => {
  it("names that are none are refused when the gate is built", () => {
    for (const host of ["Example.com", "example.com:443", "https://example.com", "exa mple.com", "", "::1"]) {
      assert.throws(() => makeGate([host], []), /allowedHosts/)
    }
    for (const origin of ["example.com", "https://example.com/", "https://Example.com", "null", "https://example.com:443"]) {
      assert.throws(() => makeGate([], [origin]), /allowedOrigins/)
    }
    makeGate(["example.com", "[::2]", "*"], ["https://example.com", "http://localhost:3000", "*"])
  })

  it("no Host is none that is allowed", () => {
    assert.match(makeGate([], [])(exchange("/")) ?? "", /allowedHosts/)
  })

  it("what is said of one host is not said of the next", () => {
    const gate = makeGate([], [])
    const asked = (host: string) => gate(exchange("/", { host }))
    assert.isDefined(asked("evil.example.com"))
    assert.isUndefined(asked("localhost"))
    assert.isDefined(asked("evil.example.com"))
  })

  it("what is shown of a host is short, and cannot forge a log", () => {
    const said = makeGate([], [])(exchange("/", { host: `${"x".repeat(1000)}\n` })) ?? ""
    assert.isBelow(said.length, 400)
    assert.notInclude(makeGate([], [])(exchange("/", { host: "a\nb" })), "\n")
  })

  it.prop(
    "nothing that is said as a host or as an origin breaks the gate",
    { host: Schema.String, origin: Schema.String },
    (headers) => {
      makeGate([], [])(exchange("/", headers))
    }
  )
})

describe("routes", () => {
  const said =
    (name: string): Route["handle"] =>
    (_, reply) =>
      reply({ status: 200, headers: {}, body: name })
  const ask = (routes: Routes, target: string, host = "localhost") => {
    let got: Reply | undefined
    routes.handle(exchange(target, { host }), (reply) => (got = reply))
    return got?.status === 200 ? got.body : got?.status
  }

  it.effect("the most specific route wins: of path and of host", () =>
    Effect.gen(function* () {
      const routes = new Routes()
      assert.strictEqual(ask(routes, "/mcp"), 503)
      const scope = yield* Scope.make()
      const mount = (path: string, host?: string) =>
        Scope.provide(routes.mount({ path, host, handle: said(`${host ?? ""}${path}`) }), scope)
      yield* mount("/mcp")
      yield* mount("/mcp", "a.example.com")
      yield* mount("/tools/*")
      yield* mount("/tools/deep/*")
      yield* mount("/tools/*", "a.example.com")
      yield* mount("/only", "a.example.com")
      yield* mount("/any/*", "[::1]")
      yield* mount("/exact/")
      const rows: ReadonlyArray<readonly [string, string, unknown]> = [
        ["/mcp", "localhost:3000", "/mcp"],
        ["/mcp", "A.example.com:80", "a.example.com/mcp"],
        ["/mcp/", "localhost", "/mcp"],
        ["/mcp?a=/b", "localhost", "/mcp"],
        ["/mcpx", "localhost", 404],
        ["/mcp/x", "localhost", 404],
        ["/MCP", "localhost", 404],
        ["/tools", "localhost", "/tools/*"],
        ["/tools/", "localhost", "/tools/*"],
        ["/tools/a/b", "localhost", "/tools/*"],
        ["/tools/a", "a.example.com", "a.example.com/tools/*"],
        ["/tools/deep/a", "a.example.com", "/tools/deep/*"],
        ["/toolsx", "localhost", 404],
        ["/only", "localhost", 404],
        ["/only", "a.example.com", "a.example.com/only"],
        ["/any/x", "[::1]:3000", "[::1]/any/*"],
        ["/any/x", "localhost", 404],
        ["/exact/", "localhost", "/exact/"],
        ["/", "localhost", 404],
        ["", "localhost", 404],
        ["*", "localhost", 404]
      ]
      for (const [target, host, expected] of rows) assert.strictEqual(ask(routes, target, host), expected, `${host}${target}`)
      assert.isFalse(routes.isEmpty)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(routes.isEmpty)
      assert.deepStrictEqual([ask(routes, "/mcp"), ask(routes, "/tools/a")], [503, 503])
    })
  )

  it.effect("what is no path, or taken, is not mounted; one goes and leaves the others", () =>
    Effect.gen(function* () {
      const routes = new Routes()
      const mount = (path: string, host?: string) => routes.mount({ path, host, handle: said(path) })
      for (const path of ["", "mcp", "/a?b", "/a#b", "/a b", "/*/a", "/a*b"]) {
        assert.match((yield* Effect.flip(mount(path))).message, /is no path/, path)
      }
      for (const host of ["", "A.example.com", "a.example.com:80", "https://a"]) {
        assert.match((yield* Effect.flip(mount("/mcp", host))).message, /is no name of a host/, host)
      }
      yield* mount("/mcp", "a.example.com")
      yield* Effect.scoped(mount("/mcp"))
      yield* mount("/mcp")
      yield* mount("/x/*")
      for (const again of [mount("/mcp"), mount("/mcp", "a.example.com"), mount("/x/*")]) {
        assert.match((yield* Effect.flip(again)).message, /mounted already/)
      }
      yield* Effect.scoped(mount("/x/*", "a.example.com"))
      assert.strictEqual(ask(routes, "/x/1", "a.example.com"), "/x/*")
    })
  )
})

describe("bytes", () => {
  it.effect.prop(
    "a text between others is what it would be as a text",
    { before: Schema.String, text: Schema.String, isAscii: Schema.Boolean },
    ({ before, isAscii, text }) => {
      const [head, body] = [before, text].map((each) => (isAscii ? each.replaceAll(/[^\0-~]/g, "x") : each)) as [string, string]
      assert.deepStrictEqual(framed(head, body, "}"), new TextEncoder().encode(`${head}${body}}`))
      assert.deepStrictEqual(framed(head, body.repeat(1000), "}"), new TextEncoder().encode(`${head}${body.repeat(1000)}}`))
      return Effect.void
    },
    { arbitrary: { runs: 500 } }
  )
})

describe("settings", () => {
  it("what makes no sense is refused with its name", () => {
    const numbers = ["maxBodyBytes", "maxBufferedBytes", "maxUrlLength", "maxDepth", "maxRequests", "maxStreams", "highWaterMark"]
    for (const name of numbers)
      for (const value of [0, -1, 1.5, NaN, Infinity]) assert.throws(() => Settings.make({ [name]: value }), name)
    const durations = ["bodyTimeout", "keepAlive", "retry", "stallTimeout", "drainTimeout"]
    for (const name of durations)
      for (const value of [0, -1, Infinity]) assert.throws(() => Settings.make({ [name]: value }), name)
    assert.strictEqual(Settings.make({ retry: 1.2 }).retry, 2)
    assert.strictEqual(Settings.make({ maxBufferedBytes: 1, maxBodyBytes: 10 }).maxBufferedBytes, 10)
  })

  it("are safe by default", () => {
    const { gate, ...settings } = Settings.make({})
    assert.isDefined(gate(exchange("/", { host: "example.com" })))
    assert.deepStrictEqual(settings, {
      sessions: true,
      jsonOnly: false,
      legacySse: undefined,
      cors: undefined,
      authenticate: undefined,
      maxBodyBytes: 4 * 1024 * 1024,
      maxBufferedBytes: 256 * 1024 * 1024,
      maxUrlLength: 8192,
      maxDepth: 128,
      maxRequests: 10_000,
      maxStreams: 10_000,
      bodyTimeout: 30_000,
      keepAlive: 15_000,
      retry: 1000,
      highWaterMark: 1024 * 1024,
      stallTimeout: 30_000,
      drainTimeout: 10_000
    })
  })

  it("say where everything is served", () => {
    const paths = (options: HttpServerTransport.Options) => [...Settings.pathsOf({ path: "/mcp", ...options })]
    assert.deepStrictEqual(paths({}), ["/mcp"])
    assert.deepStrictEqual(paths({ legacySse: false }), ["/mcp"])
    assert.deepStrictEqual(paths({ legacySse: true }), ["/mcp", "/sse", "/messages"])
    assert.deepStrictEqual(paths({ legacySse: { path: "/a", messages: "/a" } }), ["/mcp", "/a"])
    assert.throws(() => paths({ path: "/sse", legacySse: true }), /paths of its own/)
  })
})

describe("the entrance", () => {
  it("reads no more bytes of bodies at once than it is told to, and takes a body of unknown length for the longest", () => {
    const settings = Settings.make({ maxBodyBytes: 100, maxBufferedBytes: 150 })
    const entrance = new Entrance({ settings, run: () => {}, onDefect: () => {} })
    const arriving: Array<() => void> = []
    const statuses: Array<number> = []
    const read: Array<string> = []
    const post = (length: string | undefined) => {
      const headers = { "content-type": "application/json", ...(length === undefined ? {} : { "content-length": length }) }
      const posted: Exchange = {
        ...exchange("/", headers),
        readText: (_, __, done) => void arriving.push(() => done("{}", undefined))
      }
      entrance.readJson(
        posted,
        ({ status }) => statuses.push(status),
        (text) => read.push(text)
      )
    }
    post("60")
    post("60")
    post("31")
    post(undefined)
    assert.deepStrictEqual([arriving.length, statuses], [2, [503, 503]])
    arriving[0]?.()
    post(undefined)
    arriving[1]?.()
    post(undefined)
    assert.deepStrictEqual([arriving.length, statuses, read.length], [3, [503, 503, 503], 2])
  })

  it("answers 500 to what our own mistake has ended, and says what it was to the log alone", () => {
    const replied: Array<Reply> = []
    const defects: Array<string> = []
    const entrance = new Entrance({ settings: Settings.make({}), run: () => {}, onDefect: (what) => defects.push(what) })
    const posted: Exchange = {
      ...exchange("/", { "content-type": "application/json" }),
      readText: (_, __, done) => done("{}", undefined)
    }
    const broken = () => {
      throw new Error("secret")
    }
    entrance.readJson(posted, (reply) => replied.push(reply), broken)
    assert.deepStrictEqual(
      replied.map(({ body, status }) => [status, body]),
      [[500, "Internal error\n"]]
    )
    assert.deepStrictEqual(defects, ["a request"])
  })
})

describe("how much is in work", () => {
  it("is full at its limit, and not before or after", () => {
    const load = new Load(2)
    load.begin()
    assert.isFalse(load.isFull)
    load.begin()
    assert.isTrue(load.isFull)
    load.end()
    assert.isFalse(load.isFull)
  })
})
