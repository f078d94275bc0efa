import { handler } from "./handler.ts"

/** What this file uses of Deno. */
interface Deno {
  readonly serve: (
    options: { readonly port: number; readonly hostname: string; readonly onListen: (at: { readonly port: number }) => void },
    handler: (request: Request) => Promise<Response>
  ) => unknown
}

const { Deno } = globalThis as unknown as { readonly Deno: Deno } // this file runs on Deno

Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log(`http://127.0.0.1:${port}`) }, handler)
