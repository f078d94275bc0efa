// Bundles our benchmark server into one file, as an application that cares for its start-up does.
import { build } from 'esbuild'
import { mkdirSync } from 'node:fs'
mkdirSync(new URL('./out', import.meta.url), { recursive: true })
await build({
  entryPoints: [new URL('../examples/bench/server.mjs', import.meta.url).pathname],
  outfile: new URL('./out/effect-mcp-server.mjs', import.meta.url).pathname,
  bundle: true, platform: 'node', format: 'esm', target: 'node24', minify: true, legalComments: 'none'
})
