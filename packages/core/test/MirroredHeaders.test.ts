import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Schema from "effect/Schema"
import type { Fields } from "../src/Contract.ts"
import * as JsonSchemaTool from "../src/JsonSchemaTool.ts"
import type { JsonObject } from "../src/Jsonrpc.ts"
import * as Jsonrpc from "../src/Jsonrpc.ts"
import { HeaderMismatch } from "../src/McpError.ts"
import * as MirroredHeaders from "../src/MirroredHeaders.ts"
import * as Revision from "../src/Revision.ts"
import * as Tool from "../src/Tool.ts"
import * as ToolCodec from "../src/ToolCodec.ts"
import { toErrorObject } from "../src/wire/errors.ts"
import * as RequestEra from "../src/wire/RequestEra.ts"
import * as SessionEra from "../src/wire/SessionEra.ts"

const { decode, encode } = MirroredHeaders

describe("a text as the value of a header", () => {
  const table: ReadonlyArray<readonly [text: string, value: string]> = [
    ["us-west1", "us-west1"],
    ["us west 1", "us west 1"],
    ["~", "~"],
    ["file:///path/to/file%20name.txt", "file:///path/to/file%20name.txt"],
    ["Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="],
    [" padded ", "=?base64?IHBhZGRlZCA=?="],
    [" a", "=?base64?IGE=?="],
    ["a ", "=?base64?YSA=?="],
    ["line1\nline2", "=?base64?bGluZTEKbGluZTI=?="],
    ["=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="],
    ["=?base64?=", "=?base64?PT9iYXNlNjQ/PQ==?="],
    ["=?base64?half", "=?base64?half"],
    ["half?=", "half?="],
    ["", "=?base64??="],
    ["a\tb", "=?base64?YQli?="],
    ["\u007f", "=?base64?fw==?="],
    ["\ufeffmark", "=?base64?77u/bWFyaw==?="]
  ]
  for (const [text, value] of table) {
    it(`is ${JSON.stringify(value)} for ${JSON.stringify(text)}`, () => {
      assert.strictEqual(encode(text), value)
      assert.strictEqual(decode(value), text)
    })
  }

  it.prop("is read back as what it was, and is visible ASCII with blanks inside", { text: Schema.String }, ({ text }) => {
    assert.match(encode(text), /^[!-~](?:[ -~]*[!-~])?$/)
    assert.strictEqual(decode(encode(text)), text.toWellFormed())
  })

  it.prop("is read back as what it was when it looks like an encoded one", { text: Schema.String }, ({ text }) => {
    for (const likely of [`=?base64?${text}?=`, `=?base64?${text}`, `${text}?=`, ` ${text}`, `${text}\t`]) {
      assert.strictEqual(decode(encode(likely)), likely.toWellFormed())
    }
  })

  it.prop("has one way to be encoded: any other is refused", { value: Schema.String }, ({ value }) => {
    const inside = value.replaceAll(/[^A-Za-z0-9+/=]/g, "=")
    const text = decode(`=?base64?${inside}?=`)
    if (text !== undefined) assert.strictEqual(Base64.encode(text), inside)
  })

  it("blanks and tabs around a value do not count", () => {
    assert.strictEqual(decode(" \t us-west1\t "), "us-west1")
    assert.strictEqual(decode("\t=?base64?IGE=?= "), " a")
    assert.strictEqual(decode("  "), "")
    assert.strictEqual(decode("a\tb"), "a\tb")
  })

  it("many blanks inside a value are read in no time", () => {
    const value = `a${" ".repeat(1_000_000)}b`
    assert.strictEqual(MirroredHeaders.decode(` \t${value}\t `), value)
    assert.strictEqual(MirroredHeaders.decode(" ".repeat(1_000_000)), "")
  })

  it("half a wrapper, or one in capitals, is a part of the text", () => {
    for (const value of ["=?base64?SGVsbG8=", "SGVsbG8=?=", "=?BASE64?SGVsbG8=?=", "=?base64?="]) {
      assert.strictEqual(decode(value), value)
    }
  })

  it("is refused when it is badly encoded", () => {
    const bad = {
      "without padding": "=?base64?SGVsbG8?=",
      "with too much of it": "=?base64?SGVsbG8==?=",
      "another alphabet": "=?base64?SGVs!!!bG8=?=",
      "the alphabet of URLs": "=?base64?77-_?=",
      "a blank inside": "=?base64?SGVs bG8=?=",
      "bits that stand for nothing": "=?base64?SGVsbG9=?=",
      "no UTF-8": "=?base64?/w==?=",
      "half of a surrogate pair": "=?base64?7aCA?=",
      "a line break": "a\nb",
      "a letter beyond ASCII": "é",
      "a control character": "a\u0000"
    }
    for (const [name, value] of Object.entries(bad)) assert.isUndefined(decode(value), name)
  })
})

