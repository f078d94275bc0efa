import { describe } from "@effect/vitest"
import { ask, base, call, greeting, routed } from "./support/served.ts"
import { type Row, table } from "./support/table.ts"

const hello = greeting("2025-11-25")
const post = (headers: ReadonlyArray<readonly [string, string]>) => ({ headers, body: hello })
const refused = (what: RegExp) => ({ status: 403, text: what, headers: { "content-type": "text/plain; charset=utf-8" } })

const host = (value: string, more: Partial<Row> = {}): Row => ({
  title: `the host ${value} is ${more.status === undefined ? "served" : "refused"}`,
  send: post([["Host", value]]),
  status: 200,
  ...more
})

const foreign = refused(/the host ".*" is not served here.*allowedHosts/)
const allowing = { how: { allowedHosts: ["mcp.example.com", "[2001:db8::1]"] } }

describe("the header Host", () => {
  table([
    host("localhost:3000"),
    host("127.0.0.1"),
    host("[::1]:3000"),
    host("LocalHost:1"),
    host("evil.example.com", foreign),
    host("localhost.evil.example.com", foreign),
    host("localhost@evil.example.com", foreign),
    host("evil.example.com@localhost", foreign),
    host("localhost#.evil.example.com", foreign),
    host("localhost:port", foreign),
    host("localhost/", foreign),
    host("0.0.0.0", foreign),
    host("[::2]", foreign),
    host("mcp.example.com", foreign),
    host("MCP.example.com:443", allowing),
    host("[2001:DB8:0::1]", allowing),
    host("other.example.com", { ...allowing, ...foreign }),
    host("anything.example.com", { how: { allowedHosts: ["*"] } }),
    { title: "an empty host is refused", send: post([["Host", ""]]), ...foreign },
    { title: "a wildcard takes an empty one, too", how: { allowedHosts: ["*"] }, send: post([["Host", ""]]), status: 200 }
  ])
})

const origin = (value: string, more: Partial<Row> = {}): Row => ({
  title: `pages of ${value} are ${more.status === undefined ? "served" : "refused"}`,
  send: post([["Origin", value]]),
  status: 200,
  ...more
})

const foreignPage = refused(/pages of ".*" may not call this server.*allowedOrigins/)
const allowingPage = {
  how: { allowedHosts: ["mcp.example.com"], allowedOrigins: ["https://app.example.com", "https://b.example.com:8443"] }
}

describe("the header Origin", () => {
  table([
    origin("http://localhost:5173"),
    origin("https://127.0.0.1"),
    origin("http://[::1]:8080"),
    origin("null", foreignPage),
    origin("https://evil.example.com", foreignPage),
    origin("https://localhost.evil.example.com", foreignPage),
    origin("https://localhost@evil.example.com", foreignPage),
    origin("https://evil@localhost", foreignPage),
    origin("https://localhost/", foreignPage),
    origin("localhost", foreignPage),
    origin("file://localhost", foreignPage),
    origin("chrome-extension://localhost", foreignPage),
    origin("https://mcp.example.com", allowingPage),
    origin("https://app.example.com", allowingPage),
    origin("http://app.example.com", { ...allowingPage, ...foreignPage }),
    origin("https://app.example.com:8443", { ...allowingPage, ...foreignPage }),
    origin("https://b.example.com:8443", allowingPage),
    origin("https://evil.example.com", {
      title: "a wildcard for hosts is none for pages",
      how: { allowedHosts: ["*"] },
      ...foreignPage
    }),
    origin("https://evil.example.com", { title: "a wildcard for origins takes all pages", how: { allowedOrigins: ["*"] } }),
    origin("null", { title: "a wildcard for origins takes pages without one", how: { allowedOrigins: ["*"] } }),
    {
      title: "two origins are none",
      send: post([
        ["Origin", "http://localhost"],
        ["Origin", "http://localhost"]
      ]),
      ...foreignPage
    },
    {
      title: "a good origin does not make up for a bad host",
      send: post([
        ["Host", "evil.example.com"],
        ["Origin", "http://localhost"]
      ]),
      ...foreign
    }
  ])
})

