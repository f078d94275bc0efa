import { defineConfig } from "vitest/config"

const conditions = ["@effect-mcp/source"]

export default defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    // The module cache is not invalidated when the `exports` of a workspace package change.
    fsModuleCache: false,
    execArgv: ["--conditions=@effect-mcp/source"],
    testTimeout: 20_000,
    hookTimeout: 20_000
  }
})
