/** The official schemas as judges of single messages. */
import * as core from "@modelcontextprotocol/core"
import { Ajv } from "ajv"
import addFormats from "ajv-formats"
import { Ajv2020 } from "ajv/dist/2020.js"
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import type { ZodType } from "zod"
import type { Json } from "./Wire.ts"

/** Who may send what: for notifications that both sides have, it does not matter. */
export type Side = "client" | "server"

/** Says what is wrong with a message; nothing, when it is as it should be. */
export interface Judge {
  /** The name of the definition of a request or notification, where the revision has it. */
  readonly nameOf: (method: string) => string | undefined
  /** The problems of a value that should be what a definition says. */
  readonly problems: (definition: string, value: unknown) => ReadonlyArray<string>
  /** Whether what a request or notification is called describes the message, or only its method and params. */
  readonly isWhole: boolean
  /** What an error response is called. */
  readonly failure: string
}

type Definitions = { readonly [name: string]: Json }

const read = (version: string): Json =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, `../../schemas/${version}.json`), "utf8"))

// Objects that are open by their nature: metadata, and JSON Schemas as values.
const isOpen = (name: string): boolean =>
  name.endsWith("MetaObject") || name === "_meta" || name === "inputSchema" || name === "outputSchema"

// The schemas let unknown members pass. Closed, they do not, so that members of another revision show.
const close = (node: unknown, name: string): unknown => {
  if (Array.isArray(node)) return node.map((item) => close(item, ""))
  if (typeof node !== "object" || node === null || isOpen(name)) return node
  const closed = Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      if (key === "properties" || key === "definitions" || key === "$defs") {
        return [key, Object.fromEntries(Object.entries(value as object).map(([name, schema]) => [name, close(schema, name)]))]
      }
      return [key, key === "allOf" ? value : close(value, "")]
    })
  )
  // `Error` is extended by others with `allOf`.
  if (!("properties" in closed) || "additionalProperties" in closed || name === "Error") return closed
  // Up to 2025-06-18 the `_meta` of params stands in `Request` and `Notification` only.
  const properties = name === "params" ? { _meta: {}, ...(closed["properties"] as object) } : closed["properties"]
  return { ...closed, properties, additionalProperties: false }
}

const methodsOf = (definitions: Definitions): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(definitions).flatMap(([name, { properties }]) => {
      const method = properties?.method?.const
      return typeof method === "string" ? [[method, name] as const] : []
    })
  )

/** The official JSON Schema of a revision; closed, unknown members are problems too. */
export const official = (version: string, how: "open" | "closed"): Judge => {
  const document = read(version)
  const schema = (how === "closed" ? close(document, "") : document) as Json
  const key = "$defs" in schema ? "$defs" : "definitions"
  const definitions: Definitions = schema[key]
  const options = { strict: false, allErrors: true } as const
  const ajv = key === "$defs" ? new Ajv2020(options) : new Ajv(options)
  addFormats.default(ajv as Ajv)
  ajv.addSchema(schema, "mcp")
  const methods = methodsOf(definitions)
  return {
    nameOf: (method) => methods.get(method),
    problems: (name, value) => {
      if (!(name in definitions)) return [`there is no ${name} in ${version}`]
      const validate = ajv.getSchema(`mcp#/${key}/${name}`)!
      if (validate(value) === true) return []
      // Of the alternatives of an `anyOf`, those that came furthest.
      const depth = Math.max(...validate.errors!.map(({ instancePath }) => instancePath.split("/").length))
      return validate
        .errors!.filter(({ instancePath }) => instancePath.split("/").length === depth)
        .map(({ instancePath, message, params }) => `${name}${instancePath} ${message} ${JSON.stringify(params)}`)
    },
    isWhole: "jsonrpc" in definitions["CancelledNotification"].properties,
    failure: "JSONRPCErrorResponse" in definitions ? "JSONRPCErrorResponse" : "JSONRPCError"
  }
}

/**
 * The Zod schemas of `@modelcontextprotocol/core`: one model for 2025-11-25 and 2026-07-28 together. They do not tell revisions apart,
 * drop members that they do not know, and are the nearest thing for the earlier revisions. They have none for results that ask, so the
 * questions in them are judged one by one, and another one for answers of models that were shown tools.
 */
export const zod = (version: string): Judge => {
  const schemas = core as unknown as { readonly [name: string]: ZodType }
  const { nameOf } = official(version, "open")
  const problems: Judge["problems"] = (name, value) => {
    if (name === "InputRequiredResult") {
      const { inputRequests = {} } = value as Json
      return Object.values<Json>(inputRequests).flatMap((question) =>
        problems(questions[question.method] ?? "Question", withId(question))
      )
    }
    const schema = schemas[`${name}Schema`]
    if (schema === undefined) return [`there is no ${name}Schema in @modelcontextprotocol/core`]
    if (name === "CreateMessageResult" && schemas["CreateMessageResultWithToolsSchema"]!.safeParse(value).success) return []
    return (schema.safeParse(value).error?.issues ?? []).map(({ message, path }) => `${name}/${path.join("/")} ${message}`)
  }
  return { nameOf, problems, isWhole: false, failure: "JSONRPCErrorResponse" }
}

// They want the id of a visit, which only 2025-11-25 has.
const withId = (question: Json): Json =>
  question.params?.mode === "url" ? { ...question, params: { elicitationId: "", ...question.params } } : question

const questions: { readonly [method: string]: string } = {
  "elicitation/create": "ElicitRequest",
  "sampling/createMessage": "CreateMessageRequest",
  "roots/list": "ListRootsRequest"
}