const page = ["Origin", "https://app.example.com"] as const
const withCors = { allowedOrigins: ["https://app.example.com"], cors: true }
const noCors = { "access-control-allow-origin": null, "access-control-expose-headers": null, vary: null }

describe("CORS", () => {
  table([
    {
      title: "a preflight request is answered with what clients of all revisions send",
      how: withCors,
      send: {
        method: "OPTIONS",
        headers: [
          page,
          ["Access-Control-Request-Method", "POST"],
          [
            "Access-Control-Request-Headers",
            "content-type, MCP-Protocol-Version,mcp-session-id, mcp-method, mcp-name, last-event-id, authorization, Mcp-Param-Region, mcp-param-, x-evil"
          ]
        ]
      },
      status: 204,
      text: "",
      headers: {
        "access-control-allow-origin": "https://app.example.com",
        "access-control-allow-methods": "GET, POST, DELETE",
        "access-control-allow-headers":
          "content-type, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name, last-event-id, authorization, mcp-param-region",
        "access-control-max-age": "7200",
        vary: "Origin"
      }
    },
    {
      title: "pages may read the session, and when to come back",
      how: withCors,
      send: post([page]),
      status: 200,
      headers: {
        "access-control-allow-origin": "https://app.example.com",
        "access-control-expose-headers": "Mcp-Session-Id, Retry-After, WWW-Authenticate",
        "mcp-session-id": /^[\x21-\x7e]{20,}$/,
        vary: "Origin"
      }
    },
    {
      title: "pages may read refusals",
      how: withCors,
      send: { headers: [page], body: "{" },
      status: 400,
      headers: { "access-control-allow-origin": page[1] }
    },
    { title: "who is no page gets no such headers", how: withCors, send: post([]), status: 200, headers: noCors },
    {
      title: "nor does a page where it is off",
      how: { ...withCors, cors: false },
      send: post([page]),
      status: 200,
      headers: noCors
    },
    {
      title: "a preflight request of a foreign page is refused",
      how: withCors,
      send: { method: "OPTIONS", headers: [["Origin", "https://evil.example.com"]] },
      ...foreignPage,
      headers: noCors
    },
    {
      title: "OPTIONS is no method where it is off",
      send: { method: "OPTIONS", headers: [["Origin", "http://localhost"]] },
      status: 405
    },
    { title: "OPTIONS is no method for who is no page", how: withCors, send: { method: "OPTIONS" }, status: 405 }
  ])
})

describe("methods", () => {
  table([
    ...["PUT", "PATCH", "HEAD"].map((method): Row => ({
      title: `${method} is not allowed`,
      send: { method },
      status: 405,
      headers: { allow: "POST, GET, DELETE" }
    })),
    {
      title: "without sessions only POST is",
      how: { sessions: false },
      send: { method: "GET" },
      status: 405,
      headers: { allow: "POST" }
    },
    {
      title: "without sessions nothing is deleted",
      how: { sessions: false },
      send: { method: "DELETE" },
      status: 405,
      headers: { allow: "POST" }
    },
    {
      title: "with JSON only there is no stream",
      how: { jsonOnly: true },
      send: { method: "GET" },
      status: 405,
      headers: { allow: "POST, DELETE" }
    },
    {
      title: "nor is it named elsewhere",
      how: { jsonOnly: true },
      send: { method: "PUT" },
      status: 405,
      headers: { allow: "POST, DELETE" }
    },
    ...["GET", "DELETE"].map((method): Row => ({
      title: `2026-07-28 has no ${method}`,
      send: { method, headers: [["MCP-Protocol-Version", "2026-07-28"]] },
      status: 405,
      headers: { allow: "POST" }
    }))
  ])
})

const type = (value: string, status: number): Row => ({
  title: `Content-Type: ${value} is ${status === 200 ? "read" : "refused"}`,
  send: { headers: [["Content-Type", value]], body: hello },
  status
})