const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: "object", properties, ...more })
const marked = (name: unknown, type: unknown = "string"): JsonObject => ({ type, "x-mcp-header": name })

const find = (schema: JsonObject) => {
  const found = MirroredHeaders.find(schema)
  return MirroredHeaders.isFault(found) ? MirroredHeaders.explain(found) : found
}

describe("the properties of a schema that travel as headers", () => {
  it("are those that are marked, however deep", () => {
    const schema = object({
      region: marked("Region"),
      n: marked("N", "integer"),
      "a.b": object({ dry: marked("Dry-Run", "boolean") }),
      other: { type: "string" }
    })
    assert.sameDeepMembers(find(schema) as Array<unknown>, [
      { path: ["region"], header: "Mcp-Param-Region", key: "mcp-param-region" },
      { path: ["n"], header: "Mcp-Param-N", key: "mcp-param-n" },
      { path: ["a.b", "dry"], header: "Mcp-Param-Dry-Run", key: "mcp-param-dry-run" }
    ])
    assert.deepStrictEqual(find({ type: "object" }), [])
  })

  it("are not what is only called so, or stands in a value", () => {
    const schema = object(
      { "x-mcp-header": { type: "string" }, a: { const: marked("A"), enum: [marked("B")], default: marked("C") } },
      { examples: [marked("D")], "x-mine": marked("E") }
    )
    assert.deepStrictEqual(find(schema), [])
  })

  const tokens = ["", "a b", "a:b", "é", "a\u0000", "a\n", "(a)", 7, null, true, {}]
  for (const name of tokens) {
    it(`refuses ${JSON.stringify(name)}, which is no token`, () => {
      assert.match(String(find(object({ a: marked(name) }))), /^a: `x-mcp-header` must be a token of RFC 9110/)
    })
  }

  it("takes every character of a token", () => {
    const name = "!#$%&'*+-.^_`|~09azAZ"
    assert.deepStrictEqual(
      (find(object({ a: marked(name) })) as ReadonlyArray<MirroredHeaders.Mirrored>).map(({ header }) => header),
      [`Mcp-Param-${name}`]
    )
  })

  for (const type of ["number", "object", "array", "null", ["string", "null"], ["string"], undefined]) {
    it(`refuses the type ${JSON.stringify(type)}`, () => {
      const fault = String(find(object({ a: type === undefined ? { "x-mcp-header": "A" } : marked("A", type) })))
      assert.match(fault, /^a: `x-mcp-header` needs the type "string", "integer" or "boolean", and its `type` is /)
    })
  }

  it("refuses a name that is there twice, case aside and at any depth", () => {
    const fault = find(object({ a: marked("Region"), b: object({ c: marked("REGION") }) }))
    assert.match(String(fault), /^(a|b\.c): `x-mcp-header` is "(Region|REGION)", which another property has already, case aside$/)
  })

  const inside: { [path: string]: (schema: JsonObject) => JsonObject } = {
    "the root": (schema) => ({ ...schema, type: "object", "x-mcp-header": "A" }),
    "a.items": (schema) => object({ a: { items: schema } }),
    "a.items.0": (schema) => object({ a: { items: [schema] } }),
    "a.prefixItems.0": (schema) => object({ a: { prefixItems: [schema] } }),
    "a.additionalItems": (schema) => object({ a: { additionalItems: schema } }),
    "a.contains": (schema) => object({ a: { contains: schema } }),
    "a.unevaluatedItems": (schema) => object({ a: { unevaluatedItems: schema } }),
    "a.contentSchema": (schema) => object({ a: { contentSchema: schema } }),
    additionalProperties: (schema) => object({}, { additionalProperties: schema }),
    unevaluatedProperties: (schema) => object({}, { unevaluatedProperties: schema }),
    propertyNames: (schema) => object({}, { propertyNames: schema }),
    "patternProperties.^a": (schema) => object({}, { patternProperties: { "^a": schema } }),
    "dependentSchemas.a": (schema) => object({}, { dependentSchemas: { a: schema } }),
    "dependencies.a": (schema) => object({}, { dependencies: { a: schema, b: ["a"] } }),
    "$defs.A": (schema) => object({}, { $defs: { A: schema } }),
    "definitions.A": (schema) => object({}, { definitions: { A: schema } }),
    "anyOf.1": (schema) => object({}, { anyOf: [true, schema] }),
    "a.oneOf.0": (schema) => object({ a: { oneOf: [schema] } }),
    "allOf.0.a": (schema) => object({}, { allOf: [object({ a: schema })] }),
    "a.not": (schema) => object({ a: { not: schema } })
  }
  for (const keyword of ["if", "then", "else"]) inside[keyword] = (schema) => object({}, { [keyword]: schema })
  for (const [path, put] of Object.entries(inside)) {
    it(`refuses one at ${path}: something other than \`properties\` leads there`, () => {
      const fault = String(find(put(marked("A"))))
      assert.strictEqual(fault.startsWith(`${path}: `) && fault.includes("nothing but `properties` leads to"), true, fault)
    })
  }

  const nested = (depth: number, leaf: JsonObject): JsonObject => {
    let schema = leaf
    for (let i = 0; i < depth; i++) schema = object({ a: schema })
    return schema
  }

  it("are looked for in hostile schemas in bounded time and stack", () => {
    assert.deepStrictEqual(find(nested(50_000, { type: "string" })), [])
    assert.strictEqual(find(nested(100_001, { type: "string" })), "the root: it has more than 100000 parts")
    assert.match(String(find(nested(65, marked("A")))), /: `x-mcp-header` is nested deeper than 64 properties$/)
    assert.strictEqual(find(nested(64, marked("A"))).length, 1)
    const circle: { properties?: JsonObject } = {}
    circle.properties = { a: circle }
    assert.strictEqual(find(circle), "the root: it has more than 100000 parts")
  })
})

