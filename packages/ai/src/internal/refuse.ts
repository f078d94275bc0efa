/**
 * Refuses, while groups and toolkits are made, what a server would refuse when it is built.
 */
import type * as Tool from "@effect-mcp/core/Tool"
import * as ToolCodec from "@effect-mcp/core/ToolCodec"

/** What a server makes of a contract. Throws `UnrepresentableSchema` where it can make nothing of it. */
export const asServed = (contract: Tool.Any): ToolCodec.ServerTool =>
  ToolCodec.server(contract, { excess: "ignore", lenient: false, onRepaired: () => {} })