const takes = (value: string, status: number, contentType = "application/json"): Row => ({
  title: `Accept: ${value} gets ${status === 200 ? contentType : "nothing"}`,
  send: { headers: [["Accept", value]], body: hello },
  status,
  ...(status === 200 ? { headers: { "content-type": contentType } } : {})
})

describe("what is sent, and what is taken", () => {
  table([
    type("application/json", 200),
    type("application/json; charset=utf-8", 200),
    type('Application/JSON;charset="UTF-8"', 200),
    type("application/json; charset=iso-8859-1", 415),
    type("application/jsonp", 415),
    type("text/plain", 415),
    type("multipart/form-data; boundary=application/json", 415),
    { title: "no Content-Type is refused", bare: true, send: { headers: [["Accept", "*/*"]], body: hello }, status: 415 },
    {
      title: "compressed bodies are refused",
      send: { headers: [["Content-Encoding", "gzip"]], body: hello },
      status: 415,
      headers: { "accept-encoding": "identity" }
    },
    {
      title: "a body may be said to be as it is",
      send: { headers: [["Content-Encoding", "Identity"]], body: hello },
      status: 200
    },
    takes("application/json", 200),
    takes("application/json, text/event-stream", 200),
    takes("text/event-stream, application/json", 200),
    takes("text/event-stream;q=0.5,application/json;q=0.1", 200),
    takes("*/*", 200),
    takes("application/*", 200),
    takes("APPLICATION/JSON", 200),
    takes("text/event-stream", 200, "text/event-stream"),
    takes("text/*", 200, "text/event-stream"),
    takes("application/json;q=0, text/event-stream", 200, "text/event-stream"),
    takes("application/json;q=0, */*", 200, "text/event-stream"),
    takes("text/html", 406),
    takes("application/json;q=0", 406),
    {
      title: "without Accept everything is taken",
      bare: true,
      send: { headers: [["Content-Type", "application/json"]], body: hello },
      status: 200
    }
  ])
})

