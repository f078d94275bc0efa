import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Matching from "../src/internal/uriTemplateMatch.ts"
import { plan } from "../src/internal/uriTemplatePlan.ts"
import * as Syntax from "../src/internal/uriTemplateSyntax.ts"
import * as UriTemplate from "../src/UriTemplate.ts"

const match = (template: string, uri: string) => UriTemplate.parse(template).match(uri)

const matches = (template: string, uri: string, values: { readonly [name: string]: string }) =>
  assert.deepStrictEqual(match(template, uri), { _tag: "Match", values }, `${template} ${uri}`)

const isNoMatch = (template: string, uri: string) => assert.isUndefined(match(template, uri), `${template} ${uri}`)

const refuses = (template: string, uri: string, variable: string, detail: RegExp) => {
  const found = match(template, uri)
  if (found?._tag !== "Refused") return assert.fail(`${template} does not refuse ${uri}`)
  assert.strictEqual(found.variable, variable)
  assert.match(found.detail, detail, `${template} ${uri}`)
}

describe("expand", () => {
  const values = {
    var: "value",
    hello: "Hello World!",
    half: "50%",
    path: "/foo/bar",
    base: "http://example.com/home/",
    dub: "me/too",
    who: "fred",
    v: "6",
    x: "1024",
    y: "768",
    empty: ""
  }

  const examples: ReadonlyArray<readonly [section: string, examples: ReadonlyArray<readonly [template: string, uri: string]>]> = [
    [
      "1.2, level 1",
      [
        ["{var}", "value"],
        ["{hello}", "Hello%20World%21"]
      ]
    ],
    [
      "1.2, level 2",
      [
        ["{+var}", "value"],
        ["{+hello}", "Hello%20World!"],
        ["{+path}/here", "/foo/bar/here"],
        ["here?ref={+path}", "here?ref=/foo/bar"],
        ["X{#var}", "X#value"],
        ["X{#hello}", "X#Hello%20World!"]
      ]
    ],
    [
      "1.2, level 3",
      [
        ["map?{x,y}", "map?1024,768"],
        ["{x,hello,y}", "1024,Hello%20World%21,768"],
        ["X{.var}", "X.value"],
        ["X{.x,y}", "X.1024.768"],
        ["{/var}", "/value"],
        ["{/var,x}/here", "/value/1024/here"],
        ["{;x,y}", ";x=1024;y=768"],
        ["{;x,y,empty}", ";x=1024;y=768;empty"],
        ["{?x,y}", "?x=1024&y=768"],
        ["{?x,y,empty}", "?x=1024&y=768&empty="],
        ["?fixed=yes{&x}", "?fixed=yes&x=1024"],
        ["{&x,y,empty}", "&x=1024&y=768&empty="]
      ]
    ],
    [
      "3.2.2, simple strings",
      [
        ["{half}", "50%25"],
        ["O{empty}X", "OX"],
        ["O{undef}X", "OX"],
        ["{x,y}", "1024,768"],
        ["?{x,empty}", "?1024,"],
        ["?{x,undef}", "?1024"],
        ["?{undef,y}", "?768"]
      ]
    ],
    [
      "3.2.3, reserved",
      [
        ["{+half}", "50%25"],
        ["{base}index", "http%3A%2F%2Fexample.com%2Fhome%2Findex"],
        ["{+base}index", "http://example.com/home/index"],
        ["O{+empty}X", "OX"],
        ["O{+undef}X", "OX"]
      ]
    ],
    [
      "3.2.4, fragments",
      [
        ["{#var}", "#value"],
        ["{#half}", "#50%25"],
        ["foo{#empty}", "foo#"],
        ["foo{#undef}", "foo"]
      ]
    ],
    [
      "3.2.5, labels",
      [
        ["{.who}", ".fred"],
        ["{.half,who}", ".50%25.fred"],
        ["X{.empty}", "X."],
        ["X{.undef}", "X"]
      ]
    ],
    [
      "3.2.6, segments",
      [
        ["{/who}", "/fred"],
        ["{/half,who}", "/50%25/fred"],
        ["{/who,dub}", "/fred/me%2Ftoo"],
        ["{/var,empty}", "/value/"],
        ["{/var,undef}", "/value"]
      ]
    ],
    [
      "3.2.7, parameters of a path",
      [
        ["{;who}", ";who=fred"],
        ["{;half}", ";half=50%25"],
        ["{;empty}", ";empty"],
        ["{;v,empty,who}", ";v=6;empty;who=fred"],
        ["{;v,bar,who}", ";v=6;who=fred"],
        ["{;x,y,undef}", ";x=1024;y=768"]
      ]
    ],
    [
      "3.2.8, queries",
      [
        ["{?who}", "?who=fred"],
        ["{?half}", "?half=50%25"],
        ["{?x,y,undef}", "?x=1024&y=768"]
      ]
    ],
    [
      "3.2.9, continued queries",
      [
        ["{&who}", "&who=fred"],
        ["{&half}", "&half=50%25"],
        ["{&x,y,undef}", "&x=1024&y=768"]
      ]
    ]
  ]

  for (const [section, rows] of examples) {
    it(`gives what RFC 6570 has in section ${section}`, () => {
      for (const [template, uri] of rows) assert.strictEqual(UriTemplate.parse(template).expand(values), uri, template)
    })
  }

  it("encodes the segments of `{a*}` and `{/a*}` one by one; elsewhere `*` changes nothing", () => {
    const list = { a: "a/b c/ü?" }
    assert.strictEqual(UriTemplate.parse("x://{a*}").expand(list), "x://a/b%20c/%C3%BC%3F")
    assert.strictEqual(UriTemplate.parse("x:{/a*}").expand(list), "x:/a/b%20c/%C3%BC%3F")
    for (const operator of [".", ";", "?", "&", "+", "#"]) {
      const plain = UriTemplate.parse(`{${operator}a}`).expand(list)
      assert.strictEqual(UriTemplate.parse(`{${operator}a*}`).expand(list), plain)
    }
  })

  it("gives the first parameter that is there the `?`", () => {
    const { expand } = UriTemplate.parse("x{?a}{&b,c}")
    assert.strictEqual(expand({ b: "1", c: "2" }), "x?b=1&c=2")
    assert.strictEqual(expand({ a: "0", c: "2" }), "x?a=0&c=2")
    assert.strictEqual(expand({}), "x")
  })

  it("encodes what would end a variable too early, and nothing else", () => {
    const dates = UriTemplate.parse("x://{a}-{b}-{c}")
    assert.strictEqual(dates.expand({ a: "2024", b: "01", c: "05-x" }), "x://2024-01-05-x")
    assert.strictEqual(dates.expand({ a: "a-b", b: "-", c: "c" }), "x://a%2Db-%2D-c")
    // `2` inside of `%20` ends nothing.
    assert.strictEqual(UriTemplate.parse("{a}2{b}").expand({ a: " ", b: "b" }), "%202b")
    assert.strictEqual(UriTemplate.parse("{a}2{b}").expand({ a: " 2", b: "b" }), "%20%322b")
  })

  it("takes a variable that the values only inherit for missing", () => {
    assert.strictEqual(UriTemplate.parse("x{?constructor,toString,__proto__}").expand({}), "x")
  })

  it("encodes literals that no URI may have, and writes U+FFFD for lone surrogates", () => {
    assert.strictEqual(UriTemplate.parse("ü b%2f{a}").expand({ a: "\ud800" }), "%C3%BC%20b%2f%EF%BF%BD")
    assert.strictEqual(UriTemplate.parse("{+a}").expand({ a: "\ud800%2f[%zz" }), "%EF%BF%BD%2f[%25zz")
  })
})