const schema = object({
  region: marked("Region"),
  n: marked("N", "integer"),
  dry: marked("Dry", "boolean"),
  at: object({ zone: marked("Zone") })
})
const mirrored = MirroredHeaders.find(schema) as ReadonlyArray<MirroredHeaders.Mirrored>

describe("the headers of a call", () => {
  const headersOf = (args: unknown) => MirroredHeaders.headersOf(mirrored, args)

  it("repeat the arguments that are marked", () => {
    assert.deepStrictEqual(headersOf({ region: "", n: -0, dry: false, at: { zone: "世" }, other: "x" }), {
      "Mcp-Param-Region": "=?base64??=",
      "Mcp-Param-N": "0",
      "Mcp-Param-Dry": "false",
      "Mcp-Param-Zone": "=?base64?5LiW?="
    })
  })

  it("are not there for what is absent, null, or no value for a header", () => {
    assert.isUndefined(headersOf({}))
    assert.isUndefined(headersOf(undefined))
    assert.isUndefined(headersOf({ region: null, n: NaN, dry: undefined, at: null }))
    assert.isUndefined(headersOf({ region: ["a"], n: {}, at: [{ zone: "a" }] }))
    assert.isUndefined(headersOf(Object.create({ region: "inherited" })))
    const length = MirroredHeaders.find(object({ at: object({ length: marked("Length", "integer") }) }))
    assert.isUndefined(MirroredHeaders.headersOf(length as ReadonlyArray<MirroredHeaders.Mirrored>, { at: ["a"] }))
  })

  it("cannot be made of integers that a number does not hold, and of halves of surrogate pairs", () => {
    assert.deepStrictEqual(headersOf({ n: -9007199254740991 }), { "Mcp-Param-N": "-9007199254740991" })
    assert.throws(() => headersOf({ n: 2 ** 53 }), /^n: 9007199254740992 is beyond .*Mcp-Param-N$/)
    assert.throws(() => headersOf({ at: { zone: "\ud800" } }), /^at\.zone: it has half of a surrogate pair.*Mcp-Param-Zone$/)
  })
})

