/** Chromium without a window, where there is one. */
import { existsSync } from "node:fs"
import { type Browser, chromium } from "playwright-core"

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]

const named = process.env["CHROMIUM"]

/** Where it is: what `CHROMIUM` says, or where Debian and others put it. An empty `CHROMIUM` says that there is none. */
export const executable = named === undefined ? places.find((path) => existsSync(path)) : named || undefined

/** The name of a site that is not on loopback for the browser, though it is. */
export const foreign = "foreign.example"

/** Starts it. Its sandbox needs rights that containers do not have. */
export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: executable!,
    args: ["--no-sandbox", "--disable-dev-shm-usage", `--host-resolver-rules=MAP ${foreign} 127.0.0.1`]
  })