describe("parse", () => {
  const mistakes: ReadonlyArray<readonly [rule: string, template: string, at: number, expected: RegExp]> = [
    ["an unclosed brace", "a{b", 3, /`}` for the `{` at 1/],
    ["a brace inside of an expression", "a{b{c}", 3, /`}` for the `{` at 1/],
    ["a stray closing brace", "a}b", 1, /`{` before this `}`/],
    ["a stray closing brace after an expression", "{a}}", 3, /`{` before this `}`/],
    ["an empty expression", "a{}", 2, /a variable/],
    ["an operator alone", "a{?}", 3, /a variable name/],
    ["a missing name", "{a,}", 3, /a variable name/],
    ["a blank in a name", "{a b}", 1, /a variable name/],
    ["a dash in a name", "{a-b}", 1, /a variable name/],
    ["a dot at the end of a name", "{a.}", 1, /a variable name/],
    ["two dots in a name", "{a..b}", 1, /a variable name/],
    ["a bad percent in a name", "{%2}", 1, /a variable name/],
    ["two stars", "{a**}", 1, /a variable name/],
    ["a variable that is there twice", "{a}/{a}", 5, /other than `a`/],
    ["a variable that is there twice in one expression", "{?a,a}", 4, /other than `a`/],
    ["a prefix modifier", "x{var:3}", 5, /no prefix modifier/],
    ["the reserved operator =", "{=a}", 1, /`=`, which is reserved/],
    ["the reserved operator ,", "{,a}", 1, /`,`, which is reserved/],
    ["the reserved operator !", "{!a}", 1, /`!`, which is reserved/],
    ["the reserved operator @", "{@a}", 1, /`@`, which is reserved/],
    ["the reserved operator |", "{|a}", 1, /`\|`, which is reserved/],
    ["a percent that encodes nothing", "a%2{b}", 1, /two hexadecimal digits/],
    ["a lone surrogate", "\ud800", 0, /surrogates/],
    ["two variables of several segments", "{a*}/{b*}", 5, /no second variable of several segments/],
    ["two reserved variables", "{+x,hello,y}", 4, /no second variable of several segments/],
    ["two variables in a fragment", "{#x,y}", 4, /no second variable of several segments/],
    ["expressions side by side", "{a}{b}", 3, /text before this expression/],
    ["a reserved expression beside another one", "up{+path}{var}/here", 9, /text before this expression/],
    ["parameters after several segments", "{a*}{;b}", 4, /text before this expression/],
    ["parameters beside parameters", "{;a}{;b}", 4, /text before this expression/],
    ["text after parameters of a path", "{;a}b", 0, /`\/`, `\?`, `#` or the end/],
    ["no slash after several segments", "{path*,x}/here", 0, /a `\/` between/],
    ["encoded text after a variable", "{a}%20{b}", 0, /no percent-encoded text/],
    ["a path after the query", "{?a}/b", 4, /nothing but `{&`/],
    ["a variable after the query", "{?a}{/b}", 4, /nothing but `{&`/],
    ["a second query", "{?a}{?b}", 4, /`{&`/],
    ["a query expression after a literal query", "a?b=c{?d}", 5, /`{&`/],
    ["a query after the fragment", "{#a}{?b}", 4, /before the fragment/],
    ["two fragments", "a#b{#c}", 3, /one fragment/],
    ["parameters after a reserved variable of the query", "a?b={+c}{&d}", 8, /no query variables/]
  ]

  for (const [rule, template, at, expected] of mistakes) {
    it(`refuses ${rule}: ${JSON.stringify(template)}`, () => {
      let message = ""
      try {
        UriTemplate.parse(template)
      } catch (error) {
        if (error instanceof Error) message = error.message
      }
      assert.include(message, `The URI template ${JSON.stringify(template)} is not valid at position ${at}: expected `)
      assert.match(message, expected)
    })
  }

  it("says what the variables are, in their order", () => {
    const template = UriTemplate.parse("x://{a,b}/{+c}/e{;d}{?f,g*}{&h}{#i}")
    assert.deepStrictEqual(template.variables, [
      { name: "a", optional: false, spansSegments: false },
      { name: "b", optional: false, spansSegments: false },
      { name: "c", optional: false, spansSegments: true },
      { name: "d", optional: true, spansSegments: false },
      { name: "f", optional: true, spansSegments: false },
      { name: "g", optional: true, spansSegments: false },
      { name: "h", optional: true, spansSegments: false },
      { name: "i", optional: false, spansSegments: false }
    ])
    assert.strictEqual(UriTemplate.parse("{/p*}").variables[0]?.spansSegments, true)
  })

  it("takes names with dots, percent-encoded ones, and those of every object", () => {
    matches(
      "{a.b}/{%C3%BC}{?__proto__,constructor}",
      "1/2?__proto__=3",
      Object.fromEntries([
        ["a.b", "1"],
        ["%C3%BC", "2"],
        ["__proto__", "3"]
      ])
    )
  })

  it.prop("reads any text or throws an Error that names it", { text: Schema.String, body: Schema.String }, ({ body, text }) => {
    for (const source of [text, `${text}{${body}}`]) {
      try {
        assert.strictEqual(UriTemplate.parse(source).source, source)
      } catch (error) {
        assert.instanceOf(error, Error)
        assert.include((error as Error).message, JSON.stringify(source)) // just asserted
      }
    }
  })
})

