/**
 * The servers that the agent has: two of this process, one that is started.
 */
import * as Content from "@effect-mcp/core/Content"
import * as Elicitation from "@effect-mcp/core/Elicitation"
import * as McpGroup from "@effect-mcp/core/McpGroup"
import * as MemoryTransport from "@effect-mcp/core/MemoryTransport"
import * as Tool from "@effect-mcp/core/Tool"
import * as Servers from "@effect-mcp/gateway/Servers"
import * as McpServer from "@effect-mcp/server/McpServer"
import * as StdioClientTransport from "@effect-mcp/transport-stdio/StdioClientTransport"
import { Effect, Layer, Schema } from "effect"
import { join } from "node:path"

class Hotels extends McpGroup.make(
  "hotels",
  Tool.make("search", {
    description: "Finds hotels in a city, with their prices",
    parameters: { city: Schema.String },
    success: Schema.Struct({ name: Schema.String, price: Schema.Finite, currency: Schema.String })
  }),
  Tool.make("photo", { description: "A photo of a hotel", parameters: { name: Schema.String }, success: Tool.Contents }),
  Tool.make("book", { description: "Books a room", parameters: { name: Schema.String }, success: Schema.String }),
  Tool.make("delete_all", { description: "Deletes all bookings" })
) {}

const HotelsLive = Hotels.toLayer({
  tools: {
    search: () => Effect.succeed({ name: "Fjord", price: 900, currency: "NOK" }),
    photo: ({ name }) => Effect.succeed([Content.text(`${name} from the sea`), Content.image("iVBORw0KGgo=", "image/png")]),
    book: Effect.fn("book")(function* ({ name }) {
      const { sure } = yield* Elicitation.form({ key: "sure", message: `Book ${name}?`, schema: { sure: Schema.Boolean } })
      return sure ? `${name} is booked` : "the user does not want it"
    }),
    delete_all: () => Effect.die("nobody may call this")
  }
})

const Search = Tool.make("search", {
  description: "Finds notes of the user",
  parameters: { words: Schema.String },
  success: Schema.String
})
const SearchLive = Search.toLayer(() => Effect.succeed("I like to see the sea. At most 100 euros."))

const hotels = McpServer.layer(
  { name: "hotels", version: "1.0.0", instructions: "Look at the photo before you book a hotel." },
  Hotels
).pipe(Layer.provide(HotelsLive))
const notes = McpServer.layer({ name: "notes", version: "1.0.0" }, Search).pipe(Layer.provide(SearchLive))

/** Two of them call a tool `search`: they are offered as `hotels_search` and `notes_search`. */
export const Connected = Servers.layer(
  {
    hotels: { transport: MemoryTransport.layer().pipe(Layer.provide(hotels)), exclude: ["delete_*"] },
    notes: { transport: MemoryTransport.layer().pipe(Layer.provide(notes)) },
    exchange: {
      transport: StdioClientTransport.layer({
        // The Node that runs this file, with the same flags.
        command: process.execPath,
        args: [...process.execArgv, join(import.meta.dirname, "exchange.ts")]
      })
    },
    // A server that cannot be started takes nothing from the others.
    broken: { transport: StdioClientTransport.layer({ command: join(import.meta.dirname, "no-such-program") }) }
  },
  { name: "agent", version: "1.0.0" }
)
