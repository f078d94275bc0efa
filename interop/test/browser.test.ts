/**
 * Pages in a browser call our server: with `fetch` alone, and with our client over `fetch`. From the server's own origin, from another one by
 * CORS, and from where they may not: then they get nothing.
 *
 * It needs Chromium: without it the tests are left out, and say so.
 */
import { build } from "esbuild"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import type { Browser, Page } from "playwright-core"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { executable, foreign, launch } from "./support/browser.ts"
import { Inbox } from "./support/Inbox.ts"
import { forPages } from "./support/programs.ts"
import type { Json } from "./support/Wire.ts"

const folder = mkdtempSync(join(tmpdir(), "browser-"))
const script = join(folder, "script.js")

let browser: Browser
beforeAll(async () => {
  if (executable === undefined) return
  await build({
    entryPoints: [resolve(import.meta.dirname, "../fixtures/inBrowser.ts")],
    outfile: script,
    bundle: true,
    format: "iife",
    platform: "browser",
    conditions: ["@effect-mcp/source"],
    logLevel: "error"
  })
  browser = await launch()
})
afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true })
})

/** A server and its pages. */
class Site {
  private readonly options: () => object
  private readonly pages = new Inbox<URL>()
  private child: ChildProcess | undefined

  /** The options of the endpoint are asked for when it starts. */
  constructor(options: () => object = () => ({})) {
    this.options = options
  }

  async start(): Promise<void> {
    const { args, command } = forPages(this.options(), script)
    this.child = spawn(command, [...args], { stdio: ["ignore", "pipe", "inherit"] })
    createInterface({ input: this.child.stdout! }).on("line", (line) => {
      if (URL.canParse(line)) this.pages.push(new URL(line))
    })
    await this.pages.first(2)
  }

  /** The endpoint, under this name. */
  endpoint(host = "127.0.0.1"): string {
    return `http://${host}:${this.pages.all[0]!.port}/mcp`
  }

  /** Of the pages that are not beside the endpoint, under this name. */
  origin(host: string): string {
    return `http://${host}:${this.pages.all[1]!.port}`
  }

  /** A page beside the endpoint, or of another port, under this name. */
  async open(where: "beside" | "elsewhere", host = "127.0.0.1"): Promise<Page> {
    const page = await browser.newPage()
    const { port } = this.pages.all[where === "beside" ? 0 : 1]!
    await page.goto(`http://${host}:${port}/page`)
    return page
  }

  stop(): void {
    this.child?.kill("SIGKILL")
  }
}

interface Answer {
  readonly status: number
  readonly type: string | null
  readonly session: string | null
  readonly messages: ReadonlyArray<Json>
}

/** Posts a message from the page, and reads the answer there, bit by bit where it is a stream. */
const post = (page: Page, url: string, message: object, headers: { readonly [name: string]: string } = {}): Promise<Answer> =>
  page.evaluate(
    async ({ headers, message, url }) => {
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
        body: JSON.stringify(message)
      })
      const type = response.headers.get("content-type")
      const texts: Array<string> = []
      if (type === "text/event-stream") {
        let rest = ""
        for (const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader(); ;) {
          const { done, value } = await reader.read()
          if (done) break
          const events = (rest + value).split("\n\n")
          rest = events.pop()!
          for (const event of events)
            texts.push(
              ...event
                .split("\n")
                .filter((line) => line.startsWith("data: {"))
                .map((line) => line.slice(6))
            )
        }
      } else {
        texts.push(await response.text())
      }
      const messages = texts.flatMap((text) => (text.startsWith("{") ? [JSON.parse(text)] : []))
      return { status: response.status, type, session: response.headers.get("mcp-session-id"), messages }
    },
    { headers, message, url }
  )

const request = (method: string, params: object) => ({ jsonrpc: "2.0", id: 1, method, params })

const me = { name: "page", version: "1.0.0" }

const modern = (method: string, params: object, name?: string) => ({
  message: request(method, {
    ...params,
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": me,
      "io.modelcontextprotocol/clientCapabilities": {},
      progressToken: 7
    }
  }),
  headers: {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    ...(name === undefined ? {} : { "mcp-name": name })
  }
})

const add = modern("tools/call", { name: "add", arguments: { a: 19, b: 23 } }, "add")
const count = modern("tools/call", { name: "count", arguments: { to: 3 } }, "count")