describe("match", () => {
  it("compares literals exactly, but for the case of what is percent-encoded", () => {
    matches("x%2fy/{a}", "x%2Fy/1", { a: "1" })
    matches("x%2Fy/{a}", "x%2fy/1", { a: "1" })
    matches("ü/{a}", "%c3%bc/ü", { a: "ü" })
    isNoMatch("x/{a}", "X/1")
    isNoMatch("x/{a}", "%78/1")
    isNoMatch("x/{a}/y", "x/1")
    isNoMatch("x/{a}", "x/1/")
    isNoMatch("x/{a}", "yx/1")
    matches("x://y", "x://y", {})
    matches("", "", {})
  })

  it("lets a variable of one segment match neither a slash nor nothing, nor another part of the URI", () => {
    for (const uri of ["x://", "x://a/b", "x:///", "x://a?b=c", "x://a#b", "x://a?"]) isNoMatch("x://{v}", uri)
    for (const template of ["x{/v}", "x{.v}", "x{#v}", "x{+v}", "x{/v*}"]) isNoMatch(template, "x")
    matches("x://{v}", "x://2024-01-05T10:00:00,a@b;c=d&e", { v: "2024-01-05T10:00:00,a@b;c=d&e" })
  })

  it("decodes each value once", () => {
    matches("x://{v}", "x://%41%C3%BC%F0%9F%98%80%2541", { v: "Aü😀%41" })
  })

  it("is none when something cannot be decoded", () => {
    for (const bad of ["%", "%2", "%zz", "%C3", "%C3%28", "%FF", "%C0%AF", "%ED%A0%80", "%F5%80%80%80", "\ud800"]) {
      isNoMatch("x://{v}", `x://a${bad}`)
      isNoMatch("x://{v*}", `x://a/${bad}/b`)
      isNoMatch("x://{+v}", `x://a/${bad}/b`)
      isNoMatch("x{?v}", `x?v=${bad}`)
      isNoMatch("x{;v}", `x;v=${bad}`)
      isNoMatch("x{#v}", `x#${bad}`)
    }
  })

  it("ends a variable where the text after it begins for the first time, and the last one at the end", () => {
    matches("{a}-{b}", "x-y-z", { a: "x", b: "y-z" })
    matches("{a}.json", "x.json.json", { a: "x.json" })
    matches("{a}{.b}", "x.tar.gz", { a: "x", b: "tar.gz" })
    matches("{a,b}", "x,y,z", { a: "x", b: "y,z" })
    matches("{a}2{b}", "%202x", { a: " ", b: "x" })
    isNoMatch("{a}2{b}", "%20x")
    isNoMatch("{a}-{b}", "-x")
  })

  it("gives several segments what is left, and decodes them one by one", () => {
    matches("x://{a}/{p*}/{b}/end", "x://1/2/3%203/4/5/end", { a: "1", p: "2/3 3/4", b: "5" })
    matches("x:{/p*}", "x:/a/b/", { p: "a/b/" })
    matches("x:{/a,p*}", "x:/a/b/c", { a: "a", p: "b/c" })
    matches("x://{p*}.d/{a}", "x://a.d/b.d/c", { p: "a.d/b", a: "c" })
    matches("x://{p*}.json", "x://a.json/b.json", { p: "a.json/b" })
    matches("{+p}/here", "a/here/b/here", { p: "a/here/b" })
    isNoMatch("x://{a}/{p*}/{b}", "x://1/2")
    isNoMatch("x://{a}/{p*}/{b}", "x://1//2")
    isNoMatch("x://{p*}", "x://a?b")
    isNoMatch("ab{p*}bc", "abc")
  })

  it("lets a reserved variable match a query and a fragment that the template has not", () => {
    matches("get/{+u}", "get/http://a/b?c=d#e", { u: "http://a/b?c=d#e" })
    matches("get/{+u}{?q}", "get/a/b?q=1", { u: "a/b", q: "1" })
    matches("get/{+u}{#f}", "get/a?b#c#d", { u: "a?b", f: "c#d" })
    matches("here?ref={+path}", "here?ref=foo/bar?a&b", { path: "foo/bar?a&b" })
  })

  it("takes parameters in any order, none, and those that it does not know", () => {
    matches("x{?a,b}", "x", {})
    matches("x{?a,b}", "x?", {})
    matches("x{?a,b}", "x?b=2&a=1", { a: "1", b: "2" })
    matches("x{?a,b}", "x?z=9&&b=2&toString", { b: "2" })
    matches("x{?a,b}", "x?a=1+1%2B&b=/=?&A=3", { a: "1+1+", b: "/=?" })
    matches("x{?a,b}", "x?a&b=", { a: "", b: "" })
    matches("x{?a}", "x?a=1&a=2", { a: "1" })
    matches("x{?a}{&b}", "x?b=2", { b: "2" })
    matches("x{?a}{#f}", "x?a=1#b", { a: "1", f: "b" })
    isNoMatch("x{?a}", "x?a=1#b")
    isNoMatch("x{?a}", "x&a=1")
  })

  it("takes literal parameters where they stand", () => {
    matches("x?f=1{&a,b}", "x?f=1", {})
    matches("x?f=1{&a,b}", "x?f=1&b=2&c&a=1", { a: "1", b: "2" })
    matches("x?f={v}&g=1{&a}", "x?f=0&g=1&a=2", { v: "0", a: "2" })
    matches("x?f={v}&g={w}", "x?f=0&g=1", { v: "0", w: "1" })
    isNoMatch("x?f=1{&a}", "x?f=12")
    isNoMatch("x?f=1{&a}", "x?a=1&f=1")
    isNoMatch("x?f={v}&g={w}", "x?f=0&y&g=1")
    isNoMatch("x?f=1{&a}", "x")
  })

  it("takes parameters of a path in any order, and none that it does not know", () => {
    matches("x{v}{;a,b}/y", "x1;b=2;a/y", { v: "1", a: "", b: "2" })
    matches("x{v}{;a,b}/y", "x1/y", { v: "1" })
    matches("x{;a}{?q}", "x;a=1?q=2", { a: "1", q: "2" })
    isNoMatch("x{;a}", "x;b=1")
    isNoMatch("x{;a}", "x;")
    isNoMatch("x{;a}", "xa=1")
    isNoMatch("x{;a}", "x;a=1?b")
  })

  it("is none for URIs that are longer than `maxLength`", () => {
    assert.strictEqual(UriTemplate.maxLength, 8192)
    matches("x{v}", `x${"a".repeat(8191)}`, { v: "a".repeat(8191) })
    isNoMatch("x{v}", `x${"a".repeat(8192)}`)
  })
})

