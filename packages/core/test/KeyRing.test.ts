import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as KeyRing from "../src/KeyRing.ts"

const bytes = (seed: number, length = 32) => Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7) % 256)
const secret = (seed: number, length = 32) => Redacted.make(Base64.encode(bytes(seed, length)))

const ring = <E>(layer: Layer.Layer<KeyRing.KeyRing, E>) =>
  Effect.map(Layer.build(Layer.fresh(layer)), Context.get(KeyRing.KeyRing))

const failure = (secrets: ReadonlyArray<Redacted.Redacted>) => Effect.flip(ring(KeyRing.layer(secrets)))

describe("KeyRing.layer", () => {
  it.effect("the first key seals, every key is found by its id", () =>
    Effect.gen(function* () {
      const keys = yield* ring(KeyRing.layer([secret(1), secret(2, 48)]))
      const current = yield* keys.current
      assert.deepStrictEqual(Redacted.value(current.key), bytes(1))
      assert.strictEqual(yield* keys.find(current.id), current)
      const other = yield* (yield* ring(KeyRing.layer([secret(2, 48)]))).current
      assert.deepStrictEqual(Redacted.value((yield* keys.find(other.id))!.key), bytes(2, 48))
      for (const id of ["", "unknown", "__proto__", "constructor"]) assert.isUndefined(yield* keys.find(id))
    })
  )

  it.effect("rotation: what the old first key sealed can still be opened, until it is taken out", () =>
    Effect.gen(function* () {
      const { id } = yield* (yield* ring(KeyRing.layer([secret(1)]))).current
      const rotated = yield* ring(KeyRing.layer([secret(2), secret(1)]))
      assert.notStrictEqual((yield* rotated.current).id, id)
      assert.deepStrictEqual(Redacted.value((yield* rotated.find(id))!.key), bytes(1))
      assert.isUndefined(yield* (yield* ring(KeyRing.layer([secret(2)]))).find(id))
    })
  )

  it.effect("ids are short, the same in every process, and differ between keys", () =>
    Effect.gen(function* () {
      const ids = yield* Effect.forEach([1, 2, 3, 1], (seed) =>
        Effect.flatMap(ring(KeyRing.layer([secret(seed)])), (keys) => Effect.map(keys.current, (key) => key.id))
      )
      for (const id of ids) assert.match(id, /^[\w-]{11}$/)
      assert.strictEqual(ids[0], ids[3])
      assert.strictEqual(new Set(ids).size, 3)
    })
  )

  it.effect("takes both alphabets, with padding or without, and a line end", () =>
    Effect.gen(function* () {
      const key = bytes(9, 40) // has + and / in the standard alphabet
      const standard = Base64.encode(key)
      assert.match(standard, /[+/].*=$/)
      for (const text of [standard, standard.replace(/=+$/, ""), Base64Url.encode(key), `${standard}\n`]) {
        const { current } = yield* ring(KeyRing.layer([Redacted.make(text)]))
        assert.deepStrictEqual(Redacted.value((yield* current).key), key)
      }
    })
  )

  it.effect("refuses no keys, short keys and what is no base64, without telling anything of them", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* failure([])).message, "a key ring needs at least one key")
      assert.strictEqual(
        (yield* failure([secret(1), secret(2, 31)])).message,
        "key 2 of 2 has 31 bytes, but at least 32 are needed: make one with `openssl rand -base64 32`"
      )
      const text = "correct horse battery staple!!!!!!!!!!!!!!!!!!!!"
      const error = yield* failure([Redacted.make(text)])
      assert.strictEqual(error.message, "key 1 of 1 is not base64")
      assert.notInclude(JSON.stringify(error) + String(error.stack), "horse")
    })
  )

  it.effect("keys do not show when they are printed", () =>
    Effect.gen(function* () {
      const key = yield* (yield* ring(KeyRing.layer([secret(1)]))).current
      assert.strictEqual(JSON.stringify(key), `{"id":"${key.id}","key":"<redacted:KeyRing>"}`)
    })
  )
})

describe("KeyRing.layerProcess", () => {
  it.effect("makes a new key each time and says at debug level how long it lives", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      lines.push(`${logLevel} ${String(message)}`)
    })
    return Effect.gen(function* () {
      const keys = yield* ring(KeyRing.layerProcess)
      const one = yield* keys.current
      const two = yield* (yield* ring(KeyRing.layerProcess)).current
      assert.strictEqual(Redacted.value(one.key).length, 32)
      assert.notStrictEqual(one.id, two.id)
      assert.strictEqual(yield* keys.find(one.id), one)
      assert.isUndefined(yield* keys.find(two.id))
      assert.match(lines[0]!, /^Debug .*as long as this process/)
    }).pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(References.MinimumLogLevel, "Debug"))
  })
})

describe("KeyRing.layerConfig", () => {
  const layer = KeyRing.layerConfig(Config.Redacted("MCP_KEYS"))
  const configured = (env: { readonly [name: string]: string }) =>
    Effect.provide(ring(layer), ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))

  it.effect("reads a list that is separated by commas", () =>
    Effect.gen(function* () {
      const [one, two] = [Redacted.value(secret(1)), Redacted.value(secret(2))]
      const keys = yield* configured({ MCP_KEYS: `${one}, ${two},` })
      assert.deepStrictEqual(Redacted.value((yield* keys.current).key), bytes(1))
      const { id } = yield* (yield* configured({ MCP_KEYS: two })).current
      assert.isDefined(yield* keys.find(id))
    })
  )

  it.effect("fails when the setting is missing or empty", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(configured({})))._tag, "ConfigError")
      assert.strictEqual((yield* Effect.flip(configured({ MCP_KEYS: " ," })))._tag, "KeyRingError")
    })
  )
})