/** All that a page does with `fetch` alone. */
const callsTools = async (page: Page, url: string): Promise<void> => {
  const sum = await post(page, url, add.message, add.headers)
  assert.deepStrictEqual([sum.status, sum.type], [200, "application/json"])
  assert.deepStrictEqual(sum.messages[0].result.structuredContent, { sum: 42 })

  const counted = await post(page, url, count.message, count.headers)
  assert.deepStrictEqual([counted.status, counted.type], [200, "text/event-stream"])
  assert.deepStrictEqual(
    counted.messages.map(({ params, result }) => params?.progress ?? result.structuredContent),
    [1, 2, 3, { heard: true }]
  )

  const opened = await post(page, url, request("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: me }))
  assert.isNotNull(opened.session)
  const session = { "mcp-session-id": opened.session!, "mcp-protocol-version": "2025-11-25" }
  const listed = await post(page, url, request("tools/list", {}), session)
  assert.isNotEmpty(listed.messages[0].result.tools)
  const deleted = await page.evaluate(async ({ headers, url }) => (await fetch(url, { method: "DELETE", headers })).status, {
    headers: session,
    url
  })
  assert.strictEqual(deleted, 204)
}

/** All that our client does there. */
const visits = async (page: Page, url: string, version: string): Promise<void> => {
  const seen = await page.evaluate(([url, version]) => (globalThis as Json).visit(url, version) as Promise<Json>, [
    url,
    version
  ] as const)
  assert.includeMembers(seen.names, ["add", "count"])
  assert.deepStrictEqual([seen.version, seen.sum, seen.told], [version, { sum: 42 }, [1, 2, 3]])
  assert.include(seen.asked[0].text, "the user declined")
}

/** The page is not even told why. */
const getsNothing = async (page: Page, url: string): Promise<void> => {
  const tried = await post(page, url, add.message, add.headers).then(
    () => "it was answered",
    (error: unknown) => String(error)
  )
  assert.include(tried, "Failed to fetch")
}

/** A request that no browser asks about first. The page sees nothing of its answer. */
const sendsBlindly = async (page: Page, url: string): Promise<void> =>
  page.evaluate(async (url) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: {} })
    await fetch(url, { method: "POST", mode: "no-cors", headers: { "content-type": "text/plain" }, body })
  }, url)

const why = executable === undefined ? " (left out: there is no Chromium; CHROMIUM says where one is)" : ""

describe.skipIf(executable === undefined)(`a browser${why}`, { timeout: 30_000 }, () => {
  describe("without options", () => {
    const site = new Site()
    beforeAll(() => site.start())
    afterAll(() => site.stop())

    it("a page beside the endpoint calls tools and reads a stream", async () =>
      callsTools(await site.open("beside"), site.endpoint()))

    for (const version of ["2026-07-28", "2025-11-25"]) {
      it(`our client works in it, ${version}`, async () => visits(await site.open("beside"), site.endpoint(), version))
    }

    it("a page of another origin on this machine cannot read", async () =>
      getsNothing(await site.open("elsewhere"), site.endpoint()))

    it("a page of a foreign origin gets nothing", async () => {
      const page = await site.open("elsewhere", foreign)
      const [blind] = await Promise.all([page.waitForResponse(site.endpoint()), sendsBlindly(page, site.endpoint())])
      assert.strictEqual(blind.status(), 403)
      await getsNothing(page, site.endpoint())
    })

    it("a page whose name was made to lead to this machine is refused", async () => {
      const page = await site.open("beside", foreign)
      const { messages, status } = await post(page, site.endpoint(foreign), add.message, add.headers)
      assert.deepStrictEqual([status, messages], [403, []])
    })
  })

  describe("with CORS", () => {
    const site = new Site(() => ({ cors: true }))
    beforeAll(() => site.start())
    afterAll(() => site.stop())

    it("a page of another origin on this machine calls tools and reads a stream", async () =>
      callsTools(await site.open("elsewhere"), site.endpoint()))

    for (const version of ["2026-07-28", "2025-11-25"]) {
      it(`our client works in it, ${version}`, async () => visits(await site.open("elsewhere"), site.endpoint(), version))
    }

    it("a page of a foreign origin gets nothing", async () => getsNothing(await site.open("elsewhere", foreign), site.endpoint()))
  })

  describe("with a foreign origin that is allowed", () => {
    const app = new Site()
    const site = new Site(() => ({ cors: true, allowedOrigins: [app.origin(foreign)] }))
    beforeAll(async () => {
      await app.start()
      await site.start()
    })
    afterAll(() => {
      app.stop()
      site.stop()
    })

    it("its page calls tools and reads a stream", async () => callsTools(await app.open("elsewhere", foreign), site.endpoint()))

    it("a page of another one gets nothing", async () => getsNothing(await site.open("elsewhere", foreign), site.endpoint()))
  })
})