describe("values", () => {
  const everywhere = ["x:{+v}", "x:{v*}", "x:{/v*}", "x:{?v}", "x:{#v}"]
  const single = ["x:{v}", "x:{/v}", "x:{.v}", "x:{;v}"]
  const at = (template: string, value: string) => {
    const lead = { "{/": "/", "{.": ".", "{;": ";v=", "{?": "?v=", "{#": "#" }[template.slice(2, 4)] ?? ""
    return `x:${lead}${value}`
  }

  it("with NUL are refused, in unsafe templates too", () => {
    for (const template of [...everywhere, ...single]) {
      for (const value of ["a%00", "\0"]) {
        refuses(template, at(template, value), "v", /NUL/)
        assert.strictEqual(UriTemplate.parse(template, { unsafe: true }).match(at(template, value))?._tag, "Refused")
      }
    }
  })

  it("with a segment `.` or `..` are refused, however it is written", () => {
    const dots = ["..", ".", "%2e%2E", ".%2e", "%2e", "..%5c", "a%5C..%5Cb", "a\\..\\b", "..%2fetc", "a%2f.%2fb"]
    for (const template of [...everywhere, ...single]) {
      for (const value of dots) refuses(template, at(template, value), "v", /`\.` or `\.\.`/)
    }
    for (const template of everywhere) {
      for (const value of ["../a", "a/../b", "a/..", "a/%2e%2e/b", "./a", "a/."]) {
        refuses(template, at(template, value), "v", /`\.` or `\.\.`/)
      }
    }
    for (const value of ["...", "..a", "a..", ".a"]) matches("x:{v}", `x:${value}`, { v: value })
  })

  it("that begin with a slash, a backslash or a drive letter are refused in a path", () => {
    for (const template of ["x:{+v}", "x:{v*}", "x:{/v*}"]) refuses(template, at(template, "/etc"), "v", /begins with a slash/)
    for (const template of ["x:{v}", "x:{v*}", "x:{+v}", "x:{/v}", "x:{;v}"]) {
      for (const value of ["%2Fetc", "%5Cetc", "\\etc"])
        refuses(template, at(template, value), "v", /begins with a slash or backslash/)
      for (const value of ["C:", "c%3A%5Cx", "C:x"]) refuses(template, at(template, value), "v", /drive letter/)
    }
    matches("x:{?v}", "x:?v=/C:", { v: "/C:" })
    matches("x:{#v}", "x:#C:/", { v: "C:/" })
    matches("x:{v}", "x:CC:", { v: "CC:" })
  })

  it("with a slash or backslash inside of a segment are refused in a path", () => {
    for (const template of ["x:{v}", "x:{/v}", "x:{.v}", "x:{;v}", "x:{v*}", "x:{+v}"]) {
      for (const value of ["a%2Fb", "a%2f", "a%5Cb", "a\\b"]) refuses(template, at(template, value), "v", /inside of a segment/)
    }
    matches("x:{?v}", "x:?v=a%2Fb%5C", { v: "a/b\\" })
    matches("x?{v}", "x?a%2Fb", { v: "a/b" })
  })

  it("are refused only where the URI is one of the template, the first one in its order", () => {
    isNoMatch("x:{v}/y", "x:..")
    isNoMatch("x:{v}{?w}", "x:..?w=%FF")
    refuses("x:{v}{?w}", "x:C:?w=..", "v", /drive/)
    refuses("x:{v}{?w}", "x:a?w=..", "w", /`\.\.`/)
    matches("x:{?w}", "x:?z=..", {})
  })

  it("are taken as they are by an unsafe template", () => {
    for (const [template, value, decoded] of [
      ["x:{v}", "..", ".."],
      ["x:{v}", "a%2F..%5C", "a/..\\"],
      ["x:{v*}", "/etc/../C:", "/etc/../C:"],
      ["x:{+v}", "C:\\x", "C:\\x"]
    ] as const) {
      const found = UriTemplate.parse(template, { unsafe: true }).match(`x:${value}`)
      assert.deepStrictEqual(found, { _tag: "Match", values: { v: decoded } })
    }
    assert.isUndefined(UriTemplate.parse("x:{v}", { unsafe: true }).match("x:a/b"))
  })
})