describe("headers that do not go with the arguments", () => {
  const mismatch = (args: unknown, headers: { readonly [name: string]: string }) =>
    MirroredHeaders.mismatchOf(mirrored, args, (name) => headers[name])
  const problem = (args: unknown, headers: { readonly [name: string]: string }) =>
    mismatch(args, headers)?.detail.replace(/^.*", /, "")

  it.prop(
    "are never those of the client",
    { region: Schema.String, n: Schema.Int, dry: Schema.Boolean, zone: Schema.NullOr(Schema.String) },
    ({ dry, n, region, zone }) => {
      const args = { region: region.toWellFormed(), n, dry, at: { zone: zone?.toWellFormed() ?? null } }
      const sent = Object.entries(MirroredHeaders.headersOf(mirrored, args) ?? {})
      assert.isUndefined(mismatch(args, Object.fromEntries(sent.map(([name, value]) => [name.toLowerCase(), value]))))
    }
  )

  it("are missing, different, or badly encoded", () => {
    assert.strictEqual(problem({ region: "a" }, {}), "is missing, but the argument has a value")
    assert.strictEqual(problem({ region: "a" }, { "mcp-param-region": "A" }), "differs from the argument")
    assert.strictEqual(problem({ dry: true }, { "mcp-param-dry": "True" }), "differs from the argument")
    assert.match(problem({ region: "Hello" }, { "mcp-param-region": "=?base64?SGVsbG8?=" }) ?? "", /^is badly encoded/)
    assert.isUndefined(problem({ region: "a", dry: true }, { "mcp-param-region": " a\t", "mcp-param-dry": "true" }))
    assert.isUndefined(problem({ region: "" }, { "mcp-param-region": "" }))
  })

  it("are there although the argument has no value", () => {
    const unwanted = "was sent, but the argument has no value that a header can have"
    for (const args of [undefined, "text", {}, { region: null }, { region: ["a"] }, { region: { a: 1 } }]) {
      assert.strictEqual(problem(args, { "mcp-param-region": "a" }), unwanted)
      assert.isUndefined(problem(args, {}))
    }
    assert.isUndefined(problem({}, { "mcp-param-unknown": "a" }))
  })

  it("are compared as numbers where the argument is one", () => {
    for (const same of ["7", "7.0", "07", "7e0", "70E-1"]) assert.isUndefined(problem({ n: 7 }, { "mcp-param-n": same }), same)
    for (const other of ["8", "", "0x7", "7 7", "seven", "7n", "Infinity", "=?base64??="]) {
      assert.strictEqual(problem({ n: 7 }, { "mcp-param-n": other }), "differs from the argument", other)
    }
    assert.strictEqual(problem({ n: 0 }, { "mcp-param-n": "" }), "differs from the argument")
    const unsafe = problem({ n: 2 ** 53 }, { "mcp-param-n": "9007199254740993" })
    assert.strictEqual(unsafe, "cannot be compared: the argument is an integer beyond ±(2^53-1)")
    assert.strictEqual(problem({ n: "7" }, { "mcp-param-n": "7.0" }), "differs from the argument")
  })

  it("are told with the names of both, and what was there", () => {
    const found = mismatch({ at: { zone: "a" } }, { "mcp-param-zone": "b" })
    assert.instanceOf(found, HeaderMismatch)
    const error = {
      code: -32020,
      message: 'Header mismatch: Mcp-Param-Zone, which repeats the argument "at.zone", differs from the argument',
      data: { mismatch: { name: "Mcp-Param-Zone", property: "at.zone", header: "b", body: "a" } }
    }
    assert.deepStrictEqual(toErrorObject(found!, Revision.latest), error)
    assert.deepStrictEqual(toErrorObject(found!, Revision.latestSession), { ...error, code: -32600 })
    const missing = mismatch({ region: "a" }, {})?.data
    assert.deepStrictEqual(missing, { mismatch: { name: "Mcp-Param-Region", property: "region", header: null, body: "a" } })
    const unwanted = mismatch({}, { "mcp-param-n": "1" })?.data
    assert.deepStrictEqual(unwanted, { mismatch: { name: "Mcp-Param-N", property: "n", header: "1", body: null } })
  })
})

const options = { excess: "error", lenient: true, onRepaired: () => {} } as const
const server = (tool: Tool.Any) => ToolCodec.server(tool, options)
const namesOf = (codec: Pick<ToolCodec.ServerTool, "mirrored">) =>
  codec.mirrored?.map(({ header, path }) => [path.join("."), header])

describe("tools with such parameters", () => {
  const plain = (parameters: Fields) => Tool.make("q", { parameters, success: Schema.String })
  const Region = Schema.String.pipe(Tool.header("Region"))

  it("say so in their contract, wherever a Schema can say it", () => {
    const shapes: { readonly [name: string]: Tool.Any["parameters"] } = {
      plain: Schema.Struct({ region: Region }),
      optional: Schema.Struct({ region: Schema.optionalKey(Region) }),
      "optional, or undefined": Schema.Struct({ region: Schema.optional(Region) }),
      checked: Schema.Struct({ region: Schema.String.check(Schema.isMinLength(1)).pipe(Tool.header("Region")) }),
      "checked later": Schema.Struct({ region: Region.check(Schema.isMinLength(1)) }),
      integer: Schema.Struct({ region: Schema.Int.pipe(Tool.header("Region")) }),
      boolean: Schema.Struct({ region: Schema.Boolean.pipe(Tool.header("Region")) }),
      literals: Schema.Struct({ region: Schema.Literals(["a", "b"]).pipe(Tool.header("Region")) }),
      decoded: Schema.Struct({ region: Schema.NumberFromString.pipe(Tool.header("Region")) }),
      key: Schema.Struct({ region: Schema.String.pipe(Schema.annotateKey({ "x-mcp-header": "Region" })) }),
      default: Schema.Struct({ region: Region.pipe(Schema.withDecodingDefaultKey(Effect.succeed("x"))) })
    }
    for (const [name, parameters] of Object.entries(shapes)) {
      // With a plain result: then plain parameters are not looked at before somebody lists the tools.
      const tool = Tool.make("query", { parameters, success: Schema.String })
      assert.deepStrictEqual(namesOf(server(tool)), [["region", "Mcp-Param-Region"]], name)
      assert.deepStrictEqual(namesOf(ToolCodec.client(tool)), [["region", "Mcp-Param-Region"]], name)
    }
  })

  it("say so in their JSON Schema, which is shown as it is", () => {
    const tool = JsonSchemaTool.make("query", { inputSchema: object({ region: marked("Region") }) })
    assert.deepStrictEqual(namesOf(server(tool)), [["region", "Mcp-Param-Region"]])
    assert.deepStrictEqual<unknown>(server(tool).definition.inputSchema, tool.raw?.inputSchema)
  })

  it("have none otherwise", () => {
    for (const parameters of [{ a: Schema.String }, { a: Schema.Date }]) {
      assert.isUndefined(server(plain(parameters)).mirrored)
      assert.isUndefined(ToolCodec.client(plain(parameters)).mirrored)
    }
  })

  it("are refused when they break a rule, with the tool, the place and the rule", () => {
    const bad: ReadonlyArray<readonly [Tool.Any, RegExp]> = [
      [plain({ a: Schema.String.pipe(Tool.header("a b")) }), /^tool "q", parameters, at a: .*token/],
      [plain({ a: Schema.Finite.pipe(Tool.header("A")) }), /^tool "q", parameters, at a: .*"number"/],
      [plain({ a: Schema.Array(Region) }), /^tool "q", parameters, at a\.items: .*nothing but/],
      [plain({ a: Schema.NullOr(Region) }), /^tool "q", parameters, at a\.anyOf\.0: .*nothing but/],
      [plain({ a: Region, b: Schema.Struct({ c: Region }) }), /^tool "q", parameters, at .*case aside/],
      [JsonSchemaTool.make("q", { inputSchema: object({ a: marked("A", "array") }) }), /^tool "q", inputSchema, at a: .*"array"/]
    ]
    for (const [tool, message] of bad) {
      assert.throws(() => server(tool), message)
      assert.isUndefined(ToolCodec.client(tool).mirrored)
    }
  })
})

describe("a request with headers", () => {
  const headers = { "Mcp-Param-Region": "a" }

  it("has the same JSON as one without", () => {
    const one = Jsonrpc.request(1, "tools/call", { name: "a" }, headers)
    assert.deepStrictEqual(one.headers, headers)
    assert.strictEqual(Jsonrpc.stringify(one), Jsonrpc.stringify(Jsonrpc.request(1, "tools/call", { name: "a" })))
    assert.isFalse("headers" in Jsonrpc.request(1, "tools/call"))
  })

  it("keeps them in the request era, with and without a `_meta` of its own", () => {
    const wire = RequestEra.client(Revision.latest, { info: undefined, capabilities: {}, logLevel: undefined })
    assert.deepStrictEqual(wire.request(1, "tools/call", { name: "a" }, undefined, headers).headers, headers)
    assert.deepStrictEqual(wire.request(1, "tools/call", { name: "a" }, { a: 1 }, headers).headers, headers)
    assert.isFalse("headers" in wire.request(1, "tools/call", { name: "a" }))
  })

  it("has none in the session era", () => {
    const wire = SessionEra.client(Revision.latestSession)
    assert.isUndefined(wire.request(1, "tools/call", { name: "a" }, undefined, headers).headers)
  })
})
