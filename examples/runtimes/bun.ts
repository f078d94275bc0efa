import { handler } from "./handler.ts"

/** What this file uses of Bun. */
interface Bun {
  readonly serve: (options: {
    readonly port: number
    readonly hostname: string
    readonly idleTimeout: number
    readonly fetch: (request: Request) => Promise<Response>
  }) => { readonly port: number }
}

const { Bun } = globalThis as unknown as { readonly Bun: Bun } // this file runs on Bun

// Streams are quiet for longer than Bun's 10 seconds: the endpoint says something every 15.
const { port } = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 60, fetch: handler })
console.log(`http://127.0.0.1:${port}`)