const character = Schema.Literals([..."ab2CF-._~%é😀 +&=;,:?#/\\{}[]'*!\"<|", "%41", "%2F", "..", "v=", "/", "\u0001"])
const Text = Schema.Array(character).check(Schema.isMaxLength(8))
const Head = Schema.Array(
  Schema.Struct({
    text: Schema.Literals(["a", "-", "/", "/x/", ".", "2", "aa", ",", ":", "é", " ", "/%2f", "a-", ""]),
    operator: Schema.Literals(["", "", "+", ".", "/", ";"]),
    explode: Schema.Literals([false, false, true]),
    isPair: Schema.Literals([false, false, true])
  })
).check(Schema.isMaxLength(4))
const Tail = Schema.Literals([
  "",
  "/end",
  ".json",
  "{?q,r}",
  "?f=1{&q}",
  "{?q}{&r}",
  "{#f}",
  "{?q,r}{#f}",
  "?x={q}&y={r}{&s}",
  "?x={q}-{r}",
  "?x={+plusq}",
  "#x{q}-{r}",
  "{&q}"
])

/** A template of random parts, unless two of them cannot be told apart. Reserved variables have a name with `plus`. */
const random = (head: typeof Head.Type, tail: string): UriTemplate.UriTemplate | undefined => {
  const parts = head.map(({ explode, isPair, operator, text }, i) => {
    const name = operator === "+" ? `plus${i}` : `v${i}`
    return `${text}{${operator}${isPair ? `w${i},` : ""}${name}${explode ? "*" : ""}}`
  })
  try {
    return UriTemplate.parse(`t:${parts.join("")}${tail}`)
  } catch {
    return undefined
  }
}

