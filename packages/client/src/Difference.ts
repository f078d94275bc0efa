/**
 * How what a server lists differs from a contract.
 */
import * as Schema from "effect/Schema"

/** One difference: where it is, and what both sides say there. */
export class Difference extends Schema.Class<Difference>("@effect-mcp/client/Difference")({
  kind: Schema.Literals(["tool", "resource", "resource template", "prompt"]),
  /** The name in the contract. */
  name: Schema.String,
  /** Where in it: `arguments.filter.tags[]`, `result.days`; empty for itself. */
  path: Schema.String,
  /** What the contract says. */
  contract: Schema.String,
  /** What the server says. */
  server: Schema.String
}) {
  /** One line, such as `tool "forecast", arguments.days: the contract has a string, the server has an integer`. */
  get message(): string {
    const { contract, kind, name, path, server } = this
    return `${kind} ${JSON.stringify(name)}${path === "" ? "" : `, ${path}`}: the contract has ${contract}, the server has ${server}`
  }
}
