/**
 * The tools and the prompt that ask the client: its user, its model, its roots. In a session a question is a request to the client;
 * since 2026-07-28 it ends the round. The keys of questions are those that the conformance suite expects.
 */
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as Prompt from "@effect-mcp/core/Prompt"
import * as Tool from "@effect-mcp/core/Tool"
import { Schema } from "effect"

const success = Schema.String

/** One question each. */
export class Asking extends McpGroup.make(
  "asking",
  Tool.make("test_sampling", { description: "Asks the model", parameters: { prompt: Schema.String }, success }),
  Tool.make("test_elicitation", { description: "Asks who the user is", parameters: { message: Schema.String }, success }),
  Tool.make("test_elicitation_sep1034_defaults", { description: "Asks with a form that has defaults", success }),
  Tool.make("test_elicitation_sep1330_enums", { description: "Asks with a form that has choices", success }),
  Tool.make("test_streaming_elicitation", { description: "Asks the user to go on", success }),
  Tool.make("test_missing_capability", { description: "Cannot do without the client's model", success })
) {}

/** Questions of one round and of several. */
export class Rounds extends McpGroup.make(
  "rounds",
  Tool.make("test_input_required_result_elicitation", { description: "Asks the user for a name", success }),
  Tool.make("test_input_required_result_sampling", { description: "Asks the model for a capital", success }),
  Tool.make("test_input_required_result_list_roots", { description: "Asks for the roots of the client", success }),
  Tool.make("test_input_required_result_request_state", { description: "Asks for a confirmation", success }),
  Tool.make("test_input_required_result_tampered_state", { description: "Asks for a confirmation, too", success }),
  Tool.make("test_input_required_result_multiple_inputs", { description: "Asks user, model and client at once", success }),
  Tool.make("test_input_required_result_multi_round", { description: "Asks one thing after the other", success }),
  Tool.make("test_input_required_result_capabilities", { description: "Asks whoever the client says can be asked", success }),
  Prompt.make("test_input_required_result_prompt", { description: "Asks for the context that it is about" })
) {}
