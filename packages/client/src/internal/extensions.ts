/**
 * What a client declares of extensions.
 */
import * as Extension from "@effect-mcp/core/Extension"
import { encodeSettings } from "@effect-mcp/core/ExtensionCodec"
import type { ClientCapabilities } from "@effect-mcp/core/protocol/Capabilities"

/** What a client declares: an extension, or one with what the client says of itself. */
export type Declared = Extension.Any | Extension.Declaration

const isDeclaration = (declared: Declared): declared is Extension.Declaration => "extension" in declared

/** What a client declares of extensions. Throws when two of them have a method in common, or when settings are wrong. */
export const capabilitiesOf = (declared: ReadonlyArray<Declared> = []): ClientCapabilities => {
  if (declared.length === 0) return {}
  const declarations = declared.map((one) => (isDeclaration(one) ? one : { extension: one, clientSettings: {} }))
  const fault = Extension.collision(declarations.map(({ extension }) => extension))
  if (fault !== undefined) throw new Error(fault)
  return {
    extensions: Object.fromEntries(
      declarations.map(({ clientSettings, extension }) => [
        extension.id,
        encodeSettings(extension, "clientSettings", clientSettings)
      ])
    )
  }
}
