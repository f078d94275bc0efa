/**
 * What counts as passed: every check that a scenario has was made, and succeeded. The suite itself lets scenarios pass that exercised
 * nothing: it ends with exit code 0 when it skips, warns, or tells for information that it found nothing to look at.
 */
import type { Check } from "./suite.ts"

/** Checks that are for information, or about what a revision does not have, by scenario and name, and why. */
const inapplicable: { readonly [scenario: string]: { readonly [name: string]: string } } = {
  "server-sse-multiple-streams": { ServerSSEStreamsFunctional: "what needs no stream is answered with JSON" },
  initialize: { ServerInfo: "says what the suite's own server is called" },
  "http-standard-headers": {
    ClientMcpMethodHeader_initialize: "2026-07-28 has no such request",
    ClientMcpMethodHeader_notifications_initialized: "2026-07-28 has no such notification"
  }
}

/** Checks for information are records of what went over the wire, unless they refer to the specification. */
const isRecord = ({ specReferences, status }: Check): boolean => status === "INFO" && specReferences === undefined

/** What is wrong with a scenario, a line or more for each problem. */
export const problemsOf = (scenario: string, checks: ReadonlyArray<Check> | undefined): ReadonlyArray<string> => {
  if (checks === undefined) return ["it was not run"]
  const known = inapplicable[scenario] ?? {}
  const problems = checks.flatMap((check) => {
    if (check.status === "SUCCESS" || isRecord(check) || Object.hasOwn(known, check.name)) return []
    const details = check.details === undefined ? "" : `\n${JSON.stringify(check.details, null, 2).slice(0, 4000)}`
    return [`${check.status} ${check.id} (${check.name}): ${check.errorMessage ?? check.description}${details}`]
  })
  if (problems.length > 0) return problems
  return checks.some(({ status }) => status === "SUCCESS") ? [] : ["no check was made"]
}