/** The value itself, where it is safe and what the variable can stand for, otherwise one that is like it. */
const safe = ({ name, optional, spansSegments }: UriTemplate.Variable, text: string): string => {
  const isReserved = name.startsWith("plus") || name === "f"
  const allowed = isReserved ? text.replace(/[?#%\\&]/g, "") : text
  const inQuery = /^[qrsf]/.test(name)
  const slashes = inQuery ? allowed : spansSegments ? allowed.replaceAll("\\", "") : allowed.replace(/[\\/]/g, "")
  const segments = inQuery ? slashes : slashes.replace(/^\/+/, "").replace(/^[A-Za-z]:/, "_:")
  const value = segments.replace(/(^|[\\/])\.\.?(?=$|[\\/])/g, "$1dots")
  return value === "" && !optional ? "e" : value
}

const valuesOf = (template: UriTemplate.UriTemplate, texts: ReadonlyArray<ReadonlyArray<string>>) =>
  Object.fromEntries(
    template.variables.flatMap((variable, i) => {
      const text = texts[i % Math.max(1, texts.length)]
      if (variable.optional && (text === undefined || text.length % 3 === 2)) return []
      return [[variable.name, safe(variable, (text ?? []).join(""))]]
    })
  )

const many = { arbitrary: { runs: 2000 } }
const Texts = Schema.Array(Text).check(Schema.isMaxLength(9))

describe("expand and match", () => {
  it.prop(
    "undo each other: the values come back, and the URI",
    { head: Head, tail: Tail, texts: Texts },
    ({ head, tail, texts }) => {
      const template = random(head, tail)
      if (template === undefined) return
      const values = valuesOf(template, texts)
      const uri = template.expand(values)
      const message = `${template.source} ${uri}`
      const found = template.match(uri)
      assert.deepStrictEqual(found, { _tag: "Match", values }, message)
      if (found?._tag === "Match") assert.strictEqual(template.expand(found.values), uri, message)
    },
    many
  )

  it.prop(
    "give the same values for the URI that is made of those of any URI that matches",
    { head: Head, tail: Tail, texts: Texts, insert: Text, at: Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 60 })) },
    ({ at, head, insert, tail, texts }) => {
      const template = random(head, tail)
      if (template === undefined) return
      const uri = template.expand(valuesOf(template, texts))
      const changed = uri.slice(0, at) + insert.join("") + uri.slice(at)
      const found = template.match(changed)
      if (found?._tag !== "Match") return
      // What a reserved variable writes as it is may be read in another way.
      for (const { name } of template.variables) {
        if (/^plus|^f/.test(name) && /[?#%&]/.test(found.values[name] ?? "")) return
      }
      assert.deepStrictEqual(template.match(template.expand(found.values)), found, `${template.source} ${changed}`)
    },
    many
  )

  it.prop(
    "never throw, whatever the text",
    { head: Head, tail: Tail, uri: Schema.String, text: Text },
    ({ head, tail, text, uri }) => {
      const template = random(head, tail)
      if (template === undefined) return
      for (const any of [uri, text.join(""), `t:${uri}`, `t:${text.join("")}`]) {
        const found = template.match(any)
        assert.include([undefined, "Match", "Refused"], found?._tag)
        template.expand(Object.fromEntries(template.variables.map(({ name }) => [name, any])))
      }
    }
  )
})

/** A text that counts how many of its characters are looked at. */
class Counted extends String {
  count = 0
  override charCodeAt(index: number): number {
    this.count++
    return super.charCodeAt(index)
  }
  override startsWith(text: string, at = 0): boolean {
    this.count += text.length
    return super.startsWith(text, at)
  }
  override indexOf(text: string, from = 0): number {
    const at = super.indexOf(text, from)
    this.count += (at < 0 ? this.length : at) - from + text.length
    return at
  }
  override lastIndexOf(text: string, from = this.length): number {
    const at = super.lastIndexOf(text, from)
    this.count += from - at + text.length
    return at
  }
  override slice(from = 0, to = this.length): string {
    this.count += Math.max(0, to - from)
    return super.slice(from, to)
  }
}

describe("matching", () => {
  const size = 100_000
  const templates = [
    "{a}-{b}-{c}-{d}",
    "{a}aaaaaaaab{b}aaaaaaaab{c}",
    "{a}/{p*}/{b}/{c}",
    "{p*}aaa",
    "{a,b,c}{;d,e,f}/{+g}",
    "{a}{;b,c}",
    "x{?a,b,c}{#f}",
    "{a}?x={b}&y={c}{&d,e}",
    "{.a,b,c}{?d}",
    "{+a}"
  ]
  const hostile = [
    "a",
    "-",
    "/",
    ";",
    "&",
    "=",
    "?",
    "#",
    ".",
    ",",
    "%20",
    "a-",
    "/a",
    ";a=",
    "&a=",
    "&a",
    "aaaaaaaac",
    "%2F",
    "?a&"
  ]

  it("looks at each character a bounded number of times", () => {
    for (const source of templates) {
      const fault = () => new Error(source)
      const made = plan(Syntax.read(source, fault), fault)
      for (const part of hostile) {
        for (const lead of ["", "a", "x?", "a;", "a-a"]) {
          const text = new Counted(lead + part.repeat(size / part.length))
          // An object with all methods of a string.
          Matching.read(made, text as unknown as string)
          assert.isAtMost(text.count, 12 * size, `${source} on ${lead}${part}...`)
        }
      }
    }
  })

  it("counts what it counts: a text that is read is looked at", () => {
    const fault = () => new Error("{a}")
    const text = new Counted("a".repeat(size))
    Matching.read(plan(Syntax.read("{a}", fault), fault), text as unknown as string) // as above
    assert.isAtLeast(text.count, size)
  })
})
