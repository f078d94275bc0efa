/**
 * The names of tools of many servers.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Names from "../src/Names.ts"

const namesOf = (sources: ReadonlyArray<Names.Source>, servers: ReadonlyArray<string>, options?: Names.Options) =>
  [...Names.assign(sources, servers, options)].map(([name, { name: original, server }]) => [name, server, original])

const assigned = (sources: ReadonlyArray<readonly [server: string, name: string]>, options?: Names.Options) =>
  namesOf(
    sources.map(([server, name]) => ({ server, name })),
    [...new Set(sources.map(([server]) => server))],
    options
  ).map(([name]) => name)

// Few parts, so that many of them clash.
const Part = Schema.Literals([
  "a",
  "b",
  "a_b",
  "a-b",
  "a.b",
  "é",
  "",
  "_",
  "x",
  "b_c",
  "a_b_c",
  "a_0123abcd",
  "1",
  "-a",
  "n".repeat(40),
  "n".repeat(70)
])
const Sources = Schema.Array(Schema.Tuple([Part, Part]))
const Free = Schema.Array(Schema.Tuple([Schema.String, Schema.String]))
const Options = Schema.Struct({
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 24, maximum: 128 }))),
  separator: Schema.optionalKey(Schema.Literals(["_", "__", "-", "x"])),
  prefix: Schema.optionalKey(Schema.Boolean)
})
const runs = { arbitrary: { runs: 300 } }

const toSources = (pairs: ReadonlyArray<readonly [string, string]>) => pairs.map(([server, name]) => ({ server, name }))
const serversOf = (pairs: ReadonlyArray<readonly [string, string]>) => [...new Set(pairs.map(([server]) => server))]

describe("the names of tools of many servers", () => {
  it("are prefixes and names", () => {
    assert.deepStrictEqual(
      namesOf(
        [
          { server: "github", name: "search" },
          { server: "my-notes", name: "search" },
          { server: "github", name: "get_issue" }
        ],
        ["github", "my-notes"]
      ),
      [
        ["github_search", "github", "search"],
        ["my-notes_search", "my-notes", "search"],
        ["github_get_issue", "github", "get_issue"]
      ]
    )
  })

  // Names are kept in configurations and in what models were taught: they must not change with a release.
  it("are the same in every version", () => {
    assert.deepStrictEqual(assigned([["a", "b.c"]]), ["a_b_c_4f5dfd91"])
    assert.deepStrictEqual(assigned([["a", "x".repeat(80)]]), [`a_${"x".repeat(53)}_bd25cf9c`])
    assert.deepStrictEqual(
      [...Names.prefixes(["a b", "a_b", "s".repeat(40)]).values()],
      ["a_b_dc2490", "a_b_b7acb0", `${"s".repeat(20)}_bad913`]
    )
  })

  it.prop(
    "are valid, within the limit, and lead back to all sources",
    { pairs: Sources, options: Options },
    ({ options, pairs }) => {
      const names = Names.assign(toSources(pairs), serversOf(pairs), options)
      for (const name of names.keys()) {
        assert.match(name, /^[A-Za-z_][A-Za-z0-9_-]*$/)
        assert.isAtMost(name.length, options.limit ?? 64)
      }
      const distinct = new Set(pairs.map((pair) => JSON.stringify(pair)))
      assert.deepStrictEqual(new Set([...names.values()].map(({ name, server }) => JSON.stringify([server, name]))), distinct)
      assert.strictEqual(names.size, distinct.size)
    },
    runs
  )

  it.prop(
    "are valid for any text",
    { pairs: Free },
    ({ pairs }) => {
      for (const name of Names.assign(toSources(pairs), serversOf(pairs)).keys())
        assert.match(name, /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/)
    },
    runs
  )

  it.prop(
    "do not depend on the order of servers or tools",
    { pairs: Sources, options: Options },
    ({ options, pairs }) => {
      const table = (list: typeof pairs) =>
        new Map(
          [...Names.assign(toSources(list), serversOf(list), options)].map(([name, { name: own, server }]) => [
            JSON.stringify([server, own]),
            name
          ])
        )
      assert.deepStrictEqual(table(pairs.toReversed()), table(pairs))
      const half = pairs.length >> 1
      assert.deepStrictEqual(table([...pairs.slice(half), ...pairs.slice(0, half)]), table(pairs))
    },
    runs
  )

  it.prop(
    "do not depend on what else is offered",
    { pairs: Sources },
    ({ pairs }) => {
      const servers = serversOf(pairs)
      for (const [name, source] of Names.assign(toSources(pairs), servers)) {
        assert.deepStrictEqual([...Names.assign([source], servers).keys()], [name])
      }
    },
    runs
  )

  it("of several sources with the same server and name the first one counts", () => {
    const first = { server: "a", name: "x", which: 1 }
    assert.strictEqual(Names.assign([first, { server: "a", name: "x", which: 2 }, first], ["a"]).get("a_x"), first)
  })

  it("begin with a letter or `_`, without which some hosts take none", () => {
    assert.deepStrictEqual(
      assigned([
        ["1password", "2fa"],
        ["-x", "y"]
      ]),
      ["_1password_2fa", "_-x_y"]
    )
    const [name] = assigned([["1password", "2fa"]], { prefix: false })
    assert.match(name!, /^_2fa_[0-9a-f]{8}$/)
    assert.match(Names.prefixes(["1", "_1"]).get("1")!, /^_1_[0-9a-f]{6}$/)
  })

  it("that would begin with the prefix of another server have a hash, whether that server has such a tool or not", () => {
    const [name] = namesOf([{ server: "a", name: "b_c" }], ["a", "a_b"])[0]!
    assert.match(name!, /^a_b_c_[0-9a-f]{8}$/)
    assert.deepStrictEqual(namesOf([{ server: "a_b", name: "c" }], ["a", "a_b"])[0]![0], "a_b_c")
  })

  it("that look as if they had a hash get one, so that nobody takes the name of another tool", () => {
    const [hashed] = assigned([["a", "b.c"]])
    const names = assigned([
      ["a", "b.c"],
      ["a", hashed!.slice(2)]
    ])
    assert.strictEqual(names[0], hashed)
    assert.match(names[1]!, new RegExp(`^${hashed}_[0-9a-f]{8}$`))
    assert.match(assigned([["a", "x_0123abcd"]])[0]!, /^a_x_0123abcd_[0-9a-f]{8}$/)
  })

  it("keep what they were renamed to behind the prefix, and the hash of what they were", () => {
    const plain = { server: "a", name: "x.y" }
    const [first, second] = namesOf(
      [
        { ...plain, as: "z" },
        { server: "a", name: "z", marked: true }
      ],
      ["a"]
    )
    assert.strictEqual(first![0], "a_z")
    assert.match(second![0]!, /^a_z_[0-9a-f]{8}$/)
  })

  it("have no prefix when there is to be none, but where several servers have the same", () => {
    const sources: ReadonlyArray<readonly [string, string]> = [
      ["a", "x"],
      ["b", "x"],
      ["b", "y"]
    ]
    assert.deepStrictEqual(assigned(sources, { prefix: false }), ["a_x", "b_x", "y"])
  })

  it("without prefixes, a name that is the prefixed one of another tool gets a prefix, too", () => {
    const names = assigned(
      [
        ["a", "x"],
        ["b", "x"],
        ["c", "a_x"]
      ],
      { prefix: false }
    )
    assert.match(names[0]!, /^a_x_[0-9a-f]{8}$/)
    assert.deepStrictEqual(names.slice(1), ["b_x", "c_a_x"])
  })

  it("have the separator that is asked for", () => {
    assert.deepStrictEqual(assigned([["a", "x"]], { separator: "--" }), ["a--x"])
  })

  it("stay apart when hashes are the same", () => {
    // Found by trying.
    const pair = [".rbZiTAsP", ".JhHEjzdd"].map((name) => ({ server: "s", name, as: "." }))
    for (const source of pair) assert.deepStrictEqual([...Names.assign([source], ["s"]).keys()], ["s_802a290b"])
    const names = namesOf(pair, ["s"])
    assert.strictEqual(new Set(names.map(([name]) => name)).size, 2)
    assert.deepStrictEqual(namesOf(pair.toReversed(), ["s"]).toReversed(), names)
  })

  it("cannot be made with options out of their bounds", () => {
    for (const limit of [23, 129, 40.5, NaN])
      assert.throws(() => Names.assign([], [], { limit }), /limit of names is .* from 24 to 128/)
    for (const separator of ["", ".", "_________"]) {
      assert.throws(() => Names.assign([], [], { separator }), /separator of names is .* 1 to 8/)
    }
  })
})

describe("prefixes", () => {
  it("are cut to leave room for names, and then differ by a hash", () => {
    const a = "server".repeat(8)
    const [one, other] = [...Names.prefixes([`${a}1`, `${a}2`]).values()]
    assert.isAtMost(one!.length, 27)
    assert.notStrictEqual(one, other)
  })

  it("that would be the same all get a hash, so that none depends on the order", () => {
    const prefixes = Names.prefixes(["a b", "a_b", "c"])
    assert.match(prefixes.get("a b")!, /^a_b_[0-9a-f]{6}$/)
    assert.match(prefixes.get("a_b")!, /^a_b_[0-9a-f]{6}$/)
    assert.strictEqual(prefixes.get("c"), "c")
  })
})
