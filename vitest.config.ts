import { defineConfig } from "vitest/config"

const conditions = ["@effect-mcp/source"]

export default defineConfig({
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "examples/test/**/*.test.ts", "test/**/*.test.ts"],
    // The module cache is not invalidated when the `exports` of a workspace package change.
    fsModuleCache: false,
    execArgv: ["--conditions=@effect-mcp/source"],
    sequence: { concurrent: false },
    testTimeout: 30_000
  }
})