const deep = (levels: number) => ({ ...ask(1, "ping", JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`)) })
const small = { how: { maxBodyBytes: 200 } }

describe("limits", () => {
  table([
    {
      title: "a long URL is refused",
      how: { maxUrlLength: 20 },
      send: { path: "/mcp?0123456789abcdef", body: hello },
      status: 414,
      text: /20 characters/
    },
    {
      title: "one as long as that is not",
      how: { maxUrlLength: 20 },
      send: { path: "/mcp?0123456789abcde", body: hello },
      status: 200
    },
    {
      title: "a long body is refused by its length, before it comes",
      ...small,
      send: { headers: [["Content-Length", "100000"]], body: "x", isOpen: true },
      status: 413,
      text: /200 bytes.*maxBodyBytes/,
      headers: { connection: "close" }
    },
    {
      title: "a long body without a length is refused as soon as it is too long",
      ...small,
      send: { body: "x".repeat(1000), isOpen: true },
      status: 413,
      headers: { connection: "close" }
    },
    {
      title: "headers beyond the limit are refused",
      send: { headers: [["X-Large", "x".repeat(17_000)]], body: hello },
      status: 431
    },
    {
      title: "JSON as deep as the limit is read",
      how: { maxDepth: 10, sessions: false },
      send: { body: deep(9) },
      status: 200
    },
    {
      title: "JSON that is deeper is refused",
      how: { maxDepth: 10, sessions: false },
      send: { body: deep(10) },
      status: 400,
      error: [-32700],
      text: /deeper than 10 levels/
    },
    {
      title: "a batch is a level, too",
      how: { maxDepth: 10, sessions: false },
      send: { body: [deep(9)] },
      status: 400,
      error: [-32700]
    },
    {
      title: "answers are held to it, too",
      how: { maxDepth: 10 },
      send: { body: { jsonrpc: "2.0", id: 1, result: deep(10)["params"] } },
      status: 400,
      error: [-32700]
    },
    {
      title: "so are errors",
      how: { maxDepth: 10 },
      send: { body: { jsonrpc: "2.0", id: 1, error: { code: 1, message: "", data: deep(10)["params"] } } },
      status: 400,
      error: [-32700]
    },
    {
      title: "depths that would break a walker are refused",
      send: { body: `{"jsonrpc":"2.0","id":1,"method":"ping","params":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}` },
      status: 400,
      error: [-32700]
    }
  ])
})

describe("bodies that are no message", () => {
  table([
    { title: "no JSON", send: { body: "{" }, status: 400, error: [-32700], headers: { "content-type": "application/json" } },
    { title: "nothing", send: {}, status: 400, error: [-32700] },
    { title: "no UTF-8", send: { body: Buffer.from([0x7b, 0xff, 0x7d]) }, status: 400, text: /not UTF-8/ },
    { title: "a byte order mark", send: { body: `\ufeff${JSON.stringify(hello)}` }, status: 400, error: [-32700] },
    { title: "an empty batch", send: { body: [] }, status: 400, error: [-32600] },
    { title: "a string", send: { body: '"ping"' }, status: 400, error: [-32600] },
    { title: "another JSON-RPC", send: { body: { id: 7, method: "ping" } }, status: 400, error: [-32600, 7] },
    { title: "an id that is null", send: { body: { jsonrpc: "2.0", id: null, method: "ping" } }, status: 400, error: [-32600] },
    {
      title: "params that are an array",
      send: { body: { jsonrpc: "2.0", id: "a", method: "ping", params: [] } },
      status: 400,
      error: [-32602, "a"]
    },
    {
      title: "text that breaks in the middle of a letter",
      send: { body: Buffer.from('"ä').subarray(0, 2) },
      status: 400,
      text: /not UTF-8/
    }
  ])
})

const wrong = {
  headers: [
    ["Host", "evil.example.com"],
    ["Content-Type", "text/plain"],
    ["Accept", "text/html"]
  ] as const,
  body: "{"
}

describe("the order of checks", () => {
  table([
    { title: "the URL comes first", how: { maxUrlLength: 5 }, send: { ...wrong, path: "/mcp?long" }, status: 414 },
    { title: "then the host", send: wrong, status: 403 },
    { title: "then the method", send: { ...wrong, method: "PUT", headers: wrong.headers.slice(1) }, status: 405 },
    { title: "then the type", send: { ...wrong, headers: wrong.headers.slice(1) }, status: 415 },
    {
      title: "then the size",
      how: { maxBodyBytes: 1 },
      send: { headers: [["Mcp-Session-Id", "none"]], body: "{}" },
      status: 413
    },
    { title: "then the JSON", send: { headers: [["Mcp-Session-Id", "none"]], body: "{" }, status: 400, error: [-32700] },
    { title: "then the session", send: { headers: [["Mcp-Session-Id", "none"]], body: ask(1, "nope") }, status: 404 },
    {
      title: "then the version",
      session: "2025-11-25",
      send: { headers: [["MCP-Protocol-Version", "1999-01-01"]], body: ask(1, "nope") },
      status: 400
    },
    {
      title: "then the method of the message",
      session: "2025-11-25",
      send: { body: ask(1, "nope") },
      status: 200,
      error: [-32601, 1]
    },
    {
      title: "in the request era headers come before methods",
      send: { headers: routed("other"), body: call("x", "add") },
      status: 400
    }
  ])
})

describe("other paths", () => {
  table([
    { title: "nothing is served there", send: { path: "/other", headers: base, body: hello }, status: 404 },
    { title: "a slash at the end is none", send: { path: "/mcp/", body: hello }, status: 200 },
    { title: "a query is none", send: { path: "/mcp?a=b", body: hello }, status: 200 },
    { title: "HTTP+SSE is off", send: { method: "GET", path: "/sse" }, status: 404 }
  ])
})
