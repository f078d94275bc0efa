/**
 * What server and client agree on.
 */
import * as Extension from "@effect-mcp/core/Extension"
import { Schema } from "effect"

export class Empty extends Schema.TaggedError<Empty>()("Empty", {}) {}

export class Clipboard extends Extension.make("com.example/clipboard", {
  // What the server says of itself when it declares the extension.
  settings: { maxLength: Schema.Int },
  // From client to server, with an answer.
  requests: {
    "clipboard/paste": {
      params: { upperCase: Schema.optionalKey(Schema.Boolean) },
      success: { text: Schema.String },
      failure: Empty
    }
  },
  // From client to server, without one.
  notifications: { "clipboard/copied": { params: { text: Schema.String } } },
  // From server to client.
  events: {
    "notifications/clipboard/changed": { params: { length: Schema.Int } },
    "notifications/clipboard/pasted": {}
  }
}) {}
